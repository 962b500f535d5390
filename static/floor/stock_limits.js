// How much the operation at hand can take, by the figures of the tablet, and whether it takes what
// its job has reserved. The server decides; this tells it before.
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
    const where = (all) => all.map((line) => `${line.open} ${unit} in ${line.lotCode}`).join(", ");
    if (s.isBesides) {
      return { here, others, text: `From free stock. ${job} keeps reserved: ${where(lines)}.` };
    }
    if (here) {
      const text = `Issues what is reserved for ${job}: ${here.open} ${unit} in ${here.lotCode}.`;
      return { here, others, text };
    }
    return { here, others, isOpen: true,
      text: `${job} has reserved ${where(others)}, nothing in ${s.lot.lotCode}. Choose one.` };
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
    const { lotCode } = s.lot;
    const job = s.task === "pick" ? s.job : s.reference.trim();
    const unsent = line ? line.unsent : s.lot.unsentOut;
    const whose = !line ? `free in ${lotCode}`
      : s.task === "pick" ? `of ${lotCode} for ${job}` : `of ${lotCode} reserved for ${job}`;
    const what = isSome(most) ? `Only ${most} ${unit} ${whose}, ${s.qty} asked for`
      : `Nothing ${line ? "left" : "is"} ${whose}`;
    const why = [
      isSome(unsent) && waitingWords(unsent, unit, lotCode),
      !line && isSome(s.lot.reserved) && `${s.lot.reserved} ${unit} reserved`,
    ].filter(Boolean).join(", ");
    return `${what}${why && `: ${why}`}.`;
  }

  return { reserved, reservedChoice, full, excess };
};
