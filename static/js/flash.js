// Toasts lower left. The server writes them hidden, as their sentence also stands in the page; here they are shown,
// closed by their button, and after a while by themselves, unless they are errors or hold a link.
const STAYS_FOR = 8000; // milliseconds

const open = (toast) => {
  toast.hidden = false;
  const stays = toast.dataset.toast === "danger" || toast.querySelector("a");
  if (stays) return;
  let timer;
  const start = () => (timer = setTimeout(() => toast.remove(), STAYS_FOR));
  const wait = () => clearTimeout(timer);
  for (const name of ["pointerenter", "focusin"]) toast.addEventListener(name, wait);
  for (const name of ["pointerleave", "focusout"]) toast.addEventListener(name, start);
  start();
};

const openAll = (root) => root.querySelectorAll("[data-toast][hidden]").forEach(open);

const container = document.getElementById("toasts");
if (container) {
  openAll(container);
  new MutationObserver(() => openAll(container)).observe(container, { childList: true });
  container.addEventListener("click", (event) => {
    event.target.closest("[data-toast-close]")?.closest("[data-toast]").remove();
  });
}
