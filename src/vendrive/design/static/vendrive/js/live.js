// Server-sent events that survive a weak connection. An element says what it listens to:
//   <div data-live="/events" data-live-event="slots">…</div>     its inner HTML is replaced by the event's data
//   <div data-live="/events" data-live-event="state" data-live-as="event">…</div>   a CustomEvent "live:state" is sent
//   instead, with `detail` parsed from JSON
// Elements with the same address share one connection. While it is lost, [data-live-lost] elements are shown.
// HTML that arrives is our own server's rendered template; it is never built from other sources here.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

/** The wait before attempt n (0, 1, …), doubling, with jitter so that a thousand screens do not return at once. */
export function waitBefore(attempt, random = Math.random()) {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt) * (0.75 + random / 2);
}

export class LiveSource {
  #listeners = new Map();
  #attempt = 0;
  #timer;
  #source;

  constructor(url, onConnection = showConnection) {
    this.url = url;
    this.onConnection = onConnection;
  }

  /** `handle` gets the text of each event of that name. */
  on(name, handle) {
    if (!this.#listeners.has(name)) this.#listeners.set(name, new Set());
    this.#listeners.get(name).add(handle);
    this.#source?.addEventListener(name, (event) => handle(event.data));
    return this;
  }

  open() {
    // The live server may have an origin of its own; without the cookie it would not know who asks.
    this.#source = new EventSource(this.url, { withCredentials: true });
    this.#source.addEventListener("open", () => {
      this.#attempt = 0;
      this.onConnection(true);
    });
    this.#source.addEventListener("error", () => this.#retry());
    for (const [name, handles] of this.#listeners)
      for (const handle of handles) this.#source.addEventListener(name, (event) => handle(event.data));
    return this;
  }

  close() {
    clearTimeout(this.#timer);
    this.#source?.close();
  }

  // The browser's own reconnecting gives up after some answers (a 502, for one), so we do it ourselves.
  #retry() {
    this.close();
    this.onConnection(false);
    this.#timer = setTimeout(() => this.open(), waitBefore(this.#attempt++));
  }
}

export function showConnection(alive) {
  for (const element of document.querySelectorAll("[data-live-lost]")) element.hidden = alive;
}

/** Connects every [data-live] element below `root`; returns the sources, so that a page can close them. */
export function bindLive(root = document) {
  const sources = new Map();
  for (const element of root.querySelectorAll("[data-live]")) {
    const { live, liveEvent = "message", liveAs = "html" } = element.dataset;
    if (!sources.has(live)) sources.set(live, new LiveSource(live));
    sources.get(live).on(liveEvent, (text) => deliver(element, liveEvent, liveAs, text));
  }
  for (const source of sources.values()) source.open();
  window.addEventListener("pagehide", () => sources.forEach((source) => source.close()));
  return sources;
}

function deliver(element, name, as, text) {
  if (as === "event") {
    element.dispatchEvent(new CustomEvent(`live:${name}`, { bubbles: true, detail: JSON.parse(text) }));
  } else if (element.innerHTML !== text) {
    element.innerHTML = text;
    element.dispatchEvent(new CustomEvent("live:updated", { bubbles: true }));
  }
}
