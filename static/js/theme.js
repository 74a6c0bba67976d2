// Light, dark or as the system: kept in this browser, applied before the first paint. A classic script on purpose:
// a module would run too late and the page would flash.
(() => {
  const KEY = "kbadmin-theme";
  const system = window.matchMedia("(prefers-color-scheme: dark)");

  const chosen = () => {
    try {
      return localStorage.getItem(KEY) || "auto";
    } catch {
      return "auto"; // Storage may be forbidden; the system's choice is a good one.
    }
  };

  const apply = () => {
    const theme = chosen() === "auto" ? (system.matches ? "dark" : "light") : chosen();
    document.documentElement.dataset.bsTheme = theme;
  };

  const mark = () => {
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === chosen()));
      button.closest("[role=group]").hidden = false;
    }
  };

  apply();
  system.addEventListener("change", apply);
  document.addEventListener("DOMContentLoaded", mark);
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-theme-choice]");
    if (!button) return;
    try {
      localStorage.setItem(KEY, button.dataset.themeChoice);
    } catch {
      return; // Nothing can be kept, so nothing is changed.
    }
    apply();
    mark();
  });
})();
