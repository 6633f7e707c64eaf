// <form data-selfie>: the camera's picture becomes the form's file, so that the server takes one thing alone.
import { bindCamera } from "../vendrive/js/camera.js";

export function bindSelfie(form) {
  const frame = form.querySelector("[data-selfie-camera]");
  const element = frame.querySelector("[data-camera]");
  const take = form.querySelector("[data-selfie-take]");
  const camera = bindCamera(element);
  frame.hidden = false;
  element.addEventListener("camera:started", () => {
    take.hidden = false;
  });
  take.addEventListener("click", async () => {
    try {
      const files = new DataTransfer();
      files.items.add(new File([await camera.grab()], "selfie.jpg", { type: "image/jpeg" }));
      form.elements.picture.files = files.files;
      camera.stop();
      form.requestSubmit();
    } catch {
      camera.say(element.dataset.messageFailed, "failed");
    }
  });
}

document.querySelectorAll("form[data-selfie]").forEach(bindSelfie);
