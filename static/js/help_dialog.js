// The key ? or Help in the user menu opens the help dialog. Its content is loaded when it is opened
// for the first time. Without this file, Help is a link to the user guide.
(() => {
  "use strict";

  const dialog = () => document.getElementById("help");
  const isLoaded = () => dialog().childElementCount > 0;
  const isTyping = (element) => element.matches("input, textarea, select, [contenteditable]");
  const hasModifier = (event) => event.ctrlKey || event.metaKey || event.altKey;
  /** Whether the dialog is to open as soon as its content is there. */
  let isWaiting = false;

  function open() {
    if (document.querySelector("dialog[open]")) return;
    isWaiting = !isLoaded();
    if (isWaiting) return load();
    dialog().querySelector("a").href = document.querySelector("[data-help]").href;
    dialog().showModal();
  }

  function load() {
    const { content } = dialog().dataset;
    htmx.ajax("GET", content, { source: dialog(), target: "#help", swap: "innerHTML" });
  }

  document.addEventListener("htmx:after:swap", () => {
    if (isWaiting && isLoaded()) open();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "?" || hasModifier(event) || isTyping(event.target) || !dialog()) return;
    event.preventDefault();
    open();
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-help]");
    if (link && dialog() && !hasModifier(event) && !event.shiftKey) {
      event.preventDefault();
      const menu = link.closest("details");
      menu.open = false;
      menu.querySelector("summary").focus();
      open();
    } else if (event.target === dialog()) dialog().close();
  });
})();
