// Resolves scans: first from the tablet's data, at once; then from the server, if connected.
import { t } from "floor/messages";
import { day } from "floor/dom";
import { ONE, format, parse } from "floor/quantity";
import { ask } from "floor/requests";

const LOOKUP_MS = 4000;
// Factors from the unit of a label's measure to the units of items.
const UNITS = {
  kg: { kg: 1n, g: 1000n }, l: { l: 1n, ml: 1000n }, m: { m: 1n, cm: 100n, mm: 1000n },
  m2: { m2: 1n, "m²": 1n }, m3: { m3: 1n, "m³": 1n },
};

// Quantity of one scan: a weight in the item's unit, else a count, else the linked quantity.
function qtyOf(reading, known, item) {
  const factor = reading.measure && UNITS[reading.measureUnit]?.[item.unit.toLowerCase()];
  let micros = known.qty ? parse(known.qty) : null;
  if (factor) micros = parse(reading.measure) * factor;
  else if (reading.count) micros = BigInt(reading.count) * (reading.contents ? micros : ONE);
  if (micros === null || parse(format(micros), item.decimals) === null) return undefined;
  return format(micros);
}

// Whether an internal label is of this warehouse: its check is a hash of what it names.
async function isOurs({ kind, check }, ...codes) {
  const text = new TextEncoder().encode(["INV1", kind, ...codes].join("\0"));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  const hex = [...digest.slice(0, 3)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.toUpperCase() === check;
}

export const makeResolver = (stock) => {
  const untilOf = (reading) => reading.expiresOn ?? reading.bestBefore;

  function ofLot(lot, reading) {
    const told = [reading.expiresOn, reading.bestBefore].filter(Boolean);
    const differs = told.length && !told.includes(lot.expiresOn);
    const dates = { label: told[0] && day(told[0]), lot: lot.lotCode,
      date: lot.expiresOn && day(lot.expiresOn) };
    const warning = lot.expiresOn
      ? t("The label says %(label)s, but %(lot)s expires on %(date)s.", dates)
      : t("The label says %(label)s, but the lot has no expiry date.", dates);
    const warnings = differs ? [warning] : [];
    return { lot, item: stock.item(lot.item), reading, warnings };
  }

  function ofCode(known, reading) {
    const item = stock.item(known.item);
    if (!item) return null;
    const better = { ...reading, qty: qtyOf(reading, known, item), expiresOn: untilOf(reading) };
    const lotCode = reading.lotCode ?? known.lotCode;
    if (!lotCode) return { item, reading: better };
    const lot = stock.lot(item.code, lotCode);
    return lot ? ofLot(lot, better) : { item, newLot: lotCode, reading: better };
  }

  async function ofOwn(own, reading) {
    const lot = own.kind === "lot" && stock.lotNumber(own.id);
    const item = own.kind === "item" && stock.itemNumber(own.id);
    if (own.kind === "location" && (await isOurs(own, own.location))) {
      return { location: own.location, reading };
    }
    if (lot && (await isOurs(own, lot.item, lot.lotCode))) return ofLot(lot, reading);
    if (item && (await isOurs(own, item.code))) return { item, reading };
    return { unknown: true, reading };
  }

  // Resolves a scan from the tablet's data.
  async function here(reading) {
    if (reading.error) return { unknown: true, reading };
    if (reading.own) return ofOwn(reading.own, reading);
    const keys = [reading.sscc && `(00)${reading.sscc}`, reading.gtin, reading.text];
    for (const text of keys.filter(Boolean)) {
      const found = stock.code(text) && ofCode(stock.code(text), reading);
      if (found) return found;
    }
    if (reading.form === "gs1" && (reading.gtin || !reading.lotCode)) {
      return { unknown: true, reading };
    }
    const lots = stock.lotsCalled(reading.lotCode ?? reading.text);
    if (lots.length === 1) return ofLot(lots[0], reading);
    if (lots.length) return { choices: lots, reading };
    if (stock.item(reading.text)) return { item: stock.item(reading.text), reading };
    if (stock.lines(reading.text).length) return { job: reading.text, reading };
    if (stock.locations().has(reading.text)) return { location: reading.text, reading };
    return { unknown: true, reading };
  }

  // Resolves a scan on the server; null without a response.
  async function there(reading) {
    if (reading.error) return null;
    const answer = await ask(`lookup?scan=${encodeURIComponent(reading.raw)}`, {
      signal: AbortSignal.timeout(LOOKUP_MS),
    });
    if (answer?.status === 422) {
      return { unknown: true, reading: { ...reading, error: answer.body.detail } };
    }
    if (answer?.status !== 200) return null;
    await stock.learn(answer.body);
    const { kind, lotCode, qty, expiresOn, location, job } = answer.body;
    const { choices, linkable, warnings } = answer.body;
    const item = stock.item(answer.body.item);
    const better = { ...reading, qty, lotCode, expiresOn };
    const lotOf = (one) => stock.lot(one.item, one.lotCode);
    if (kind === "lot") return { lot: lotOf(answer.body), item, reading: better, warnings };
    if (kind === "new_lot") return { item, newLot: lotCode, reading: better, warnings };
    if (kind === "item") return { item, reading: better, warnings };
    if (kind === "several") return { choices: choices.map(lotOf).filter(Boolean), reading: better };
    if (kind === "location") return { location, reading: better };
    if (kind === "job") return { job, reading: better };
    return { unknown: true, linkable, warnings, reading: better };
  }

  return { here, there };
};
