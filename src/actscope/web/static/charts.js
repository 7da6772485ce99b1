// Line charts with their labels at the lines' ends, drawn on a canvas once a frame.

import { h, clamp } from "./dom.js";
import { sharp } from "./plot.js";
import { short } from "./words.js";

const PAD = { left: 44, right: 92, top: 10, bottom: 24 };

/** About four round numbers between two values. */
function ticks(low, high) {
  const rough = (high - low) / 3 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((size) => size >= rough);
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step * 1e-9; at += step) {
    found.push(Number(at.toPrecision(10)));
  }
  return found;
}

/** Powers of ten; with 2 and 5 between them where few decades are in sight. */
function decades(low, high) {
  const between = high / low < 100 ? [1, 2, 5] : [1];
  const found = [];
  for (let k = Math.floor(Math.log10(low)); 10 ** k <= high; k += 1) {
    for (const at of between) {
      const value = Number(`${at}e${k}`);
      if (value >= low && value <= high) found.push(value);
    }
  }
  return found;
}

/** Moves labels apart so that none covers another. */
function spread(labels, gap, low, high) {
  labels.sort((a, b) => a.y - b.y);
  let floor = low;
  for (const label of labels) {
    label.y = Math.max(label.y, floor);
    floor = label.y + gap;
  }
  let ceiling = high;
  for (const label of [...labels].reverse()) {
    label.y = Math.min(label.y, ceiling);
    ceiling = label.y - gap;
  }
  return labels;
}

function ranges(series, xs, { log, top }) {
  let low = Infinity;
  let high = -Infinity;
  for (const { values } of series) {
    for (const value of values) {
      if (!Number.isFinite(value) || (log && value <= 0)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (low > high) [low, high] = [log ? 0.1 : 0, 1];
  if (log) [low, high] = [Math.max(low, high * 1e-6) * 0.9, high * 1.1];
  else [low, high] = [Math.min(0, low), top ?? Math.max(high * 1.05, 1e-6)];
  return { low, high, right: Math.max(xs.at(-1) ?? 0, 1) };
}

/** `series`: [{label, colour, dashed, values}] over the shared `xs`. */
export function lineChart(label) {
  const canvas = h("canvas", { className: "chart", role: "img", "aria-label": label });

  function draw(xs, series, theme, options = {}) {
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (width < 60) return;
    const context = sharp(canvas, width, height);
    const { low, high, right } = ranges(series, xs, options);
    const bottom = height - PAD.bottom;
    const edge = width - PAD.right;
    const form = options.log ? Math.log10 : (value) => value;
    const toX = (x) => PAD.left + (x / right) * (edge - PAD.left);
    const toY = (y) => bottom - ((form(y) - form(low)) / (form(high) - form(low))) * (bottom - PAD.top);
    context.font = `11px ${theme.font}`;
    axes(context, { toX, toY, low, high, right, edge, bottom, theme, options });
    context.lineJoin = "round";
    for (const { values, colour, dashed } of series) {
      context.beginPath();
      context.setLineDash(dashed ? [4, 3] : []);
      context.strokeStyle = colour;
      context.lineWidth = dashed ? 1.5 : 2;
      let drawing = false;
      for (let i = 0; i < xs.length; i += 1) {
        const fine = Number.isFinite(values[i]) && (!options.log || values[i] > 0);
        const at = fine ? [toX(xs[i]), clamp(toY(values[i]), 0, height)] : null;
        if (fine && !drawing) context.moveTo(...at);
        if (fine) context.lineTo(at[0] + (xs.length === 1 ? 3 : 0), at[1]); // a start to be seen
        drawing = fine;
      }
      context.stroke();
    }
    context.setLineDash([]);
    names(context, series, { toY, edge, bottom, theme, low, options });
  }
  return { canvas, draw };
}

function axes(context, { toX, toY, low, high, right, edge, bottom, theme, options }) {
  context.fillStyle = theme.muted;
  context.strokeStyle = theme.line;
  context.lineWidth = 1;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const at of options.log ? decades(low, high) : ticks(low, high)) {
    const y = Math.round(toY(at)) + 0.5;
    context.beginPath();
    context.moveTo(PAD.left, y);
    context.lineTo(edge, y);
    context.stroke();
    const plain = options.whole || (options.log && at >= 0.001);
    context.fillText(plain ? String(at) : short(at), PAD.left - 6, y);
  }
  context.textBaseline = "top";
  context.textAlign = "center";
  const whole = [...new Set(ticks(0, right).map(Math.round))];
  for (const at of whole) context.fillText(at === 0 ? "epoch 0" : String(at), toX(at), bottom + 7);
}

function names(context, series, { toY, edge, bottom, theme, low, options }) {
  const labels = series
    .filter(({ label }) => label)
    .map(({ label, colour, values }) => {
      const last = values.at(-1);
      const fine = Number.isFinite(last) && (!options.log || last > 0);
      const text = fine || values.length === 0 ? label : `${label} off the scale`;
      return { text, colour, y: toY(fine ? last : low) };
    });
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.font = `600 11px ${theme.font}`;
  for (const { text, colour, y } of spread(labels, 13, PAD.top, bottom)) {
    context.fillStyle = colour;
    context.fillText(text, edge + 6, y, PAD.right - 8);
  }
}
