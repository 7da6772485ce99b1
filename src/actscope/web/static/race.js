// All networks on one chart: losses raced, dead neurons counted.

import { lineChart } from "./charts.js";
import { h } from "./dom.js";
import { deadOf } from "./history.js";
import { activationsText, letter, plural, short } from "./words.js";

const CHART_MS = 90; // charts need fewer pictures a second than networks
const SAID_MS = 4000;

export function racePanel(app) {
  const { state } = app;
  const losses = lineChart("Loss by epoch");
  const dead = lineChart("Dead neurons by epoch");
  const log = h("input", { type: "checkbox", checked: true, onchange: () => paint(true) });
  const none = h("span", { className: "small" });
  const el = h("section", { className: "card race", "aria-label": "Progress" },
    h("div", {},
      h("div", { className: "row-wide" }, h("h2", {}, "Loss"), h("label", { className: "check" }, log, "log scale")),
      h("p", { className: "small" }, "How wrong the answers are: lower is better. Solid: training points, dashed: test points."),
      losses.canvas),
    h("div", {}, h("h2", {}, "Dead neurons"),
      h("p", { className: "small" }, "At every training point their slope is exactly 0: no correction reaches them. ", none), dead.canvas));
  let drawn = 0;
  let said = 0;

  const nameOf = (k) => {
    const text = activationsText(state.config.networks[k]?.activations ?? []);
    return `${letter(k)} ${text.length > 12 ? `${text.slice(0, 11)}…` : text}`;
  };

  function paint(now = false) {
    const time = performance.now();
    if (!state.frame || (!now && state.running && time - drawn < CHART_MS)) return;
    drawn = time;
    const { history } = state;
    const theme = app.theme();
    const colour = (k) => theme.networks[k % theme.networks.length];
    const lines = history.train.flatMap((train, k) => [
      { label: nameOf(k), colour: colour(k), values: train },
      { label: "", colour: colour(k), dashed: true, values: history.test[k] },
    ]);
    losses.draw(history.epochs, lines, theme, { log: log.checked });
    const hidden = state.layers.slice(1, -1).reduce((total, units) => total + units, 0);
    const counts = history.dead.map((values, k) => ({ label: nameOf(k), colour: colour(k), values }));
    dead.draw(history.epochs, counts, theme, { whole: true, top: Math.max(hidden, 1) });
    none.textContent = history.dead.every((values) => values.every((count) => count === 0)) ? "None so far." : "";
    if (time - said > SAID_MS || !state.running) speak(time);
  }

  function speak(time) {
    said = time;
    const { frame } = state;
    const each = (tell) => frame.losses.map((_, k) => `${nameOf(k)} ${tell(k)}`).join("; ");
    losses.canvas.setAttribute("aria-label", `Loss at epoch ${frame.epoch}: `
      + each((k) => `${short(frame.losses[k][0])} train, ${short(frame.losses[k][1])} test`));
    dead.canvas.setAttribute("aria-label", `Dead neurons at epoch ${frame.epoch}: `
      + each((k) => plural(deadOf(frame, k), "neuron")));
  }
  return { el, paint, sync: () => paint(true) };
}
