// Ctrl-K or / opens the search palette; arrow keys select, Enter opens. On pages with a list, arrow
// keys select among the rows found by its search.
(() => {
  "use strict";

  const palette = () => document.getElementById("palette");
  const q = () => document.getElementById("palette-q");
  const links = () => [...document.querySelectorAll("#palette #found a")];
  const rowsOfPage = () => document.querySelectorAll("#live tbody th a, #live .needs a");
  const isTyping = (element) => element.matches("input, textarea, select, [contenteditable]");
  /** Whether Enter came before the results of the typed text: scanners are faster than the network. */
  let isWaiting = false;

  function open() {
    if (palette().open) return;
    isWaiting = false;
    palette().showModal();
    q().select();
    htmx.trigger(q(), "palette-open");
  }

  /** Moves the focus up or down, in the palette or in the page's own list. */
  function move(event) {
    const search = palette().open ? q() : document.getElementById("q");
    const stops = [search, ...(palette().open ? links() : rowsOfPage())];
    const at = stops.indexOf(document.activeElement);
    if (!search || (at < 0 && !palette().open)) return;
    event.preventDefault();
    stops[(at + (event.key === "ArrowDown" ? 1 : -1) + stops.length) % stops.length].focus();
  }

  /** Opens the first result, as soon as the results are those of the typed text. */
  function goToFirst() {
    isWaiting = document.getElementById("found").dataset.q !== q().value.trim();
    if (isWaiting) htmx.trigger(q(), "palette-open");
    else links()[0]?.click();
  }

  document.addEventListener("input", (event) => {
    if (event.target === q()) isWaiting = false;
  });
  document.addEventListener("htmx:after:swap", () => {
    if (isWaiting && document.getElementById("found").dataset.q === q().value.trim()) goToFirst();
  });

  document.addEventListener("keydown", (event) => {
    if (!palette() || event.isComposing) return;
    const control = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
    const slash = event.key === "/" && !event.ctrlKey && !event.metaKey && !isTyping(event.target);
    if (control || slash) {
      event.preventDefault();
      open();
    } else if (["ArrowDown", "ArrowUp"].includes(event.key) && !event.altKey && !event.shiftKey) {
      move(event);
    } else if (palette().open && event.key === "Enter" && event.target === q()) {
      event.preventDefault();
      goToFirst();
    }
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-palette]") && palette()) {
      event.preventDefault();
      open();
    } else if (event.target === palette()) palette().close();
  });
})();
