// Colour: orange below zero, blue above (told apart by every common kind of colour blindness),
// paper in between. Never the only sign: lines are dashed, points have shapes, names have letters.

const STOPS = {
  light: [[204, 100, 22], [242, 168, 100], [245, 244, 240], [126, 178, 230], [38, 106, 182]],
  dark: [[206, 112, 38], [136, 74, 30], [34, 37, 44], [38, 84, 140], [66, 134, 212]],
};
const STEPS = 256;
const tables = {};

function build(stops) {
  const table = new Uint32Array(STEPS);
  for (let i = 0; i < STEPS; i += 1) {
    const at = (i / (STEPS - 1)) * (stops.length - 1);
    const low = Math.min(Math.floor(at), stops.length - 2);
    const [r, g, b] = stops[low].map((from, k) =>
      Math.round(from + (stops[low + 1][k] - from) * (at - low)),
    );
    table[i] = (255 << 24) | (b << 16) | (g << 8) | r; // RGBA in memory, little-endian
  }
  return table;
}

/** What canvases need to know of the style sheet, read anew when light turns to dark. */
export function readTheme(root) {
  const style = getComputedStyle(root);
  const get = (name) => style.getPropertyValue(name).trim();
  const scheme = get("--scheme") === "dark" ? "dark" : "light";
  tables[scheme] ??= build(STOPS[scheme]);
  return {
    table: tables[scheme],
    ink: get("--ink"), muted: get("--muted"), line: get("--line"), card: get("--card"),
    positive: get("--positive"), negative: get("--negative"), accent: get("--accent"),
    networks: ["--net-a", "--net-b", "--net-c", "--net-d"].map(get),
    font: style.fontFamily,
  };
}

/** Fills `pixels` (a Uint32Array) with the colours of `values` on [-scale, scale]. */
export function fillPixels(pixels, start, stride, values, grid, scale, table) {
  const factor = (STEPS - 1) / 2 / scale;
  for (let row = 0; row < grid; row += 1) {
    const to = start + row * stride;
    const from = row * grid;
    for (let column = 0; column < grid; column += 1) {
      let at = (values[from + column] + scale) * factor;
      // NaN fails both comparisons and would index nothing: it is drawn as the middle.
      at = at <= 0 ? 0 : at >= STEPS - 1 ? STEPS - 1 : at || STEPS / 2;
      pixels[to + column] = table[at | 0];
    }
  }
}

/** The scale of a map: its largest size, but never so small that rounding looks like a pattern. */
export function scaleOf(values) {
  let largest = 1e-3;
  for (let i = 0; i < values.length; i += 1) {
    const size = Math.abs(values[i]);
    if (size > largest && size < Infinity) largest = size;
  }
  return largest;
}
