// What the networks learn from: ready-made sets, a table of one's own, or points set by hand.

import { POINTS_IN_ADDRESS } from "./address.js";
import { h, icon, ICONS, slider, uid } from "./dom.js";
import { drawPoints, planeScale, sharp } from "./plot.js";

const LARGEST = 2 * 1024 * 1024; // what the server takes of a table
const THUMB = 44;
const THUMB_POINTS = 100;
const MOST_POINTS = 2000;

export function dataPanel(app) {
  const { state, actions, root } = app;
  const group = uid("data");
  const sets = state.options.data.map((set) => dataSet(set, group, () => actions.change({ data: set.name })));
  const own = dataSet({ name: "own", label: "Own", points: [] }, group, () => actions.change({ data: "own" }));
  const noise = slider({
    label: "Noise", min: 0, max: 50, step: 5, unit: " %",
    tip: "How far points are pushed from where they belong.",
  }, (value) => actions.change({ noise: value }));
  const train = slider({
    label: "Training share", min: 10, max: 90, step: 10, unit: " %",
    tip: "How many of the points the networks learn from; the others only test them.",
  }, (value) => actions.change({ train: value }));
  const table = tablePart(app);
  const plot = pointsPart(app);
  const el = h("details", { className: "card section data", open: root.clientWidth >= 760 },
    h("summary", {}, h("h2", {}, "Data")),
    h("div", { className: "sets", role: "radiogroup", "aria-label": "Data set" }, [...sets, own].map((set) => set.el)),
    noise.el, train.el, plot.el, table.el);
  el.addEventListener("toggle", () => el.open && draw());

  function sync() {
    const { config } = state;
    for (const { name, input } of [...sets, own]) input.checked = name === config.data;
    own.el.hidden = config.data !== "own" && !state.table && !state.kept;
    if (config.noise !== undefined) noise.set(config.noise);
    if (config.train !== undefined) train.set(config.train);
    noise.input.disabled = config.data === "own";
    drawOwn();
    table.sync();
    plot.draw();
  }
  function drawOwn() {
    const { train, test } = state.points;
    if (state.config.data === "own") own.draw(app.theme(), [...train, ...test], state.task);
  }
  function draw() {
    drawOwn();
    sets.forEach((set) => set.draw(app.theme()));
    plot.draw();
  }
  return { el, sync, draw, overlay: dropZone(app, table.take) };
}

/** One data set as a small picture that is a radio button. */
function dataSet({ name, label, task, points }, group, choose) {
  const input = h("input", { type: "radio", name: group, value: name, className: "unseen", onchange: choose });
  const canvas = h("canvas", { "aria-hidden": "true" });
  const el = h("label", { className: "set", title: label }, input, canvas, h("span", {}, label));
  function draw(theme, shown = points, kind = task) {
    const some = shown.filter((_, i) => i % Math.ceil(shown.length / THUMB_POINTS) === 0);
    const far = some.reduce((most, [x1, x2]) => Math.max(most, Math.abs(x1), Math.abs(x2)), 0.1) * 1.1;
    const options = { domain: [-far, far], task: kind, size: THUMB, theme, radius: 1.3 };
    drawPoints(sharp(canvas, THUMB, THUMB), some, options);
  }
  return { name, input, el, draw };
}

/** Points by click, or with the arrow keys and Enter. */
function pointsPart({ state, actions, theme, inPage }) {
  const SIZE = 200;
  const canvas = h("canvas", {
    className: "clicker", tabindex: "0", role: "application",
    "aria-label": "The data. Arrow keys move the cross, Enter adds a point, Shift and Enter one of the other class.",
    onclick: clicked, onkeydown: keys, onfocus: () => draw(), onblur: () => draw(),
  });
  const name = uid("class");
  const pick = (value, label, checked) => h("label", { className: "class" },
    h("input", { type: "radio", name, value, checked }), h("span", {}, label));
  const classes = h("div", { className: "classes", role: "radiogroup", "aria-label": "Class of the next point" },
    pick("0", "● A", true), pick("1", "◆ B", false));
  const clear = h("button", { type: "button", className: "quiet", onclick: () => actions.points([]) }, "Clear");
  const note = h("p", { className: "small" });
  const el = h("div", { className: "points" }, canvas, h("div", { className: "row" }, h("span", { className: "small" }, "Add"), classes, clear), note);
  let cursor = [0, 0];
  const domain = () => state.domain ?? [-6, 6];

  function add(x, y, other) {
    const chosen = Number(classes.querySelector("input:checked").value);
    const { train, test } = state.points;
    // The first point by hand joins the data in sight, unless their targets are not classes.
    const before = state.own ?? (state.task === "regression" ? [] : [...train, ...test]);
    if (before.length >= MOST_POINTS) {
      actions.error(`${MOST_POINTS} points are there; at most ${MOST_POINTS} are taken: clear some first.`);
      return;
    }
    const round = (value) => Math.round(value * 100) / 100;
    actions.points([...before, [round(x), round(y), other ? 1 - chosen : chosen]]);
  }
  function clicked(event) {
    if (event.detail === 0) return;
    const { fromX, fromY } = planeScale(domain(), canvas.clientWidth);
    cursor = [fromX(event.offsetX), fromY(event.offsetY)];
    add(...cursor, event.shiftKey);
  }
  function keys(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const [low, high] = domain();
    if (event.key in moves) {
      cursor = cursor.map((at, i) => Math.min(high, Math.max(low, at + (moves[event.key][i] * (high - low)) / 24)));
    } else if (event.key === "Enter") add(...cursor, event.shiftKey);
    else return;
    event.preventDefault();
    draw();
  }

  function draw() {
    const context = sharp(canvas, SIZE, SIZE);
    const options = { domain: domain(), task: state.task, size: SIZE, theme: theme(), radius: 3.2 };
    const waiting = state.own && state.own !== state.sentPoints ? state.own : null;
    if (waiting) drawPoints(context, waiting, options);
    else {
      drawPoints(context, state.points.test, { ...options, hollow: true });
      drawPoints(context, state.points.train, options);
    }
    if (canvas.matches(":focus-visible")) cross(context, planeScale(domain(), SIZE), theme().ink);
    const { train, test } = state.points;
    note.textContent = waiting ? "Set at least 4 points, of both classes."
      : `${train.length} to learn from, ${test.length} (hollow) to test. Click to add; Shift for the other class.`;
    if (inPage && !waiting && state.config.data === "own" && state.own?.length > POINTS_IN_ADDRESS) {
      note.textContent += ` These points are too many for the address: it holds ${POINTS_IN_ADDRESS}, a reload loses them.`;
    }
  }
  function cross(context, { toX, toY }, colour) {
    const [x, y] = [toX(cursor[0]), toY(cursor[1])];
    context.strokeStyle = colour;
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(x - 8, y);
    context.lineTo(x + 8, y);
    context.moveTo(x, y - 8);
    context.lineTo(x, y + 8);
    context.stroke();
  }
  return { el, draw };
}

/** A table of one's own: file, then which columns. */
function tablePart({ state, actions }) {
  const file = h("input", {
    type: "file", accept: ".csv,.tsv,.txt,text/csv", className: "unseen", tabindex: "-1", "aria-label": "CSV file",
    onchange: () => file.files[0] && take(file.files[0]),
  });
  const button = h("button", { type: "button", className: "quiet", onclick: () => file.click() },
    icon(ICONS.file), "Own table (CSV) …");
  const selects = ["Across", "Up", "Target"].map((label, i) => {
    const select = h("select", { onchange: () => again(i) });
    return { select, el: h("label", { className: "column" }, label, select) };
  });
  const note = h("p", { className: "small" });
  const columns = h("div", { className: "columns", hidden: true }, selects.map((one) => one.el), note);
  const el = h("div", { className: "table" }, button, file, h("p", { className: "small" }, "or drop one anywhere"), columns);

  async function take(given) {
    file.value = "";
    if (given.size > LARGEST) {
      const size = (given.size / 1024 / 1024).toFixed(1);
      actions.error(`${given.name} has ${size} MiB; at most 2 MiB are taken: leave out rows or columns.`);
      return;
    }
    actions.csv(await given.text());
  }
  /** A column has one role: the other that had it takes the one given up, or any that is free. */
  function again(changed) {
    const { table } = state;
    const roles = selects.map(({ select }) => select.value);
    const other = roles.findIndex((name, i) => i !== changed && name === roles[changed]);
    if (other >= 0) {
      const left = [...table.inputs, table.target][changed];
      const fits = other === 2 || table.numeric.includes(left);
      roles[other] = fits ? left : table.numeric.find((name) => !roles.includes(name)) ?? left;
    }
    const [across, up, target] = roles;
    actions.csv(state.csv.text, target, [across, up]);
  }
  function sync() {
    const { table } = state;
    columns.hidden = !table || state.config.data !== "own" || Boolean(state.own);
    if (columns.hidden) return;
    const chosen = [...table.inputs, table.target];
    selects.forEach(({ select }, i) => {
      select.replaceChildren(...(i < 2 ? table.numeric : table.columns).map((name) => h("option", { value: name }, name)));
      select.value = chosen[i];
    });
    const classes = table.classes ? `A: ${table.classes[0]}, B: ${table.classes[1]}. ` : "";
    note.textContent = `${table.rows} rows. ${classes}${table.note ?? ""}`;
  }
  return { el, sync, take };
}

/** The whole playground takes a dropped file; a veil says so while it hovers. */
function dropZone({ root }, take) {
  const veil = h("div", { className: "veil", hidden: true, "aria-hidden": "true" }, "Drop the table here");
  const carries = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  root.addEventListener("dragover", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    veil.hidden = false;
  });
  root.addEventListener("dragleave", (event) => {
    if (!root.contains(event.relatedTarget)) veil.hidden = true;
  });
  root.addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    veil.hidden = true;
    const [file] = event.dataTransfer.files;
    if (file) take(file);
  });
  return veil;
}
