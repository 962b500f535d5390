// Ctrl-K or / opens the search over everything; arrows choose, Enter goes there. In the lists
// of pages, arrows choose among the rows that their search found.
(() => {
  "use strict";

  const palette = () => document.getElementById("palette");
  const q = () => document.getElementById("palette-q");
  const links = () => [...document.querySelectorAll("#palette #found a")];
  const rowsOfPage = () => document.querySelectorAll("#live tbody th a, #live .needs a");
  const isTyping = (element) => element.matches("input, textarea, select, [contenteditable]");
  /** Whether Enter came before the answer to what was typed: a scanner is faster than a network. */
  let isWaiting = false;

  function open() {
    if (palette().open) return;
    isWaiting = false;
    palette().showModal();
    q().select();
    htmx.trigger(q(), "palette-open");
  }

  /** To the one above or below, of what the palette or the page's own search found. */
  function move(event) {
    const search = palette().open ? q() : document.getElementById("q");
    const stops = [search, ...(palette().open ? links() : rowsOfPage())];
    const at = stops.indexOf(document.activeElement);
    if (!search || (at < 0 && !palette().open)) return;
    event.preventDefault();
    stops[(at + (event.key === "ArrowDown" ? 1 : -1) + stops.length) % stops.length].focus();
  }

  /** Goes to the first that is called what was typed, as soon as the answer to that is here. */
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
