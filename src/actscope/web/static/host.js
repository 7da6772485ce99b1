// The page's side of the playground: a WebSocket that answers to anywidget's `model` interface,
// so that net.js is the same module in this page, in Jupyter and in marimo.

import playground from "./net.js";

const RETRY_MS = 1500;

/** The address line as the model's "address": what a person can copy, and go back in. */
function addressLine(emit) {
  window.addEventListener("popstate", () => emit("change:address"));
  window.addEventListener("hashchange", () => emit("change:address"));
  return {
    get: () => location.hash.slice(1),
    set(text, replace) {
      if (text === location.hash.slice(1)) return;
      history[replace ? "replaceState" : "pushState"](null, "", `#${text}`);
    },
  };
}

/** A binary message is [u32 header length][JSON header][float32 payload], see _protocol.py. */
function unpack(data) {
  const length = new DataView(data).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
  return [header, [new DataView(data, 4 + length)]];
}

function socketModel(url) {
  const listeners = new Map();
  const waiting = [];
  let socket = null;
  const emit = (name, ...values) => {
    for (const listener of listeners.get(name) ?? []) listener(...values);
  };
  const address = addressLine(emit);

  function connect() {
    socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => {
      emit("change:connected", true);
      for (const text of waiting.splice(0)) socket.send(text);
    });
    socket.addEventListener("message", ({ data }) => {
      if (typeof data === "string") emit("msg:custom", JSON.parse(data), []);
      else emit("msg:custom", ...unpack(data));
    });
    socket.addEventListener("close", () => {
      emit("change:connected", false);
      setTimeout(connect, RETRY_MS);
    });
  }
  connect();

  return {
    get: (name) => (name === "address" ? address.get() : name === "page" ? true : undefined),
    set: (name, value, options) => name === "address" && address.set(value, options?.replace),
    save_changes() {},
    on(name, listener) {
      listeners.set(name, [...(listeners.get(name) ?? []), listener]);
    },
    off(name, listener) {
      listeners.set(name, (listeners.get(name) ?? []).filter((one) => one !== listener));
    },
    send(content) {
      const text = JSON.stringify(content);
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
      else if (socket.readyState === WebSocket.CONNECTING) waiting.push(text);
    },
  };
}

const scheme = location.protocol === "https:" ? "wss:" : "ws:";
const model = socketModel(`${scheme}//${location.host}/ws`);
playground.render({ model, el: document.getElementById("playground") });
