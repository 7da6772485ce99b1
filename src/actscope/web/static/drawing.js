// The drawn part of a network: weights as lines, units as small heat maps.

import { fillPixels, scaleOf } from "./colours.js";
import { h } from "./dom.js";
import { mapOf, places } from "./frame.js";
import { curve } from "./layout.js";

/** Thicker is larger; above zero solid and blue, below dashed and orange; faint where nothing lives. */
export function drawLines(context, plan, state, k, weights, theme) {
  const place = places(state.layers);
  const asleep = new Set((state.frame.dead[k] ?? []).flatMap((dead, l) => dead.map((j) => `${l + 1}.${j}`)));
  for (let l = 0; l + 1 < plan.units.length; l += 1) {
    for (const [i, from] of plan.units[l].entries()) {
      for (const [j, to] of plan.units[l + 1].entries()) {
        const weight = weights[place.weight(l, i, j)];
        const size = Math.abs(weight);
        const dim = asleep.has(`${l + 1}.${j}`) || asleep.has(`${l}.${i}`);
        const [x1, y1, ...rest] = curve(from, to);
        context.beginPath();
        context.moveTo(x1, y1);
        context.bezierCurveTo(...rest);
        context.lineWidth = 0.4 + (6.5 * size) / (size + 1.6);
        context.globalAlpha = dim ? 0.18 : 0.25 + (0.6 * size) / (size + 0.4);
        context.setLineDash(weight < 0 ? [5, 4] : []);
        context.strokeStyle = weight < 0 ? theme.negative : theme.positive;
        context.stroke();
      }
    }
  }
  context.globalAlpha = 1;
}

/** All small maps are one image: one transfer of pixels a frame, then one copy a unit. */
export function tileSheet() {
  let atlas = null;

  function made(grid, count) {
    if (atlas?.canvas.width === grid && atlas.canvas.height === grid * count) return atlas;
    const canvas = h("canvas", { width: grid, height: grid * count });
    const context = canvas.getContext("2d");
    const image = context.createImageData(canvas.width, canvas.height);
    return { canvas, context, image, pixels: new Uint32Array(image.data.buffer) };
  }

  function draw(context, plan, state, k, theme) {
    const { grid } = state;
    const shown = plan.units.slice(0, -1).flatMap((column, l) => column.map((place, j) => [l, j, place]));
    atlas = made(grid, shown.length);
    shown.forEach(([l, j], n) => {
      const values = mapOf(state, k, l, j);
      if (values) fillPixels(atlas.pixels, n * grid * grid, grid, values, grid, scaleOf(values), theme.table);
    });
    atlas.context.putImageData(atlas.image, 0, 0);
    shown.forEach(([, , { x, y, size }], n) => {
      context.drawImage(atlas.canvas, 0.5, n * grid + 0.5, grid - 1, grid - 1,
        x - size / 2, y - size / 2, size, size);
    });
  }
  return { draw };
}
