// The bar that stays in sight: play, step, reset, speed, epoch, seed, and what one takes away.

import { choice, field, h, icon, ICONS, say } from "./dom.js";

const SPEEDS = [[1, "1 a second"], [5, "5 a second"], [25, "25 a second"], [100, "100 a second"], ["max", "as fast as it goes"]];
const LARGEST_SEED = 999;

function button(label, path, onclick, className = "") {
  return h("button", { type: "button", className: `tool ${className}`, "aria-label": label, title: label, onclick },
    icon(path));
}

/** `take`: {presets: a button, code(), picture()}. */
export function topBar({ state, actions, inPage }, take) {
  const play = h("button", { type: "button", className: "play", onclick: actions.toggle });
  const step = button("One epoch", ICONS.step, actions.step);
  const reset = button("Reset to the same start", ICONS.reset, actions.reset);
  const epoch = h("output", { className: "epoch-number" }, "0");
  const speed = choice(SPEEDS, (value) => actions.speed(value === "max" ? null : Number(value)));
  const seed = h("input", {
    type: "number", min: "0", step: "1", className: "seed",
    oninput: () => (typing = true), onchange: seeded,
  });
  let typing = false; // what stands there is not asked for yet
  function seeded() {
    typing = false;
    if (seed.value !== "") actions.change({ seed: Number(seed.value) });
    else {
      seed.value = state.config.seed;
      actions.error("The seed must be a whole number from 0 to 4,294,967,295.");
    }
  }
  const dice = button("Another seed", ICONS.dice,
    () => actions.change({ seed: 1 + Math.floor(Math.random() * LARGEST_SEED) }));
  const code = h("button", { type: "button", className: "quiet", onclick: take.code }, icon(ICONS.code), "Code");
  const picture = h("button", { type: "button", className: "quiet", onclick: take.picture },
    icon(ICONS.picture), "Picture");
  const lesson = inPage ? h("a", { href: "/lesson/", className: "quiet" }, "Lesson") : null;
  const el = h("header", { className: "bar", role: "banner" },
    h("h1", {}, "actscope ", h("span", {}, "playground")),
    h("div", { className: "transport", role: "group", "aria-label": "Training" }, reset, play, step),
    h("div", { className: "clock" }, h("span", { className: "small" }, "Epoch"), epoch),
    field("Speed", speed.select, "How many times a second the networks go through all training points. One such round is an epoch."),
    h("div", { className: "seeded" },
      field("Seed", seed, "The number that all chance comes from: data, first weights, order of points. The same seed gives the same training."), dice),
    h("div", { className: "takes" }, lesson, take.presets, code, picture));

  function sync() {
    const label = state.running ? "Pause" : "Play";
    if (play.dataset.shows !== label) {
      play.dataset.shows = label;
      play.replaceChildren(icon(state.running ? ICONS.pause : ICONS.play), h("span", {}, label));
    }
    play.disabled = step.disabled = reset.disabled = !state.connected;
    speed.set(state.speed ?? "max");
    if (state.config && !typing) seed.value = state.config.seed ?? "";
    paint();
  }
  const paint = () => say(epoch, String(state.frame?.epoch ?? 0));
  sync();
  return { el, sync, paint };
}
