// How far a running sweep is. Only the strip changes by itself; new results are announced, since a table that moves under a reader is worse.
const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

function duration(seconds) {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const s = Math.round(seconds);
  return s < 3600 ? `${Math.floor(s / 60)} min ${s % 60} s` : `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
}

// As the page's own badge.
const signs = { queued: "…", running: "▸", paused: "‖", stopped: "■", finished: "✓", failed: "!" };

function badge(status) {
  const made = document.createElement("span");
  made.className = `status s-${status}`;
  const sign = document.createElement("i");
  sign.setAttribute("aria-hidden", "true");
  sign.textContent = signs[status] ?? "";
  made.append(sign, ` ${status}`);
  return made;
}

function set(place, name, text) {
  const element = place.querySelector(`[data-live="${name}"]`);
  if (element && element.textContent !== text) element.textContent = text;
}

function show(place, view, began) {
  const { pace, spend } = view;
  if (pace.sites > 0) {
    const bar = place.querySelector('[data-live="bar"]');
    [bar.max, bar.value] = [pace.sites, pace.sites_done];
    set(place, "sites", `${whole.format(pace.sites_done)} / ${whole.format(pace.sites)} sites`);
  }
  set(place, "left", pace.seconds_left != null ? `about ${duration(pace.seconds_left)} left` : "");
  const step = pace.step;
  set(place, "doing", step?.total > 0
    ? `${step.stage}: ${whole.format(step.done)} of ${whole.format(step.total)} ${step.unit}`
    : pace.doing ?? "–");
  if (pace.seconds_left > 0) set(place, "rate", `${(60 * (pace.sites - pace.sites_done) / pace.seconds_left).toFixed(1)} sites a minute`);
  const limits = spend.limits ?? {};
  set(place, "time", duration(spend.work_seconds) + (limits.minutes != null ? ` of ${limits.minutes} min a run` : ""));
  if (spend.language_model_calls > 0) {
    set(place, "tokens", `${view.language_model ?? ""} ${whole.format(spend.language_model_calls)} calls, ${whole.format(spend.language_model_tokens)} tokens`);
  }
  const status = place.querySelector("[data-live-status]");
  if (status && status.dataset.liveStatus !== view.status) {
    status.dataset.liveStatus = view.status;
    status.replaceChildren(badge(view.status));
  }
  if (view.last_fault) {
    set(place, "fault", view.last_fault);
    const line = place.querySelector("[data-live-fault]");
    if (line) line.hidden = false;
  }
  const isOver = view.status !== "running" && view.status !== "queued";
  const news = place.querySelector("[data-live-news]");
  if (news && (isOver || pace.sites_done > began)) {
    if (isOver) set(place, "news", `It is ${view.status} now.`);
    news.hidden = false;
  }
  return isOver;
}

function watch(place) {
  const source = new EventSource(place.dataset.events);
  let began = null;
  // A stream that ends while the sweep goes on, as when the service is started again, is taken up by the browser itself.
  source.addEventListener("sweep", event => {
    const view = JSON.parse(event.data);
    began ??= view.pace.sites_done;
    if (show(place, view, began)) source.close();
  });
  addEventListener("pagehide", () => source.close());
}

// A page that is all state is asked for anew, and what differs of its part is put in place of what there was.
const refreshMilliseconds = 2000;

function refresh(part) {
  const again = async () => {
    try {
      if (document.hidden) return;
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      // Whoever was signed out sees the last state until they ask themselves.
      if (!answer.ok || answer.redirected) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-refresh]");
      if (fresh && fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes);
    } catch {
      // The service is being started again.
    } finally {
      setTimeout(again, refreshMilliseconds);
    }
  };
  setTimeout(again, refreshMilliseconds);
}

export function startLive() {
  for (const part of document.querySelectorAll("[data-refresh]")) refresh(part);
  for (const place of document.querySelectorAll("[data-events]")) watch(place);
  document.querySelector("[data-reload]")?.addEventListener("click", event => {
    event.preventDefault();
    location.reload();
  });
}
