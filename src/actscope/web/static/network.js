// One network as a picture: weights as lines, units as heat maps, and real buttons over them.

import { h, icon, ICONS, say } from "./dom.js";
import { drawLines, tileSheet } from "./drawing.js";
import { places, share } from "./frame.js";
import { deadOf } from "./history.js";
import { arrange, nearestLine } from "./layout.js";
import { heatPlot, sharp } from "./plot.js";
import { activationsText, capital, letter, plural, pretty, score, short, unitName } from "./words.js";

const SUMMARY_MS = 4000; // a screen reader should not be talked over

/** `app`: {state, actions, theme(), picker}. `k`: which network. */
export function networkView(app, k) {
  const { state, actions } = app;
  const lines = h("canvas", { className: "lines", role: "img", "aria-label": `Network ${letter(k)}` });
  const tiles = h("canvas", { className: "tiles", "aria-hidden": "true" });
  const output = heatPlot(`Output of network ${letter(k)}`);
  output.over.setAttribute("aria-hidden", "true");
  const buttons = h("div", { className: "units", role: "group", "aria-label": `Neurons of network ${letter(k)}` });
  const hint = h("div", { className: "line-hint", hidden: true });
  const stage = h("div", {
    className: "stage", onpointermove: overLine, onpointerleave: () => (hint.hidden = true),
    onclick: editLine, onkeydown: unitKeys,
  }, lines, tiles, output.el, buttons, hint);
  const whole = h("button", { type: "button", className: "whole", onclick: () => pick(null) });
  const remove = h("button", {
    type: "button", className: "quiet icon-only", "aria-label": `Remove network ${letter(k)}`,
    onclick: () => actions.removeNetwork(k),
  }, icon(ICONS.close));
  const heads = h("div", { className: "heads" });
  const numbers = h("p", { className: "numbers" });
  const el = h("section", { className: `card network net-${k}`, "aria-label": `Network ${letter(k)}` },
    h("header", {}, h("span", { className: "badge", "aria-hidden": "true" }, letter(k)), whole, remove),
    heads, stage, numbers);

  let plan = null;
  let units = []; // buttons by layer
  const sheet = tileSheet();
  let drawn = null; // the weights that the lines show
  let said = 0;

  function pick(layer) {
    const { activations } = state.config.networks[k];
    const button = layer === null ? whole : heads.children[layer];
    const where = layer === null ? "all hidden layers" : `hidden layer ${layer + 1}`;
    app.picker.open(button, activations[layer ?? 0], `Network ${letter(k)}: ${where}`,
      (name) => actions.activation(k, layer, name));
  }

  function sync() {
    const { activations } = state.config.networks[k] ?? { activations: [] };
    whole.replaceChildren(h("span", {}, activationsText(activations)), icon(ICONS.chevron));
    whole.disabled = activations.length === 0;
    whole.setAttribute("aria-label",
      `Network ${letter(k)}: ${activationsText(activations)}. Change in all layers`);
    remove.hidden = state.config.networks.length < 2;
    heads.replaceChildren(...activations.map((name, l) =>
      h("button", {
        type: "button", className: "head", title: name, onclick: () => pick(l),
        "aria-label": `Layer ${l + 1}: ${name}. Change`,
      }, h("span", {}, name), icon(ICONS.chevron))));
    build();
  }

  function build() {
    const width = stage.clientWidth;
    // A wish that is not granted yet has other layers than the numbers at hand.
    const granted = state.layers.length === state.config.hidden?.length + 2;
    if (!width || state.layers.length < 2 || !granted) return;
    plan = arrange(state.layers, width);
    stage.style.height = `${plan.height}px`;
    const last = plan.units.length - 1;
    const seen = state.selected?.network === k ? state.selected : null;
    units = plan.units.map((column, l) => column.map((place, j) => unitButton(place, l, j, l === last)));
    buttons.replaceChildren(...units.flat());
    const tabbed = (seen && units[seen.layer]?.[seen.unit]) || units[1]?.[0];
    tabbed?.setAttribute("tabindex", "0");
    const place = plan.units[last][0];
    output.el.style.left = `${place.x - plan.output / 2}px`;
    output.el.style.top = `${place.y - place.size / 2}px`;
    output.el.style.width = output.el.style.height = `${plan.output}px`;
    placeHeads();
    drawn = null;
    drawPoints();
    paint();
  }

  // Over their columns where there is room; else one after the other.
  function placeHeads() {
    const aligned = plan.column >= 62;
    heads.classList.toggle("aligned", aligned);
    [...heads.children].forEach((head, l) => {
      head.style.left = aligned ? `${plan.units[l + 1][0].x - plan.column / 2 + 3}px` : "";
      head.style.width = aligned ? `${plan.column - 6}px` : "";
    });
  }

  function unitButton({ x, y, size }, l, j, isOutput) {
    const name = nameOf(l, j);
    const label = l === 0 ? h("span", { className: "feature-name" }, pretty(state.featureNames[j])) : null;
    const button = h("button", {
      type: "button", className: `unit${isOutput ? " output" : ""}${l === 0 ? " feature" : ""}`,
      tabindex: "-1", "aria-label": name,
      onpointerenter: () => !state.pinned && actions.select({ network: k, layer: l, unit: j }),
      onpointerleave: () => !state.pinned && actions.select(null),
      onfocus: () => !state.pinned && actions.select({ network: k, layer: l, unit: j }),
      onclick: (event) => {
        event.stopPropagation();
        const same = state.pinned && isSelected(l, j);
        actions.select({ network: k, layer: l, unit: j }, !same);
      },
    }, label, h("span", { className: "dead-mark", "aria-hidden": "true" }, "dead"));
    const span = isOutput ? plan.output : size;
    Object.assign(button.style, {
      left: `${x - span / 2}px`, top: `${y - size / 2}px`, width: `${span}px`, height: `${size}px`,
    });
    return button;
  }

  const nameOf = (l, j) => capital(unitName(state, l, j));
  const isSelected = (l, j) =>
    state.selected?.network === k && state.selected.layer === l && state.selected.unit === j;

  function unitKeys(event) {
    const at = units.flatMap((column, l) => column.map((button, j) => [button, l, j]))
      .find(([button]) => button === event.target);
    if (!at) return;
    const [button, l, j] = at;
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.key === " ") {
      event.preventDefault(); // a button's own answer would be to pin
      event.stopPropagation();
      actions.toggle();
    } else if (event.key === "Escape") actions.select(null);
    else if (move) {
      event.preventDefault();
      const column = units[Math.min(units.length - 1, Math.max(0, l + move[0]))];
      const next = column[Math.min(column.length - 1, Math.max(0, j + move[1]))];
      button.setAttribute("tabindex", "-1");
      next.setAttribute("tabindex", "0");
      next.focus();
      if (state.pinned) next.click();
    }
  }

  function lineAt(event) {
    if (!plan || event.target.closest(".unit")) return null;
    const box = stage.getBoundingClientRect();
    return nearestLine(plan.units, event.clientX - box.left, event.clientY - box.top);
  }

  function weightOf({ layer, from, to }) {
    return share(state.frame.parts.weights, k)[places(state.layers).weight(layer, from, to)];
  }

  function overLine(event) {
    const line = state.frame ? lineAt(event) : null;
    hint.hidden = !line;
    stage.classList.toggle("on-line", Boolean(line));
    if (!line) return;
    const box = stage.getBoundingClientRect();
    say(hint, `weight ${short(weightOf(line))} · click to change`);
    const x = Math.min(event.clientX - box.left + 12, box.width - 170);
    hint.style.transform = `translate(${Math.max(0, x)}px, ${event.clientY - box.top + 14}px)`;
  }

  function editLine(event) {
    const line = state.frame ? lineAt(event) : null;
    if (line) app.editWeight(k, line, event.clientX, event.clientY);
  }

  function drawPoints() {
    output.points([{ points: state.points.test, hollow: true }, { points: state.points.train }],
      state.domain, state.task, app.theme(), plan.output > 110 ? 2.6 : 1.9);
  }

  function markDead() {
    const { dead } = state.frame;
    for (let l = 1; l < units.length - 1; l += 1) {
      const gone = new Set(dead[k]?.[l - 1] ?? []);
      units[l].forEach((button, j) => {
        if (button.classList.contains("is-dead") === gone.has(j)) return;
        button.classList.toggle("is-dead", gone.has(j));
        button.setAttribute("aria-label", nameOf(l, j) + (gone.has(j) ? ", dead" : ""));
        drawn = null; // its lines fade
      });
    }
  }

  function paint() {
    const { frame } = state;
    if (!plan || !frame || frame.parts.maps.shape[0] <= k) return;
    const weights = share(frame.parts.weights, k);
    if (weights.length !== places(state.layers).weights) return; // of an older set-up
    markDead();
    if (!drawn || weights.some((weight, i) => weight !== drawn[i])) {
      drawLines(sharp(lines, stage.clientWidth, plan.height), plan, state, k, weights, app.theme());
      drawn = weights.slice();
    }
    sheet.draw(sharp(tiles, stage.clientWidth, plan.height), plan, state, k, app.theme());
    const [values, fixed] = app.outputMap(k);
    output.paint(values, state.grid, app.theme(), fixed);
    const text = summary();
    say(numbers, text.short);
    el.classList.toggle("diverged", Boolean(frame.diverged?.[k]));
    const now = performance.now();
    if (now - said > SUMMARY_MS || !state.running) {
      said = now;
      if (lines.getAttribute("aria-label") !== text.long) lines.setAttribute("aria-label", text.long);
    }
  }

  function summary() {
    const { frame, config, layers, task } = state;
    const [train, test] = frame.losses[k];
    const [trainScore, testScore] = frame.scores[k];
    const hidden = layers.slice(1, -1).reduce((total, count) => total + count, 0);
    const dead = deadOf(frame, k);
    const what = frame.diverged?.[k] ? "diverged: its numbers grew beyond all bounds. " : "";
    const losses = `loss ${short(train)} train, ${short(test)} test`;
    const scores = `${score(trainScore, task)} / ${score(testScore, task)}`;
    const right = task === "regression" ? "" : " right";
    return {
      short: `${what || `${losses} · ${scores}${right}`}${hidden ? ` · ${dead} of ${hidden} dead` : ""}`,
      long: `Network ${letter(k)}, ${activationsText(config.networks[k].activations)}: `
        + `${plural(layers[0], "feature")}, hidden layers of ${layers.slice(1, -1).join(", ") || "none"}. `
        + `Epoch ${frame.epoch}. ${what}${losses}; ${score(testScore, task)}${right} on test data. `
        + `${dead} of ${plural(hidden, "hidden neuron")} dead.`,
    };
  }

  function select() {
    const { selected, pinned } = state;
    const chosen = selected?.network === k ? units[selected.layer]?.[selected.unit] : null;
    for (const button of units.flat()) {
      button.classList.toggle("selected", button === chosen);
      button.setAttribute("aria-pressed", String(pinned && button === chosen));
    }
  }

  const picture = () => plan && { lines, tiles, output, plan, width: stage.clientWidth };
  return { el, sync, build, paint, select, picture, focus: () => units[1]?.[0]?.focus() };
}
