// Print buttons: shown where scripts run, as the browser's own menu prints anyway.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
