// Keys for those who review many hypotheses. They rest while somebody types, and leave the browser's own combinations alone.
const typing = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]";

function move(items, step) {
  const at = items.indexOf(document.activeElement);
  const next = items[at < 0 ? (step > 0 ? 0 : items.length - 1) : Math.min(items.length - 1, Math.max(0, at + step))];
  next?.focus();
}

export function startKeys() {
  const help = document.getElementById("keys");
  for (const button of document.querySelectorAll("[data-show-keys]")) {
    button.hidden = false;
    button.addEventListener("click", () => help.showModal());
  }
  const items = [...document.querySelectorAll("[data-list] [data-item]")];
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest?.(typing)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (document.querySelector("dialog[open]")) return;
    if (items.length > 0 && (event.key === "j" || event.key === "k")) {
      move(items, event.key === "j" ? 1 : -1);
      event.preventDefault();
      return;
    }
    const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!target || event.repeat) return;
    event.preventDefault();
    if (target.matches(typing)) {
      target.focus();
      target.scrollIntoView({ block: "center" });
    } else {
      target.click();
    }
  });
}
