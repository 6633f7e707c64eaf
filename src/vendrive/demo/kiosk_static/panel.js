// The demo's panel on the kiosk: what hands and feet do, and a photo file in place of the camera.
const BAY = "B1";
const FRAME = { width: 640, height: 480 };

const words = await (await fetch("/demo/words")).json();
const panel = document.createElement("details");
const said = document.createElement("output");

const sheet = new CSSStyleSheet();
sheet.replaceSync(`
  .demo-panel { background: var(--surface, Canvas); color: var(--ink, CanvasText); border: 1px dashed currentColor; border-radius: 14px;
    padding: 0 0.875rem; font-size: 0.9375rem; }
  .demo-panel[open] { order: 1; flex-basis: 100%; }
  .demo-panel summary { cursor: pointer; min-height: 44px; display: flex; align-items: center; }
  .demo-panel-acts { display: flex; flex-wrap: wrap; gap: 0.5rem; padding-block: 0.5rem; }
  .demo-panel button, .demo-panel .demo-file { font: inherit; color: inherit; background: transparent; border: 1px solid currentColor; border-radius: 10px;
    min-height: 44px; padding: 0.25rem 0.5rem; cursor: pointer; display: inline-flex; align-items: center; }
  .demo-panel :focus-visible { outline: 3px solid currentColor; outline-offset: 2px; }
  .demo-file input { position: absolute; opacity: 0; inline-size: 1px; }
  .demo-panel output { display: block; }
`);
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];

async function post(path, body, type = "application/json") {
  const answer = await fetch(path, { method: "POST", body, headers: { "Content-Type": type } });
  const told = await answer.json().catch(() => ({}));
  said.textContent = answer.ok ? "" : (told.error ?? told.what ?? "");
  return told;
}

// Of several cars on the street the one on the screen drives in: the demo's plates end in the car's tag.
async function streetTag() {
  const { cars } = await (await fetch("/demo/street")).json();
  const plate = document.querySelector("[data-car-plate]")?.textContent ?? "";
  const waiting = Object.values(cars).filter((car) => car.where === "street");
  return (waiting.find((car) => plate.endsWith(car.tag)) ?? waiting[0])?.tag ?? "";
}

async function act(name) {
  const body = name === "reset" ? {} : { bay: BAY };
  if (name === "drive_in") body.tag = await streetTag();
  if (name === "key") body.in_box = true;
  await post(`/demo/street/${name}`, JSON.stringify(body));
}

async function showPhoto(file) {
  const picture = await createImageBitmap(file);
  const canvas = new OffscreenCanvas(FRAME.width, FRAME.height);
  const scale = Math.min(FRAME.width / picture.width, FRAME.height / picture.height);
  const [width, height] = [picture.width * scale, picture.height * scale];
  const context = canvas.getContext("2d");
  context.fillStyle = "#d0d2d4";
  context.fillRect(0, 0, FRAME.width, FRAME.height);
  context.drawImage(picture, (FRAME.width - width) / 2, (FRAME.height - height) / 2, width, height);
  await post("/collect/face", await canvas.convertToBlob({ type: "image/jpeg", quality: 0.92 }), "image/jpeg");
}

function button(name) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = words[name];
  made.dataset.demoAct = name;
  made.addEventListener("click", () => act(name));
  return made;
}

function photo() {
  const label = document.createElement("label");
  const input = document.createElement("input");
  label.className = "demo-file";
  Object.assign(input, { type: "file", accept: "image/*" });
  input.addEventListener("change", () => input.files[0] && showPhoto(input.files[0]));
  label.append(words.photo, input);
  return label;
}

const acts = document.createElement("div");
acts.className = "demo-panel-acts";
acts.append(photo(), ...["enter", "drive_out", "drive_in", "park", "key", "leave", "reset"].map(button));
const summary = document.createElement("summary");
summary.textContent = words.panel;
panel.className = "demo-panel";
panel.append(summary, acts, said);
// Among the buttons at the bottom, so that it covers none of them.
document.querySelector(".kiosk-safety").lastElementChild.before(panel);
