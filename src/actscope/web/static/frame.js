// Frames: one header and one run of float32, cut into named parts without copying.

function floats(view) {
  if (view.byteOffset % 4 === 0) {
    return new Float32Array(view.buffer, view.byteOffset, view.byteLength >> 2);
  }
  return new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

/** The header with `parts` as {name: {shape, values}}. */
export function readFrame(header, view) {
  const values = floats(view);
  const parts = {};
  let start = 0;
  for (const [name, shape] of header.parts) {
    const length = shape.reduce((product, size) => product * size, 1);
    parts[name] = { shape, values: values.subarray(start, start + length) };
    start += length;
  }
  return { ...header, parts };
}

const sum = (values) => values.reduce((total, value) => total + value, 0);

/** Where weights, biases and maps lie in one network's share of a part. */
export function places(layers) {
  const weightStart = layers.map((_, l) =>
    sum(layers.slice(0, l).map((units, m) => units * layers[m + 1])),
  );
  const unitStart = layers.map((_, l) => sum(layers.slice(1, l)));
  return {
    weight: (l, from, to) => weightStart[l] + from * layers[l + 1] + to,
    bias: (l, unit) => unitStart[l] + unit, // of layer l >= 1
    map: (l, unit) => unitStart[l] + unit, // of layer l >= 1
    weights: weightStart.at(-1), // how many there are
  };
}

/** One network's stretch of a part. */
export function share({ shape, values }, network) {
  const size = values.length / shape[0];
  return values.subarray(network * size, (network + 1) * size);
}

/** Heat map of unit `unit` of layer `l` (0: the features), as its grid of values. */
export function mapOf(state, network, l, unit) {
  const { frame, features, layers, grid } = state;
  const size = grid * grid;
  if (l === 0) return features ? features.subarray(unit * size, (unit + 1) * size) : null;
  if (!frame) return null;
  const own = share(frame.parts.maps, network);
  const start = places(layers).map(l, unit) * size;
  return own.subarray(start, start + size);
}
