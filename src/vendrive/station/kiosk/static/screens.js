// Draws what the station says. The page decides nothing: it shows one screen, its lists and its sentences.
const WORDS = { done: "done", active: "now", pending: "next", failed: "failed" };

const body = document.getElementById("kiosk");
const one = (selector) => body.querySelector(selector);

/** Shows one screen and moves the focus to its heading, so that a screen reader says it. */
export function showScreen(name) {
  let shown = null;
  for (const screen of body.querySelectorAll("[data-screen]")) {
    screen.hidden = screen.dataset.screen !== name;
    if (!screen.hidden) shown = screen;
  }
  body.dataset.now = name;
  (shown?.querySelector("[data-method]:not([hidden]) h1") ?? shown?.querySelector("h1"))?.focus({ preventScroll: true });
}

export function showError(error) {
  const box = one("[data-error]");
  box.hidden = !error;
  box.dataset.code = error?.code ?? "";
  one("[data-error-what]").textContent = error?.what ?? "";
  one("[data-error-next]").textContent = error?.next ?? "";
}

export function showDetails(state) {
  showCar(state.vehicle);
  showList(state.screen, state.steps);
  showList(state.screen, state.checks);
  const greeting = one("[data-greeting]");
  greeting.textContent = state.greeting ? greeting.dataset.template.replace("{name}", state.greeting) : "";
  for (const part of body.querySelectorAll("[data-method]")) part.hidden = part.dataset.method !== state.method;
  one("[data-help-called]").hidden = !state.help_called;
}

function showCar(vehicle) {
  one("[data-car]").hidden = !vehicle;
  if (!vehicle) return;
  const picture = one("[data-car-picture]");
  const address = `/car.svg?${new URLSearchParams({ model: vehicle.model, paint: vehicle.paint })}`;
  if (picture.getAttribute("src") !== address) picture.src = address;
  picture.alt = vehicle.model_name;
  one("[data-car-name]").textContent = vehicle.model_name;
  one("[data-car-paint]").textContent = vehicle.paint_name;
  one("[data-car-plate]").textContent = vehicle.plate;
}

function showList(screen, items) {
  for (const item of items) {
    const line = one(`[data-screen="${screen}"] [data-item="${item.name}"]`);
    if (!line) continue;
    const word = WORDS[item.state];
    if (line.classList.contains(`is-${word}`)) continue;
    line.className = `timeline-step is-${word}`;
    line.toggleAttribute("aria-current", word === "now");
    line.querySelector("[data-word]").textContent = body.getAttribute(`data-word-${word}`);
    const icon = document.getElementById(`icon-${word}`);
    line.querySelector(".timeline-dot").replaceChildren(icon ? icon.content.cloneNode(true) : "");
  }
}
