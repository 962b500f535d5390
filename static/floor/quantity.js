// Exact decimals as in the ledger: integers in 10^-6 units, never floats.

export const ONE = 1_000_000n;
const MOST = 10n ** 12n * ONE;

const GROUPS =
  /^([1-9]\d{0,2})(?=([.,'\u2019 \u00a0\u202f]))((?:\2\d{3}){1,4})(?:([.,])(\d{1,30}))?$/;

// Returns all readings of a typed quantity; the rule and test cases of the server's `read_typed`.
function readTyped(text) {
  const grouped = GROUPS.exec(text);
  if (!grouped) {
    const simple = /^(\d{1,13})(?:[.,](\d{1,30}))?$/.exec(text);
    return simple ? [simple.slice(1).filter(Boolean).join(".")] : [];
  }
  const [, first, sign, groups, decimalSign, fraction] = grouped;
  const whole = first + groups.replace(/\D/g, "");
  if (decimalSign) return decimalSign === sign ? [] : [`${whole}.${fraction}`];
  const canBeDecimal = ".,".includes(sign) && groups.length === 4;
  return canBeDecimal ? [`${first}.${groups.slice(1)}`, whole] : [whole];
}

const trimmed = (text) => String(text).replace(/^ +| +$/g, "");
const withoutZeros = (plain) => plain.replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");

// Returns the quantities to choose from.
export function readings(text, decimals = 6) {
  const found = readTyped(trimmed(text));
  if (found.length === 1) {
    return decimals === 0 && /\.0+$/.test(found[0]) ? [found[0].split(".")[0]] : [];
  }
  const [small, whole] = found;
  if (!whole) return [];
  const fraction = withoutZeros(small).split(".")[1] ?? "";
  return fraction.length > decimals ? [whole] : [withoutZeros(small), whole];
}

// Parses a typed quantity into 10^-6 units; null if it is none, too fine or unclear.
export function parse(text, decimals = 6) {
  if (readings(text, decimals).length) return null;
  const isNegative = trimmed(text).startsWith("-");
  const [plain] = readTyped(trimmed(text).replace(/^-/, ""));
  if (plain === undefined) return null;
  const [whole, digits = ""] = plain.split(".");
  const fraction = digits.replace(/0+$/, "");
  if (fraction.length > decimals) return null;
  const micros = BigInt(whole) * ONE + BigInt(fraction.padEnd(6, "0") || "0");
  if (micros > MOST) return null;
  return isNegative ? -micros : micros;
}

export function format(micros) {
  const sign = micros < 0n ? "-" : "";
  const size = micros < 0n ? -micros : micros;
  const fraction = String(size % ONE).padStart(6, "0").replace(/0+$/, "");
  return `${sign}${size / ONE}${fraction && `.${fraction}`}`;
}

const SIGN = document.documentElement.dataset.decimal ?? ".";
export const shown = (plain) =>
  (/^-?\d+\.\d+$/.test(plain) ? String(plain).replace(".", SIGN) : String(plain));

// Returns a quantity with its unit: 1 pc, 2 pcs.
export const amount = (plain, unit) =>
  `${shown(plain)} ${unit === "pcs" && String(plain) === "1" ? "pc" : unit}`;

export const isMore = (a, b) => (parse(a) ?? 0n) > (parse(b) ?? 0n);
