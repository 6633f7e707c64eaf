// <form data-paint-form> repaints its illustration: one [data-paint=SLUG] for each radio named "paint".

export function bindPaint(form) {
  const show = () => {
    const chosen = new FormData(form).get("paint");
    for (const drawing of form.querySelectorAll("[data-paint]")) drawing.hidden = drawing.dataset.paint !== chosen;
  };
  form.addEventListener("change", show);
  show();
}

document.querySelectorAll("form[data-paint-form]").forEach(bindPaint);
