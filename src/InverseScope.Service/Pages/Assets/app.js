// What a page does beyond links and forms; each part looks for its place in the page.
import { startKeys } from "./keys.js";
import { startLive } from "./live.js";
import { startEditor } from "./editor.js";

function startTheme() {
  const button = document.querySelector("[data-theme-toggle]");
  if (!button) return;
  const isDark = () =>
    (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const name = () => { button.textContent = isDark() ? "Light" : "Dark"; };
  name();
  button.hidden = false;
  button.addEventListener("click", () => {
    const next = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem("theme", next);
    } catch {
      // Holds for this page alone.
    }
    name();
  });
}

function startCopy() {
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      const text = document.getElementById(button.dataset.copy).textContent;
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Not allowed: select it";
      }
    });
  }
}

startTheme();
startCopy();
startKeys();
startLive();
startEditor();
