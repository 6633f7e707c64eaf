// Keeps the towers' panels live. An event says that a tower has reported; the page asks for that panel's HTML and patches it.
// Between reports the age of the last one is counted here, so that silence is seen even when nothing arrives any more.

import { writeDuration } from "../vendrive/js/countdown.js";
import { bindLive } from "../vendrive/js/live.js";
import { morphChildren } from "./morph.js";

const TICK_MS = 1000;
const ASK_ANYWAY_MS = 5000;

class Panel {
  #element;
  #place;
  #busy = false;
  #again = false;
  #since = performance.now();

  constructor(element) {
    this.#element = element;
    this.tower = element.dataset.towerPanel;
    this.#place = element.querySelector("[data-picture]");
  }

  /** Asks for the panel's present HTML; while an answer is awaited, one more question waits. */
  async refresh() {
    if (this.#busy) {
      this.#again = true;
      return;
    }
    this.#busy = true;
    try {
      await this.#load();
    } catch {
      // The page's own server does not answer: the age goes on growing, which is what there is to say.
    }
    this.#busy = false;
    if (this.#again) {
      this.#again = false;
      this.refresh();
    }
  }

  async #load() {
    const asked = performance.now();
    const answer = await fetch(this.#element.dataset.pictureUrl, { headers: { Accept: "text/html" } });
    if (answer.redirected) location.reload(); // the staff session is over
    if (!answer.ok || answer.redirected) return;
    const fresh = document.createElement("template");
    fresh.innerHTML = await answer.text(); // our own server's rendered template
    this.#since = asked;
    morphChildren(this.#place, fresh.content);
    this.tick();
  }

  tick() {
    const view = this.#place.firstElementChild;
    if (!view.dataset.age) return;
    const age = Number(view.dataset.age) + (performance.now() - this.#since) / 1000;
    const stale = age > Number(view.dataset.staleAfter);
    view.classList.toggle("is-stale", stale);
    const text = view.querySelector("[data-age-text]");
    const said = writeDuration(age, JSON.parse(view.dataset.units), view.dataset.join);
    text.textContent = text.dataset[stale ? "stale" : "fresh"].replace("{age}", said);
  }
}

// One tower may have several views on a page: its picture, and the steps of an alarm.
const panels = [...document.querySelectorAll("[data-tower-panel]")].map((element) => new Panel(element));

document.addEventListener("live:tower", (event) => {
  for (const panel of panels) if (panel.tower === event.detail.tower_id) panel.refresh();
});
document.addEventListener("submit", (event) => {
  const dialog = event.target.dataset.opens;
  if (!dialog) return;
  event.preventDefault();
  document.getElementById(dialog).showModal();
});
setInterval(() => panels.forEach((panel) => panel.tick()), TICK_MS);
setInterval(() => document.hidden || panels.forEach((panel) => panel.refresh()), ASK_ANYWAY_MS);
bindLive();
