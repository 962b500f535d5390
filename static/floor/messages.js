// Texts in the user's language: t("From %(lot)s.", { lot }). A value before %(unit)s is a quantity.
// `make messages` writes a copy with the catalog of each other language.
import { amount, shown } from "floor/quantity";

const catalog = {};
const plural = (n) => Number(n !== 1);
const QUANTITIES = /^(qty|most|one|other|counted|onHand)$/;

const fill = (text, values) => text
  .replaceAll(/%\((\w+)\)s %\(unit\)s/g, (_all, name) => amount(values[name], values.unit))
  .replaceAll(/%\((\w+)\)s/g, (_all, name) =>
    (QUANTITIES.test(name) ? shown(values[name]) : String(values[name])));

export const t = (text, values = {}) => fill(catalog[text] ?? text, values);

// A text that depends on a number; `n` is one of its values.
export const tn = (one, many, n, values = {}) => {
  const forms = catalog[one];
  if (!Array.isArray(forms)) return fill(n === 1 ? one : many, { n, ...values });
  return fill(forms[plural(n)], { n, ...values });
};
