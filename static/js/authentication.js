// Shows only what belongs to the choices made. data-shown-when="authentication=oauth2" hides an element, and disables
// what is in it, unless the field named authentication of the same form has that value. Alternatives are divided by
// a bar (a=x|y), conditions that must all hold by a space; a field that is itself hidden has no value, so they nest.
// A control with data-presets='{"microsoft": {"host": "smtp.office365.com"}}' fills those fields for its value where
// nothing of the person's own stands: an empty field, its data-default, or what another preset had filled in.
const scopeOf = (element) => element.closest("form") ?? document;
const isHidden = (element) => Boolean(element.closest("[data-shown-when][hidden]"));

const valuesOf = (scope, name) =>
  [...scope.querySelectorAll(`[name="${CSS.escape(name)}"]`)]
    .filter((control) => !isHidden(control) && control.type !== "hidden")
    .filter((control) => (["radio", "checkbox"].includes(control.type) ? control.checked : true))
    .map((control) => control.value);

const holds = (condition, scope) => {
  const [name, wanted] = condition.split("=");
  return valuesOf(scope, name).some((value) => wanted.split("|").includes(value));
};

const refresh = () => {
  // In document order, so that a section is decided before what depends on the fields inside it.
  for (const section of document.querySelectorAll("[data-shown-when]")) {
    const conditions = section.dataset.shownWhen.trim().split(/\s+/);
    section.hidden = !conditions.every((condition) => holds(condition, scopeOf(section)));
  }
  for (const control of document.querySelectorAll(":is(input, select, textarea, button):is([data-shown-when] *)")) {
    control.dataset.wasDisabled ??= String(control.disabled);
    control.disabled = isHidden(control) || control.dataset.wasDisabled === "true";
  }
};

const fill = (source) => {
  const presets = JSON.parse(source.dataset.presets);
  const chosen = presets[source.value];
  if (!chosen || isHidden(source)) return;
  const scope = scopeOf(source);
  for (const [name, value] of Object.entries(chosen)) {
    const others = Object.values(presets).map((preset) => preset[name]);
    const controls = [...scope.querySelectorAll(`[name="${CSS.escape(name)}"]`)];
    const current = valuesOf(scope, name)[0] ?? "";
    const standard = controls.map((control) => control.dataset.default).find((text) => text !== undefined);
    if (current !== "" && current !== standard && !others.includes(current)) continue;
    for (const control of controls) {
      if (control.type === "radio") control.checked = control.value === value;
      else control.value = value;
    }
  }
};

const fillAll = () => document.querySelectorAll("[data-presets]").forEach(fill);

document.addEventListener("change", (event) => {
  if (!event.target.matches("input, select")) return;
  refresh();
  const decides = event.target.matches("[data-presets]") || event.target.type === "radio";
  if (decides) fillAll();
  refresh();
});

document.addEventListener("htmx:after:swap", refresh);
window.addEventListener("pageshow", refresh); // The back button restores choices after this script has run.
refresh();
// A form that came back with errors shows what was sent, even if that is nothing.
if (!document.querySelector("[aria-invalid]")) {
  fillAll();
  refresh();
}
