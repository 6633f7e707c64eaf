// A classic script, before the first paint: a stored choice of theme must not flash. The rest is in theme.js.
(() => {
  try {
    const chosen = localStorage.getItem("vendrive-theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    // Storage is forbidden here: the system's theme holds.
  }
})();
