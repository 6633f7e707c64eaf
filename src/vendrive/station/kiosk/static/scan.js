// The camera's two uses: it reads a pass, and it shows a face. Pictures go to the station on this same computer.
import { bindCamera } from "/static/vendrive/js/camera.js";
import { ask } from "./api.js";

const PAUSE_MS = 500;
const AFTER_REFUSAL_MS = 1200;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Looks while `use` says so. `look` gets a JPEG Blob and returns whether it is satisfied, or "again" to wait longer. */
class Looking {
  #camera;
  #running = 0;

  constructor(element, look) {
    this.#camera = bindCamera(element);
    this.look = look;
  }

  async start() {
    const run = ++this.#running;
    if (!(await this.#camera.start())) return;
    while (run === this.#running) {
      const found = await this.#once();
      if (found === true) break;
      await pause(found === "again" ? AFTER_REFUSAL_MS : PAUSE_MS);
    }
    if (run !== this.#running) return;
    this.stop();
  }

  stop() {
    if (this.#running === 0) return;
    this.#running = this.#running + 1;
    this.#camera.stop();
  }

  async #once() {
    try {
      return await this.look(await this.#camera.grab(0.85), this.#camera.say);
    } catch {
      return false; // the camera has no picture yet
    }
  }
}

/** Reads a QR code and hands its text to `found`, which returns whether it was taken. */
export function codeReader(element, found) {
  return new Looking(element, async (picture) => {
    const { ok, answer } = await ask("/frame", picture);
    if (!ok || !answer.text) return false;
    return (await found(answer.text)) || "again";
  });
}

/** Shows the face until it is recognised; `refused` is told why it was not. */
export function faceReader(element, refused) {
  return new Looking(element, async (picture, say) => {
    const { ok, refusal } = await ask("/collect/face", picture);
    if (ok) return true;
    if (refusal) {
      say(refusal.what, "failed");
      refused(refusal);
    }
    return "again";
  });
}
