// Stock on the tablet: the server's snapshot, later responses, and what waits in the outbox. The
// figures are as old as `asOf`; the server decides on every operation.
import { emit } from "floor/dom";
import { format, isMore, parse } from "floor/quantity";
import { ask } from "floor/requests";
import { applyUnsent, lotKey } from "floor/unsent_work";

const MOST_TRIES = 3;
const ASK_MS = 1500;
// A lot that waits to be received has no id yet; it is the newest.
const dayOf = (lot) => lot.expiresOn ?? "9";
const ageOf = (lot) => lot.id ?? Number.MAX_SAFE_INTEGER;

export const makeStock = async (db) => {
  // `learned`: operations whose responses are part of the figures.
  let kept = { items: [], lots: [], reservations: [], codes: [], asOf: "", tag: "" };
  let items, byLotCode, byName, codes;
  let known; // lots and reservations of the server
  let lots, reservations; // with what waits in the outbox
  let waiting = [];
  let settled = 0;

  function index() {
    items = new Map(kept.items.map((item) => [item.code, item]));
    codes = new Map((kept.codes ?? []).map((one) => [one.code, one]));
    byName = null;
    known = {
      lots: new Map(kept.lots.map((lot) => [lotKey(lot.item, lot.lotCode), lot])),
      reservations: new Map(kept.reservations.map((one) => [one.id, one])),
    };
    recount();
  }

  function recount() {
    ({ lots, reservations } = applyUnsent({ ...known, items, today: kept.today }, waiting));
    byLotCode = new Map();
    for (const [key, { lotCode }] of lots) {
      byLotCode.set(lotCode, [...(byLotCode.get(lotCode) ?? []), key]);
    }
  }

  const save = () => db.put("kept", kept, "snapshot");

  async function load() {
    kept = (await db.get("kept", "snapshot")) ?? kept;
    index();
  }

  // Loads the server's newest snapshot; an unchanged one counts as new. One that was made while an
  // operation of this tablet was posted can be older than its response: it is loaded again.
  async function refresh(tries = 1) {
    const headers = { "Floor-Timer": "1", ...(kept.tag && { "If-None-Match": kept.tag }) };
    const before = settled;
    const answer = await ask("snapshot", { headers });
    if (settled !== before && tries < MOST_TRIES) return refresh(tries + 1);
    if (answer?.status === 200) {
      const tag = answer.response.headers.get("ETag") ?? "";
      kept = { codes: [], ...answer.body, learned: kept.learned, tag };
      index();
    } else if (answer?.status !== 304) return false;
    kept.asOf = new Date().toISOString();
    await save();
    emit("stock");
    return true;
  }

  // Stores lots and reservations of a response, which are never older than the snapshot.
  async function learn(answer) {
    absorb(answer);
    recount();
    await save();
    emit("stock");
  }

  function absorb(answer) {
    for (const item of answer.items ?? []) if (!items.has(item.code)) items.set(item.code, item);
    for (const lot of answer.lots ?? []) {
      const key = lotKey(lot.item, lot.lotCode);
      if ((known.lots.get(key)?.seq ?? 0) <= lot.seq) known.lots.set(key, lot);
    }
    for (const one of answer.reservations ?? []) known.reservations.set(one.id, one);
    for (const one of answer.codes ?? []) codes.set(one.code, one);
    kept = { ...kept, items: [...items.values()], lots: [...known.lots.values()],
      reservations: [...known.reservations.values()], codes: [...codes.values()], tag: "" };
  }

  // Takes over the state of the outbox: responses that are new, also to another tab, and what
  // waits, of all users.
  async function follow(entries) {
    const done = entries.filter((entry) => entry.state === "done");
    const learned = new Set(kept.learned ?? done.map((entry) => entry.seq));
    const fresh = done.filter((entry) => !learned.has(entry.seq));
    settled += fresh.length;
    for (const entry of fresh) absorb(entry.answer);
    waiting = entries.filter((entry) => entry.state === "waiting");
    kept.learned = done.map((entry) => entry.seq);
    recount();
    if (fresh.length) await save();
    emit("stock");
  }

  // A barcode linked on this tablet is used at once; the next snapshot confirms or drops it.
  function teach(link) {
    codes.set(link.code, link);
  }

  async function forget() {
    await db.delete("kept", "snapshot");
    const { learned } = kept;
    kept = { items: [], lots: [], reservations: [], codes: [], asOf: "", tag: "", learned };
    index();
  }

  const item = (code) => items.get(code);
  const lot = (itemCode, lotCode) => lots.get(lotKey(itemCode, lotCode));
  const lotNumber = (id) => [...lots.values()].find((one) => one.id === id);
  const itemNumber = (id) => [...items.values()].find((one) => one.id === id);
  const lotsCalled = (lotCode) => (byLotCode.get(lotCode) ?? []).map((id) => lots.get(id));

  // Usable lots of an item, earliest expiry first, then oldest.
  function usable(itemCode) {
    return [...lots.values()]
      .filter((one) => one.item === itemCode && !one.hold && isMore(one.free, "0"))
      .sort((a, b) => dayOf(a).localeCompare(dayOf(b)) || ageOf(a) - ageOf(b));
  }

  // Lines to pick for a reference: one per lot, in the order of their locations.
  function lines(reference) {
    const line = (one, line) => ({ ...line, item: one.item, reservation: one.id,
      isUnsent: one.isUnsent,
      place: lots.get(lotKey(one.item, line.lotCode))?.location ?? "" });
    return [...reservations.values()]
      .filter((one) => one.reference === reference)
      .flatMap((one) => one.lots.map((part) => line(one, part)))
      .sort((a, b) => a.place.localeCompare(b.place));
  }

  // What a job has reserved of an item and not yet issued, by lot; usable lots first.
  function reservedFor(itemCode, reference) {
    const open = new Map();
    for (const line of lines(reference).filter((one) => one.item === itemCode)) {
      const micros = (open.get(line.lotCode)?.micros ?? 0n) + (parse(line.open) ?? 0n);
      const unsent = (open.get(line.lotCode)?.unsent ?? 0n) + (parse(line.unsent ?? "0") ?? 0n);
      if (micros) open.set(line.lotCode, { micros, unsent });
    }
    const isHeld = ({ lotCode }) => (lots.get(lotKey(itemCode, lotCode))?.hold ? 1 : 0);
    return [...open]
      .map(([lotCode, { micros, unsent }]) =>
        ({ lotCode, open: format(micros), unsent: format(unsent) }))
      .sort((a, b) => isHeld(a) - isHeld(b));
  }

  // Asks the server for the reservations of a job. Returns whether it answered.
  async function askFor(reference) {
    const path = `reservations?reference=${encodeURIComponent(reference)}`;
    const answer = await ask(path, { signal: AbortSignal.timeout(ASK_MS) });
    if (answer?.status !== 200) return false;
    await learn(answer.body);
    return true;
  }

  const isOpen = (one) => one.lots.some((line) => isMore(line.open, "0"));
  const jobs = () =>
    [...new Set([...reservations.values()].filter(isOpen).map((one) => one.reference))].reverse();

  // Items whose code or name contains all the words, in the order of the snapshot.
  function search(text, most = 8) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    byName ??= [...items.values()].map((one) => [`${one.code} ${one.name}`.toLowerCase(), one]);
    return byName
      .filter(([name]) => words.every((word) => name.includes(word)))
      .slice(0, most)
      .map(([, one]) => one);
  }

  const locations = () => new Set([...lots.values()].map((one) => one.location).filter(Boolean));
  const code = (text) => codes.get(text);

  await load();
  return {
    refresh, learn, follow, teach, forget, item, lot, lotNumber, itemNumber, lotsCalled, usable,
    lines, reservedFor, askFor, jobs, search, locations, code,
    get asOf() { return kept.asOf; },
    get today() { return kept.today; },
  };
};
