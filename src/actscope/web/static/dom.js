// The few lines that stand in for a framework.

const PROPERTIES = new Set(["className", "textContent", "value", "checked", "disabled", "hidden"]);

/** An element with properties, attributes, listeners (`onclick: ...`) and children. */
export function h(tag, given = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (PROPERTIES.has(key)) element[key] = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

let made = 0;
export const uid = (prefix) => `actscope-${prefix}-${++made}`;

/** A labelled control with a sentence for beginners, seen on hover and on focus. */
export function field(label, control, tip, extra = null) {
  control.id ||= uid("field");
  const note = h("span", { role: "tooltip", className: "tip", id: `${control.id}-tip` }, tip);
  control.setAttribute("aria-describedby", note.id);
  // Escape takes the sentence away, for it covers what is below (WCAG 1.4.13).
  const quiet = (on) => () => el.classList.toggle("told", on);
  const el = h("div", {
    className: "field", onpointerleave: quiet(false), onfocusout: quiet(false),
    onkeydown: (event) => event.key === "Escape" && quiet(true)(),
  }, h("label", { for: control.id }, label, extra), control, note);
  return el;
}

/** A select whose options are [value, label]; `set` adds a value that is not among them. */
export function choice(options, onchange) {
  const select = h("select", { onchange: () => onchange(select.value) });
  const add = ([value, label]) => select.append(h("option", { value: String(value) }, label));
  options.forEach(add);
  const set = (value) => {
    const text = String(value);
    if (![...select.options].some((option) => option.value === text)) add([text, text]);
    if (select.value !== text) select.value = text;
  };
  return { select, set };
}

/** A range that tells its value while it moves and acts when it is let go. */
export function slider({ label, tip, min, max, step, unit = "" }, onchange) {
  const shown = h("output", { className: "value" });
  const input = h("input", {
    type: "range", min, max, step,
    oninput: () => (shown.textContent = `${input.value}${unit}`),
    onchange: () => onchange(Number(input.value)),
  });
  const set = (value) => {
    input.value = value;
    shown.textContent = `${value}${unit}`;
  };
  return { el: field(label, input, tip, shown), set, input };
}

/** One picture of icons: stroked paths on a 24 x 24 square. */
export function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  const drawn = document.createElementNS("http://www.w3.org/2000/svg", "path");
  drawn.setAttribute("d", path);
  svg.append(drawn);
  return svg;
}

export const ICONS = {
  play: "M7 4.5v15l12-7.5z",
  pause: "M8 5v14M16 5v14",
  step: "M6 5v14l9-7zM18.5 5v14",
  reset: "M4 4v6h6M4.6 10A8 8 0 1 1 4 14",
  dice: "M5 5h14v14H5zM9 9h.01M15 9h.01M12 12h.01M9 15h.01M15 15h.01",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  close: "M6 6l12 12M18 6L6 18",
  chevron: "M6 9l6 6 6-6",
  code: "M8 7l-5 5 5 5M16 7l5 5-5 5",
  picture: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9h.01",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  file: "M12 16V4M7 9l5-5 5 5M4 15v5h16v-5",
};

/** Sets a text only where it differs: frames come thirty times a second. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/** Runs `task` once the calls have stopped for `ms`. */
export function settled(task, ms) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(task, ms, ...values);
  };
}
