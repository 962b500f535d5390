// Shows the keys that a scanner sends for the test symbol, and which settings to change.
import { $, h, icon } from "floor/dom";
import { SEPARATORS, readScan } from "floor/gs1";
import { MOST_GAP_MS, scanCharacter } from "floor/keyboard_scanner";

const START = "010952112345678510";
const LOT = "XYZ-1";
const END = "17301231";
const SILENCE_MS = 600;
const FEWEST = 6;
const SHIFTS = ["Shift", "Control", "Alt", "AltGraph"];
const NAMES = { Enter: "Enter", Tab: "Tab", "\x1d": "GS", " ": "space" };

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
    return [bad("The symbol did not arrive whole: its last field, the date, is missing.")];
  }
  return [
    separator(middle.slice(0, end)), prefix(text.slice(0, begin)),
    ending(suffix, middle.slice(end + END.length)), speedOf(burst),
  ];
};

function separator(between) {
  if (between === "\x1d") return ok("FNC1 arrives, as the character GS (Ctrl+]).");
  if (SEPARATORS.includes(between)) return ok(`FNC1 arrives, written as ${between}.`);
  if (!between) {
    return bad(`FNC1 is lost: the lot would be read as ${LOT}${END}. ` +
      "Set the scanner to send FNC1 as GS (ASCII 29), in keyboard mode as Ctrl+].");
  }
  return bad(`FNC1 arrives as ${between}, which is not understood here. ` +
    "Set the scanner to send it as GS (ASCII 29).");
}

function prefix(before) {
  if (/^\](d2|C1)\x1d?$/.test(before)) {
    return ok(`The prefix ${before.slice(0, 3)} tells that it is GS1.`);
  }
  if (!before || before === "\x1d") {
    return note("No prefix. It works; " +
      "safer is a scanner that sends the AIM identifier (]d2, ]C1) in front.");
  }
  if (/^\][A-Za-z]\d$/.test(before)) {
    return bad(`The prefix ${before} says that the symbol is not GS1. ` +
      "Switch GS1 on in the scanner.");
  }
  return bad(`The scanner puts ${named(before)} in front of the code. Switch that prefix off.`);
}

function ending(suffix, behind) {
  if (behind) {
    return bad(`The scanner puts ${named(behind)} behind the code. Switch that suffix off.`);
  }
  if (suffix.length > 1) {
    return note(`The scan ends with ${suffix.join(" and ")}. It works; one is enough.`);
  }
  if (suffix.length) return ok(`The scan ends with ${suffix[0]}.`);
  return note("No suffix. It works; " +
    "with Enter behind the code a scan is taken up a little sooner.");
}

function speedOf(burst) {
  const slowest = Math.round(Math.max(...burst.slice(1).map((one) => one.gap)));
  if (slowest <= MOST_GAP_MS) return ok(`Keys are at most ${slowest} ms apart: fast enough.`);
  return bad(`Keys are up to ${slowest} ms apart; ` +
    `${MOST_GAP_MS} ms is the most that is taken for a scanner. ` +
    "Make its delay between keys shorter.");
}

function garbled(text) {
  const isSame = (one) => text.toUpperCase().includes(one);
  if (isSame(START + LOT)) {
    return bad("Small and capital letters are exchanged: " +
      "Caps Lock is on, on the tablet or in the scanner.");
  }
  if (text.includes(START)) {
    return bad("Letters and signs arrive as others. " +
      "Set the scanner's keyboard language to that of the tablet.");
  }
  const reading = readScan(text);
  if (!reading.error) {
    return note(`That was another code: ${reading.text}. Scan one of the symbols on this page.`);
  }
  return bad("The symbol arrives as something else. " +
    "Set the scanner's keyboard language to that of the tablet.");
}

const named = (text) => [...text].map((one) => NAMES[one] ?? one).join("");
const ICONS = { done: "circle-check", kept: "triangle-alert", bad: "octagon-x" };
const WORDS = {
  done: "This scanner is set up well.", kept: "This scanner works. One thing could be better.",
  bad: "This scanner has to be set up.",
};

function show(burst, findings) {
  const worst = ["bad", "kept", "done"].find((kind) => findings.some((one) => one.kind === kind));
  const isOther = findings[0].text.startsWith("That was another");
  const band = $("band");
  band.dataset.kind = worst;
  band.replaceChildren(icon(ICONS[worst]),
    h("span", {}, isOther ? "That was another code." : WORDS[worst]));
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
