// Exact decimals as in the ledger: integers in 10^-6 units, never floats.

export const ONE = 1_000_000n;

// Returns the quantities that a text like 1,000 can mean, or nothing if it has one meaning at most.
// The same rule as on the server: the separator can be for thousands or for decimals.
export function readings(text, decimals = 6) {
  const grouped = /^([1-9]\d{0,2})([.,'\u2019 \u00a0\u202f])(\d{3})$/.exec(String(text).trim());
  if (!grouped || (grouped[2] === "." && decimals >= 3)) return [];
  const [, whole, separator, rest] = grouped;
  const fraction = rest.replace(/0+$/, "");
  const canBeDecimal = ".,".includes(separator) && fraction.length <= decimals;
  return [...(canBeDecimal ? [fraction ? `${whole}.${fraction}` : whole] : []), whole + rest];
}

// Parses "12.5" or "12,5" into 10^-6 units; null if it is not a quantity with this many decimals,
// or if it has two readings.
export function parse(text, decimals = 6) {
  if (readings(text, decimals).length) return null;
  const found = /^(-?)(\d{1,13})(?:\.(\d{1,30}))?$/.exec(String(text).trim().replace(",", "."));
  if (!found) return null;
  const fraction = (found[3] ?? "").replace(/0+$/, "");
  if (fraction.length > decimals) return null;
  const micros = BigInt(found[2]) * ONE + BigInt(fraction.padEnd(6, "0") || "0");
  return found[1] ? -micros : micros;
}

export function format(micros) {
  const sign = micros < 0n ? "-" : "";
  const size = micros < 0n ? -micros : micros;
  const fraction = String(size % ONE).padStart(6, "0").replace(/0+$/, "");
  return `${sign}${size / ONE}${fraction && `.${fraction}`}`;
}

export const isMore = (a, b) => (parse(a) ?? 0n) > (parse(b) ?? 0n);
