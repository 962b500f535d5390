// Drops a submit that was meant for the previous form: a second Enter, a double click, a held key,
// or the second Enter of a scanner. Each new form has a new key, so the server cannot detect this.
(() => {
  "use strict";

  const SETTLING_MS = 1000;
  const SUBMITTED = "submitted";
  const known = new WeakSet();
  // Forms that appeared after a submit, and when. Typing in a form removes it.
  const cameUp = new WeakMap();

  const isWrite = (form) => form.method === "post" && !form.matches("[data-themes]");
  const isSettling = (form) => performance.now() - (cameUp.get(form) ?? -Infinity) < SETTLING_MS;

  const pathOf = (url) => new URL(url, location.href).pathname;
  const noteSubmit = (url) =>
    sessionStorage.setItem(SUBMITTED, JSON.stringify({ at: Date.now(), path: pathOf(url) }));

  // Whether a submit opened this page: by a redirect, or at the stored path. The time origin is the
  // start of the navigation, so a slow server makes no difference.
  function isAfterSubmit() {
    const { at, path } = JSON.parse(sessionStorage.getItem(SUBMITTED) ?? "{}");
    const isSoon = Math.abs(performance.timeOrigin - at) < SETTLING_MS;
    const [navigation] = performance.getEntriesByType("navigation");
    return isSoon && (navigation.redirectCount > 0 || location.pathname === path);
  }

  function settle(form) {
    cameUp.set(form, Infinity);
    // Counted from when the form is visible: a slow device renders it late.
    requestAnimationFrame(() => cameUp.has(form) && cameUp.set(form, performance.now()));
  }

  function settleNewForms() {
    for (const form of document.forms) {
      if (!known.has(form)) settle(form);
      known.add(form);
    }
  }

  const forget = (event) => event.target.form && cameUp.delete(event.target.form);
  document.addEventListener("input", forget, { capture: true });
  document.addEventListener("change", forget, { capture: true });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!isWrite(form)) return;
    if (isSettling(form)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    } else if (!form.hasAttribute("hx-post")) {
      noteSubmit(form.action);
    }
  }, { capture: true });

  // A held Enter submits nothing.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.repeat) return;
    const form = event.target.form;
    if (form && isWrite(form) && !event.target.matches("textarea")) event.preventDefault();
  }, { capture: true });

  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    if (ctx.hx?.redirect) noteSubmit(ctx.hx.redirect);
  });
  document.addEventListener("submitted", ({ detail }) => noteSubmit(detail));
  document.addEventListener("htmx:after:swap", settleNewForms);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) for (const form of document.forms) settle(form);
  });

  for (const form of document.forms) known.add(form);
  if (isAfterSubmit()) for (const form of document.forms) settle(form);
})();
