// The effect of the tablet's unsent operations on its stock: figures of lots and reservations are
// those of the snapshot and of what waits in the outbox, of all users.
import { format, parse } from "floor/quantity";

export const lotKey = (item, lotCode) => `${item}\n${lotCode}`;

const micros = (text) => parse(text ?? "0") ?? 0n;
const smaller = (a, b) => (a < b ? a : b);

// Returns copies of the lots and reservations with all waiting operations applied in order.
// `unsentOut` and `unsentIn` of a lot, and `unsent` of a reservation's line, are what waits.
export function applyUnsent({ items, lots, reservations, today }, entries) {
  const now = { lots: new Map(lots), reservations: new Map(reservations) };

  function change(body, { onHand = 0n, reserved = 0n, entries: count = 1 }) {
    const key = lotKey(body.item, body.lotCode);
    const lot = now.lots.get(key);
    if (!lot) return;
    const has = micros(lot.onHand) + onHand;
    const held = micros(lot.reserved) + reserved;
    const free = has > held && !lot.hold ? has - held : 0n;
    const less = reserved - onHand;
    const isCommitted = onHand < 0n && reserved < 0n; // of what was reserved: it was not free
    const out = isCommitted ? -onHand : less > 0n ? less : 0n;
    now.lots.set(key, { ...lot, onHand: format(has), reserved: format(held), free: format(free),
      unsentOut: format(micros(lot.unsentOut) + out),
      unsentIn: format(micros(lot.unsentIn) + (less < 0n && !isCommitted ? -less : 0n)),
      seq: lot.seq + count });
  }

  // Issues from what is reserved in the lot. Returns the quantity that it covers.
  function pick(reservation, body, qty) {
    const line = reservation.lots.find((one) => one.lotCode === body.lotCode);
    const taken = line ? smaller(micros(line.open), qty) : 0n;
    if (!taken) return 0n;
    const picked = { ...line, open: format(micros(line.open) - taken),
      issued: format(micros(line.issued) + taken), unsent: format(micros(line.unsent) + taken) };
    const lines = reservation.lots.map((one) => (one === line ? picked : one));
    now.reservations.set(reservation.id, { ...reservation, lots: lines });
    return taken;
  }

  function receive(body) {
    const key = lotKey(body.item, body.lotCode);
    const item = items.get(body.item);
    if (!now.lots.has(key)) {
      const isExpired = body.expiresOn && today && body.expiresOn < today;
      now.lots.set(key, { item: body.item, lotCode: body.lotCode, expiresOn: body.expiresOn,
        location: body.location, onHand: "0", reserved: "0", free: "0", seq: 0,
        hold: item?.qc ? "QUARANTINE" : isExpired ? "EXPIRED" : undefined });
    }
    change(body, { onHand: micros(body.qty) });
  }

  function issue(body) {
    const qty = micros(body.qty);
    const first = body.reservedFirst ? [...now.reservations.values()].filter(
      ({ item, reference }) => item === body.item && reference === body.reference) : [];
    const reservation = now.reservations.get(body.reservation);
    let taken = 0n;
    let parts = 0;
    for (const one of reservation ? [reservation] : first) {
      const part = pick(one, body, qty - taken);
      taken += part;
      if (part) parts += 1;
    }
    if (body.reservation) change(body, { onHand: -qty, reserved: -qty, entries: 2 });
    else change(body, { onHand: -qty, reserved: -taken, entries: 2 * parts || 1 });
  }

  function count(body) {
    const lot = now.lots.get(lotKey(body.item, body.lotCode));
    const difference = micros(body.counted) - micros(lot?.onHand);
    if (difference) change(body, { onHand: difference });
  }

  function move(body) {
    const key = lotKey(body.item, body.lotCode);
    const lot = now.lots.get(key);
    if (lot) now.lots.set(key, { ...lot, location: body.location });
  }

  function reserve({ item, reference, lotCode, qty }, number) {
    change({ item, lotCode }, { reserved: micros(qty) });
    const id = `unsent-${number}`;
    const line = { lotCode, open: qty, issued: "0" };
    now.reservations.set(id, { id, item, reference, isUnsent: true, lots: [line] });
  }

  const effects = { receive, issue, reserve, count, move };
  for (const { body, seq } of entries) effects[body.op]?.(body, seq);
  return now;
}
