// Ticks all boxes of a list at once, and says how many are ticked. Without this, a link loads the page with all of them
// ticked; here a button takes its place and nothing is loaded.
const TICK = "Tick all on this page";
const UNTICK = "Untick all";

const set = (place) => {
  const form = place.closest("form");
  const boxes = () => [...form.querySelectorAll(`input[type=checkbox][name="${place.dataset.tickAll}"]`)];
  const said = form.querySelector("[data-ticked]");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn";
  if (!boxes().length) return place.remove();
  place.replaceChildren(button);
  said.hidden = false;

  const show = () => {
    const number = boxes().filter((box) => box.checked).length;
    button.textContent = number === boxes().length ? UNTICK : TICK;
    said.textContent = `${number} ticked`;
  };
  button.addEventListener("click", () => {
    const wanted = boxes().some((box) => !box.checked);
    for (const box of boxes()) box.checked = wanted;
    show();
  });
  form.addEventListener("change", show);
  window.addEventListener("pageshow", show); // Going back, browsers tick again what was ticked.
  show();
};

for (const place of document.querySelectorAll("[data-tick-all]")) set(place);
