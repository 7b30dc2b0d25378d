// Before anything is drawn: the reader's choice of dark or light, where there is one.
const root = document.documentElement;
const known = ["light", "dark"];
try {
  const chosen = localStorage.getItem("theme");
  if (known.includes(chosen)) root.dataset.theme = chosen;
} catch {
  // A browser that keeps nothing follows the system.
}
root.classList.add("scripted");
