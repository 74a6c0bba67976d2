// Copy buttons: data-copy="#id" copies the text of an element, data-copy-text="…" a text of its own.
const SAID_FOR = 2000; // milliseconds that "Copied" stands

const live = document.createElement("div");
live.className = "visually-hidden";
live.setAttribute("role", "status");
document.querySelector("main")?.append(live);

const show = (root) => {
  for (const button of root.querySelectorAll("[data-copy][hidden], [data-copy-text][hidden]")) button.hidden = false;
};

const textOf = (button) => {
  if (button.dataset.copyText !== undefined) return button.dataset.copyText;
  const source = document.querySelector(button.dataset.copy);
  return source.value ?? source.textContent;
};

const write = async (text) => {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Browsers keep the clipboard from pages on plain http; this old way still works there.
  const carrier = document.createElement("textarea");
  carrier.value = text;
  carrier.className = "visually-hidden";
  document.body.append(carrier);
  carrier.select();
  const done = document.execCommand("copy");
  carrier.remove();
  if (!done) throw new Error("the browser refused");
};

const say = (button, word) => {
  const place = button.querySelector("[data-copy-word]") ?? button;
  place.dataset.before ??= place.textContent;
  place.textContent = word;
  live.textContent = word;
  clearTimeout(button.copyTimer);
  button.copyTimer = setTimeout(() => {
    place.textContent = place.dataset.before;
    live.textContent = "";
  }, SAID_FOR);
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-text]");
  if (!button) return;
  try {
    await write(textOf(button));
    say(button, "Copied");
  } catch {
    const source = button.dataset.copy && document.querySelector(button.dataset.copy);
    if (source) window.getSelection().selectAllChildren(source);
    say(button, "Selected: press Ctrl+C");
  }
});

show(document);
document.addEventListener("htmx:after:swap", () => show(document));
