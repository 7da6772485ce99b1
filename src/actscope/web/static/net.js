// The playground: one module in anywidget's shape, for the page, Jupyter and marimo alike.
// The store holds the state, each view draws its part of it; nothing else is remembered.

import { readTheme } from "./colours.js";
import { h } from "./dom.js";
import { mapOf } from "./frame.js";
import { store } from "./store.js";
import { buildViews } from "./views.js";

const STILL_MS = 500; // between pictures, for people who asked for little motion

const media = (query) => window.matchMedia(query);

/** A page follows the reader's wish; within a notebook the paper behind it is dark or light. */
function isDark(el, inPage, wish) {
  if (inPage) return wish;
  const pen = new OffscreenCanvas(1, 1).getContext("2d"); // understands every way to write a colour
  for (let at = el; at; at = at.parentElement ?? at.getRootNode().host) {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = getComputedStyle(at).backgroundColor;
    pen.fillRect(0, 0, 1, 1);
    const [r, g, b, solid] = pen.getImageData(0, 0, 1, 1).data;
    if (solid > 127) return 0.299 * r + 0.587 * g + 0.114 * b < 128;
  }
  return false;
}

function render({ model, el }) {
  const root = h("div", { className: "actscope-playground", lang: "en" },
    h("p", { className: "waiting" }, "Connecting …"));
  el.append(root);
  const app = { root, inPage: model.get("page") === true, picker: null };
  let theme = null;
  let views = null; // made when the server has said what there is
  app.theme = () => (theme ??= readTheme(root));
  const dark = media("(prefers-color-scheme: dark)");
  const dress = () => (root.dataset.scheme = isDark(el, app.inPage, dark.matches) ? "dark" : "light");
  dress();
  const { state, actions, stop } = store(model, tell);
  Object.assign(app, { state, actions, outputMap });

  function tell(what, value) {
    if (!state?.config) {
      if (what === "frame") actions.painted(value); // nothing to paint it on: the next may come
      return;
    }
    views ??= buildViews(app);
    if (what === "config") views.config();
    if (what === "frame") schedule(value);
    if (what === "state") views.state();
    if (what === "selected") views.selected();
    if (what === "error") views.error();
    if (what === "code") views.code.show(value);
  }

  /** The output's map, centred on "undecided", and its scale. */
  function outputMap(k) {
    const values = mapOf(state, k, state.layers.length - 1, 0);
    if (!values) return [null, null];
    if (state.task !== "regression") return [values.map((value) => 2 * value - 1), 1];
    const targets = state.points.train.map((point) => Math.abs(point[2]));
    return [values, Math.max(...targets, 1e-3)];
  }

  // ---------------------------------------------------------------- painting
  const painter = { asked: false, seqs: [], last: 0 };

  function schedule(seq) {
    painter.seqs.push(seq);
    if (painter.asked) return;
    painter.asked = true;
    const still = state.running && media("(prefers-reduced-motion: reduce)").matches;
    const wait = still ? painter.last + STILL_MS - performance.now() : 0;
    if (wait > 0) setTimeout(() => requestAnimationFrame(paint), wait);
    else requestAnimationFrame(paint);
  }

  function paint() {
    painter.asked = false;
    painter.last = performance.now();
    try {
      views.frame();
    } finally {
      for (const seq of painter.seqs.splice(0)) actions.painted(seq);
    }
  }

  // ---------------------------------------------------------------- what comes from outside
  function keys(event) {
    if (event.key !== " " || event.defaultPrevented || !state.granted) return;
    const [target] = event.composedPath(); // within marimo's shadow tree, too
    if (target !== document.body && !root.contains(target)) return;
    if (target.closest("button, input, select, textarea, summary, a, [tabindex='0']")) return;
    event.preventDefault();
    actions.toggle();
  }
  const listener = app.inPage ? document : root; // a notebook has keys of its own
  const redraw = () => {
    dress();
    theme = null;
    views?.redraw();
  };
  let width = 0;
  const sized = new ResizeObserver(() => {
    if (root.clientWidth === width) return;
    width = root.clientWidth;
    redraw();
  });
  const themed = new MutationObserver(redraw); // notebooks have a switch of their own
  listener.addEventListener("keydown", keys);
  dark.addEventListener("change", redraw);
  sized.observe(root);
  themed.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "class", "style"] });

  return () => {
    stop();
    listener.removeEventListener("keydown", keys);
    dark.removeEventListener("change", redraw);
    sized.disconnect();
    themed.disconnect();
  };
}

export default { render };
