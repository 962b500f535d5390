// Applies resolved scans to the task at hand. A scan that belongs to the item at hand completes the
// form and keeps the rest; what it cannot use changes nothing but the message. Another item starts
// afresh, and the message names what was typed and not posted.
import * as qty from "floor/quantity";
import { EMPTY, TASKS, usual, waitingWords, whyHeld } from "floor/tasks";

const LONGEST_LOT_CODE = 64;

export const makeAcceptance = (work, stock) => {
  const { s, set, limits } = work;
  const isTyped = (name) => s.typed.includes(name);
  const isAtHand = (item) => s.item?.code === item.code;
  const join = (...texts) => texts.filter(Boolean).join(" ");

  // Returns [kind, text]: the signal of the scan.
  function take(found) {
    const [kind, text] = takeUp(found);
    const warnings = found.warnings ?? [];
    if (warnings.length) set({ warnings });
    return warnings.length && kind === "scanned" ? ["kept", warnings[0]] : [kind, text];
  }

  function takeUp(found) {
    const { reading } = found;
    const amount = reading.qty && s.task !== "move" ? reading.qty : "";
    if (found.job) return takeJob(found.job);
    if (s.task === "move" && s.lot && (found.location || found.unknown)) return takePlace(found);
    if (found.lot) return takeLot(found.lot, found.item, amount);
    if (found.choices) return takeChoices(found, amount);
    if (found.newLot) return takeNewLot(found, amount);
    if (found.item) return takeItem(found.item, amount, reading);
    if (found.location) return takeLocation(found.location);
    return s.item ? takeStray(found) : takeUnknown(found);
  }

  // What was typed for the item at hand, as a sentence, if the next scan drops it.
  function dropped() {
    const names = ["qty", "expiresOn", "reason", "lotCode", ...(s.task === "receive" ? [] :
      ["location"])].filter((name) => isTyped(name) && s[name]);
    if (!s.item || !names.length) return "";
    const what = s.task === "count" && s.lot ? s.lot.lotCode : s.item.code;
    if (!names.includes("qty")) return `What was typed for ${what} was not posted.`;
    return `${s.qty} ${s.item.unit} of ${what} were not posted.`;
  }

  // Begins with another item, or another lot to count. Returns what was dropped.
  function startAfresh(changes) {
    const lost = dropped();
    const location = s.task === "receive" ? s.location : "";
    const keeps = location ? ["reference", "location"] : ["reference"];
    const typed = s.typed.filter((name) => keeps.includes(name));
    set({ ...usual(s.task), reference: s.reference, location, typed, ...changes });
    return lost;
  }

  const NOTHING_SHOWN = {
    unknown: "", notice: null, warnings: [], canLink: null, linking: false, line: null,
  };
  const goOn = (changes) =>
    set({ ...NOTHING_SHOWN, qty: s.qty || usual(s.task).qty, ...changes });

  // What a label says, unless something else was typed. Returns the changes, and a note.
  function fill(values) {
    const changes = {};
    const notes = [];
    for (const [name, value] of Object.entries(values)) {
      if (value && isTyped(name) && s[name] && s[name] !== value) {
        notes.push(`${s[name]} stays, the label says ${value}.`);
      } else if (value) changes[name] = value;
    }
    return [changes, notes.join(" ")];
  }

  const kindOf = (note) => (note ? "kept" : "scanned");
  const howMuch = () => (isTyped("qty") && s.qty ? `, ${s.qty} ${s.item.unit}` : "");

  function takeLot(lot, item, amount) {
    if (s.task === "pick") return takePick(lot);
    const isAnother = s.task === "count" && s.lot && s.lot.lotCode !== lot.lotCode;
    const mine = { item, lot, lotCode: lot.lotCode, newLot: "", isSure: true, isAuto: false,
      isBesides: false };
    let note;
    if ((s.item && !isAtHand(item)) || isAnother) {
      note = startAfresh({ ...mine, ...(amount && { qty: amount }) });
    } else {
      const [changes, kept] = fill({ qty: amount });
      note = kept;
      goOn({ ...mine, ...changes, choices: s.item ? s.choices : [] });
    }
    if (TASKS[s.task].usable && lot.hold) return ["bad", join(whyHeld(lot), note)];
    const text = `${lot.lotCode} of ${lot.item}${howMuch()}`;
    const choice = limits.reservedChoice();
    const notes = join(note, choice?.isOpen && choice.text);
    return [kindOf(notes), notes ? `${text}. ${notes}` : text];
  }

  function takeChoices({ choices, reading }, amount) {
    const mine = choices.find((lot) => lot.item === s.item?.code);
    if (mine) return takeLot(mine, s.item, amount);
    const note = startAfresh({ choices, ...(amount && { qty: amount }) });
    const text = `${reading.text}: lots of several items have this code. Choose one.`;
    return [kindOf(note), join(text, note)];
  }

  function takeNewLot({ item, newLot, reading }, amount) {
    const text = s.task === "receive" ? `${newLot} would be a new lot of ${item.code}.`
      : `${item.code} has no lot ${newLot} that is known here.`;
    if (s.task !== "receive" && isAtHand(item)) {
      goOn({});
      return ["bad", text];
    }
    const mine = { item, lot: null, newLot, lotCode: newLot, isSure: false };
    const { expiresOn } = reading;
    let note;
    if (s.item && !isAtHand(item)) {
      note = startAfresh({ ...mine, ...(amount && { qty: amount }), expiresOn: expiresOn ?? "" });
    } else {
      const [changes, kept] = fill({ qty: amount, expiresOn });
      note = kept;
      goOn({ ...mine, ...changes, choices: [] });
    }
    return [s.task === "receive" ? kindOf(note) : "bad", join(text, note)];
  }

  // An item without a lot: the lot to take first is chosen, and the others are offered.
  function takeItem(item, amount, reading) {
    if (s.task === "pick") return ["bad", "Scan the lot that you take it from."];
    const [changes, kept] = fill({ qty: amount, expiresOn: reading?.expiresOn });
    if (isAtHand(item) && s.lot && !s.isAuto) {
      goOn(changes);
      return [kindOf(kept), join(`${item.code} from ${s.lot.lotCode}${howMuch()}.`, kept)];
    }
    const choices = s.task === "receive" ? [] : stock.usable(item.code);
    const first = s.task === "count" || s.task === "move" ? null : firstOf(item, choices);
    const mine = { item, choices, lot: first, isAuto: true };
    let note = kept;
    if (s.item && !isAtHand(item)) note = startAfresh({ ...mine, ...changes });
    else goOn({ ...mine, ...changes });
    const hasLot = first || (s.task === "receive" && s.lotCode);
    const next = first ? `take ${first.lotCode} first.` : hasLot ? `lot ${s.lotCode}.`
      : "now the lot.";
    return [kindOf(note), join(`${item.code}: ${next}`, note)];
  }

  // The lot to take: one that the job has reserved, else the one that expires first.
  function firstOf(item, choices) {
    const job = s.task === "issue" ? s.reference.trim() : "";
    const [line] = job ? stock.reservedFor(item.code, job) : [];
    return (line && stock.lot(item.code, line.lotCode)) ?? choices[0] ?? null;
  }

  function takeJob(job) {
    const note = dropped();
    set({ ...EMPTY, task: "pick", job });
    const open = stock.lines(job).filter((line) => qty.isMore(line.open, "0")).length;
    const text = `${job}: ${open === 1 ? "1 lot" : `${open} lots`} to pick.`;
    return [kindOf(note), join(text, note)];
  }

  // The line of the job to pick from this lot.
  function pickFrom(lot) {
    const mine = stock.lines(s.job).filter((l) => l.item === lot.item && l.lotCode === lot.lotCode);
    const line = mine.find((one) => qty.isMore(one.open, "0"));
    if (line) Object.assign(s, { line, lot, item: stock.item(lot.item), qty: line.open });
    return line;
  }

  // A wrong lot is refused at once and not kept; the lot at hand keeps its quantity.
  function takePick(lot) {
    if (!s.job) {
      set({ ...EMPTY });
      return ["bad", "Which job? Scan it or choose it first."];
    }
    const isSame = s.line && s.lot?.lotCode === lot.lotCode && s.lot.item === lot.item;
    const typed = isSame && isTyped("qty") ? { qty: s.qty, typed: s.typed } : {};
    const note = isSame ? "" : dropped();
    Object.assign(s, EMPTY);
    const line = pickFrom(lot);
    set(line ? typed : {});
    const picked = stock.lines(s.job).find((one) => one.item === lot.item &&
      one.lotCode === lot.lotCode);
    if (!line && picked) return ["bad", join(allPicked(picked), note)];
    if (!line) {
      return ["bad", join(`Wrong lot: ${lot.lotCode} of ${lot.item} is not for ${s.job}.`, note)];
    }
    if (lot.hold) return ["bad", join(whyHeld(lot), note)];
    return [kindOf(note), join(`${lot.lotCode}: ${line.open} for ${s.job}.`, note)];
  }

  function allPicked({ item, lotCode, unsent }) {
    const words = `All of ${lotCode} for ${s.job} is picked`;
    if (!unsent) return `${words}.`;
    return `${words}: ${waitingWords(unsent, stock.item(item)?.unit ?? "", lotCode)}.`;
  }

  // A location that is not known is new, unless another one is there already.
  function takePlace({ location, reading }) {
    if (!location && (reading.error || (s.location && s.location !== reading.text))) {
      const notice = reading.error ? null
        : { text: `${reading.text} would be a new location.`, location: reading.text };
      set({ notice });
      return ["bad", reading.error || notice.text];
    }
    goOn({ location: location ?? reading.text });
    return ["scanned", `To ${s.location}.`];
  }

  function takeLocation(location) {
    if (s.task !== "receive") return ["bad", `${location} is a location. Scan a lot or an item.`];
    const [changes, note] = fill({ location });
    set(changes);
    return [kindOf(note), note || `Location ${location}.`];
  }

  const linkOf = ({ reading, linkable }) => {
    const canLink = linkable ?? !(reading.error || reading.own);
    return canLink ? { raw: reading.raw, text: reading.text } : null;
  };

  // The lot number on a label that is not known here, if it can be one.
  function lotCodeOf(reading) {
    const text = reading.lotCode ?? (reading.form === "gs1" || reading.own ? "" : reading.text);
    return text.length <= LONGEST_LOT_CODE ? text : "";
  }

  // An unknown code while an item is at hand changes nothing; it can be the item's new lot.
  function takeStray(found) {
    const { reading } = found;
    if (reading.error) return ["bad", reading.error];
    const lotCode = s.task === "receive" ? lotCodeOf(reading) : "";
    const text = lotCode ? `Lot ${lotCode} would be a new lot of ${s.item.code}.`
      : `${reading.text} is not known here.`;
    const { expiresOn, bestBefore } = reading;
    const notice = { text, lotCode, expiresOn: expiresOn ?? bestBefore };
    set({ notice, canLink: linkOf(found), linking: false });
    return lotCode ? ["kept", `${text} Confirm it below.`] : ["bad", text];
  }

  function takeUnknown(found) {
    const { reading } = found;
    const lotCode = isTyped("lotCode") || s.lotCode !== s.unknown ? s.lotCode : "";
    if (reading.error) {
      goOn({ choices: [], lotCode });
      return ["bad", reading.error];
    }
    const [changes] = fill({ expiresOn: s.task === "receive" && reading.expiresOn });
    const mine = { unknown: reading.text, choices: [], canLink: linkOf(found) };
    if (s.task === "receive") mine.lotCode = lotCode || lotCodeOf(reading);
    goOn({ lotCode: "", ...mine, ...changes });
    return ["bad", `${reading.text} is not known here.`];
  }

  // Takes over what the notice proposes: the number of a new lot, or a new location. Returns it as
  // a sentence.
  function confirmNotice() {
    const { lotCode, location, expiresOn } = s.notice;
    if (location) {
      goOn({ location });
      return `To ${location}.`;
    }
    const [changes] = fill({ expiresOn });
    goOn({ ...changes, lot: null, newLot: lotCode, lotCode, isSure: true });
    return `New lot ${lotCode} of ${s.item.code}${howMuch()}.`;
  }

  return { take, takeItem, pickFrom, confirmNotice };
};
