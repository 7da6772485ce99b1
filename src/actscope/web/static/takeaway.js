// What one takes home: the training as Python code, the networks as a picture.

import { h, icon, ICONS } from "./dom.js";
import { activationsText, letter } from "./words.js";

const GAP = 20;
const SCALE = 2; // sharp in a document

function save(blob, name) {
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

export function codeDialog() {
  const code = h("code");
  const pre = h("pre", { tabindex: "0" }, code);
  const copied = h("span", { className: "small", role: "status" });
  const copy = h("button", { type: "button", className: "quiet", onclick: toClipboard }, "Copy");
  const download = h("button", {
    type: "button", className: "quiet",
    onclick: () => save(new Blob([code.textContent], { type: "text/x-python" }), "playground.py"),
  }, icon(ICONS.file), "Save");
  const close = h("button", { type: "button", className: "quiet icon-only", "aria-label": "Close", onclick: () => el.close() },
    icon(ICONS.close));
  const el = h("dialog", { className: "code", "aria-label": "The same training as Python code" },
    h("header", {}, h("h2", {}, "The same training in Python"), copied, copy, download, close), pre);

  async function toClipboard() {
    try {
      await navigator.clipboard.writeText(code.textContent);
      copied.textContent = "copied";
    } catch {
      // Without leave to write: marked, so that the keyboard copies it.
      getSelection().selectAllChildren(code);
      copied.textContent = "marked: press Ctrl+C";
    }
  }
  function show(text) {
    code.textContent = text;
    copied.textContent = "";
    if (!el.open) el.showModal();
  }
  return { el, show };
}

function cross(context, x, y, size, colour) {
  const r = size / 2;
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(x - r, y - r);
  context.lineTo(x + r, y + r);
  context.moveTo(x + r, y - r);
  context.lineTo(x - r, y + r);
  context.stroke();
}

/** All networks as they stand, one below the other, as a PNG. */
export function savePicture(app, networks) {
  const { state } = app;
  const theme = app.theme();
  const shown = networks.map((view) => view.picture()).filter(Boolean);
  if (!shown.length || !state.frame) return;
  const width = Math.max(...shown.map((one) => one.width)) + 2 * GAP;
  const head = 34;
  const height = shown.reduce((total, one) => total + one.plan.height + head + GAP, GAP);
  const canvas = h("canvas", { width: width * SCALE, height: height * SCALE });
  const context = canvas.getContext("2d");
  context.scale(SCALE, SCALE);
  context.fillStyle = theme.card;
  context.fillRect(0, 0, width, height);
  let top = GAP;
  shown.forEach((one, k) => {
    const { activations } = state.config.networks[k];
    const [train, test] = state.frame.losses[k];
    context.fillStyle = theme.ink;
    context.font = `600 15px ${theme.font}`;
    context.fillText(`${letter(k)}  ${activationsText(activations)}`, GAP, top + 16);
    context.font = `12px ${theme.font}`;
    context.fillStyle = theme.muted;
    const numbers = `epoch ${state.frame.epoch} · loss ${train?.toFixed(3)} train, ${test?.toFixed(3)} test · seed ${state.config.seed}`;
    context.fillText(numbers, GAP, top + 32);
    drawOne(context, one, top + head, theme, state.frame.dead[k] ?? []);
    top += head + one.plan.height + GAP;
  });
  canvas.toBlob((blob) => save(blob, "playground.png"), "image/png");
}

function drawOne(context, { lines, tiles, output, plan, width }, top, theme, dead) {
  context.drawImage(lines, GAP, top, width, plan.height);
  context.drawImage(tiles, GAP, top, width, plan.height);
  const place = plan.units.at(-1)[0];
  const [x, y] = [GAP + place.x - plan.output / 2, top + place.y - plan.output / 2];
  for (const layer of [output.map, output.over]) context.drawImage(layer, x, y, plan.output, plan.output);
  context.strokeStyle = theme.line;
  context.lineWidth = 1;
  context.strokeRect(x, y, plan.output, plan.output);
  dead.forEach((units, l) => units.forEach((j) => {
    const unit = plan.units[l + 1][j];
    cross(context, GAP + unit.x, top + unit.y, unit.size * 0.8, theme.ink);
  }));
}
