// Shows the keys that a scanner sends for the test symbol, and which settings to change.
import { $, h, icon } from "floor/dom";
import { SEPARATORS, readScan } from "floor/gs1";
import { MOST_GAP_MS, scanCharacter } from "floor/keyboard_scanner";
import { t } from "floor/messages";

const START = "010952112345678510";
const LOT = "XYZ-1";
const END = "17301231";
const SILENCE_MS = 600;
const FEWEST = 6;
const SHIFTS = ["Shift", "Control", "Alt", "AltGraph"];
const NAMES = { Enter: "Enter", Tab: "Tab", "\x1d": "GS", " ": t("space") };

// The keys of a burst: { key, text, gap }
let keys = [];
let timer = 0;

function onKey(event) {
  if (SHIFTS.includes(event.key) || event.repeat) return;
  if (!keys.length && (event.key === "Tab" || event.key === "Enter")) return;
  const text = scanCharacter(event);
  if (text || event.key === "Enter" || event.key === "Tab") event.preventDefault();
  const last = keys.at(-1)?.at ?? event.timeStamp;
  keys.push({ key: event.key, text, at: event.timeStamp, gap: event.timeStamp - last });
  clearTimeout(timer);
  timer = setTimeout(finish, SILENCE_MS);
}

function finish() {
  const burst = keys;
  keys = [];
  if (burst.length >= FEWEST) show(burst, judgeScan(burst));
}

const ok = (text) => ({ kind: "done", text });
const note = (text) => ({ kind: "kept", text });
const bad = (text) => ({ kind: "bad", text });

// The text of a burst without suffix keys; a key without a character is <Name>.
const textOf = (burst) => burst.map((one) => one.text || `<${one.key}>`).join("");

const judgeScan = (burst) => {
  const typed = burst.slice();
  const suffix = [];
  while (["Enter", "Tab"].includes(typed.at(-1)?.key)) suffix.unshift(typed.pop().key);
  const text = textOf(typed);
  const begin = text.indexOf(START + LOT);
  if (begin < 0) return [garbled(text), speedOf(burst)];
  const middle = text.slice(begin + START.length + LOT.length);
  const end = middle.lastIndexOf(END);
  if (end < 0) {
    return [bad(t("The symbol is incomplete: the date, its last field, is missing."))];
  }
  return [
    separator(middle.slice(0, end)), prefix(text.slice(0, begin)),
    ending(suffix, middle.slice(end + END.length)), speedOf(burst),
  ];
};

function separator(between) {
  if (between === "\x1d") return ok(t("FNC1 is sent as GS (Ctrl+])."));
  if (SEPARATORS.includes(between)) return ok(t("FNC1 is sent as %(text)s.", { text: between }));
  if (!between) {
    return bad(t("FNC1 is missing, so the lot would be read as %(lot)s. " +
      "Set the scanner to send FNC1 as GS (ASCII 29), in keyboard mode as Ctrl+].",
    { lot: LOT + END }));
  }
  return bad(t("FNC1 is sent as %(text)s, which is not supported. " +
    "Set the scanner to send FNC1 as GS (ASCII 29).", { text: between }));
}

function prefix(before) {
  if (/^\](d2|C1)\x1d?$/.test(before)) {
    return ok(t("The prefix %(prefix)s marks a GS1 code.", { prefix: before.slice(0, 3) }));
  }
  if (!before || before === "\x1d") {
    return note(t("No prefix. Scans work, " +
      "but are safer if the scanner sends the AIM identifier (]d2, ]C1) first."));
  }
  if (/^\][A-Za-z]\d$/.test(before)) {
    return bad(t("The prefix %(prefix)s means that the code is not GS1. " +
      "Turn on GS1 in the scanner.", { prefix: before }));
  }
  return bad(t("The scanner adds %(keys)s before the code. Turn off this prefix.",
    { keys: named(before) }));
}

function ending(suffix, behind) {
  if (behind) {
    return bad(t("The scanner adds %(keys)s after the code. Turn off this suffix.",
      { keys: named(behind) }));
  }
  const keys = suffix.join(", ");
  if (suffix.length > 1) {
    return note(t("The scan ends with %(keys)s. Scans work, but one key is enough.", { keys }));
  }
  if (suffix.length) return ok(t("The scan ends with %(keys)s.", { keys }));
  return note(t("No suffix. Scans work, but are faster if the scanner adds Enter."));
}

function speedOf(burst) {
  const ms = Math.round(Math.max(...burst.slice(1).map((one) => one.gap)));
  if (ms <= MOST_GAP_MS) return ok(t("Keys are at most %(ms)s ms apart: fast enough.", { ms }));
  return bad(t("Keys are up to %(ms)s ms apart. The limit is %(limit)s ms. " +
    "Reduce the delay between keys in the scanner.", { ms, limit: MOST_GAP_MS }));
}

function garbled(text) {
  const isSame = (one) => text.toUpperCase().includes(one);
  if (isSame(START + LOT)) {
    return bad(t("Upper and lower case are swapped. " +
      "Turn off Caps Lock on the tablet and in the scanner."));
  }
  if (text.includes(START)) {
    return bad(t("Some characters are wrong. " +
      "Set the scanner to the keyboard language of the tablet."));
  }
  const reading = readScan(text);
  if (!reading.error) {
    return { ...note(t("This is another code: %(code)s. Scan one of the symbols on this page.",
      { code: reading.text })), isOther: true };
  }
  return bad(t("The symbol cannot be read. " +
    "Set the scanner to the keyboard language of the tablet."));
}

const named = (text) => [...text].map((one) => NAMES[one] ?? one).join("");
const ICONS = { done: "circle-check", kept: "triangle-alert", bad: "octagon-x" };
const WORDS = {
  done: t("The scanner is set up correctly."),
  kept: t("The scanner works. One setting can be improved."),
  bad: t("The scanner needs other settings."),
};

function show(burst, findings) {
  const worst = ["bad", "kept", "done"].find((kind) => findings.some((one) => one.kind === kind));
  const { isOther } = findings[0];
  const band = $("band");
  band.dataset.kind = worst;
  band.replaceChildren(icon(ICONS[worst]),
    h("span", {}, isOther ? t("Another code was scanned.") : WORDS[worst]));
  $("findings").replaceChildren(...findings.map(({ kind, text }) =>
    h("li", { "data-kind": kind }, icon(ICONS[kind]), h("span", {}, text))));
  $("raw").replaceChildren(...burst.map(({ key, text }) => {
    const name = NAMES[text] ?? NAMES[key] ?? (text || key);
    return h(name.length > 1 ? "kbd.named" : "kbd", {}, name);
  }));
  $("outcome").hidden = false;
}

document.addEventListener("keydown", onKey, { capture: true });
document.body.dataset.ready = "yes";
