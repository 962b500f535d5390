// Ctrl-K or / opens the search over everything; arrows choose, Enter goes there.
(() => {
  "use strict";

  const palette = () => document.getElementById("palette");
  const links = () => [...document.querySelectorAll("#palette #found a")];
  const isTyping = (element) => element.matches("input, textarea, select, [contenteditable]");

  function open() {
    const input = document.getElementById("palette-q");
    if (palette().open) return;
    palette().showModal();
    input.select();
    htmx.trigger(input, "palette-open");
  }

  function move(by) {
    const stops = [document.getElementById("palette-q"), ...links()];
    const at = stops.indexOf(document.activeElement);
    stops[(at + by + stops.length) % stops.length].focus();
  }

  document.addEventListener("keydown", (event) => {
    if (!palette() || event.isComposing) return;
    const control = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
    const slash = event.key === "/" && !event.ctrlKey && !event.metaKey && !isTyping(event.target);
    if (control || slash) {
      event.preventDefault();
      open();
    } else if (palette().open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (palette().open && event.key === "Enter" && event.target.id === "palette-q") {
      const first = links()[0];
      if (!first) return;
      event.preventDefault();
      first.click();
    }
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-palette]") && palette()) {
      event.preventDefault();
      open();
    } else if (event.target === palette()) palette().close();
  });
})();
