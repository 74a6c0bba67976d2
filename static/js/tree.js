// Drags articles and categories to where they belong, with a mouse or a finger, by the grip in front of them. The
// buttons beside them stay, and do the same with the keyboard. Nothing moves on the page until the server has stored
// it; then its own tree is shown. If it refuses, all stays as it was, and a toast says why.
const EDGE = 60; // pixels from the top and bottom of the window, where it scrolls
const MARKS = ["drop-before", "drop-after", "drop-into"];
const tree = () => document.getElementById("tree");

let dragged = null; // the line that is held
let place = null; // where it would go: {category, before, after}

const showGrips = () => tree()?.querySelectorAll("[data-grip]").forEach((grip) => (grip.hidden = false));

const unmark = () => {
  for (const name of MARKS) tree().querySelectorAll(`.${name}`).forEach((line) => line.classList.remove(name));
  place = null;
};

const mark = (line, name, there) => {
  line.classList.add(name);
  place = there;
};

const shelfOf = (line) => line.parentElement.closest("[data-shelf]").dataset.shelf;

// How far down a line the pointer is, from 0 to 1. Of a category its own line counts, not what stands in it.
const heightOn = (line, y) => {
  const box = (line.querySelector(":scope > .outline-line") ?? line).getBoundingClientRect();
  return (y - box.top) / box.height;
};

const dropOnArticle = (line, y) => {
  const isUpper = heightOn(line, y) < 0.5;
  mark(line, isUpper ? "drop-before" : "drop-after", {
    category: shelfOf(line),
    [isUpper ? "before" : "after"]: line.dataset.article,
  });
};

// Articles stand above the categories beside them: over the upper edge of a category, they become the last of those.
const dropArticleOnCategory = (line, y) => {
  if (heightOn(line, y) < 0.3) mark(line, "drop-before", { category: shelfOf(line) });
  else mark(line, "drop-into", { category: line.dataset.category });
};

const dropCategoryOnCategory = (line, y) => {
  const height = heightOn(line, y);
  if (height < 0.3) mark(line, "drop-before", { category: shelfOf(line), before: line.dataset.category });
  else if (height > 0.7) mark(line, "drop-after", { category: shelfOf(line), after: line.dataset.category });
  else mark(line, "drop-into", { category: line.dataset.category });
};

const look = (x, y) => {
  unmark();
  const line = document.elementFromPoint(x, y)?.closest("#tree [data-move]");
  if (!line || dragged.contains(line)) return;
  if (line.dataset.article) {
    if (dragged.dataset.article) dropOnArticle(line, y);
  } else if (dragged.dataset.article) dropArticleOnCategory(line, y);
  else dropCategoryOnCategory(line, y);
};

const scroll = (y) => {
  if (y < EDGE) window.scrollBy(0, -15);
  else if (y > window.innerHeight - EDGE) window.scrollBy(0, 15);
};

const letGo = () => {
  unmark();
  dragged?.classList.remove("is-dragged");
  document.body.classList.remove("is-dragging");
  dragged = null;
};

const complain = (words) => {
  const toast = document.getElementById("move-failed").content.firstElementChild.cloneNode(true);
  if (words) toast.querySelector(".kb-toast-text").textContent = words;
  document.getElementById("toasts").append(toast);
};

const store = async (line, there) => {
  const token = line.querySelector("[name=csrf_token]").value;
  const response = await fetch(line.dataset.move, {
    method: "POST",
    body: new URLSearchParams({ csrf_token: token, ...there }),
  });
  const text = await response.text();
  if (!response.ok) return complain(response.headers.get("Content-Type")?.startsWith("text/plain") ? text : "");
  const stored = new DOMParser().parseFromString(text, "text/html").getElementById("tree");
  if (!stored) return location.reload(); // Signed out meanwhile, or the last line has gone.
  tree().replaceWith(stored);
  showGrips();
};

const drop = () => {
  const [line, there] = [dragged, place];
  letGo();
  if (there) store(line, there).catch(() => complain(""));
};

document.addEventListener("pointerdown", (event) => {
  const grip = event.target.closest("#tree [data-grip]");
  if (!grip || event.button !== 0 || dragged) return;
  event.preventDefault();
  dragged = grip.closest("[data-move]");
  dragged.classList.add("is-dragged");
  document.body.classList.add("is-dragging");
});
document.addEventListener("pointermove", (event) => {
  if (!dragged) return;
  scroll(event.clientY);
  look(event.clientX, event.clientY);
});
document.addEventListener("pointerup", () => dragged && drop());
document.addEventListener("pointercancel", () => dragged && letGo());
document.addEventListener("keydown", (event) => event.key === "Escape" && dragged && letGo());

showGrips();
