// Reads what a scanner sends: GS1 element strings, GTINs, or a plain code. The server reads the
// same in the same way (tests/scans.json holds both to it); this is for when it cannot be asked.
(() => {
  "use strict";
  const floor = (globalThis.floor ??= {});
  const GS = "\x1d";
  // Application identifiers whose data has a fixed length, by their first two digits.
  const FIXED = {
    "00": 18, "01": 14, "02": 14, "03": 14, "04": 16, 11: 6, 12: 6, 13: 6, 14: 6, 15: 6, 16: 6,
    17: 6, 18: 6, 19: 6, 20: 2, 31: 6, 32: 6, 33: 6, 34: 6, 35: 6, 36: 6, 41: 13,
  };
  const MOST = { 10: 20, 21: 20, 22: 20, 30: 8, 37: 8, 240: 30, 241: 30, 400: 30 };
  const SYMBOLOGIES = /^\](C1|d2|Q3|e0|J1)/;
  const PLAIN_SYMBOLOGY = /^\][A-Za-z][0-9A-Za-z]/;

  function lengthOfIdentifier(text) {
    const two = text.slice(0, 2);
    if (/^(0[0-4]|1[0-9]|2[0-2]|30|37|9[0-9])$/.test(two)) return 2;
    if (/^(23|24|25|40|41|42|71)$/.test(two)) return 3;
    if (/^(31|32|33|34|35|36|39|43|70|72|80|81|82)$/.test(two)) return 4;
    return 0;
  }

  function checks(gtin) {
    const digits = [...gtin.padStart(14, "0")].map(Number);
    const sum = digits.slice(0, 13).reduce((all, one, at) => all + one * (at % 2 ? 1 : 3), 0);
    return (10 - (sum % 10)) % 10 === digits[13];
  }

  // YYMMDD as a date; the day 00 is the last of its month; null for what is none.
  function day(text) {
    if (!/^\d{6}$/.test(text)) return null;
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

  // The elements of a string as pairs, or null when it is none.
  function elements(text) {
    const found = [];
    let rest = text;
    while (rest) {
      if (rest[0] === GS) { rest = rest.slice(1); continue; }
      const size = lengthOfIdentifier(rest);
      const ai = rest.slice(0, size);
      if (!size || !/^\d+$/.test(ai)) return null;
      rest = rest.slice(size);
      const fixed = FIXED[ai.slice(0, 2)];
      const end = rest.indexOf(GS);
      const data = fixed ? rest.slice(0, fixed) : end < 0 ? rest : rest.slice(0, end);
      if (!data || data.includes(GS) || (fixed && data.length < fixed)) return null;
      if (data.length > (MOST[ai] ?? 90)) return null;
      found.push([ai, data]);
      rest = rest.slice(data.length);
    }
    return found.length ? found : null;
  }

  const bracketed = (text) => {
    const found = [...text.matchAll(/\((\d{2,4})\)([^(]+)/g)];
    const all = found.map(([whole]) => whole).join("");
    return found.length && all === text ? found.map(([, ai, data]) => [ai, data]) : null;
  };

  floor.gs1 = { elements, bracketed, day, checks, GS, SYMBOLOGIES, PLAIN_SYMBOLOGY };
})();
(() => {
  "use strict";
  const floor = (globalThis.floor ??= {});
  const { elements, bracketed, day, checks, GS, SYMBOLOGIES, PLAIN_SYMBOLOGY } = floor.gs1;

  function readElements(found, raw, text) {
    const facts = Object.fromEntries(found);
    const gtin = facts["01"] ?? facts["02"];
    const reading = { raw, text, kind: "gs1", gtin, lotCode: facts["10"], qty: amountOf(facts) };
    if (gtin && !checks(gtin)) return { ...reading, error: `The check digit of ${gtin} is wrong.` };
    const expires = facts["17"] ?? facts["15"] ?? facts["16"];
    return { ...reading, expiresOn: expires && day(expires) };
  }

  function amountOf(facts) {
    const count = facts["30"] ?? facts["37"];
    if (count) return String(BigInt(count));
    const [ai, weight] = Object.entries(facts).find(([ai]) => /^310[0-6]$/.test(ai)) ?? [];
    if (!ai) return undefined;
    const scale = Number(ai[3]);
    return floor.qty.format(BigInt(weight) * 10n ** BigInt(6 - scale));
  }

  // What a raw scan says: { raw, text, kind, gtin, lotCode, expiresOn, qty, error }.
  floor.read = (raw) => {
    const said = raw.trim();
    const isGs1 = SYMBOLOGIES.test(said);
    const text = said.replace(SYMBOLOGIES, "").replace(PLAIN_SYMBOLOGY, "");
    const found = bracketed(text) ?? (isGs1 || text.includes(GS) || /^01\d{14}/.test(text) ? elements(text) : null);
    if (found) return readElements(found, raw, text.replaceAll(GS, " "));
    if (/^(\d{8}|\d{12,14})$/.test(text) && checks(text)) {
      return { raw, text, kind: "gtin", gtin: text.padStart(14, "0") };
    }
    return { raw, text, kind: "plain" };
  };
})();
