// "Nearest tower first": asks the browser where it is, or falls back to the city select.
//   <form data-position data-message-denied="…" data-message-missing="…">
//     <button type="button" data-position-ask>…</button> <p data-position-message hidden></p>
//     <input type="hidden" name="latitude"> <input type="hidden" name="longitude"> <select name="city">…</select>
//   </form>
// Coordinates are rounded to about 1 km before they leave the phone: nearer is not needed to sort towers.

export function askPosition({ timeoutMs = 8000 } = {}) {
  return new Promise((resolve, reject) => {
    if (!navigator.geolocation) return reject(new Error("missing"));
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({ latitude: rough(coords.latitude), longitude: rough(coords.longitude) }),
      (error) => reject(new Error(error.code === error.PERMISSION_DENIED ? "denied" : "missing")),
      { enableHighAccuracy: false, maximumAge: 600_000, timeout: timeoutMs },
    );
  });
}

function rough(degrees) {
  return Math.round(degrees * 100) / 100;
}

export function bindPosition(form) {
  const message = form.querySelector("[data-position-message]");
  form.querySelector("[data-position-ask]")?.addEventListener("click", async () => {
    try {
      const { latitude, longitude } = await askPosition();
      form.elements.latitude.value = latitude;
      form.elements.longitude.value = longitude;
      form.requestSubmit();
    } catch (error) {
      message.textContent = form.getAttribute(`data-message-${error.message}`);
      message.hidden = false;
      form.elements.city?.focus();
    }
  });
}

document.querySelectorAll("form[data-position]").forEach(bindPosition);
