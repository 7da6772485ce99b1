// Native controls in anywidget's shape. The lesson's own sliders are the browser's: each has its
// label, its keys and its spoken value without any work of ours.

const WAIT = 40; // ms between two values sent while a slider is dragged

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element[name] = value;
  element.append(...children);
  return element;
}

// What a slider says of its value: the word for a place in a list, or the number itself.
function said(spec, value) {
  return spec.said ? spec.said[value] : String(value).replace("-", "−");
}

let made = 0; // ids of this module's inputs: a label points to its own

function range(spec, value, changed) {
  const id = `control-${(made += 1)}`;
  const input = make("input", {
    id, type: "range", min: spec.min, max: spec.max, step: spec.step, value,
  });
  const shown = make("span", { className: "value" });
  const show = () => {
    shown.textContent = said(spec, Number(input.value));
    input.setAttribute("aria-valuetext", shown.textContent);
  };
  const update = () => { show(); changed(Number(input.value)); };
  input.addEventListener("input", update);
  show();
  shown.setAttribute("aria-hidden", "true"); // the slider says it itself
  const element = make("div", { className: "range" },
    make("label", { htmlFor: id }, spec.label), shown, input);
  if (!spec.play) return { element };
  return player(spec, element, input, update, show);
}

// A button that moves a slider to its end by itself; a second press stops it.
function player(spec, slider, input, update, show) {
  const button = make("button", { type: "button" });
  const stride = Math.ceil((spec.max - spec.min) / 50) * spec.step; // the way takes 5 s at most
  let timer = null;
  const rest = () => {
    clearInterval(timer);
    timer = null;
    button.textContent = `▶ ${spec.play}`;
  };
  const tick = () => {
    if (Number(input.value) >= spec.max) return rest();
    input.value = Number(input.value) + stride; // the browser keeps it within the range
    update();
  };
  button.addEventListener("click", () => {
    if (timer) return rest();
    if (Number(input.value) >= spec.max) { input.value = spec.min; update(); }
    button.textContent = "❚❚ Pause";
    timer = setInterval(tick, Math.max(90, 3000 / (spec.max - spec.min)));
  });
  input.addEventListener("pointerdown", rest);
  rest();
  const element = make("div", { className: "player" }, slider, button);
  return { element, stop: rest };
}

function toggle(spec, value, changed) {
  const input = make("input", { type: "checkbox", checked: value });
  input.addEventListener("input", () => changed(input.checked));
  const element = make("label", { className: "switch" }, input, make("span", {}, spec.label));
  return { element };
}

function choice(spec, value, changed) {
  const select = make("select", {}, ...spec.options.map((o) => make("option", { value: o }, o)));
  select.value = value;
  select.addEventListener("input", () => changed(select.value));
  const element = make("label", { className: "choice" },
    make("span", { className: "name" }, spec.label), select);
  return { element };
}

// A file goes as text (base64), whole or, where it is larger than is taken, not at all.
function file(spec, value, changed) {
  const id = `control-${(made += 1)}`;
  const input = make("input", { id, type: "file", accept: spec.accept });
  input.addEventListener("change", async () => {
    const chosen = input.files[0];
    if (!chosen) return;
    const { name, size } = chosen;
    changed({ name, size, data: size > spec.most ? "" : await encoded(chosen) });
  });
  const label = make("label", { htmlFor: id, className: "name" }, spec.label);
  return { element: make("div", { className: "file" }, label, input) };
}

function encoded(chosen) {
  return new Promise((resolve) => {
    const reader = new FileReader();
    // A file that was moved or locked meanwhile reads as nothing, and is then called empty.
    reader.onloadend = () => resolve(String(reader.result ?? "").split(",")[1] ?? "");
    reader.readAsDataURL(chosen);
  });
}

// Its value counts how often it was pressed.
function press(spec, value, changed) {
  let count = value;
  const button = make("button", { type: "button" }, spec.label);
  button.addEventListener("click", () => changed((count += 1)));
  return { element: make("div", { className: "press" }, button) };
}

const KINDS = { range, switch: toggle, choice, file, press };

export default {
  render({ model, el }) {
    let values = { ...model.get("values") };
    let timer = null;
    const send = () => {
      timer = null;
      model.set("values", { ...values });
      model.save_changes();
    };
    // The first change goes at once, those that follow closely go together.
    let last = 0;
    const changed = (key) => (value) => {
      values = { ...values, [key]: value };
      if (timer !== null) return;
      const wait = Math.max(0, last + WAIT - performance.now());
      timer = setTimeout(() => { last = performance.now(); send(); }, wait);
    };
    const controls = {};
    const box = make("div", { className: "controls" });
    for (const spec of model.get("specs")) {
      const control = KINDS[spec.kind](spec, values[spec.key], changed(spec.key));
      controls[spec.key] = control;
      box.append(control.element);
    }
    el.append(box);
    return () => {
      clearTimeout(timer);
      for (const control of Object.values(controls)) control.stop?.();
    };
  },
};
