// <form data-scan>: the camera's picture, or a chosen one made small, becomes the form's file. Small is quick to send,
// and leaves place and time of the original on the phone. What the browser cannot open (HEIC, mostly) goes as it is.
import { bindCamera } from "../vendrive/js/camera.js";

const LONGEST = 1280;
const QUALITY = 0.85;

/** The picture as a JPEG File of at most 1280 px, upright; the file itself where the browser cannot open it. */
export async function shrink(file) {
  let picture;
  try {
    picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return file;
  }
  const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  return blob ? new File([blob], "car.jpg", { type: "image/jpeg" }) : file;
}

export function bindScan(form) {
  const element = form.querySelector("[data-camera]");
  const take = form.querySelector("[data-scan-take]");
  const status = form.querySelector("[data-scan-status]");
  const camera = bindCamera(element);
  const put = (file) => {
    const files = new DataTransfer();
    files.items.add(file);
    form.elements.picture.files = files.files;
  };
  form.querySelector("[data-scan-camera]").hidden = false;
  element.addEventListener("camera:started", () => {
    take.hidden = false;
  });
  take.querySelector("button").addEventListener("click", async () => {
    try {
      put(new File([await camera.grab(QUALITY)], "car.jpg", { type: "image/jpeg" }));
      form.requestSubmit();
    } catch {
      camera.say(element.dataset.messageFailed, "failed");
    }
  });
  // The picture is made small as soon as it is chosen; whoever sends at once waits for it.
  let shrunk = Promise.resolve();
  form.elements.picture.addEventListener("change", () => {
    const [chosen] = form.elements.picture.files;
    if (chosen) shrunk = shrink(chosen).then(put);
  });
  let waited = false;
  form.addEventListener(
    "submit",
    (event) => {
      status.textContent = form.dataset.looking;
      form.dataset.busy = "yes";
      if (waited) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      // Not within this event: a form that is being sent ignores a second request.
      shrunk.finally(() =>
        setTimeout(() => {
          waited = true;
          form.requestSubmit();
        }),
      );
    },
    true,
  );
  window.addEventListener("pageshow", () => {
    waited = false;
    delete form.dataset.busy;
    status.textContent = "";
  });
}

document.querySelectorAll("form[data-scan]").forEach(bindScan);
