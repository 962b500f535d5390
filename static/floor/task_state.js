// State of the current task: the scanned item and lot, and the quantity. Independent of the page.
import { emit, setting } from "floor/dom";
import * as qty from "floor/quantity";
import { makeAcceptance } from "floor/scan_acceptance";
import { TASKS, usual, waitingWords, whyHeld } from "floor/tasks";

export const makeWork = (stock) => {
  const s = { task: "issue", job: "", blind: setting("blind") === "on", ...usual("issue") };
  const changed = () => emit("work", s);

  function set(changes) {
    Object.assign(s, changes);
    changed();
  }

  // Sets a field by hand; scans do not overwrite it.
  const type = (name, value, more = {}) => {
    const others = s.typed.filter((one) => one !== name);
    set({ [name]: value, typed: value ? [...others, name] : others, ...more });
  };

  const clear = () =>
    set({ ...usual(s.task), reference: s.task === "reserve" ? s.reference : "" });

  const acceptance = makeAcceptance({ s, set }, stock);

  function setTask(task) {
    const { item, lot, unknown, canLink, newLot, isSure } = s;
    const { lotCode, expiresOn, choices, warnings } = s;
    Object.assign(s, usual(task), {
      item, lot, unknown, canLink, newLot, isSure, lotCode, expiresOn, choices, warnings, task,
    });
    if (task === "receive" && lot) s.lotCode = lot.lotCode;
    if (task === "receive" && unknown && !item) s.lotCode = unknown;
    if (task === "pick" && s.job && lot) acceptance.pickFrom(lot);
    changed();
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
    if (noLot && s.notice?.lotCode) return `Confirm first that ${s.notice.lotCode} is a new lot.`;
    if (noLot) return "Which lot? Scan it.";
    if (s.task === "receive" && !s.isSure) return `Say first that ${s.newLot} is right.`;
    if (s.task === "move") return s.location.trim() ? "" : "Where to? Scan the place, or write it.";
    if (amount === null) return whatItCanMean() || howMuch();
    if (excess()) return excess().text;
    if (amount < 0n || (amount === 0n && s.task !== "count")) return "More than nothing, please.";
    if (s.task === "reserve" && !s.reference.trim()) return "For which job or order?";
    if (s.task === "pick" && !s.line) return "Scan a lot of the job.";
    if (TASKS[s.task].usable && s.lot.hold) return whyHeld(s.lot);
    if (s.task === "count" && !s.blind && !s.reason && isOff()) {
      const { onHand } = s.lot;
      return `${qty.format(amount)} ${s.item.unit} counted, ${onHand} on hand: say why.`;
    }
    return "";
  }

  // What is asked for beyond the tablet's figures: the sentence, and the most that is possible.
  function excess() {
    const amount = micros();
    if (!s.item || !s.lot || amount === null || !TASKS[s.task].usable) return null;
    const isPick = s.task === "pick";
    const most = isPick ? s.line?.open : s.lot.free;
    const isNone = !qty.isMore(most ?? "0", "0");
    if (most === undefined || s.lot.hold || (!isNone && amount <= qty.parse(most))) return null;
    const { unit } = s.item;
    const { lotCode, reserved } = s.lot;
    const unsent = isPick ? s.line.unsent : s.lot.unsentOut;
    const whose = isPick ? `of ${lotCode} for ${s.job}` : `free in ${lotCode}`;
    const what = isNone ? `Nothing ${isPick ? "left" : "is"} ${whose}`
      : `Only ${most} ${unit} ${whose}, ${s.qty} asked for`;
    const why = [
      qty.isMore(unsent ?? "0", "0") && waitingWords(unsent, unit, lotCode),
      !isPick && qty.isMore(reserved, "0") && `${reserved} ${unit} reserved`,
    ].filter(Boolean).join(", ");
    return { most, text: `${what}${why && `: ${why}`}.` };
  }

  // Takes over new figures of the stock for what is at hand.
  function renew() {
    const now = (lot) => stock.lot(lot.item, lot.lotCode) ?? lot;
    const isSame = ({ reservation, lotCode }) =>
      reservation === s.line.reservation && lotCode === s.line.lotCode;
    if (s.lot) s.lot = now(s.lot);
    if (s.line) s.line = stock.lines(s.job).find(isSame) ?? s.line;
    s.choices = s.choices.map(now);
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

  return { s, set, type, setTask, clear, complaint, isOff, readings, whatItCanMean, excess,
    renew, body, ...acceptance };
};
