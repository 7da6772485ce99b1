// A square picture of the input plane: a heat map with the data's points over it.

import { fillPixels, scaleOf } from "./colours.js";
import { h } from "./dom.js";

const MARGIN = 0.04; // of the plane, so that points at the edge are whole

/** [x1, x2] of the domain <-> pixels of a square of `size`. */
export function planeScale([low, high], size) {
  const span = high - low;
  return {
    toX: (x) => ((x - low) / span) * size,
    toY: (y) => size - ((y - low) / span) * size,
    fromX: (px) => low + (px / size) * span,
    fromY: (py) => high - (py / size) * span,
  };
}

function diamond(context, x, y, r) {
  context.moveTo(x, y - r * 1.25);
  context.lineTo(x + r * 1.25, y);
  context.lineTo(x, y + r * 1.25);
  context.lineTo(x - r * 1.25, y);
  context.closePath();
}

function disc(context, x, y, r) {
  context.moveTo(x + r, y);
  context.arc(x, y, r, 0, 2 * Math.PI);
}

/** How far a target is from the middle, -1 to 1: classes at the ends, values in between. */
function placer(task, points) {
  if (task !== "regression") return (target) => (target > 0.5 ? 1 : -1);
  const largest = points.reduce((most, point) => Math.max(most, Math.abs(point[2])), 1e-9);
  return (target) => target / largest;
}

/** Discs are class A (orange), diamonds class B (blue); test points are hollow.
 * Values have no shape: they are discs in the colour of their size, test points smaller. */
export function drawPoints(context, points, { domain, task, size, theme, radius = 3, hollow }) {
  const { toX, toY } = planeScale(domain, size);
  const place = placer(task, points);
  const values = task === "regression";
  const r = values && hollow ? radius * 0.7 : radius;
  context.lineWidth = hollow && !values ? 1.6 : 1;
  for (const [x1, x2, target] of points) {
    const at = place(target);
    const shape = at > 0 && !values ? diamond : disc;
    const colour = values
      ? css(theme.table[Math.round((at + 1) * 127.5)])
      : at > 0 ? theme.positive : theme.negative;
    context.beginPath();
    shape(context, toX(x1), toY(x2), r);
    context.fillStyle = hollow ? theme.card : colour;
    context.strokeStyle = hollow ? colour : theme.card;
    if (values) [context.fillStyle, context.strokeStyle] = [colour, hollow ? theme.muted : theme.ink];
    context.fill();
    context.stroke();
  }
}

function css(packed) {
  return `rgb(${packed & 255} ${(packed >> 8) & 255} ${(packed >> 16) & 255})`;
}

/** Makes a canvas sharp on this screen and gives its context in CSS pixels. */
export function sharp(canvas, width, height) {
  const ratio = Math.min(3, window.devicePixelRatio || 1);
  const [w, t] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== t) {
    canvas.width = w;
    canvas.height = t;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** Two canvases: colours of few pixels that the browser smooths, and points drawn once. */
export function heatPlot(label) {
  const map = h("canvas", { className: "map", width: 30, height: 30, "aria-hidden": "true" });
  const over = h("canvas", { className: "over", role: "img", "aria-label": label });
  const el = h("div", { className: "heat" }, map, over);
  const context = map.getContext("2d");
  let image = null;

  function paint(values, grid, theme, fixed = null) {
    if (!values) return;
    if (!image || image.width !== grid) {
      map.width = grid;
      map.height = grid;
      image = context.createImageData(grid, grid);
    }
    const pixels = new Uint32Array(image.data.buffer);
    fillPixels(pixels, 0, grid, values, grid, fixed ?? scaleOf(values), theme.table);
    context.putImageData(image, 0, 0);
  }

  function points(groups, domain, task, theme, radius) {
    const size = el.clientWidth || 100;
    const drawn = sharp(over, size, size);
    for (const { points: some, hollow } of groups) {
      drawPoints(drawn, some, { domain, task, size, theme, radius, hollow });
    }
    return drawn;
  }
  return { el, map, over, paint, points };
}

/** A domain with a little air around all points. */
export function widen([low, high]) {
  const air = (high - low) * MARGIN;
  return [low - air, high + air];
}
