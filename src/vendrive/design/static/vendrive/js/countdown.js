// <time data-countdown datetime="2026-03-02T10:00:00Z" data-now="2026-03-01T09:00:00Z" data-rate="1"
//   data-units='{"days": "{count} d", …}' data-join=" " data-over="The time is over">…</time>
// The server's clock counts, not the phone's: `data-now` is its time when the page was made, and `data-rate` is how
// many seconds pass there in one of ours (a demo calendar may run faster).

const LENGTHS = [["days", 86_400], ["hours", 3600], ["minutes", 60], ["seconds", 1]];

/** The two largest units that are not nothing, as the server's `duration` writes them. */
export function writeDuration(seconds, units, join) {
  let left = Math.max(0, Math.round(seconds));
  const found = [];
  for (const [unit, length] of LENGTHS) {
    const count = Math.floor(left / length);
    left -= count * length;
    if (count) found.push(units[unit].replace("{count}", count));
  }
  return found.slice(0, 2).join(join) || units.seconds.replace("{count}", 0);
}

export function bindCountdown(element) {
  const end = Date.parse(element.dateTime);
  const serverStart = Date.parse(element.dataset.now);
  const rate = Number(element.dataset.rate ?? 1);
  const units = JSON.parse(element.dataset.units);
  const started = performance.now();
  const tick = () => {
    if (!element.isConnected) return clearInterval(timer);
    const left = (end - serverStart - (performance.now() - started) * rate) / 1000;
    element.textContent = left > 0 ? writeDuration(left, units, element.dataset.join) : element.dataset.over;
    if (left > 0) return;
    clearInterval(timer);
    element.dispatchEvent(new CustomEvent("countdown:over", { bubbles: true }));
  };
  const timer = setInterval(tick, 1000);
  tick();
}

document.querySelectorAll("time[data-countdown]").forEach(bindCountdown);
