// Where a network's units stand in the width that its card has.

import { clamp } from "./dom.js";

const LABELS = 34; // room for "sin(x1)" left of the features
const HEAD = 6;

/** Centres and sizes of all units in CSS pixels; the output stands alone and larger. */
export function arrange(layers, width) {
  const last = layers.length - 1;
  const output = clamp(width * 0.26, 76, 160);
  const most = Math.max(...layers.slice(0, last));
  const column = (width - output - LABELS) / last;
  const size = Math.round(clamp(Math.min(column * 0.55, 320 / most - 12), 14, 46));
  const pitch = size + (size >= 30 ? 18 : 14);
  const height = Math.max(most * pitch, output + 16) + 2 * HEAD;
  const units = layers.map((count, l) =>
    Array.from({ length: count }, (_, j) => ({
      x: l === last ? width - output / 2 : LABELS + column * l + size / 2,
      y: height / 2 + (j - (count - 1) / 2) * (l === last ? output / count : pitch),
      size: l === last ? output / count : size,
    })),
  );
  return { units, column, size, output, height: Math.round(height), labels: LABELS };
}

/** The curve from one unit's right edge to the next one's left edge. */
export function curve(from, to) {
  const x1 = from.x + from.size / 2;
  const x2 = to.x - to.size / 2;
  const bend = (x2 - x1) * 0.5;
  return [x1, from.y, x1 + bend, from.y, x2 - bend, to.y, x2, to.y];
}

/** A point on that curve, 0 <= t <= 1. */
export function along([x1, y1, cx1, cy1, cx2, cy2, x2, y2], t) {
  const s = 1 - t;
  const [a, b, c, d] = [s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t];
  return [a * x1 + b * cx1 + c * cx2 + d * x2, a * y1 + b * cy1 + c * cy2 + d * y2];
}

/** The line nearest to a pointer, within a few pixels: {layer, from, to} or null. */
export function nearestLine(units, px, py, reach = 7) {
  let best = null;
  let least = reach * reach;
  for (let layer = 0; layer + 1 < units.length; layer += 1) {
    for (const [from, a] of units[layer].entries()) {
      for (const [to, b] of units[layer + 1].entries()) {
        const line = curve(a, b);
        if (px < line[0] || px > line[6]) continue;
        for (let t = 0; t <= 1; t += 1 / 24) {
          const [x, y] = along(line, t);
          const distance = (x - px) ** 2 + (y - py) ** 2;
          if (distance < least) {
            least = distance;
            best = { layer, from, to };
          }
        }
      }
    }
  }
  return best;
}
