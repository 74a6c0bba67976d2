// Warns before a form marked data-warn-unsaved is left with changes. A form that came back with errors counts as
// changed from the start: what stands in it is saved nowhere.
const forms = new Map();

const contentOf = (form) => {
  const pairs = [...new FormData(form)].filter(([name]) => name !== "csrf_token");
  return JSON.stringify(pairs.map(([name, value]) => [name, String(value)]));
};

const watch = () => {
  for (const form of document.querySelectorAll("form[data-warn-unsaved]")) {
    if (forms.has(form)) continue;
    forms.set(form, form.querySelector("[aria-invalid]") ? null : contentOf(form));
    form.addEventListener("submit", () => forms.delete(form));
  }
};

window.addEventListener("beforeunload", (event) => {
  for (const [form, before] of forms) {
    if (form.isConnected && contentOf(form) !== before) event.preventDefault();
  }
});

watch();
document.addEventListener("htmx:after:swap", watch);
