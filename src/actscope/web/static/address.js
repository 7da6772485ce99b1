// The whole set-up as text for the address line, and back.

const NUMBERS = ["noise", "train", "seed", "learning_rate", "batch", "l2"];
const WORDS = ["data", "init", "optimizer"];
export const USUAL_SPEED = 25; // epochs a second; null is as fast as it goes
export const POINTS_IN_ADDRESS = 400; // longer addresses are cut off by some programs

/** Parts of a text between commas that stand outside parentheses. */
export function splitOutside(text) {
  const parts = [""];
  let depth = 0;
  for (const letter of text) {
    if (letter === "(") depth += 1;
    if (letter === ")") depth -= 1;
    if (letter === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += letter;
  }
  return text === "" ? [] : parts.map((part) => part.trim());
}

// What the server should refuse in its own words is handed on as it came.
function number(text) {
  const value = Number(text);
  return text.trim() === "" || !Number.isFinite(value) ? text : value;
}

const readPoints = (text) =>
  text.split(" ").filter(Boolean).map((point) => point.split(",").map(Number));

const writePoints = (points) =>
  points.map((point) => point.map((value) => Number(value.toFixed(2))).join(",")).join(" ");

/** Config (and points of one's own) -> "data=circle&hidden=4,2&net=relu,relu&...". */
export function writeAddress(config, points = null, speed = USUAL_SPEED) {
  const address = new URLSearchParams();
  for (const key of [...WORDS, ...NUMBERS]) {
    if (config[key] !== undefined) address.set(key, config[key]);
  }
  if (config.hidden) address.set("hidden", config.hidden.join(","));
  if (config.features) address.set("features", config.features.join(","));
  for (const network of config.networks ?? []) address.append("net", network.activations.join(","));
  if (config.data === "own" && points && points.length <= POINTS_IN_ADDRESS) {
    address.set("points", writePoints(points));
  }
  if (speed !== USUAL_SPEED) address.set("speed", speed ?? "max");
  // Commas, carets and parentheses are legal in a fragment and easier on the eye.
  return address.toString().replaceAll("%2C", ",").replaceAll("%28", "(").replaceAll("%29", ")")
    .replaceAll("%5E", "^").replaceAll("*", "%2A");
}

/** The other way round: {config, points, speed}; what is absent of the set-up stays absent. */
export function readAddress(text) {
  const address = new URLSearchParams(text);
  const config = {};
  for (const key of WORDS) if (address.has(key)) config[key] = address.get(key);
  for (const key of NUMBERS) if (address.has(key)) config[key] = number(address.get(key));
  if (address.has("hidden")) config.hidden = splitOutside(address.get("hidden")).map(number);
  if (address.has("features")) config.features = splitOutside(address.get("features"));
  if (address.has("net")) {
    config.networks = address.getAll("net").map((one) => ({ activations: splitOutside(one) }));
  }
  const points = address.has("points") ? readPoints(address.get("points")) : null;
  const wished = address.get("speed") === "max" ? null : Number(address.get("speed"));
  const speed = wished === null || wished > 0 ? wished : USUAL_SPEED;
  return { config, points, speed };
}
