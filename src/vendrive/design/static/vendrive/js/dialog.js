// <button data-dialog-open="ID"> opens a <dialog id="ID">; [data-dialog-close] inside closes it.
document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-dialog-open]");
  if (opener) document.getElementById(opener.dataset.dialogOpen)?.showModal();
  event.target.closest?.("[data-dialog-close]")?.closest("dialog")?.close();
});
