// Touch controls: tasks, quantities, fields, and the connection status.
import { $, h, on, setting } from "floor/dom";
import { t } from "floor/messages";
import * as qty from "floor/quantity";
import { loadSession } from "floor/session";

export const initControls = ({ work, stock, onScan, post, link, refocus, askForReference }) => {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const { task, step, set } = button.dataset;
    if (task) { work.setTask(task); refocus(); }
    if (step) { change(BigInt(step) * qty.ONE); refocus(); }
    if (set) { work.type("qty", set === "all" ? work.full() : set); refocus(); }
  });

  function change(by) {
    if (work.readings().length) return; // one of them is to be chosen first
    const now = qty.parse(work.s.qty) ?? 0n;
    const least = work.s.task === "count" ? 0n : qty.ONE;
    work.type("qty", qty.format(now + by < least ? least : now + by));
  }

  $("act").addEventListener("submit", (event) => {
    event.preventDefault();
    post();
  });
  // Enter in a field returns to the scan field; only the main button posts.
  $("act").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    event.preventDefault();
    refocus();
  });

  $("scan-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = $("scan-field").value.trim();
    $("scan-field").value = "";
    if (text) onScan(text);
  });
  $("keyboard").addEventListener("click", () => {
    const typing = $("scan-field").inputMode === "none";
    $("scan-field").inputMode = typing ? "text" : "none";
    $("keyboard").setAttribute("aria-pressed", String(typing));
    $("scan-field").blur();
    refocus();
  });

  // The keys of a scan also reach the focused field. Afterwards it is as when it got the focus,
  // unless something was typed before the scan.
  let atFocus = null;
  for (const name of ["qty", "lotCode", "expiresOn", "location", "reference"]) {
    $(name).addEventListener("focus", () => {
      const { lot, typed, newLot, isSure, isBesides } = work.s;
      atFocus = { [name]: work.s[name], lot, typed, newLot, isSure, isBesides };
    });
    $(name).addEventListener("input", ({ inputType }) => {
      const value = name === "qty" ? $(name).value.trim() : $(name).value;
      if (inputType === "historyUndo" && atFocus?.[name] === value) return work.set(atFocus);
      work.type(name, value, name === "lotCode" ? { newLot: "", isSure: true } : {});
    });
  }
  $("reference").addEventListener("change", askForReference);
  $("qty").addEventListener("focus", () => $("qty").select());
  $("confirm").addEventListener("click", () => {
    work.set({ isSure: !work.s.isSure });
    refocus();
  });
  $("blind").addEventListener("click", () => {
    setting("blind", work.s.blind ? "off" : "on");
    work.set({ blind: !work.s.blind });
    refocus();
  });

  const offer = (item) => h("button.btn", { type: "button", "data-item": item.code, onclick() {
    $("item").value = "";
    $("items").replaceChildren();
    if (work.s.linking) return link(item);
    work.set({ item, unknown: "" });
    refocus();
  } }, `${item.code} ${item.name}`);
  $("item").addEventListener("input", () => {
    const text = $("item").value.trim();
    $("items").replaceChildren(...(text ? stock.search(text) : []).map(offer));
  });

  // After a tap outside the controls, the scan field gets the focus for the next scan.
  document.addEventListener("pointerup", (event) => {
    if (!event.target.closest("input, select, a, button, dialog, label")) refocus();
  });
  document.addEventListener("visibilitychange", () => document.hidden || refocus({ gently: true }));
};

const LINES = {
  online: t("Online"), offline: t("Offline"), trouble: t("Server busy"), out: t("Signed out"),
};
export const initLine = (refresh) => {
  const set = (state) => {
    const was = $("line").dataset.state;
    $("line").dataset.state = state;
    $("line-word").textContent = LINES[state];
    if (!["online", "start"].includes(was) && state === "online") refresh();
  };
  on("connection", set);
  on("session", ({ user }) => set(user ? "online" : "out"));
  window.addEventListener("offline", () => set("offline"));
  window.addEventListener("online", () => loadSession({ timer: true }));
  const standalone = matchMedia("(display-mode: standalone)").matches;
  const isApple = /iPad|iPhone|Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1;
  $("install").hidden = standalone || !isApple;
};
