// How much the operation at hand can take, by the figures of the tablet, and whether it takes what
// its job has reserved. The server decides; this tells it before.
import { t } from "floor/messages";
import * as qty from "floor/quantity";
import { TASKS, waitingWords } from "floor/tasks";

const isSome = (amount) => qty.isMore(amount ?? "0", "0");

export const makeLimits = (s, stock) => {
  // What the job of an issue has reserved of the item, by lot; nothing for other tasks.
  const reserved = () => (s.task === "issue" && s.item && s.reference.trim()
    ? stock.reservedFor(s.item.code, s.reference.trim()) : []);

  // `here`: what is reserved in the lot at hand. `isOpen`: the user has to choose. `text` says it.
  function reservedChoice() {
    const lines = reserved();
    if (!lines.length || !s.lot) return null;
    const { unit } = s.item;
    const job = s.reference.trim();
    const here = lines.find((line) => line.lotCode === s.lot.lotCode);
    const others = lines.filter((line) => line !== here);
    const where = (all) => all.map((line) => t("%(qty)s %(unit)s in %(lot)s",
      { qty: line.open, unit, lot: line.lotCode })).join(", ");
    if (s.isBesides) {
      const text = t("Issues free stock. Still reserved for %(job)s: %(lots)s.",
        { job, lots: where(lines) });
      return { here, others, text };
    }
    if (here) {
      const text = t("Issues stock reserved for %(job)s: %(lots)s.", { job, lots: where([here]) });
      return { here, others, text };
    }
    const text = t("Reserved for %(job)s: %(lots)s. Nothing is reserved in %(lot)s. Choose one.",
      { job, lots: where(others), lot: s.lot.lotCode });
    return { here, others, isOpen: true, text };
  }

  const fromReserved = () => {
    const choice = reservedChoice();
    return choice?.here && !s.isBesides ? choice.here : null;
  };

  // The quantity of ALL.
  const full = () => fromReserved()?.open ?? TASKS[s.task].full?.(s) ?? "1";

  // What is asked for beyond the tablet's figures: the sentence, and the most that is possible.
  function excess() {
    const amount = qty.parse(s.qty, s.item?.decimals ?? 6);
    if (!s.item || !s.lot || amount === null || !TASKS[s.task].usable) return null;
    if (s.lot.hold || reservedChoice()?.isOpen) return null;
    const line = s.task === "pick" ? s.line : fromReserved();
    const most = s.task === "pick" || line ? line?.open : s.lot.free;
    if (most === undefined || (isSome(most) && amount <= qty.parse(most))) return null;
    return { most, text: excessText(line, most) };
  }

  function excessText(line, most) {
    const { unit } = s.item;
    const unsent = line ? line.unsent : s.lot.unsentOut;
    const reserved = line ? "0" : s.lot.reserved;
    return [
      isSome(most) ? tooMuchText(line, most) : nothingText(line),
      isSome(unsent) && waitingWords(unsent, unit, s.lot.lotCode),
      isSome(reserved) && t("Reserved: %(qty)s %(unit)s.", { qty: reserved, unit }),
    ].filter(Boolean).join(" ");
  }

  const jobAtHand = () => (s.task === "pick" ? s.job : s.reference.trim());

  function tooMuchText(line, most) {
    const values = { most, unit: s.item.unit, lot: s.lot.lotCode, job: jobAtHand(), qty: s.qty };
    return line
      ? t("Only %(most)s %(unit)s of %(lot)s reserved for %(job)s, %(qty)s %(unit)s requested.",
        values)
      : t("Only %(most)s %(unit)s free in %(lot)s, %(qty)s %(unit)s requested.", values);
  }

  function nothingText(line) {
    const values = { lot: s.lot.lotCode, job: jobAtHand() };
    return line ? t("Nothing left of %(lot)s for %(job)s.", values)
      : t("Nothing is free in %(lot)s.", values);
  }

  return { reserved, reservedChoice, full, excess };
};
