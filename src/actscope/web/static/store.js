// The one object that holds everything, and the only functions that change it.
// What the server said last is the truth; a change is asked for, and shown once it is granted.

import { readAddress, USUAL_SPEED, writeAddress } from "./address.js";
import { readFrame } from "./frame.js";
import { emptyHistory, note } from "./history.js";

const NOT_IN_ADDRESS =
  "The address names own data but does not hold them: a table, or these points are too many for the address. Set or load them again.";

/** Points that can be learned from: enough of them, and of two kinds. */
const learnable = (points) => points.length >= 4 && new Set(points.map((point) => point[2])).size > 1;

function initialState() {
  return {
    options: null, // what the server offers
    config: null, // what we asked for last
    granted: null, // what the server made last
    pending: 0, // asked and not answered yet
    asked: [], // of each of these, what it brings when it is granted: {csv} or {own, before}
    resume: false, // was running before the change
    running: false, connected: true, speed: USUAL_SPEED,
    layers: [], featureNames: [], task: "classification", domain: [-6, 6], grid: 30,
    points: { train: [], test: [] }, own: null, // own: points clicked, [[x1, x2, target], ...]
    kept: null, // and those of before, while other data are looked at
    table: null, // what a CSV offers: its columns
    features: null, frame: null, history: emptyHistory(1),
    selected: null, pinned: false, // the neuron in the large view
    address: "", // the set-up as text, as it stands in the address line of a page
    csv: null, // the table that the server has, for other columns and for a new connection
    sentPoints: null, // or the own points that it has
    emptied: [], // the function of each network when its last layer went
    fromAddress: false, // what is asked for comes from the address line
    error: null,
  };
}

/** `tell(what)`: "config" when the set-up changed, "frame", "state", "selected", "error", "code". */
export function store(model, tell) {
  const state = initialState();
  const send = (content) => model.send(content);
  const inPage = model.get("page") === true;

  function ask(content, brings = {}) {
    state.pending += 1;
    state.asked.push(brings);
    state.resume ||= state.running;
    send(content);
  }

  const actions = {
    /** Asks for networks made anew from the set-up with these changes. */
    change(patch) {
      if (patch.data) keepOwn(patch.data);
      if (patch.data === "own" && state.own && !learnable(state.own)) {
        tell("config"); // still being set
        return;
      }
      state.config = { ...state.config, ...patch };
      ask({ cmd: "setup", config: state.config });
      actions.error(null);
      tell("config");
    },
    /** A preset is a whole set-up, and one wants to see it move. */
    preset({ config }) {
      keepOwn(config.data);
      ask({ cmd: "setup", config });
      state.resume = true;
      actions.error(null);
    },
    hidden(hidden) {
      const last = state.config.networks.map(({ activations }, k) => activations.at(-1) ?? state.emptied[k] ?? "relu");
      if (!hidden.length) state.emptied = last;
      const networks = state.config.networks.map(({ activations }, k) => ({
        activations: hidden.map((_, l) => activations[l] ?? last[k]),
      }));
      actions.change({ hidden, networks });
    },
    activation(network, layer, name) {
      const networks = state.config.networks.map(({ activations }, k) => ({
        activations: activations.map((old, l) =>
          k === network && (layer === null || l === layer) ? name : old,
        ),
      }));
      actions.change({ networks });
    },
    addNetwork() {
      const taken = new Set(state.config.networks.flatMap(({ activations }) => activations));
      const next = ["relu", "tanh", "leaky_relu", "sigmoid", "silu"].find((name) => !taken.has(name));
      const activations = state.config.hidden.map(() => next ?? "gelu");
      actions.change({ networks: [...state.config.networks, { activations }] });
    },
    removeNetwork(network) {
      if (state.selected?.network >= network) state.selected = null;
      state.emptied = state.emptied.filter((_, k) => k !== network);
      actions.change({ networks: state.config.networks.filter((_, k) => k !== network) });
    },
    toggle() {
      state.resume = false;
      send({ cmd: state.running ? "pause" : "run" });
    },
    step() {
      if (state.running) send({ cmd: "pause" });
      send({ cmd: "step", epochs: 1 });
    },
    reset() {
      state.history = emptyHistory(state.config.networks.length);
      state.resume = false;
      send({ cmd: "reset" });
    },
    speed(value) {
      state.speed = value;
      send({ cmd: "speed", epochs_per_second: value });
      if (inPage) toAddress(true);
    },
    edit(network, layer, from, to, value) {
      send({ cmd: "edit", network, layer, from, to, value });
    },
    points(own) {
      if (learnable(own)) sendPoints(own);
      else {
        state.own = own;
        tell("config"); // too few to learn from: shown, not sent
      }
    },
    csv(text, target = null, inputs = null) {
      actions.error(null);
      sendTable({ text, target, ...(inputs ? { inputs } : {}) });
    },
    select(selected, pinned = false) {
      state.selected = selected;
      state.pinned = pinned;
      tell("selected");
    },
    error(text) {
      state.error = text;
      tell("error");
    },
    code: () => send({ cmd: "code" }),
    painted: (seq) => send({ cmd: "ack", seq }),
  };

  function sendPoints(own) {
    const before = [state.own, state.sentPoints];
    state.own = state.sentPoints = own;
    const inputs = own.map(([x1, x2]) => [x1, x2]);
    ask({ cmd: "points", inputs, targets: own.map((point) => point[2]) }, { own, before });
  }
  const sendTable = (csv) => ask({ cmd: "csv", ...csv }, { csv });

  /** One's own points stand aside while other data are looked at. */
  function keepOwn(data) {
    if (data === "own") state.own ??= state.kept;
    else [state.kept, state.own] = [state.own ?? state.kept, null];
  }

  function fromAddress() {
    const address = model.get("address") ?? state.address;
    const { config, points, speed } = readAddress(address);
    state.fromAddress = true;
    actions.error(null);
    state.speed = speed;
    send({ cmd: "speed", epochs_per_second: speed });
    if (config.data === "own") {
      // Points and tables of one's own are data first; the rest of the set-up then applies to them.
      const own = points?.length ? points : state.sentPoints;
      if (own) sendPoints(own);
      else if (state.csv) sendTable(state.csv);
      else {
        delete config.data;
        actions.error(NOT_IN_ADDRESS);
      }
    }
    if (address !== state.address) keepOwn(config.data); // else a new connection: nothing moved
    if (Object.keys(config).length) ask({ cmd: "setup", config });
  }

  function toAddress(replace = state.fromAddress) {
    const own = state.own && !learnable(state.own) ? state.sentPoints : state.own;
    state.address = writeAddress(state.granted, own, state.speed);
    // What came from the address corrects it in place, or going back would lead forward again.
    model.set("address", state.address, { replace });
  }

  /** One answer less to wait for: what it was to bring. */
  function answered() {
    state.pending = Math.max(0, state.pending - 1);
    return state.asked.shift() ?? {};
  }
  function granted({ csv, own }) {
    if (own) state.csv = null;
    if (!csv) return;
    state.csv = csv;
    // Points set since then are on their way.
    if (!state.asked.some((one) => one.own)) state.own = state.kept = state.sentPoints = null;
  }
  function goOn() {
    if (state.resume) send({ cmd: "run" });
    state.resume = false;
    state.fromAddress = false;
  }

  function ready(message) {
    Object.assign(state, {
      granted: message.config, layers: message.layers, featureNames: message.features,
      task: message.task, points: message.points, domain: message.domain, frame: null,
      history: emptyHistory(message.config.networks.length),
    });
    if (message.data) state.table = message.data;
    granted(answered());
    if (state.pending) return; // a newer wish is on its way
    state.config = message.config;
    const { selected, layers, config } = state;
    const there = selected && selected.unit < (layers[selected.layer] ?? 0);
    if (!there || !config.networks[selected.network]) Object.assign(state, { selected: null, pinned: false });
    if (inPage) toAddress();
    goOn();
    tell("config");
  }

  function refused({ text, cmd }) {
    // Only what makes networks anew waits for an answer; other refusals change nothing.
    const first = !state.fromAddress || !state.error; // what follows from it is no news
    if (["setup", "points", "csv"].includes(cmd)) {
      const { own, before } = answered();
      if (own && state.own === own) [state.own, state.sentPoints] = before;
      if (!state.pending && state.granted) {
        state.config = state.granted;
        keepOwn(state.config.data);
        if (inPage) toAddress();
        goOn();
      }
    }
    if (first) actions.error(text);
    if (state.granted) tell("config");
  }

  function framed(header, buffers) {
    const frame = readFrame(header, buffers[0]);
    if (frame.parts.features) state.features = frame.parts.features.values.slice();
    // What belongs to an older set-up is acknowledged but not shown.
    const fits = state.granted && frame.parts.maps?.shape[0] === state.granted.networks.length;
    if (fits) {
      if (state.history.epochs.length && frame.epoch < state.history.epochs.at(-1)) {
        state.history = emptyHistory(state.granted.networks.length); // a reset
      }
      note(state.history, frame);
      state.frame = frame;
    }
    setRunning(frame.running);
    tell("frame", frame.seq);
  }

  function setRunning(running) {
    if (running === undefined || running === state.running) return;
    state.running = running;
    tell("state");
  }

  const heard = {
    hello(message) {
      state.options = message.options;
      state.grid = message.options.grid ?? 30;
      Object.assign(state, { pending: 1, asked: [{}] }); // the networks that come with a greeting
      fromAddress();
    },
    ready,
    error: refused,
    frame: framed,
    state: ({ running }) => setRunning(running),
    code: (message) => tell("code", message.text),
  };

  function receive(message, buffers) {
    heard[message.kind]?.(message, buffers);
  }
  function moved() {
    if (state.granted && model.get("address") !== state.address) fromAddress();
  }
  function connected(now) {
    state.connected = now;
    state.resume = false;
    if (now) send({ cmd: "hello" });
    else Object.assign(state, { running: false, pending: 0, asked: [] });
    tell("state");
  }

  model.on("msg:custom", receive);
  model.on("change:address", moved);
  model.on("change:connected", connected);
  // In anywidget the connection is there already; in the page it says so itself.
  if (!inPage) send({ cmd: "hello" });

  function stop() {
    model.off("msg:custom", receive);
    model.off("change:address", moved);
    model.off("change:connected", connected);
  }
  return { state, actions, stop };
}
