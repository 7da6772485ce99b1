// The playground: one module in anywidget's shape, for the page, Jupyter and marimo alike.
// The store holds the state, each view draws its part of it; nothing else is remembered.

import { topBar } from "./bar.js";
import { readTheme } from "./colours.js";
import { dataPanel } from "./datapanel.js";
import { h, say } from "./dom.js";
import { editorPanel } from "./editor.js";
import { mapOf } from "./frame.js";
import { inspector } from "./inspector.js";
import { networkView } from "./network.js";
import { activationPicker } from "./picker.js";
import { presetsMenu, presetStrip } from "./presets.js";
import { racePanel } from "./race.js";
import { store } from "./store.js";
import { codeDialog, savePicture } from "./takeaway.js";
import { weightEditor } from "./weight.js";
import { letter, short } from "./words.js";

const SAID_MS = 5000; // a screen reader should not be talked over
const LOST = "The connection to actscope is lost (is the program still running?). Trying again …";
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
    views ??= build();
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

  // ---------------------------------------------------------------- the views
  function build() {
    app.picker = activationPicker(() => state.options);
    const code = codeDialog(app);
    const weight = weightEditor(app);
    app.editWeight = weight.open;
    const presets = presetsMenu(app);
    const bar = topBar(app, {
      presets: presets.button, code: () => actions.code(),
      picture: () => savePicture(app, networks),
    });
    const strip = presetStrip(app);
    const alert = h("p", { className: "error", role: "alert" });
    const status = h("p", { className: "unseen", role: "status" });
    const data = dataPanel(app);
    const editor = editorPanel(app);
    const look = inspector(app);
    const race = racePanel(app);
    const cards = h("div", { className: "cards" });
    const add = h("button", { type: "button", className: "add", onclick: actions.addNetwork },
      "+ Add a network to compare");
    let networks = [];
    root.replaceChildren(bar.el, alert, strip.el,
      h("div", { className: "rooms" },
        h("div", { className: "settings" }, data.el, editor.el),
        h("div", { className: "networks" }, cards, add), look.el, race.el),
      app.picker.el, weight.el, presets.el, code.el, data.overlay, status);

    function fitCards() {
      const count = state.config.networks.length;
      while (networks.length > count) networks.pop().el.remove();
      while (networks.length < count) {
        const made = networkView(app, networks.length);
        networks.push(made);
        cards.append(made.el);
      }
      cards.dataset.depth = state.config.hidden.length;
      add.hidden = count >= (state.options.limits?.networks ?? 4);
      networks.forEach((view) => view.sync());
    }
    const parts = {
      code,
      config() {
        fitCards();
        root.classList.toggle("is-busy", state.pending > 0);
        [bar, strip, data, editor, race].forEach((view) => view.sync());
        look.show();
        root.dataset.epoch = state.frame?.epoch ?? "";
      },
      frame() {
        networks.forEach((view) => view.paint());
        [bar, look, race].forEach((view) => view.paint());
        root.dataset.epoch = state.frame?.epoch ?? "";
        root.dataset.frames = Number(root.dataset.frames ?? 0) + 1;
      },
      state() {
        bar.sync();
        root.classList.toggle("is-lost", !state.connected);
        parts.error();
        speak(status);
      },
      selected() {
        networks.forEach((view) => view.select());
        look.show();
      },
      error() {
        say(alert, state.connected ? state.error ?? "" : LOST);
      },
      redraw() {
        theme = null;
        networks.forEach((view) => view.build());
        data.draw();
        look.show();
        race.paint(true);
      },
    };
    return parts;
  }

  // ---------------------------------------------------------------- words for those who listen
  let spoken = 0;
  function speak(status) {
    if (!state.frame || performance.now() - spoken < SAID_MS) return;
    spoken = performance.now();
    const losses = state.frame.losses.map(([, test], k) => `${letter(k)} ${short(test)}`).join(", ");
    status.textContent = `${state.running ? "Training" : "Paused"} at epoch ${state.frame.epoch}. `
      + `Test loss: ${losses}.`;
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
