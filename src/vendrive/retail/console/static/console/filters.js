// A changed select or date in a filter shows its result at once; without this there is the button.
document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-submit]")) event.target.form.requestSubmit();
});
