// The item field proposes items while one types: arrow keys select, Enter or a click takes one.
(() => {
  "use strict";

  const fieldOf = (element) => element.closest?.(".combo")?.querySelector("[role=combobox]");
  const listOf = (field) => document.getElementById(field.getAttribute("aria-controls"));
  const isOpen = (field) => field.getAttribute("aria-expanded") === "true";
  const chosen = (field) => listOf(field).querySelector("[aria-selected=true]");

  function setOpen(field, open) {
    field.setAttribute("aria-expanded", open);
    if (!open) select(field, null);
  }

  function select(field, option) {
    chosen(field)?.removeAttribute("aria-selected");
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) field.setAttribute("aria-activedescendant", option.id);
    else field.removeAttribute("aria-activedescendant");
  }

  function take(field, option) {
    setOpen(field, false);
    if (option.dataset.url) return location.assign(option.dataset.url);
    field.value = option.dataset.value;
    // `input` would ask for proposals again.
    field.dispatchEvent(new Event("change", { bubbles: true }));
    field.focus();
  }

  function move(field, step) {
    const options = [...listOf(field).children];
    if (!options.length) return;
    const at = isOpen(field) ? options.indexOf(chosen(field)) : -1;
    setOpen(field, true);
    const next = at < 0 && step < 0 ? options.length - 1 : (at + step + options.length) % options.length;
    select(field, options[next]);
  }

  document.addEventListener("input", ({ target }) => {
    const field = fieldOf(target);
    if (field === target) setOpen(field, field.value.trim() !== "");
  });
  document.addEventListener("keydown", (event) => {
    const field = fieldOf(event.target);
    if (field !== event.target || event.isComposing || event.ctrlKey || event.altKey) return;
    const option = isOpen(field) && chosen(field);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      move(field, event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Escape" && isOpen(field)) {
      event.preventDefault();
      setOpen(field, false);
    } else if (event.key === "Enter" && option) {
      event.preventDefault();
      take(field, option);
    }
  });
  // Before the field loses the focus, which hides the list.
  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest?.(".combo-list > li");
    if (!option) return;
    event.preventDefault();
    take(fieldOf(option), option);
  });
  document.addEventListener("focusout", ({ target }) => {
    const field = fieldOf(target);
    if (field === target) setOpen(field, false);
  });
})();
