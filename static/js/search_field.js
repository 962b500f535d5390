// Ctrl-K or / leads to the search field of the header; arrow keys select, Enter opens, Escape leaves.
// On pages with a list, arrow keys select among the rows found by its search.
(() => {
  "use strict";

  const q = () => document.getElementById("find");
  const links = () => [...document.querySelectorAll("#found a")];
  const rowsOfPage = () => document.querySelectorAll("#live tbody th a");
  const isTyping = (element) => element.matches("input, textarea, select, [contenteditable]");
  const isOpen = () => q()?.form.contains(document.activeElement);
  /** Whether Enter came before the results of the typed text: scanners are faster than the network. */
  let isWaiting = false;

  /** Moves the focus up or down, in the results or in the page's own list. */
  function move(event) {
    const search = isOpen() ? q() : document.getElementById("q");
    const stops = [search, ...(isOpen() ? links() : rowsOfPage())];
    const at = stops.indexOf(document.activeElement);
    if (!search || at < 0) return;
    event.preventDefault();
    stops[(at + (event.key === "ArrowDown" ? 1 : -1) + stops.length) % stops.length].focus();
  }

  /** Opens the first result, as soon as the results are those of the typed text. */
  function goToFirst() {
    isWaiting = document.getElementById("found").dataset.q !== q().value.trim();
    if (isWaiting) htmx.trigger(q(), "find-open");
    else links()[0]?.click();
  }

  document.addEventListener("focusin", ({ target, relatedTarget }) => {
    if (target !== q() || target.form.contains(relatedTarget)) return;
    isWaiting = false;
    htmx.trigger(target, "find-open");
  });
  document.addEventListener("input", (event) => {
    if (event.target === q()) isWaiting = false;
  });
  document.addEventListener("htmx:after:swap", () => {
    if (isWaiting && document.getElementById("found").dataset.q === q().value.trim()) goToFirst();
  });

  document.addEventListener("keydown", (event) => {
    if (!q() || event.isComposing) return;
    const control = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
    const slash = event.key === "/" && !event.ctrlKey && !event.metaKey && !isTyping(event.target);
    if (control || slash) {
      event.preventDefault();
      q().focus();
      q().select();
    } else if (["ArrowDown", "ArrowUp"].includes(event.key) && !event.altKey && !event.shiftKey) {
      move(event);
    } else if (event.key === "Escape" && isOpen()) {
      q().value = "";
      document.activeElement.blur();
    } else if (event.key === "Enter" && event.target === q()) {
      event.preventDefault();
      goToFirst();
    }
  });
})();
