// State of the current task: the scanned item and lot, and the quantity. Independent of the page.
import { emit, setting } from "floor/dom";
import * as qty from "floor/quantity";

// `full`: the quantity of ALL. `fields`: optional fields; `late` shows them below the button,
// because they are rarely needed. `usable`: lots on hold are refused.
export const TASKS = {
  issue: {
    verb: "Issue", full: (s) => s.lot?.free, fields: ["reference"], usable: true, late: true,
  },
  receive: {
    verb: "Receive", fields: ["lotCode", "expiresOn", "location", "reference"], late: true,
  },
  reserve: { verb: "Reserve", full: (s) => s.lot?.free, fields: ["reference"], usable: true },
  pick: { verb: "Pick", full: (s) => s.line?.open, fields: [], usable: true },
  count: { verb: "Count", full: (s) => s.lot?.onHand, fields: ["reason"] },
  move: { verb: "Move", fields: ["location"] },
  lookup: { fields: [] },
};
export const REASONS = ["Found more", "Missing", "Damaged", "Counted wrong before"];

const EMPTY = {
  item: null, lot: null, newLot: "", isSure: true, line: null, unknown: "", choices: [],
  warnings: [], canLink: null, linking: false,
  qty: "", reference: "", location: "", expiresOn: "", reason: "", lotCode: "",
};

export const makeWork = (stock) => {
  const s = { task: "issue", job: "", blind: setting("blind") === "on", ...EMPTY };
  const changed = () => emit("work", s);
  // The quantity of a count is typed; all others begin with one.
  const usual = (task = s.task) => ({ ...EMPTY, qty: task === "count" ? "" : "1" });

  function set(changes) {
    Object.assign(s, changes);
    changed();
  }

  const clear = () => set({ ...usual(), reference: s.task === "reserve" ? s.reference : "" });

  function setTask(task) {
    const { item, lot, unknown, canLink, newLot, isSure } = s;
    const { lotCode, expiresOn, choices, warnings } = s;
    Object.assign(s, usual(task), {
      item, lot, unknown, canLink, newLot, isSure, lotCode, expiresOn, choices, warnings, task,
    });
    if (task === "receive" && lot) s.lotCode = lot.lotCode;
    if (task === "receive" && unknown && !item) s.lotCode = unknown;
    if (task === "pick" && s.job && lot) pickFrom(lot);
    changed();
  }

  // Applies a resolved scan. Returns the signal: [kind, text].
  function take(found) {
    const [kind, text] = takeUp(found);
    const warnings = found.warnings ?? [];
    if (warnings.length) set({ warnings });
    return warnings.length && kind === "scanned" ? ["kept", warnings[0]] : [kind, text];
  }

  function takeUp(found) {
    const { reading } = found;
    const amount = reading.qty && !(s.task === "move") ? { qty: reading.qty } : {};
    if (found.job) return takeJob(found.job);
    if (s.task === "move" && s.lot && (found.location || found.unknown)) {
      set({ location: found.location ?? reading.text });
      return ["scanned", `To ${s.location}.`];
    }
    if (found.lot) return takeLot(found.lot, found.item, amount);
    if (found.choices) {
      set({ ...usual(), ...amount, choices: found.choices });
      return ["scanned", `${reading.text}: lots of several items have this code. Choose one.`];
    }
    if (found.newLot) return takeNewLot(found, amount);
    if (found.item) return takeItem(found.item, amount, found.reading);
    if (found.location) return ["bad", `${found.location} is a place. Scan a lot or an item.`];
    const canLink = found.linkable ?? !(reading.error || reading.own);
    const linking = canLink ? { raw: reading.raw, text: reading.text } : null;
    if (reading.error) set({ ...EMPTY });
    else {
      const lotCode = s.task === "receive" ? reading.text : "";
      set({ ...usual(), unknown: reading.text, canLink: linking, lotCode });
    }
    return ["bad", reading.error || `${reading.text} is not known here.`];
  }

  function takeLot(lot, item, amount) {
    if (s.task === "pick") return takePick(lot, amount);
    const kept = { reference: s.reference, location: s.task === "receive" ? s.location : "" };
    set({ ...usual(), ...kept, ...amount, item, lot, lotCode: lot.lotCode });
    if (TASKS[s.task].usable && lot.hold) return ["bad", whyHeld(lot)];
    return ["scanned", `${lot.lotCode} of ${lot.item}`];
  }

  function takeNewLot({ item, newLot, reading }, amount) {
    const facts = { item, newLot, lotCode: newLot, expiresOn: reading.expiresOn ?? "" };
    set({ ...usual(), ...facts, ...amount, isSure: false, location: s.location });
    if (s.task === "receive") return ["scanned", `${newLot} would be a new lot of ${item.code}.`];
    return ["bad", `${item.code} has no lot ${newLot} that is known here.`];
  }

  // A scan of an item alone selects the lot to take first and offers the others.
  function takeItem(item, amount, reading) {
    const choices = s.task === "receive" ? [] : stock.usable(item.code);
    const expiresOn = reading?.expiresOn ?? "";
    if (s.task === "pick") return ["bad", "Scan the lot that you take it from."];
    const first = s.task === "count" || s.task === "move" ? null : (choices[0] ?? null);
    set({ ...usual(), ...amount, item, choices, lot: first, expiresOn, location: s.location });
    if (!first) return ["scanned", `${item.code}: now the lot.`];
    return ["scanned", `${item.code}: take ${first.lotCode} first.`];
  }

  function takeJob(job) {
    set({ ...EMPTY, task: "pick", job });
    const open = stock.lines(job).filter((line) => qty.isMore(line.open, "0")).length;
    return ["scanned", `${job}: ${open === 1 ? "1 lot" : `${open} lots`} to pick.`];
  }

  function pickFrom(lot) {
    const mine = stock.lines(s.job).filter((l) => l.item === lot.item && l.lotCode === lot.lotCode);
    const line = mine.find((one) => qty.isMore(one.open, "0"));
    if (line) Object.assign(s, { line, lot, item: stock.item(lot.item), qty: line.open });
    return line;
  }

  // A wrong lot is refused at once and not kept.
  function takePick(lot) {
    if (!s.job) {
      set({ ...EMPTY });
      return ["bad", "Which job? Scan it or choose it first."];
    }
    Object.assign(s, EMPTY);
    const line = pickFrom(lot);
    changed();
    if (!line) return ["bad", `Wrong lot: ${lot.lotCode} of ${lot.item} is not for ${s.job}.`];
    if (lot.hold) return ["bad", whyHeld(lot)];
    return ["scanned", `${lot.lotCode}: ${line.open} for ${s.job}.`];
  }

  const micros = () => qty.parse(s.qty, s.item?.decimals ?? 6);
  const howMuch = () => `How much? Write it like 12${s.item.decimals ? " or 12.5" : ""}.`;

  // What a quantity like 1,000 can mean: as a sentence, and for the buttons.
  const readings = () => (s.item ? qty.readings(s.qty, s.item.decimals) : []);
  function whatItCanMean() {
    const [one, other] = readings();
    if (other) return `${s.qty} can be read as ${one} or as ${other} ${s.item.unit}. Choose one.`;
    return one ? `Is ${s.qty} to be ${one} ${s.item.unit}? Choose it, or write it again.` : "";
  }

  // Returns why the operation cannot be sent, or "".
  function complaint() {
    const amount = micros();
    const noLot = s.task === "receive" ? !s.lotCode.trim() : !s.lot;
    if (!s.item) return "Which item? Scan it, or choose it.";
    if (noLot) return "Which lot? Scan it.";
    if (s.task === "receive" && !s.isSure) return `Say first that ${s.newLot} is right.`;
    if (s.task === "move") return s.location.trim() ? "" : "Where to? Scan the place, or write it.";
    if (amount === null) return whatItCanMean() || howMuch();
    if (amount < 0n || (amount === 0n && s.task !== "count")) return "More than nothing, please.";
    if (s.task === "reserve" && !s.reference.trim()) return "For which job or order?";
    if (s.task === "pick" && !s.line) return "Scan a lot of the job.";
    if (s.task === "pick" && qty.isMore(s.qty, s.line.open)) {
      return `Only ${s.line.open} of it are for ${s.job}.`;
    }
    if (TASKS[s.task].usable && s.lot.hold) return whyHeld(s.lot);
    if (s.task === "count" && !s.blind && !s.reason && isOff()) {
      const { onHand } = s.lot;
      return `${qty.format(amount)} ${s.item.unit} counted, ${onHand} on hand: say why.`;
    }
    return "";
  }

  const isOff = () => s.lot && micros() !== null && micros() !== qty.parse(s.lot.onHand);

  // Returns the operation as the server expects it.
  function body() {
    const lotCode = s.task === "receive" ? s.lotCode.trim() : s.lot.lotCode;
    const all = { op: s.task, item: s.item.code, lotCode, occurredAt: new Date().toISOString() };
    const amount = qty.format(micros() ?? 0n);
    if (s.task === "move") return { ...all, location: s.location.trim() };
    if (s.task === "pick") {
      const { reservation } = s.line;
      return { ...all, op: "issue", qty: amount, reservation, reference: s.job };
    }
    if (s.task === "count") {
      const reason = s.reason && { reason: s.reason };
      return { ...all, counted: amount, lotSeq: s.lot.seq, ...reason };
    }
    for (const name of TASKS[s.task].fields) if (s[name].trim()) all[name] = s[name].trim();
    if (s.task === "receive" && stock.lot(s.item.code, lotCode)) all.addToLot = true;
    return { ...all, qty: amount };
  }

  return { s, set, setTask, take, takeItem, takeLot, clear, complaint, isOff, readings, whatItCanMean,
    body };
};

export const whyHeld = (lot) => {
  const why = { QUARANTINE: "is in quarantine", REJECTED: "is rejected", EXPIRED: "has expired" };
  return `${lot.lotCode} ${why[lot.hold]}: it cannot be taken.`;
};
