// Exact decimals as in the ledger: integers in 10^-6 units, never floats.

export const ONE = 1_000_000n;

// Parses "12.5" into 10^-6 units; null if it is not a quantity with this many decimals.
export function parse(text, decimals = 6) {
  // 1,000 and, of an item without thousandths, 1.000 could be one or a thousand.
  const grouped = /^[1-9]\d{0,2}([.,])\d{3}$/.exec(String(text).trim());
  if (grouped && (grouped[1] === "," || decimals < 3)) return null;
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
