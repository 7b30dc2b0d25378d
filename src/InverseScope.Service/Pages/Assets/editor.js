// The spec editor: line numbers, what the compiler says while somebody types, and the way from an error to its line.
const pause = 350;

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function jump(area, line, column) {
  const lines = area.value.split("\n");
  const before = lines.slice(0, line - 1).reduce((sum, l) => sum + l.length + 1, 0);
  const at = Math.min(area.value.length, before + Math.max(0, column - 1));
  area.focus();
  area.setSelectionRange(at, Math.min(area.value.length, before + (lines[line - 1]?.length ?? 0)));
  const height = parseFloat(getComputedStyle(area).lineHeight);
  area.scrollTop = Math.max(0, (line - 4) * height);
}

function tell(place, check) {
  if (check.errors.length === 0) {
    const good = element("p", `✓ It compiles: ${check.title ?? check.id ?? ""} `, { class: "good" });
    good.append(element("code", check.hash ?? ""));
    place.replaceChildren(good);
    return;
  }
  const list = element("ol", "", { class: "errors" });
  for (const error of check.errors) {
    const item = element("li", "");
    if (error.line > 0) {
      item.append(element("a", `line ${error.line}, column ${error.column}`, { href: "#text", "data-line": error.line, "data-column": error.column }), " ");
    }
    if (error.path) item.append(element("code", error.path), " ");
    item.append(error.what);
    if (error.fix) item.append(" ", element("span", error.fix, { class: "fix" }));
    list.append(item);
  }
  place.replaceChildren(element("p", `⚠ ${check.errors.length} error${check.errors.length === 1 ? "" : "s"}`, { class: "bad" }), list);
}

export function startEditor() {
  const form = document.querySelector("form[data-check]");
  if (!form) return;
  const area = form.querySelector("textarea");
  const gutter = form.querySelector("[data-gutter]");
  const place = form.querySelector("[data-errors]");
  let timer = 0;
  let asked = null;
  let marked = new Set();

  function number() {
    const count = area.value.split("\n").length;
    gutter.replaceChildren(...Array.from({ length: count }, (_, i) =>
      element("span", `${i + 1}\n`, marked.has(i + 1) ? { class: "marked" } : {})));
    gutter.scrollTop = area.scrollTop;
  }

  function mark() {
    marked = new Set([...place.querySelectorAll("[data-line]")].map(a => Number(a.dataset.line)));
    number();
  }

  async function check() {
    asked?.abort();
    asked = new AbortController();
    try {
      const answer = await fetch(form.dataset.check, {
        method: "POST",
        signal: asked.signal,
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ text: area.value, task: form.elements.task.value || null, model: form.elements.model.value || null }),
      });
      if (answer.ok) {
        tell(place, await answer.json());
        mark();
        return;
      }
      const problem = await answer.json().catch(() => null);
      place.replaceChildren(element("p", `⚠ ${problem?.detail ?? problem?.title ?? "It cannot be checked now."}`, { class: "bad" }));
    } catch (fault) {
      if (fault.name !== "AbortError") place.replaceChildren(element("p", "⚠ The service does not answer.", { class: "bad" }));
    }
  }

  function later() {
    number();
    clearTimeout(timer);
    timer = setTimeout(check, pause);
  }

  area.addEventListener("input", later);
  area.addEventListener("scroll", () => { gutter.scrollTop = area.scrollTop; });
  form.elements.task.addEventListener("change", check);
  form.elements.model.addEventListener("change", check);
  place.addEventListener("click", event => {
    const link = event.target.closest("[data-line]");
    if (!link) return;
    event.preventDefault();
    jump(area, Number(link.dataset.line), Number(link.dataset.column));
  });
  let isSent = false;
  const first = area.value;
  form.addEventListener("submit", () => { isSent = true; });
  addEventListener("beforeunload", event => {
    if (!isSent && area.value !== first) event.preventDefault();
  });
  form.classList.add("numbered");
  mark();
}
