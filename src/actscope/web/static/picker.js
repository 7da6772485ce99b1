// Choosing an activation: a list that narrows as one types, or a formula of one's own.

import { h, uid } from "./dom.js";

const MOST = 80;

function matches(activations, query) {
  const wanted = query.trim().toLowerCase();
  if (!wanted) return activations.slice(0, MOST);
  const starts = activations.filter(({ name }) => name.startsWith(wanted));
  const inside = activations.filter(({ name }) => !name.startsWith(wanted) && name.includes(wanted));
  const told = activations.filter(
    ({ name, text }) => !name.includes(wanted) && text?.toLowerCase().includes(wanted),
  );
  return [...starts, ...inside, ...told].slice(0, MOST);
}

// "relu(0.1*x)", "x^2", "leaky_relu(negative_slope=0.2)": more than a name's letters.
const looksLikeFormula = (query) => /[^a-z0-9_ ]/i.test(query.trim()) || query.trim() === "x";

/** One popover for all layers of all networks: `open(button, current, title, choose)`. */
export function activationPicker(options) {
  const list = h("ul", { role: "listbox", id: uid("list"), "aria-label": "Activation functions" });
  const input = h("input", {
    type: "text", role: "combobox", autocomplete: "off", spellcheck: "false",
    "aria-expanded": "true", "aria-controls": list.id, "aria-autocomplete": "list",
    "aria-label": "Name or formula", placeholder: "name, or a formula like x*tanh(exp(x))",
    oninput: () => show(input.value), onkeydown: keys,
  });
  const title = h("p", { className: "picker-title" });
  const el = h("div", { className: "picker", popover: "auto", id: uid("picker") }, title, input, list);
  let choose = () => {};
  let items = [];
  let active = 0;

  function row(item, i) {
    const option = h("li", {
      role: "option", id: `${list.id}-${i}`, "aria-selected": "false",
      onclick: () => take(item.name), onpointermove: () => mark(i),
    }, h("span", { className: "option-name" }, item.label ?? item.name),
    h("span", { className: "option-text" }, item.text ?? ""));
    return option;
  }

  function show(query) {
    items = matches(options().activations, query);
    const text = query.trim();
    if (looksLikeFormula(text)) {
      items = [{ name: text, label: text, text: "use this formula" }, ...items];
    }
    list.replaceChildren(...items.map(row));
    if (items.length === 0) list.append(h("li", { className: "none" }, "No such name. A formula uses x."));
    mark(0);
  }

  function mark(i) {
    active = i;
    [...list.children].forEach((option, k) => option.setAttribute("aria-selected", String(k === i)));
    const current = list.children[i];
    if (!current || items.length === 0) input.removeAttribute("aria-activedescendant");
    else {
      input.setAttribute("aria-activedescendant", current.id);
      current.scrollIntoView({ block: "nearest" });
    }
  }

  function take(name) {
    el.hidePopover();
    choose(name);
  }

  function keys(event) {
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
    if (event.key in moves && items.length) {
      event.preventDefault();
      mark(Math.min(items.length - 1, Math.max(0, active + moves[event.key])));
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (items[active]) take(items[active].name);
      else if (input.value.trim()) take(input.value.trim());
    }
    event.stopPropagation();
  }

  function place(button) {
    const box = button.getBoundingClientRect();
    const width = Math.min(340, window.innerWidth - 16);
    const left = Math.min(Math.max(8, box.left), window.innerWidth - width - 8);
    const below = window.innerHeight - box.bottom - 12;
    const height = Math.min(380, Math.max(below, box.top - 12));
    el.style.width = `${width}px`;
    el.style.left = `${left}px`;
    el.style.maxHeight = `${height}px`;
    el.style.top = below >= Math.min(height, 260) ? `${box.bottom + 4}px` : "auto";
    el.style.bottom = el.style.top === "auto" ? `${window.innerHeight - box.top + 4}px` : "auto";
  }

  function open(button, current, heading, chosen) {
    choose = chosen;
    title.textContent = heading;
    input.value = "";
    place(button);
    el.showPopover();
    show("");
    const at = items.findIndex(({ name }) => name === current);
    if (at >= 0) mark(at);
    else if (current && looksLikeFormula(current)) input.value = current;
    input.focus();
    input.select();
  }
  return { el, open };
}
