// Parses scans like the server (tests/support/scans.json tests both), for use without a connection:
// GS1 messages, GTINs, internal labels, plain codes.
import { t } from "floor/messages";
import { format } from "floor/quantity";

const GS = "\x1d";
export const SEPARATORS = ["\u241d", "^]", "<GS>", "{GS}", "<FNC1>", "{FNC1}"];
const GS1 = new Set(["C1", "e0", "e1", "e2", "d2", "Q3", "J1"]);
const RETAIL = new Set(["E0", "E4"]);
const MEASURES = { 310: "kg", 311: "m", 314: "m2", 315: "l", 316: "m3" };
const DATES = new Set(["11", "12", "13", "15", "16", "17", "7003"]);
const FIELD = /^[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]+$/;
const OWN = /^INV1(?:([LI])([1-9]\d{0,18})|P((?:[0-9A-F]{2}){1,256}))X([0-9A-F]{6})$/;
const KINDS = { L: "lot", I: "item" };

// Application identifiers with their patterns. Those whose length is fixed by the standard need
// no separator.
const FIXED = [
  [/^00/, /^\d{18}/], [/^0[123]/, /^\d{14}/], [/^1[1235-7]/, /^\d{6}/], [/^20/, /^\d{2}/],
  [/^3(1[0-6]|2\d|3[0-7]|4\d|5\d|6\d)[0-6]/, /^\d{6}/], [/^41[0-7]/, /^\d{13}/],
];
const OPEN = [
  [/^(10|21|22|254)/, /^.{1,20}/], [/^(30|37)/, /^\d{1,8}/], [/^235/, /^.{1,28}/],
  [/^(24[0135]|25[0135]|40[013])/, /^.{1,30}/], [/^242/, /^\d{1,6}/],
  [/^402/, /^\d{17}/], [/^42[0-7]/, /^.{1,20}/], [/^39[0-5]\d/, /^\d{1,18}/],
  [/^43[0-3]\d/, /^.{1,70}/], [/^7003/, /^\d{10}/], [/^70[0-4]\d/, /^.{1,30}/],
  [/^71\d/, /^.{1,20}/], [/^72[34]\d/, /^.{1,90}/], [/^80[0-3]\d/, /^.{1,90}/],
  [/^81(10|11|12)/, /^.{1,70}/], [/^8200/, /^.{1,70}/], [/^90/, /^.{1,30}/],
  [/^9[1-9]/, /^.{1,90}/],
];

class Unreadable extends Error {
  constructor(problem, text) { super(text); this.problem = problem; }
}
const fail = (problem, text) => { throw new Unreadable(problem, text); };

function checkDigit(payload) {
  const digits = [...payload].reverse().map(Number);
  return (10 - (digits.reduce((sum, one, at) => sum + one * (at % 2 ? 1 : 3), 0) % 10)) % 10;
}
const endsRight = (text) => checkDigit(text.slice(0, -1)) === Number(text.at(-1));
const isGtin = (text) =>
  /^(\d{8}|\d{12,14})$/.test(text) && /[1-9]/.test(text) && endsRight(text);
const unknown = (ai) => t("GS1 does not define field (%(ai)s).", { ai });
const wrongDigit = (text) => fail("CHECK_DIGIT",
  t("The last digit of %(code)s must be %(digit)s. Scan again.",
    { code: text, digit: checkDigit(text.slice(0, -1)) }));

// Returns YYMMDD as a date, or null; day 00 is the last of its month.
function day(text) {
  const now = new Date().getFullYear();
  let year = Math.floor(now / 100) * 100 + Number(text.slice(0, 2));
  if (year - now >= 51) year -= 100;
  else if (year - now <= -50) year += 100;
  const month = Number(text.slice(2, 4));
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const date = Number(text.slice(4, 6)) || last;
  if (month < 1 || month > 12 || date > last) return null;
  return `${year}-${String(month).padStart(2, "0")}-${String(date).padStart(2, "0")}`;
}

function malformed(ai, value) {
  const isTooLong = (ai === "10" || ai === "21") && value.length > 20;
  fail(DATES.has(ai) ? "DATE" : isTooLong ? "TOO_LONG" : "VALUE",
    t("“%(value)s” is not valid in field (%(ai)s) of this code. Scan again.",
      { value: value.slice(0, 40), ai }));
}

// Returns the first field of a message as [identifier, value].
function firstField(message) {
  const [text] = message.split(GS);
  if (!FIELD.test(text)) fail("CHARACTER", t("The GS1 code contains an invalid character."));
  const known = [...FIXED, ...OPEN].find(([pattern]) => pattern.test(text));
  if (!known) fail("UNKNOWN_FIELD", t("The code has a field unknown to GS1. Scan again."));
  const ai = known[0].exec(text)[0];
  const rest = text.slice(ai.length);
  const value = known[1].exec(rest)?.[0];
  if (!value || (OPEN.includes(known) && value !== rest)) malformed(ai, rest);
  if ((ai === "01" || ai === "02") && !isGtin(value)) {
    if (/[1-9]/.test(value)) wrongDigit(value);
    malformed(ai, value);
  }
  if (ai === "00" && !endsRight(value)) wrongDigit(value);
  if (DATES.has(ai) && !day(value)) malformed(ai, value);
  return [ai, value];
}

const trimGs = (text) => text.replace(/^\x1d+|\x1d+$/g, "");

function readMessage(message) {
  const fields = [];
  for (let rest = trimGs(message); rest; ) {
    const [ai, value] = firstField(rest);
    fields.push([ai, value]);
    rest = rest.slice(ai.length + value.length).replace(/^\x1d+/, "");
  }
  if (!fields.length) fail("EMPTY", t("The code is empty."));
  return distinct(fields);
}

function readBracketed(text) {
  const [, ...parts] = text.split(/\((\d{2,4})\)/);
  const fields = [];
  for (let at = 0; at < parts.length; at += 2) {
    const field = firstField(parts[at] + parts[at + 1].trim() + GS);
    if (field[0] !== parts[at]) fail("UNKNOWN_FIELD", unknown(parts[at]));
    fields.push(field);
  }
  return distinct(fields);
}

// Parses a GS1 Digital Link; null for other URLs.
function readLink(address) {
  const url = URL.canParse(address) ? new URL(address) : null;
  const found = url && /\/(00|01)\/(\d{8,18})((?:\/[^/]+\/[^/]+)*)\/?$/.exec(url.pathname);
  if (!found) return null;
  const [, ai, number, rest] = found;
  const pairs = [[ai, ai === "01" ? number.padStart(14, "0") : number]];
  for (const [, name, value] of rest.matchAll(/\/([^/]+)\/([^/]+)/g)) {
    pairs.push([name, decodeURIComponent(value)]);
  }
  for (const [name, value] of url.searchParams) {
    if (/^\d{2,4}$/.test(name)) pairs.push([name, value]);
  }
  try {
    return distinct(pairs.map(([name, value]) => firstField(name + value + GS)));
  } catch (error) {
    if (error.problem === "CHECK_DIGIT") throw error;
    return fail("LINK", t("This GS1 link has a GTIN, but its other parts cannot be read."));
  }
}

function distinct(fields) {
  const found = new Map();
  for (const [ai, value] of fields) {
    if (found.has(ai) && found.get(ai) !== value) {
      fail("CONTRADICTION", t("The code has two different values for field (%(ai)s).", { ai }));
    }
    found.set(ai, value);
  }
  if (found.has("01") && found.has("02")) {
    fail("CONTRADICTION", t("The code has two GTINs. Scan the code on the box."));
  }
  return found;
}

const readsOn = (rest) => {
  try { readMessage(rest); return true; } catch (error) { return error.problem === "EMPTY"; }
};

function gs1Fields(code, symbology) {
  const message = SEPARATORS.reduce((text, one) => text.replaceAll(one, GS), code);
  const isBracketed = /^\(\d{2,4}\)/.test(message);
  if (GS1.has(symbology)) return isBracketed ? readBracketed(message) : readMessage(message);
  if (RETAIL.has(symbology)) return null;
  if (isBracketed) return readBracketed(message);
  if (message.startsWith(GS) || (message.includes(GS) && /^\d{2}/.test(message))) {
    return readMessage(message);
  }
  if (/^00\d{18}/.test(message) && endsRight(message.slice(2, 20))) return readMessage(message);
  if (!/^0[12]\d{14}/.test(message)) return null;
  if (isGtin(message.slice(2, 16))) return readMessage(message);
  try {
    readMessage(message);
  } catch (error) {
    if (error.problem === "CHECK_DIGIT" && readsOn(message.slice(16))) throw error;
  }
  return null;
}

function ofFields(found, symbology) {
  const dayOf = (...ais) => ais.map((ai) => found.get(ai)).filter(Boolean).map(day)[0];
  const measure = [...found].find(([ai]) => MEASURES[ai.slice(0, 3)] && ai.length === 4);
  const count = found.get("37") ?? found.get("30");
  return {
    text: [...found].map(([ai, value]) => `(${ai})${value}`).join(""), form: "gs1", symbology,
    gtin: found.get("01") ?? found.get("02"), contents: found.has("02"),
    lotCode: found.get("10"), serial: found.get("21"), sscc: found.get("00"),
    expiresOn: dayOf("17", "7003"), bestBefore: dayOf("15", "16"), producedOn: dayOf("11"),
    count: count && Number(count),
    measure: measure && format(BigInt(measure[1]) * 10n ** BigInt(6 - Number(measure[0][3]))),
    measureUnit: measure && MEASURES[measure[0].slice(0, 3)],
  };
}

function plain(code, symbology) {
  if (code.length > 200) fail("TOO_LONG", t("The code is too long."));
  const text = code.normalize("NFC").trim();
  if (/[\p{Cc}\p{Cs}\u2028\u2029\ufffd]/u.test(text)) {
    fail("CHARACTER", t("The code contains an unprintable character. Scan again."));
  }
  if (isGtin(text)) return { text, form: "gtin", symbology, gtin: text.padStart(14, "0") };
  const digits = /^\d+$/.test(text) && /[1-9]/.test(text);
  if (digits && RETAIL.has(symbology)) wrongDigit(text);
  const expected = digits && text.length >= 12 && text.length <= 14;
  return { text, form: "plain", symbology,
    expectedDigit: expected ? String(checkDigit(text.slice(0, -1))) : undefined };
}

function ownLabel(code) {
  const found = OWN.exec(code.toUpperCase());
  if (!found) return null;
  const [, letter, number, hex, check] = found;
  const own = letter ? { kind: KINDS[letter], id: Number(number), location: null, check }
    : { kind: "location", id: null, check, location: new TextDecoder().decode(
      Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16))) };
  return { text: code.toUpperCase(), form: "own", own };
}

function scan(raw) {
  if (raw.length > 512) fail("TOO_LONG", t("The code is too long."));
  let code = raw.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
  const symbology = /^\]([A-Za-z][0-9A-Za-z])/.exec(code)?.[1];
  if (symbology) code = code.slice(3).replace(/^ +| +$/g, "");
  if (!code.replace(/[\x1d ]/g, "")) fail("EMPTY", t("Nothing was scanned."));
  const own = ownLabel(code);
  if (own) return { ...own, symbology };
  const link = /^https?:\/\//i.test(code) ? readLink(code) : null;
  const fields = link ?? gs1Fields(code, symbology);
  return fields ? ofFields(fields, symbology) : plain(code, symbology);
}

// Returns the parsed scan; an invalid one has `problem` and `error`.
export const readScan = (raw) => {
  try {
    return { raw, ...scan(raw) };
  } catch (error) {
    const { problem = "LINK", message } = error;
    return { raw, text: raw.trim().slice(0, 60), problem, error: message };
  }
};
