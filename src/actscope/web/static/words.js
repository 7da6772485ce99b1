// Names and numbers as people read them.

const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";

export const letter = (network) => "ABCD"[network] ?? String(network + 1);

/** "x1^2" -> "x₁²", "sin(x1)" -> "sin x₁". */
export function pretty(feature) {
  return feature
    .replace(/x(\d)/g, (_, digit) => `x${SUBSCRIPTS[digit]}`)
    .replaceAll("^2", "²").replaceAll("*", " ").replace(/sin\((.*)\)/, "sin $1");
}

const MINUS = "\u2212";
const NO_BREAK = "\u00a0"; // a sum folds between its terms only

/** Three figures that matter, with a real minus. */
export function short(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  const text = size === 0 ? "0" : size >= 1e4 || size < 1e-3 ? value.toExponential(1)
    : size >= 100 ? value.toFixed(0) : size >= 1 ? value.toFixed(2) : value.toFixed(3);
  return text.replace("-", MINUS);
}

export function score(value, task) {
  if (value === null || value === undefined) return "–";
  return task === "regression" ? `R² ${short(value)}` : `${Math.round(value * 100)} %`;
}

/** "0.52 x₁ − 1.30 x₂ + 0.10": a weighted sum with its numbers. */
export function weightedSum(terms, bias) {
  const parts = terms.map(([weight, name]) => [weight, `${short(Math.abs(weight))}${NO_BREAK}${name}`]);
  parts.push([bias, short(Math.abs(bias))]);
  return parts
    .map(([value, text], i) => {
      const negative = value < 0;
      if (i === 0) return negative ? MINUS + text : text;
      return `${negative ? MINUS : "+"}${NO_BREAK}${text}`;
    })
    .join(" ");
}

/** "relu" for one function in all layers, else "relu, tanh". */
export function activationsText(activations) {
  const different = [...new Set(activations)];
  if (activations.length === 0) return "no hidden layer";
  return different.length === 1 ? different[0] : activations.join(", ");
}

export const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

/** What people call unit `unit` of layer `layer`. */
export function unitName({ layers, featureNames }, layer, unit) {
  if (layer === 0) return `feature ${pretty(featureNames[unit] ?? "")}`;
  if (layer === layers.length - 1) return "output";
  return `layer ${layer}, neuron ${unit + 1}`;
}

export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
