// What the networks are made of and how they learn; the same for all that stand side by side.

import { choice, field, h, icon, ICONS } from "./dom.js";
import { plural, pretty } from "./words.js";

const FEATURES = ["x1", "x2", "x1^2", "x2^2", "x1*x2", "sin(x1)", "sin(x2)"];
const RATES = [0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
const BATCHES = [1, 5, 10, 20, 30, 50, 100];
const L2 = [0, 0.0001, 0.001, 0.003, 0.01, 0.03, 0.1];

const same = (numbers) => numbers.map((value) => [value, String(value)]);
const named = (list) => list.map((one) => (typeof one === "string" ? [one, one] : [one.name, one.label ?? one.name]));

const section = (title, open, ...children) =>
  h("details", { className: "card section", open }, h("summary", {}, h("h2", {}, title)), ...children);

/** A field whose words need the whole width. */
function stacked(element) {
  element.classList.add("stacked");
  return element;
}

export function editorPanel(app) {
  const { state, actions, root } = app;
  const { options } = state;
  const limits = { layers: 6, units: 8, ...options.limits };
  const wide = root.clientWidth >= 760;

  const boxes = FEATURES.map((name) => {
    const input = h("input", { type: "checkbox", value: name, onchange: features });
    return { name, input, el: h("label", { className: "chip" }, input, h("span", {}, pretty(name))) };
  });
  function features() {
    actions.change({ features: boxes.filter(({ input }) => input.checked).map(({ name }) => name) });
  }

  const layers = h("ol", { className: "layers" });
  const addLayer = h("button", { type: "button", className: "quiet", onclick: () => resize([...state.config.hidden, 2]) },
    icon(ICONS.plus), "Add a layer");
  const resize = (hidden) => actions.hidden(hidden);
  function stepper(count, l) {
    const to = (units) => resize(state.config.hidden.map((old, m) => (m === l ? units : old)));
    const small = (label, path, disabled, onclick) =>
      h("button", { type: "button", className: "quiet icon-only", "aria-label": label, title: label, disabled, onclick },
        icon(path));
    const where = `layer ${l + 1}`;
    return h("li", {},
      h("span", { className: "layer-name" }, `Layer ${l + 1}`),
      small(`One neuron fewer in ${where}`, ICONS.minus, count <= 1, () => to(count - 1)),
      h("span", { className: "count", "aria-label": `${plural(count, "neuron")} in ${where}`, role: "img" }, String(count)),
      small(`One neuron more in ${where}`, ICONS.plus, count >= limits.units, () => to(count + 1)),
      small(`Remove ${where}`, ICONS.close, false, () => resize(state.config.hidden.filter((_, m) => m !== l))));
  }

  const number = (key) => (value) => actions.change({ [key]: Number(value) });
  const word = (key) => (value) => actions.change({ [key]: value });
  const controls = {
    learning_rate: choice(same(RATES), number("learning_rate")),
    optimizer: choice(named(options.optimizers), word("optimizer")),
    batch: choice(same(BATCHES), number("batch")),
    init: choice(named(options.inits), word("init")),
    l2: choice(same(L2), number("l2")),
  };
  const el = h("div", { className: "sections" },
    section("Layers", wide, layers, addLayer),
    section("Learning", wide,
      field("Learning rate", controls.learning_rate.select, "How big each correction is. Too small: nothing happens. Too big: it jumps about, and neurons can die."),
      stacked(field("Optimiser", controls.optimizer.select, "How a slope becomes a correction. Plain descent follows it as it is; Adam gives each weight its own pace.")),
      field("Batch", controls.batch.select, "How many points are looked at before each correction."),
      stacked(field("First weights", controls.init.select, "How large the random first weights are. All networks start from the same draws.")),
      field("L2 penalty", controls.l2.select, "Pulls all weights gently to zero, which makes for smoother answers.")),
    section("Features", wide,
      h("p", { className: "small" }, "What the first neurons are told about a point."),
      h("div", { className: "chips", role: "group", "aria-label": "Features" }, boxes.map(({ el: box }) => box))));

  function sync() {
    const { config } = state;
    for (const { name, input } of boxes) input.checked = (config.features ?? []).includes(name);
    for (const [key, control] of Object.entries(controls)) {
      if (config[key] !== undefined) control.set(config[key]);
    }
    const hidden = config.hidden ?? [];
    if (layers.dataset.shows === hidden.join()) return;
    layers.dataset.shows = hidden.join();
    const at = focused();
    layers.replaceChildren(...hidden.map(stepper));
    refocus(at);
    addLayer.disabled = hidden.length >= limits.layers;
  }

  // The buttons are made anew: the keyboard stays where it was.
  function focused() {
    const active = root.getRootNode().activeElement;
    const item = active?.closest?.("li");
    if (!item || item.parentElement !== layers) return null;
    return [[...layers.children].indexOf(item), [...item.children].indexOf(active)];
  }
  function refocus(at) {
    if (!at) return;
    const item = layers.children[Math.min(at[0], layers.children.length - 1)];
    const wanted = item?.children[at[1]];
    const next = wanted && !wanted.disabled ? wanted : item?.querySelector("button:not(:disabled)");
    (next ?? addLayer).focus();
  }
  return { el, sync };
}
