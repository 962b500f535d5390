// Stock on the tablet: the server's snapshot, and later responses. The figures are as old as
// `asOf`; the server decides on every operation.
import { emit } from "floor/dom";
import { isMore } from "floor/quantity";
import { ask } from "floor/requests";

const idOf = (item, lotCode) => `${item}\n${lotCode}`;

export const makeStock = async (db) => {
  let kept = { items: [], lots: [], reservations: [], codes: [], asOf: "", tag: "" };
  let items, lots, byLotCode, byName, reservations, codes;

  function index() {
    items = new Map(kept.items.map((item) => [item.code, item]));
    lots = new Map();
    byLotCode = new Map();
    reservations = new Map(kept.reservations.map((one) => [one.id, one]));
    codes = new Map((kept.codes ?? []).map((one) => [one.code, one]));
    byName = null;
    kept.lots.forEach(addLot);
  }

  function addLot(lot) {
    const id = idOf(lot.item, lot.lotCode);
    if (!lots.has(id)) {
      const same = byLotCode.get(lot.lotCode) ?? [];
      byLotCode.set(lot.lotCode, [...same, id]);
    }
    lots.set(id, lot);
  }

  const save = () => db.put("kept", kept, "snapshot");

  async function load() {
    kept = (await db.get("kept", "snapshot")) ?? kept;
    index();
  }

  // Loads the server's newest snapshot; an unchanged one counts as new.
  async function refresh() {
    const headers = { "Floor-Timer": "1", ...(kept.tag && { "If-None-Match": kept.tag }) };
    const answer = await ask("snapshot", { headers });
    if (answer?.status === 200) {
      kept = { codes: [], ...answer.body, tag: answer.response.headers.get("ETag") ?? "" };
      index();
    } else if (answer?.status !== 304) return false;
    kept.asOf = new Date().toISOString();
    await save();
    emit("stock");
    return true;
  }

  // Stores lots and reservations of a response, which are never older than the snapshot.
  async function learn(answer) {
    for (const item of answer.items ?? []) if (!items.has(item.code)) items.set(item.code, item);
    for (const lot of answer.lots ?? []) {
      const known = lots.get(idOf(lot.item, lot.lotCode));
      if (!known || known.seq <= lot.seq) addLot(lot);
    }
    for (const one of answer.reservations ?? []) reservations.set(one.id, one);
    for (const one of answer.codes ?? []) codes.set(one.code, one);
    kept = { ...kept, items: [...items.values()], lots: [...lots.values()],
      reservations: [...reservations.values()], codes: [...codes.values()] };
    kept.tag = "";
    await save();
    emit("stock");
  }

  // A barcode linked on this tablet is used at once; the next snapshot confirms or drops it.
  function teach(link) {
    codes.set(link.code, link);
  }

  async function forget() {
    await db.delete("kept", "snapshot");
    kept = { items: [], lots: [], reservations: [], codes: [], asOf: "", tag: "" };
    index();
  }

  const item = (code) => items.get(code);
  const lot = (itemCode, lotCode) => lots.get(idOf(itemCode, lotCode));
  const lotNumber = (id) => [...lots.values()].find((one) => one.id === id);
  const itemNumber = (id) => [...items.values()].find((one) => one.id === id);
  const lotsCalled = (lotCode) => (byLotCode.get(lotCode) ?? []).map((id) => lots.get(id));

  // Usable lots of an item, earliest expiry first, then oldest.
  function usable(itemCode) {
    return [...lots.values()]
      .filter((one) => one.item === itemCode && !one.hold && isMore(one.free, "0"))
      .sort((a, b) => (a.expiresOn ?? "9").localeCompare(b.expiresOn ?? "9") || a.id - b.id);
  }

  // Lines to pick for a reference: one per lot, in the order of their locations.
  function lines(reference) {
    const line = (one, line) => ({ ...line, item: one.item, reservation: one.id,
      place: lots.get(idOf(one.item, line.lotCode))?.location ?? "" });
    return [...reservations.values()]
      .filter((one) => one.reference === reference)
      .flatMap((one) => one.lots.map((part) => line(one, part)))
      .sort((a, b) => a.place.localeCompare(b.place));
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
    refresh, learn, teach, forget, item, lot, lotNumber, itemNumber, lotsCalled, usable, lines,
    jobs, search, locations, code,
    get asOf() { return kept.asOf; },
    get today() { return kept.today; },
  };
};
