// Every [data-theme-toggle] button switches between light and dark; the choice is kept where storage is allowed.

const KEY = "vendrive-theme";
const root = document.documentElement;

export function currentTheme() {
  return root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

export function setTheme(theme) {
  root.dataset.theme = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Storage is forbidden here: the choice lasts for this page.
  }
  showState();
}

function showState() {
  const dark = currentTheme() === "dark";
  for (const button of document.querySelectorAll("[data-theme-toggle]")) button.setAttribute("aria-pressed", String(dark));
}

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-theme-toggle]")) setTheme(currentTheme() === "dark" ? "light" : "dark");
});

showState();
