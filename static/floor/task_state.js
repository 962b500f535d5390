// State of the current task: the scanned item and lot, and the quantity. Independent of the page.
import { emit, setting } from "floor/dom";
import { t } from "floor/messages";
import * as qty from "floor/quantity";
import { makeAcceptance } from "floor/scan_acceptance";
import { makeLimits } from "floor/stock_limits";
import { TASKS, usual, whyHeld } from "floor/tasks";

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
    Object.assign(s, { [name]: value, typed: value ? [...others, name] : others, ...more });
    if (name === "reference") takeReference();
    changed();
  };

  // An issue for a job takes what it has reserved: the lot too, if the page chose that.
  function takeReference() {
    s.isBesides = false;
    if (s.task !== "issue" || !s.item || !s.isAuto) return;
    const [line] = limits.reserved();
    s.lot = (line && stock.lot(s.item.code, line.lotCode)) ?? stock.usable(s.item.code)[0] ?? s.lot;
  }

  // What the server says about the job: it can have reservations that are new to the tablet.
  async function askForReference() {
    if (s.task === "issue" && s.reference.trim() && (await stock.askFor(s.reference.trim()))) {
      takeReference();
      changed();
    }
  }

  const clear = () =>
    set({ ...usual(s.task), reference: s.task === "reserve" ? s.reference : "" });

  const limits = makeLimits(s, stock);
  const acceptance = makeAcceptance({ s, set, limits }, stock);

  function setTask(task) {
    const { item, lot, unknown, canLink, newLot, isSure } = s;
    const { lotCode, expiresOn, choices, warnings, isAuto } = s;
    Object.assign(s, usual(task), {
      item, lot, unknown, canLink, newLot, isSure, lotCode, expiresOn, choices, warnings, isAuto,
      task,
    });
    if (task === "receive" && lot) s.lotCode = lot.lotCode;
    if (task === "receive" && unknown && !item) s.lotCode = unknown;
    if (task === "pick" && s.job && lot) acceptance.pickFrom(lot);
    changed();
  }

  const micros = () => qty.parse(s.qty, s.item?.decimals ?? 6);
  const howMuch = () => (s.item.decimals ? t("Enter a quantity, such as 12 or 12.5.")
    : t("Enter a quantity, such as 12."));

  // What a quantity like 1,000 can mean: as a sentence, and for the buttons.
  const readings = () => (s.item ? qty.readings(s.qty, s.item.decimals) : []);
  function whatItCanMean() {
    const [one, other] = readings();
    const values = { typed: s.qty, one, other, unit: s.item?.unit };
    if (other) return t("%(typed)s can mean %(one)s or %(other)s %(unit)s. Choose one.", values);
    return one ? t("Does %(typed)s mean %(one)s %(unit)s? Choose it, or enter the quantity again.",
      values) : "";
  }

  // Returns why the operation cannot be sent, or "".
  function complaint() {
    const amount = micros();
    const noLot = s.task === "receive" ? !s.lotCode.trim() : !s.lot;
    if (!s.item) return t("Scan or choose an item.");
    const newLot = noLot ? s.notice?.lotCode : s.task === "receive" && !s.isSure && s.newLot;
    if (noLot && !newLot) return t("Scan a lot.");
    const year = s.task === "receive" && s.expiresOn ? Number(s.expiresOn.slice(0, -6)) : 2000;
    if (year < 2000 || year > 2199) {
      return t("The year %(year)s is not valid. Enter a year from 2000 to 2199.", { year });
    }
    if (newLot) return t("Confirm new lot %(lot)s first.", { lot: newLot });
    if (s.task === "move") return s.location.trim() ? "" : t("Scan or enter the new location.");
    if (amount === null) return whatItCanMean() || howMuch();
    if (limits.reservedChoice()?.isOpen) return limits.reservedChoice().text;
    if (limits.excess()) return limits.excess().text;
    if (amount < 0n || (amount === 0n && s.task !== "count")) {
      return t("Enter a quantity greater than zero.");
    }
    if (s.task === "reserve" && !s.reference.trim()) return t("Enter a job or order.");
    if (s.task === "pick" && !s.line) return t("Scan a lot of the job.");
    if (TASKS[s.task].usable && s.lot.hold) return whyHeld(s.lot);
    if (s.task === "count" && !s.blind && !s.reason && isOff()) {
      const values = { counted: qty.format(amount), unit: s.item.unit, onHand: s.lot.onHand };
      return t("%(counted)s %(unit)s counted, %(onHand)s %(unit)s on hand. Choose a reason.",
        values);
    }
    return "";
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
      // A reservation that waits to be sent has no number yet.
      const { reservation, isUnsent } = s.line;
      const which = isUnsent ? { reservedFirst: true } : { reservation };
      return { ...all, op: "issue", qty: amount, ...which, reference: s.job };
    }
    if (s.task === "count") {
      const reason = s.reason && { reason: s.reason };
      return { ...all, counted: amount, lotSeq: s.lot.seq, ...reason };
    }
    for (const name of TASKS[s.task].fields) if (s[name].trim()) all[name] = s[name].trim();
    if (s.task === "receive" && stock.lot(s.item.code, lotCode)) all.addToLot = true;
    if (s.task === "issue" && all.reference && !s.isBesides) all.reservedFirst = true;
    return { ...all, qty: amount };
  }

  return { s, set, type, setTask, clear, complaint, isOff, readings, whatItCanMean, renew, body,
    askForReference, ...limits, ...acceptance };
};
