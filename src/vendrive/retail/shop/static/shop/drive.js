// A drive's page: the countdown goes on after a part was replaced, and the pass can be kept as a picture.
import { bindCountdown } from "../vendrive/js/countdown.js";

const SIZE = 900;
const TEXT = 120;

/** The pass as a PNG Blob: the QR code and, under it, the short code. */
export async function drawPass(svg, code) {
  const copy = svg.cloneNode(true);
  copy.setAttribute("width", SIZE);
  copy.setAttribute("height", SIZE);
  const source = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" }));
  const picture = new Image(SIZE, SIZE);
  try {
    picture.src = source;
    await picture.decode();
  } finally {
    URL.revokeObjectURL(source);
  }
  const canvas = document.createElement("canvas");
  canvas.width = SIZE;
  canvas.height = SIZE + TEXT;
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(picture, 0, 0, SIZE, SIZE);
  pen.fillStyle = "#000";
  pen.font = "600 64px monospace";
  pen.textAlign = "center";
  pen.fillText(code, SIZE / 2, SIZE + TEXT / 2);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

async function save(holder) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await drawPass(holder.querySelector("svg"), holder.dataset.pass));
  link.download = `vendrive-${holder.dataset.pass}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function reveal() {
  for (const button of document.querySelectorAll("[data-pass-save]")) button.hidden = false;
}

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-pass-save]")) save(document.querySelector("[data-pass]"));
});
document.body.addEventListener("htmx:afterSwap", () => {
  reveal();
  document.querySelectorAll("time[data-countdown]").forEach(bindCountdown);
});
reveal();
