// Set-ups worth a look, the bad ones too, each with the reason why.

import { h, icon, ICONS, uid } from "./dom.js";

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** The preset that the granted set-up still is, if any: found anew, so that it survives a reload. */
function presetOf({ options, granted }) {
  if (!granted) return null;
  return (options.presets ?? []).find(({ config }) =>
    Object.entries(config).every(([key, value]) => same(value, granted[key]))) ?? null;
}

export function presetsMenu({ state, actions }) {
  const id = uid("presets");
  const el = h("div", { className: "menu", popover: "auto", id, role: "dialog", "aria-label": "Examples" });
  const button = h("button", { type: "button", className: "quiet", popovertarget: id }, "Examples", icon(ICONS.chevron));
  for (const preset of state.options.presets ?? []) {
    el.append(h("button", {
      type: "button", className: "preset", "data-preset": preset.id,
      onclick: () => {
        el.hidePopover();
        actions.preset(preset);
      },
    }, h("strong", {}, preset.title), h("span", {}, preset.why)));
  }
  el.addEventListener("beforetoggle", () => {
    const box = button.getBoundingClientRect();
    el.style.top = `${box.bottom + 6}px`;
    el.style.left = `${Math.max(8, Math.min(box.left, window.innerWidth - Math.min(420, window.innerWidth - 16) - 8))}px`;
    el.style.maxHeight = `${window.innerHeight - box.bottom - 20}px`;
  });
  return { el, button };
}

/** The sentence under the bar: what one looks at. */
export function presetStrip({ state }) {
  const title = h("strong");
  const why = h("span");
  const el = h("p", { className: "strip", hidden: true }, title, " ", why);
  function sync() {
    const preset = presetOf(state);
    el.hidden = !preset;
    title.textContent = preset?.title ?? "";
    why.textContent = preset?.why ?? "";
  }
  return { el, sync };
}
