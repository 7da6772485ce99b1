// All views of the playground put together, and which of them follow which news.

import { topBar } from "./bar.js";
import { dataPanel } from "./datapanel.js";
import { h, say } from "./dom.js";
import { editorPanel } from "./editor.js";
import { inspector } from "./inspector.js";
import { networkView } from "./network.js";
import { activationPicker } from "./picker.js";
import { presetsMenu, presetStrip } from "./presets.js";
import { racePanel } from "./race.js";
import { codeDialog, savePicture } from "./takeaway.js";
import { weightEditor } from "./weight.js";
import { letter, short } from "./words.js";

const SAID_MS = 5000; // a screen reader should not be talked over
const LOST = "The connection to actscope is lost (is the program still running?). Trying again …";

/** The cards of the networks side by side: as many as the set-up has. */
function cardsView(app) {
  const { state, actions } = app;
  const views = [];
  const cards = h("div", { className: "cards" });
  const add = h("button", { type: "button", className: "add", onclick: actions.addNetwork },
    "+ Add a network to compare");
  const el = h("div", { className: "networks" }, cards, add);

  function sync() {
    const count = state.config.networks.length;
    while (views.length > count) views.pop().el.remove();
    while (views.length < count) {
      const made = networkView(app, views.length);
      views.push(made);
      cards.append(made.el);
    }
    cards.dataset.depth = state.config.hidden.length;
    add.hidden = count >= (state.options.limits?.networks ?? 4);
    views.forEach((view) => view.sync());
  }
  return { el, sync, views };
}

/** Now and then a sentence for those who listen. */
function speaker(state) {
  const el = h("p", { className: "unseen", role: "status" });
  let spoken = 0;
  function speak() {
    if (!state.frame || performance.now() - spoken < SAID_MS) return;
    spoken = performance.now();
    const losses = state.frame.losses.map(([, test], k) => `${letter(k)} ${short(test)}`).join(", ");
    say(el, `${state.running ? "Training" : "Paused"} at epoch ${state.frame.epoch}. Test loss: ${losses}.`);
  }
  return { el, speak };
}

/** Fills the playground; what it returns is named after the news that each part follows. */
export function buildViews(app) {
  const { root, state, actions } = app;
  app.picker = activationPicker(() => state.options);
  const weight = weightEditor(app);
  app.editWeight = weight.open;
  const code = codeDialog();
  const cards = cardsView(app);
  const presets = presetsMenu(app);
  const bar = topBar(app, {
    presets: presets.button, code: actions.code, picture: () => savePicture(app, cards.views),
  });
  const strip = presetStrip(app);
  const alert = h("p", { className: "error", role: "alert" });
  const listen = speaker(state);
  const data = dataPanel(app);
  const editor = editorPanel(app);
  const look = inspector(app);
  const race = racePanel(app);
  root.replaceChildren(bar.el, alert, strip.el,
    h(app.inPage ? "main" : "div", { className: "rooms" },
      h("div", { className: "settings" }, data.el, editor.el), cards.el, look.el, race.el),
    app.picker.el, weight.el, presets.el, code.el, data.overlay, listen.el);

  const error = () => say(alert, state.connected ? state.error ?? "" : LOST);
  const noteEpoch = () => (root.dataset.epoch = state.frame?.epoch ?? "");
  return {
    code,
    error,
    config() {
      root.classList.toggle("is-busy", state.pending > 0);
      [cards, bar, strip, data, editor, race].forEach((view) => view.sync());
      look.show();
      noteEpoch();
      error();
    },
    frame() {
      [...cards.views, bar, look, race].forEach((view) => view.paint());
      noteEpoch();
      root.dataset.frames = Number(root.dataset.frames ?? 0) + 1;
    },
    state() {
      bar.sync();
      root.classList.toggle("is-lost", !state.connected);
      error();
      listen.speak();
    },
    selected() {
      cards.views.forEach((view) => view.select());
      look.show();
    },
    redraw() {
      cards.views.forEach((view) => view.build());
      data.draw();
      look.show();
      race.paint(true);
    },
  };
}
