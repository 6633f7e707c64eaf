// <form data-document-form>: a [data-only-for=KIND] part shows only while that document is chosen.

export function bindDocument(form) {
  const show = () => {
    const kind = new FormData(form).get("document_kind");
    for (const part of form.querySelectorAll("[data-only-for]")) part.hidden = part.dataset.onlyFor !== kind;
  };
  form.addEventListener("change", show);
  show();
}

document.querySelectorAll("form[data-document-form]").forEach(bindDocument);
