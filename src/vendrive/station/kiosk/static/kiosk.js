// The kiosk's page: the station's state comes as events, people's answers go out as verbs.
import { LiveSource } from "/static/vendrive/js/live.js";
import { ask } from "./api.js";
import { codeReader, faceReader } from "./scan.js";
import { showDetails, showError, showScreen } from "./screens.js";

const LOCAL_FOR_MS = 90_000;
const ERROR_FOR_MS = 12_000;

const body = document.getElementById("kiosk");
let state = { screen: "unknown", steps: [], checks: [], method: null, error: null };
let local = null; // "collect" or "bring": a choice that the station need not know of
let localTimer, errorTimer, refusal = null;

const readers = {
  collect: codeReader(document.getElementById("camera-collect"), (text) => showPass("collect", text)),
  bring: codeReader(document.getElementById("camera-bring"), (text) => showPass("bring", text)),
  face: faceReader(document.getElementById("camera-verify"), tell),
};

function draw() {
  const screen = state.screen === "idle" && local ? local : state.screen;
  showDetails(state);
  showError(state.error ?? refusal);
  const watching = screen === "verify" && state.method === "face" ? "face" : screen;
  if (body.dataset.now !== screen) {
    showScreen(screen);
    clearForms();
  }
  for (const [name, reader] of Object.entries(readers)) if (name !== watching) reader.stop();
  if (body.dataset.watching !== watching) readers[watching]?.start();
  body.dataset.watching = watching;
}

function go(name) {
  local = name;
  clearTimeout(localTimer);
  if (name) localTimer = setTimeout(() => go(null), LOCAL_FOR_MS);
  tell(null);
}

function tell(told) {
  refusal = told;
  clearTimeout(errorTimer);
  if (told) errorTimer = setTimeout(() => tell(null), ERROR_FOR_MS);
  draw();
}

async function send(path, answer) {
  const { ok, refusal: told } = await ask(path, answer);
  tell(ok ? null : told);
  return ok;
}

async function showPass(name, text) {
  const taken = await send(body.querySelector(`[data-screen="${name}"]`).dataset.pass, { text });
  if (taken) go(null);
  return taken;
}

function clearForms() {
  for (const form of body.querySelectorAll("form")) form.reset();
}

function type(digit) {
  const pin = document.getElementById("pin");
  pin.value = digit ? (pin.value + digit).slice(0, 6) : pin.value.slice(0, -1);
}

document.addEventListener("click", (event) => {
  const { go: wanted, digit, cancel, stop, help } = event.target.closest?.("button")?.dataset ?? {};
  if (wanted) go(wanted);
  else if (digit !== undefined) type(digit);
  else if (stop !== undefined) send("/stop");
  else if (help !== undefined) send("/help");
  else if (cancel !== undefined) {
    if (state.screen !== "idle") send("/cancel");
    go(null);
  }
});

document.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  if (form.matches("[data-code-form]")) {
    const { screen } = form.closest("[data-screen]").dataset;
    showPass(screen, form.querySelector("input").value);
  } else if (form.matches("[data-pin-form]")) {
    send("/collect/pin", { pin: form.querySelector("input").value });
    form.reset();
  } else if (form.matches("[data-declare-form]")) {
    const word = (name) => form.elements[name].checked;
    send("/return/declare", {
      engine_off: word("engine_off"),
      key_in_box: word("key_in_box"),
      nobody_inside: word("nobody_inside"),
    });
  }
});

new LiveSource("/events")
  .on("state", (text) => {
    const next = JSON.parse(text);
    if (next.screen !== state.screen) {
      refusal = null;
      if (next.screen !== "idle") local = null;
    }
    state = next;
    draw();
  })
  .open();
