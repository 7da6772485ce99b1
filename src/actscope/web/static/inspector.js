// One neuron, large: its picture of the plane, its formula with today's numbers, its weights.

import { h, icon, ICONS, say, uid } from "./dom.js";
import { mapOf, places, share } from "./frame.js";
import { heatPlot } from "./plot.js";
import { letter, pretty, short, unitName, weightedSum } from "./words.js";

const HINT = "Point at a neuron, or go to one with Tab and the arrow keys: here it is seen large, with its "
  + "formula. A click (or Enter) keeps it here, and its weights can be changed.";

export function inspector(app) {
  const { state, actions } = app;
  const title = h("h2", {}, "Neuron");
  const close = h("button", {
    type: "button", className: "quiet icon-only", "aria-label": "Let go of this neuron", hidden: true,
    onclick: () => actions.select(null),
  }, icon(ICONS.close));
  const hint = h("p", { className: "small" }, HINT);
  const heat = heatPlot("The neuron's output over the plane");
  const legend = h("p", { className: "small legend" });
  const formula = h("p", { className: "formula", "data-formula": true });
  const means = h("p", { className: "small" });
  const fate = h("p", { className: "fate", hidden: true });
  const weights = h("div", { className: "weights" });
  const body = h("div", { className: "neuron", hidden: true }, heat.el, legend, formula, means, fate, weights);
  const el = h("section", { className: "card inspector", "aria-label": "The chosen neuron" },
    h("header", {}, title, close), hint, body);
  let fields = []; // [{input, read()}]
  let shown = "";

  function activationOf({ network, layer }) {
    if (layer === state.layers.length - 1) return state.task === "regression" ? null : "sigmoid";
    return state.config.networks[network]?.activations[layer - 1] ?? null;
  }
  const inputName = (layer, from) => (layer === 1 ? pretty(state.featureNames[from]) : `a${subscript(from + 1)}`);
  const subscript = (count) => String(count).replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]);

  /** Readers of the incoming weights and the bias of the neuron. */
  function incoming({ network, layer, unit }) {
    const place = places(state.layers);
    const read = (part, at) => () => share(state.frame.parts[part], network)[at];
    const found = Array.from({ length: state.layers[layer - 1] }, (_, from) => ({
      from, name: inputName(layer, from), read: read("weights", place.weight(layer - 1, from, unit)),
    }));
    return [...found, { from: null, name: "bias", read: read("biases", place.bias(layer, unit)) }];
  }

  function show() {
    const { selected } = state;
    const fits = selected && state.frame && selected.unit < (state.layers[selected.layer] ?? 0)
      && selected.network < state.frame.parts.maps.shape[0];
    body.hidden = !fits;
    hint.hidden = Boolean(fits);
    close.hidden = !fits || !state.pinned;
    el.classList.toggle("is-pinned", Boolean(fits && state.pinned));
    if (!fits) {
      shown = "";
      say(title, "Neuron");
      return;
    }
    const { network, layer, unit } = selected;
    const key = `${network}.${layer}.${unit}.${state.layers}.${state.featureNames}`;
    if (key !== shown) {
      shown = key;
      say(title, `Network ${letter(network)} · ${unitName(state, layer, unit)}`);
      makeFields(selected);
    }
    points();
    paint();
  }

  function makeFields(selected) {
    fields = selected.layer === 0 ? [] : incoming(selected).map((one) => ({ ...one, input: weightInput(selected, one) }));
    weights.replaceChildren(...(fields.length ? [h("h3", {}, "Weights")] : []), ...fields.map(({ name, input }) =>
      h("div", { className: "weight-row" }, h("label", { for: input.id }, name), input)));
  }

  function weightInput({ network, layer, unit }, { from }) {
    const input = h("input", {
      type: "number", step: "0.1", id: uid("w"),
      oninput: () => {
        if (input.value !== "") actions.edit(network, layer - 1, from, unit, Number(input.value));
      },
    });
    return input;
  }

  function points() {
    heat.points([{ points: state.points.test, hollow: true }, { points: state.points.train }],
      state.domain, state.task, app.theme(), 3);
  }

  function paint() {
    const { selected } = state;
    if (body.hidden || !selected || !state.frame) return;
    const { network, layer, unit } = selected;
    const isOutput = layer === state.layers.length - 1;
    const [values, fixed] = isOutput ? app.outputMap(network) : [mapOf(state, network, layer, unit), null];
    heat.paint(values, state.grid, app.theme(), fixed);
    say(legend, range(values, isOutput));
    const active = el.getRootNode().activeElement;
    for (const { input, read } of fields) {
      if (input !== active) input.value = Number(read().toPrecision(4));
    }
    const name = activationOf(selected);
    say(formula, text(selected, name));
    say(means, meaning(layer, name, isOutput));
    const dead = !isOutput && layer > 0 && (state.frame.dead[network]?.[layer - 1] ?? []).includes(unit);
    fate.hidden = !dead;
    if (dead) say(fate, "✕ Dead: for every training point it sits where its slope is exactly 0, so no correction reaches it.");
  }

  function range(values, isOutput) {
    if (!values) return "";
    if (isOutput && state.task !== "regression") return "Orange: class A. Blue: class B. Pale: undecided.";
    let [low, high] = [Infinity, -Infinity];
    for (const value of values) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    return `From ${short(low)} to ${short(high)} on this plane. Orange: below 0. Blue: above.`;
  }

  function text(selected, name) {
    if (selected.layer === 0) return `${pretty(state.featureNames[selected.unit])}: only holds its number`;
    const terms = fields.slice(0, -1).map((one) => [one.read(), one.name]);
    const sum = weightedSum(terms, fields.at(-1).read());
    if (!name) return sum;
    return /^[a-z_0-9]+$/i.test(name) && name !== "x" ? `${name}(${sum})` : `${name} at x = ${sum}`;
  }

  function meaning(layer, name, isOutput) {
    const from = layer > 1 ? `a₁, a₂, …: outputs of layer ${layer - 1}. ` : "";
    if (isOutput) return `${from}${name ? "The sigmoid makes a probability of it." : "The sum itself is the answer."}`;
    const record = state.options.activations.find((one) => one.name === name);
    return `${from}${record ? `${record.name}(x) = ${record.formula}` : ""}`;
  }
  return { el, show, paint };
}
