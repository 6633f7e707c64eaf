// The camera, for selfies and for pass codes. Errors are names ("denied", "missing", …): the sentences in the person's
// language stand in the page, as data-message-<name> attributes of the camera element (macro `camera`).

const REASONS = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
};

export class CameraError extends Error {
  constructor(reason, cause) {
    super(reason, { cause });
    this.reason = reason;
  }
}

/** Starts the camera into a <video>. facing: "user" (a face) or "environment" (a code). Throws CameraError. */
export async function startCamera(video, { facing = "user", width = 1280, height = 720 } = {}) {
  if (!navigator.mediaDevices?.getUserMedia) throw new CameraError(window.isSecureContext ? "missing" : "insecure");
  try {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { facingMode: facing, width: { ideal: width }, height: { ideal: height } },
    });
    video.srcObject = stream;
    await video.play();
    return stream;
  } catch (error) {
    stopCamera(video);
    throw new CameraError(REASONS[error.name] ?? "failed", error);
  }
}

export function stopCamera(video) {
  for (const track of video.srcObject?.getTracks() ?? []) track.stop();
  video.srcObject = null;
}

/** The present picture as a JPEG Blob, at most `longest` pixels on its longer side, never mirrored. */
export async function grabJpeg(video, quality = 0.9, longest = 1280) {
  if (!video.videoWidth) throw new CameraError("failed");
  const scale = Math.min(1, longest / Math.max(video.videoWidth, video.videoHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
  if (!blob) throw new CameraError("failed");
  return blob;
}

/**
 * Brings the `camera` macro to life: its start button, its messages, and leaving the page.
 * Returns { start, stop, grab, say }; `say(text, state)` shows a sentence, state is "ok", "failed" or "".
 */
export function bindCamera(element) {
  const video = element.querySelector("video");
  const hint = element.querySelector("[data-camera-hint]");
  const starter = element.querySelector("[data-camera-start]");
  const say = (text, state = "") => {
    hint.textContent = text;
    element.dataset.state = state;
  };
  const start = async () => {
    try {
      await startCamera(video, { facing: element.dataset.facing });
      if (starter) starter.hidden = true;
      say(element.dataset.messageHint);
      element.dispatchEvent(new CustomEvent("camera:started", { bubbles: true }));
      return true;
    } catch (error) {
      const reason = error instanceof CameraError ? error.reason : "failed";
      say(element.getAttribute(`data-message-${reason}`), "failed");
      element.dispatchEvent(new CustomEvent("camera:failed", { bubbles: true, detail: { reason } }));
      return false;
    }
  };
  const stop = () => {
    stopCamera(video);
    if (starter) starter.hidden = false;
  };
  starter?.addEventListener("click", start);
  window.addEventListener("pagehide", stop);
  return { start, stop, grab: (quality) => grabJpeg(video, quality), say };
}
