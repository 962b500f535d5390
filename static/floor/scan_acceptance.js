// Applies resolved scans to the form of the task. A scan of the same item adds to the form; a scan
// of another item empties it, and the message names the input that was not posted.
import { t, tn } from "floor/messages";
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
    const name = s.task === "count" && s.lot ? s.lot.lotCode : s.item.code;
    if (!names.includes("qty")) return t("Not posted: your input for %(name)s.", { name });
    const values = { qty: s.qty, unit: s.item.unit, name };
    return t("Not posted: %(qty)s %(unit)s of %(name)s.", values);
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
        notes.push(t("Kept %(typed)s. The label says %(value)s.", { typed: s[name], value }));
      } else if (value) changes[name] = value;
    }
    return [changes, notes.join(" ")];
  }

  const kindOf = (note) => (note ? "kept" : "scanned");
  const hasAmount = () => isTyped("qty") && s.qty;
  const values = () =>
    ({ lot: s.lot?.lotCode, item: s.item.code, qty: s.qty, unit: s.item.unit });

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
    const text = hasAmount() ? t("%(lot)s of %(item)s, %(qty)s %(unit)s.", values())
      : t("%(lot)s of %(item)s.", values());
    const choice = limits.reservedChoice();
    const notes = join(note, choice?.isOpen && choice.text);
    return [kindOf(notes), join(text, notes)];
  }

  function takeChoices({ choices, reading }, amount) {
    const mine = choices.find((lot) => lot.item === s.item?.code);
    if (mine) return takeLot(mine, s.item, amount);
    const note = startAfresh({ choices, ...(amount && { qty: amount }) });
    const text = t("%(code)s: several lots have this number. Choose one.", { code: reading.text });
    return [kindOf(note), join(text, note)];
  }

  const newLotText = (lot, { code }) =>
    t("%(lot)s is a new lot of %(item)s. Confirm it below.", { lot, item: code });

  function takeNewLot({ item, newLot, reading }, amount) {
    const text = s.task === "receive" ? newLotText(newLot, item)
      : t("%(item)s has no lot %(lot)s.", { item: item.code, lot: newLot });
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
    if (s.task === "pick") return ["bad", t("Scan the lot to pick from.")];
    const [changes, kept] = fill({ qty: amount, expiresOn: reading?.expiresOn });
    if (isAtHand(item) && s.lot && !s.isAuto) {
      goOn(changes);
      const text = hasAmount() ? t("%(item)s from %(lot)s, %(qty)s %(unit)s.", values())
        : t("%(item)s from %(lot)s.", values());
      return [kindOf(kept), join(text, kept)];
    }
    const choices = s.task === "receive" ? [] : stock.usable(item.code);
    const first = s.task === "count" || s.task === "move" ? null : firstOf(item, choices);
    const mine = { item, choices, lot: first, isAuto: true };
    let note = kept;
    if (s.item && !isAtHand(item)) note = startAfresh({ ...mine, ...changes });
    else goOn({ ...mine, ...changes });
    return [kindOf(note), join(nextText(item.code, first?.lotCode), note)];
  }

  function nextText(item, first) {
    if (first) return t("%(item)s: take %(lot)s first.", { item, lot: first });
    const lot = s.task === "receive" && s.lotCode;
    if (lot) return t("%(item)s: lot %(lot)s.", { item, lot });
    return t("%(item)s: now scan the lot.", { item });
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
    const text = tn("%(job)s: %(n)s lot to pick.", "%(job)s: %(n)s lots to pick.", open, { job });
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
      return ["bad", t("Scan or choose a job first.")];
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
    const names = { lot: lot.lotCode, item: lot.item, job: s.job };
    if (!line) {
      const wrong = t("Wrong lot: %(lot)s of %(item)s is not reserved for %(job)s.", names);
      return ["bad", join(wrong, note)];
    }
    if (lot.hold) return ["bad", join(whyHeld(lot), note)];
    const text = t("%(lot)s: %(qty)s %(unit)s for %(job)s.",
      { ...names, qty: line.open, unit: stock.item(lot.item)?.unit ?? "" });
    return [kindOf(note), join(text, note)];
  }

  function allPicked({ item, lotCode: lot, unsent }) {
    const text = t("All of %(lot)s for %(job)s is picked.", { lot, job: s.job });
    return join(text, unsent && waitingWords(unsent, stock.item(item)?.unit ?? "", lot));
  }

  // A location that is not known is new, unless another one is there already.
  function takePlace({ location, reading }) {
    if (!location && (reading.error || (s.location && s.location !== reading.text))) {
      const place = reading.text;
      const text = t("%(place)s is a new location. Confirm it below.", { place });
      const notice = reading.error ? null : { text, location: place };
      set({ notice });
      return ["bad", reading.error || notice.text];
    }
    goOn({ location: location ?? reading.text });
    return ["scanned", t("New location: %(location)s.", s)];
  }

  function takeLocation(location) {
    if (s.task !== "receive") {
      return ["bad", t("%(location)s is a location. Scan a lot or an item.", { location })];
    }
    const [changes, note] = fill({ location });
    set(changes);
    return [kindOf(note), note || t("Location %(location)s.", { location })];
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

  const notFound = ({ text }) => t("Code not found: %(text)s", { text });

  // An unknown code while an item is at hand changes nothing; it can be the item's new lot.
  function takeStray(found) {
    const { reading } = found;
    if (reading.error) return ["bad", reading.error];
    const lotCode = s.task === "receive" ? lotCodeOf(reading) : "";
    const text = lotCode ? newLotText(lotCode, s.item) : notFound(reading);
    const { expiresOn, bestBefore } = reading;
    const notice = { text, lotCode, expiresOn: expiresOn ?? bestBefore };
    set({ notice, canLink: linkOf(found), linking: false });
    return [lotCode ? "kept" : "bad", text];
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
    return ["bad", notFound(reading)];
  }

  // Takes over what the notice proposes: the number of a new lot, or a new location. Returns it as
  // a sentence.
  function confirmNotice() {
    const { lotCode, location, expiresOn } = s.notice;
    if (location) {
      goOn({ location });
      return t("New location: %(location)s.", { location });
    }
    const [changes] = fill({ expiresOn });
    goOn({ ...changes, lot: null, newLot: lotCode, lotCode, isSure: true });
    const names = { ...values(), lot: lotCode };
    return hasAmount() ? t("New lot %(lot)s of %(item)s, %(qty)s %(unit)s.", names)
      : t("New lot %(lot)s of %(item)s.", names);
  }

  return { take, takeItem, pickFrom, confirmNotice };
};
