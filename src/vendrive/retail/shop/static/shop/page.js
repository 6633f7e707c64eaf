// Every page: what only works with scripts appears, a form is sent once, and a lost connection is said.

function reveal(root) {
  for (const element of root.querySelectorAll("[data-position-ask], [data-print]")) element.hidden = false;
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!("once" in form.dataset)) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll("button[type=submit]")) button.setAttribute("aria-disabled", "true");
});

// Coming back to a page that the browser kept: its forms may be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
  }
});

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-print]")) window.print();
});

const lost = document.querySelector("[data-live-lost]");
const say = (hidden) => () => {
  if (lost) lost.hidden = hidden;
};
for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) document.body.addEventListener(name, say(false));
document.body.addEventListener("htmx:beforeOnLoad", (event) => {
  if (event.detail.xhr.status < 400) say(true)();
});
document.body.addEventListener("htmx:afterSwap", () => reveal(document));

document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-submit-on-change]")) event.target.form.requestSubmit();
});

// After a refusal the field that it belongs to is in view, above the bar at the bottom.
const invalid = document.querySelector("[aria-invalid=true]");
invalid?.focus({ preventScroll: true });
invalid?.scrollIntoView({ block: "center" });
reveal(document);
