// Connects htmx with these pages. All forms and links work without this file.
(() => {
  "use strict";

  const root = document.documentElement;
  const toasts = document.getElementById("toasts");
  const on = (name, listener) => document.addEventListener(name, listener);
  const csrf = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";
  // The texts of toasts, in the user's language.
  const texts = () => document.getElementById("toast-model").dataset;

  // Trusted Types: htmx parses HTML of our own server only; no script is made from text.
  htmx.registerExtension("house", {
    init(api) {
      function never() { throw new Error("scripts from text are switched off"); }
      const rules = { createHTML: (text) => text, createScript: () => "" };
      const types = window.trustedTypes;
      api.initSecurity(types ? types.createPolicy("htmx", rules) : rules, never, never);
    },
  });

  // One submit at a time. A second click is dropped; htmx would queue it.
  const buttonsOf = (source) =>
    source.matches("form") ? source.querySelectorAll("[type=submit], button:not([type])") : [source];

  function setBusy(source, submitter) {
    source.setAttribute("aria-busy", "true");
    for (const button of buttonsOf(source)) button.setAttribute("aria-disabled", "true");
    submitter?.setAttribute("aria-busy", "true");
  }

  function setIdle(source) {
    for (const element of [source, ...buttonsOf(source)]) {
      element.removeAttribute("aria-busy");
      element.removeAttribute("aria-disabled");
    }
  }

  const isBusy = (source) => source.getAttribute("aria-busy") === "true";
  const isWrite = (context) => context.request.method !== "GET";

  on("htmx:config:request", (event) => {
    const { ctx } = event.detail;
    if (!isWrite(ctx)) return;
    if (isBusy(ctx.sourceElement)) return event.preventDefault();
    ctx.request.headers["X-CSRFToken"] = csrf();
  });
  on("htmx:before:request", ({ detail: { ctx } }) => {
    if (!isWrite(ctx)) return;
    if (!ctx.sourceElement.closest("#toasts")) toasts.replaceChildren();
    setBusy(ctx.sourceElement, ctx.request.submitter);
  });
  on("htmx:finally:request", ({ detail: { ctx } }) => {
    if (isWrite(ctx)) setIdle(ctx.sourceElement);
  });

  // The same for forms that the browser submits itself.
  on("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (isBusy(form)) return event.preventDefault();
    setBusy(form, event.submitter);
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) document.querySelectorAll("form[aria-busy]").forEach(setIdle);
  });

  // The session has ended (401), or the page is of an earlier session (400). An operation's form is
  // sent without htmx, so that the answer keeps what was typed. Other requests do not leave a page
  // with typed values.
  let typed = null;
  on("input", ({ target }) => { if (target.form?.id === "act") typed = target.form; });
  const isRefused = () =>
    document.querySelector("#act :is(#refusal, [aria-invalid]), [data-here] #act") !== null;

  on("htmx:before:response", (event) => {
    const { ctx } = event.detail;
    const { status } = ctx.response;
    if (status !== 401 && !(status === 400 && isWrite(ctx))) return;
    const form = ctx.sourceElement;
    if (isWrite(ctx) && form.matches("#act")) form.submit();
    else if (status === 400) return;
    else if (isWrite(ctx) || !(typed?.isConnected || isRefused())) return;
    event.preventDefault();
  });

  // A restored form is shown in the answer to the sign-in; it has a URL of its own.
  const restored = document.querySelector("[data-here]")?.dataset.here;
  if (restored) window.addEventListener("load", () => history.replaceState(null, "", restored));

  // A row of a list opens the page that its head links to. Text can be selected nevertheless.
  on("click", (event) => {
    const row = event.target.closest(".table tbody tr");
    const link = row?.querySelector(":scope > th a");
    const other = event.target.closest("a, button, input, select, label, summary");
    if (!link || other || event.button || String(getSelection())) return;
    if (event.ctrlKey || event.metaKey) window.open(link.href);
    else link.click();
  });

  // The header shows whether the connection is lost.
  const setLost = (lost) => document.getElementById("lost")?.toggleAttribute("hidden", !lost);

  // Only partials of our own HTML are swapped in.
  const isPoll = (ctx) => ctx.sourceEvent?.type === "every";
  // A poll that was sent before the list was sorted or searched is outdated.
  const isLate = (ctx) => isPoll(ctx) && ctx.request.action !== ctx.sourceElement.getAttribute("hx-get");
  const isPage = (text) => /^\s*<(!doctype|html)/i.test(text);

  on("htmx:before:swap", (event) => {
    const { ctx } = event.detail;
    if (!ctx.response) return;
    if (isLate(ctx)) return event.preventDefault();
    const { headers, raw, status } = ctx.response;
    const html = (headers.get("Content-Type") ?? "").startsWith("text/html");
    const partial = ctx.request.headers["HX-Request-Type"] === "partial";
    const usable = html && !(partial && isPage(ctx.text)) && !(isPoll(ctx) && status >= 400);
    if (ctx.swap === "none" || usable) return;
    event.preventDefault();
    if (isPoll(ctx)) setLost(true);
    else if (html && !isWrite(ctx) && raw.redirected) location.assign(raw.url);
    else if (status === 400) toast(texts().outdated);
    else toast(texts().failed.replace("%(status)s", status));
  });

  // No response. Each form has its key, so sending it again cannot post it twice.
  on("htmx:error", ({ detail: { ctx } }) => {
    if (!ctx || ctx.response) return;
    setLost(true);
    if (isWrite(ctx)) toast(texts().noAnswer);
  });
  on("htmx:after:request", () => setLost(false));

  // The next submit dismisses all toasts. Toasts with an error do not go by themselves.
  const READING_MS = 6000;
  const UNDO_MS = 20000;
  const FADING_MS = 200;
  const CORNERS = ["bottom left", "top left", "top right", "bottom right"];
  const seen = new WeakSet();

  function toast(text) {
    const note = document.getElementById("toast-model").content.firstElementChild.cloneNode(true);
    note.querySelector("p").textContent = text;
    toasts.append(note);
    placeToasts();
  }

  // Toasts go where they cover the fewest controls of the open form and its panel.
  function placeToasts() {
    if (!toasts.childElementCount) return;
    const controls = document.querySelectorAll(
      "#act :is(input, select, textarea, button, summary), .offers a",
    );
    // Controls in closed details have a box, too.
    const boxes = [...controls].filter((control) => control.checkVisibility())
      .map((control) => control.getBoundingClientRect());
    const covered = (corner) => {
      toasts.dataset.corner = corner;
      const { left, right, top, bottom } = toasts.getBoundingClientRect();
      return boxes.filter((box) => box.width > 1 && box.left < right && box.right > left
        && box.top < bottom && box.bottom > top).length;
    };
    const counts = CORNERS.map(covered);
    toasts.dataset.corner = CORNERS[counts.indexOf(Math.min(...counts))];
  }

  function letFade(note) {
    if (seen.has(note)) return;
    seen.add(note);
    if (note.matches(".toast-bad")) return;
    const reading = note.querySelector("a, form") ? UNDO_MS : READING_MS;
    const isRead = () => note.matches(":hover, :focus-within") || document.hidden;
    const wait = () => setTimeout(leave, reading);
    function leave() {
      if (isRead()) return wait();
      note.classList.add("leaving");
      setTimeout(() => note.remove(), FADING_MS);
    }
    wait();
  }

  function showToasts() {
    const shown = [...toasts.querySelectorAll(".toast")];
    if (shown.every((note) => seen.has(note))) return;
    shown.forEach(letFade);
    requestAnimationFrame(placeToasts);
  }
  showToasts();
  on("htmx:after:swap", showToasts);

  // The theme is a cookie that the server reads, so that pages render with it from the start.
  function setTheme(form, button) {
    const theme = button.value;
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `theme=${theme}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
    for (const other of form.querySelectorAll("button[name=theme]")) {
      other.setAttribute("aria-pressed", String(other === button));
    }
  }

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-themes]") || !event.submitter) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    setTheme(event.target, event.submitter);
  }, { capture: true });

  // On the login page no user is signed in: the cached page of the floor app must not open offline.
  if (location.pathname.endsWith("/login/")) window.caches?.delete("floor-page");

  // Scroll a narrow menu to the current entry.
  const here = document.querySelector(".nav [aria-current]");
  if (here) here.parentElement.scrollLeft = here.offsetLeft - here.parentElement.clientWidth / 3;

  // Menus close on Escape and on a click elsewhere.
  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(except)) menu.open = false;
    }
  };
  on("click", (event) => {
    event.target.closest("[data-dismiss]")?.closest(".toast")?.remove();
    if (event.target.closest("[data-print]")) window.print();
    closeMenus(event.target);
  });
  on("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.activeElement?.closest("details.menu[open]");
    closeMenus(null);
    menu?.querySelector("summary").focus();
  });
})();
