// Shows new one-time codes without a reload.
const list = document.querySelector("[data-notices]");

async function refresh() {
  const answer = await fetch("/demo/notices");
  if (!answer.ok) return;
  const { notices } = await answer.json();
  const rows = notices.map(({ to, text }) => {
    const row = document.createElement("li");
    row.textContent = `${to} ${text}`;
    return row;
  });
  if (rows.length) list.replaceChildren(...rows);
}

setInterval(() => {
  if (!document.hidden) refresh().catch(() => {});
}, 1500);
