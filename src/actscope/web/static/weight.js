// A weight to change by hand: a small window at the line that was clicked.

import { h, uid } from "./dom.js";
import { places, share } from "./frame.js";
import { letter, unitName } from "./words.js";

const WIDTH = 250;

export function weightEditor({ state, actions }) {
  const title = h("label", { className: "picker-title" });
  const input = h("input", { type: "number", step: "0.1", id: uid("weight"), oninput: () => change(input) });
  const range = h("input", {
    type: "range", min: "-5", max: "5", step: "0.05", "aria-label": "Weight", oninput: () => change(range),
  });
  const el = h("div", { className: "picker weight", popover: "auto", onkeydown: keys }, title, input, range);
  title.htmlFor = input.id;
  let line = null;

  function change(from) {
    const value = Number(from.value);
    if (from.value === "" || !Number.isFinite(value)) return;
    (from === input ? range : input).value = value;
    actions.edit(line.network, line.layer, line.from, line.to, value);
  }
  function keys(event) {
    event.stopPropagation();
    if (event.key === "Enter") el.hidePopover();
  }
  /** `at`: {layer, from, to} of network `network`, clicked at x, y of the window. */
  function open(network, at, x, y) {
    line = { network, ...at };
    const weights = share(state.frame.parts.weights, network);
    const value = weights[places(state.layers).weight(at.layer, at.from, at.to)];
    title.textContent = `Network ${letter(network)}: weight from ${unitName(state, at.layer, at.from)} `
      + `to ${unitName(state, at.layer + 1, at.to)}`;
    input.value = Number(value.toPrecision(4));
    range.value = value;
    el.style.left = `${Math.max(8, Math.min(x - 20, window.innerWidth - WIDTH - 8))}px`;
    el.style.top = `${Math.max(8, Math.min(y + 12, window.innerHeight - 150))}px`;
    el.showPopover();
    input.focus();
    input.select();
  }
  return { el, open };
}
