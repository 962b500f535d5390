// Shows the progress of an import. Without this file the browser waits for the response.
(() => {
  "use strict";

  async function* linesOf(response) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) yield JSON.parse(line);
    }
  }

  function show(bar, { word, done, total }) {
    const progress = bar.querySelector("progress");
    progress.max = total || 1;
    progress.value = done;
    const values = { step: word, done, total };
    bar.querySelector("span").textContent =
      bar.dataset.step.replaceAll(/%\((\w+)\)s/g, (_all, name) => String(values[name]));
  }

  async function send(form, submitter) {
    const bar = form.querySelector("[data-bar]");
    const say = (text) => { bar.querySelector("span").textContent = text; };
    form.setAttribute("aria-busy", "true");
    submitter?.setAttribute("aria-disabled", "true");
    bar.hidden = false;
    say(bar.dataset.reading);
    try {
      const response = await fetch(form.action, {
        method: "POST",
        body: new FormData(form),
        headers: { Accept: "application/x-ndjson" },
      });
      const type = response.headers.get("Content-Type") ?? "";
      // The response is a page: the form has an error, or sign-in is needed. Show that page.
      if (!type.startsWith("application/x-ndjson")) return form.submit();
      for await (const line of linesOf(response)) {
        if (line.location) {
          document.dispatchEvent(new CustomEvent("submitted", { detail: line.location }));
          if (line.location.split("#")[0] === location.pathname + location.search) {
            location.hash = line.location.split("#")[1] ?? "";
            return location.reload();
          }
          return location.assign(line.location);
        }
        if (line.error) say(line.error);
        else show(bar, line);
      }
    } catch {
      say(bar.dataset.lost);
    }
    form.removeAttribute("aria-busy");
    submitter?.removeAttribute("aria-disabled");
  }

  for (const form of document.querySelectorAll("form[data-progress]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (form.getAttribute("aria-busy") !== "true") send(form, event.submitter);
    });
  }
})();
