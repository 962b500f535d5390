// Recognizes scanners that type like a keyboard: wherever the focus is, once per scan, and never
// for typing by hand.
//
// A burst of keys is a scan: at most 80 ms apart, ended by Enter, Tab or silence. If all other keys
// come faster than hands can type, one longer gap (of a radio, of a busy tablet) is allowed. The
// text of a scan is removed from the field that had the focus. Scanners type FNC1 as Ctrl+].
//
// On a busy tablet the first keys of a scan can come long before the others. If the scan field or
// no field has the focus, they are put in front of the burst. In another field they could have been
// typed by hand: a code without its first letter can be another lot, so the scan is refused. If
// they came long before, the listener gets them as well, and refuses if both texts are codes.

const GS = "\x1d";
export const MOST_GAP_MS = 80;
const HICCUP_MS = 300;
const MACHINE_GAP_MS = 35;
const FEWEST_AROUND_HICCUP = 6;
const SILENCE_MS = 95;
const TWICE_MS = 300;
const TRAILING_MS = 1000;
const LATE_MS = 2000;
const LATE_IN_FIELD_MS = 800;
const FEWEST = 4;
const FEWEST_BEFORE_ENTER = 3;

const NOTHING = Object.freeze({ text: "", at: -Infinity, field: null });

// Returns the character of a key, or "" if it has none.
export const scanCharacter = (event) => {
  if (event.ctrlKey && (event.key === "]" || event.code === "BracketRight")) return GS;
  if (event.key === GS) return GS;
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  return (plain || event.getModifierState("AltGraph")) && event.key.length === 1 ? event.key : "";
};

export const listenForScans = (onScan, onBroken = () => {}) => {
  let text = "";
  let ahead = NOTHING; // keys before the burst
  let inScanField = ""; // those of all these keys that the scan field has received
  let last = -Infinity;
  let startedAt = -Infinity;
  let hiccups = 0;
  let largest = 0;
  let field = null;
  let timer = 0;
  let scannedAt = -Infinity;
  let previous = { text: "", at: -Infinity };

  // The same code twice within 300 ms is one scan.
  function deliver(scanned, early) {
    const now = performance.now();
    const twice = scanned === previous.text && now - previous.at < TWICE_MS;
    previous = { text: scanned, at: now };
    scannedAt = now;
    if (!twice) onScan(scanned, early);
  }

  const isField = (element) => element?.matches?.("input, textarea");

  function begin(at) {
    if (at - last > LATE_MS) {
      ahead = NOTHING;
      inScanField = "";
    } else if (text) {
      ahead = { text: ahead.text + text, at: last, field: ahead.field ?? field };
    }
    text = "";
    startedAt = last = at;
    hiccups = largest = 0;
    const focused = document.activeElement;
    const isOther = isField(focused) && focused.id !== "scan-field";
    field = isOther ? { element: focused, value: focused.value } : null;
  }

  // The keys of a scan went through a field: this removes them.
  function restore({ element, value }) {
    if (element.value === value) return;
    element.value = value;
    element.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "historyUndo" }));
  }

  // Returns the text of the scan, and keys before it in another field that may belong to it; or
  // null if its beginning is not certain. The focus may move to the scan field between two keys.
  function whole() {
    if (!ahead.text) return { scanned: text };
    const other = ahead.field ?? field;
    if (!other) return { scanned: ahead.text + text };
    if (startedAt - ahead.at <= LATE_IN_FIELD_MS) return null;
    const early = { keys: ahead.text, text: ahead.text + text, restore: () => restore(other) };
    return { scanned: text, early };
  }

  function finish() {
    const scanField = document.getElementById("scan-field");
    const isMixed = scanField.value && scanField.value !== inScanField;
    const found = isMixed ? null : whole();
    for (const one of [field, !found && ahead.field]) if (one) restore(one);
    restore({ element: scanField, value: "" });
    const removed = ahead.field ? ahead.text : "";
    forget();
    if (found) return deliver(found.scanned, found.early);
    scannedAt = performance.now();
    return onBroken(removed);
  }

  function forget() {
    clearTimeout(timer);
    text = "";
    ahead = NOTHING;
    inScanField = "";
    last = -Infinity;
    field = null;
  }

  // Whether this key continues the burst; only one longer gap is allowed.
  function goesOn(gap) {
    if (!text || gap > HICCUP_MS) return false;
    if (gap > MOST_GAP_MS) hiccups += 1;
    else largest = Math.max(largest, gap);
    return hiccups < 2;
  }

  const isScan = (fewest) => text.length >= fewest &&
    (!hiccups || (largest <= MACHINE_GAP_MS && text.length >= FEWEST_AROUND_HICCUP));

  function swallow(event) {
    event.preventDefault();
    event.stopPropagation();
  }

  // The end of a scan. A second Enter of the scanner must not press the focused button.
  function onEnd(event) {
    const isTrailing = event.key === "Enter" && event.timeStamp - scannedAt < TRAILING_MS;
    if (event.timeStamp - last <= MOST_GAP_MS && isScan(FEWEST_BEFORE_ENTER)) {
      swallow(event);
      finish();
    } else {
      if (isTrailing && !text) swallow(event);
      else scannedAt = -Infinity;
      forget();
    }
  }

  function onKey(event) {
    if (event.isComposing || event.target.closest?.("dialog, [data-no-scan]")) return;
    if (["Shift", "Control", "Alt", "AltGraph", "CapsLock"].includes(event.key)) return;
    if (event.repeat) return forget();
    if (event.key === "Enter" || event.key === "Tab") return onEnd(event);
    const character = scanCharacter(event);
    if (!character) return forget();
    if (!goesOn(event.timeStamp - last)) begin(event.timeStamp);
    if (character === GS) event.preventDefault();
    text += character;
    if (document.activeElement?.id === "scan-field" && character !== GS) inScanField += character;
    scannedAt = -Infinity;
    last = event.timeStamp;
    clearTimeout(timer);
    timer = setTimeout(() => isScan(FEWEST) && finish(), SILENCE_MS);
    // A space in a scan must not press the focused button.
    if (character === " " && text.length > 1 && !isField(document.activeElement)) {
      event.preventDefault();
    }
  }

  // Some handhelds insert the whole text into the focused field, without key events.
  function onInput(event) {
    const element = event.target;
    if (element.id !== "scan-field" || text || (event.data?.length ?? 0) < FEWEST) return;
    const scanned = element.value.replace(/[\r\n\t]+$/, "");
    element.value = "";
    deliver(scanned);
  }

  document.addEventListener("keydown", onKey, { capture: true });
  document.addEventListener("input", onInput, { capture: true });
  return deliver;
};
