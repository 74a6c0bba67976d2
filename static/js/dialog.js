// Links marked data-dialog open the form of the page that they lead to in a dialog over this one, so that nothing typed
// here is left. Without scripts, with a modifier key, or where that page has no form, they are links.
const HEADING = "dialog-title";

const button = () => {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "btn-close";
  made.setAttribute("aria-label", "Close");
  return made;
};

const dialogOf = (page, form, address) => {
  const dialog = document.createElement("dialog");
  const head = document.createElement("div");
  const heading = document.createElement("h2");
  dialog.className = "form-dialog";
  dialog.setAttribute("aria-labelledby", HEADING);
  dialog.setAttribute("closedby", "any");
  head.className = "form-dialog-head";
  heading.id = HEADING;
  heading.textContent = page.querySelector("h1").textContent;
  const subtitle = page.querySelector(".page-subtitle");
  head.append(heading, button());
  form.action = address;
  dialog.append(head, ...(subtitle ? [subtitle] : []), form);
  return dialog;
};

const show = (dialog) => {
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => {
    const back = event.target.closest("a[href]");
    const isBack = back && new URL(back.href).pathname === location.pathname;
    if (!isBack && !event.target.closest(".btn-close")) return;
    event.preventDefault();
    dialog.close();
  });
  dialog.showModal();
  dialog.querySelector("input:not([type=hidden])")?.focus();
};

const open = async (link) => {
  const answer = await fetch(link.href);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const form = page.querySelector("#main form");
  if (!answer.ok || answer.redirected || !form) throw new Error("no form");
  show(dialogOf(page, document.importNode(form, true), link.href));
};

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-dialog]");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if (link.ariaBusy === "true") return;
  link.ariaBusy = "true";
  try {
    await open(link);
  } catch {
    location.assign(link.href); // Signed out, gone or out of reach: the page itself says so.
  } finally {
    link.ariaBusy = null;
  }
});
