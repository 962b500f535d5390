// Texts in the user's language. English texts are the keys of the catalog; figures have names:
// t("Issued %(qty)s from %(lot)s.", { qty, lot })
import { catalog, plural } from "floor/catalog";

const fill = (text, values) =>
  text.replaceAll(/%\((\w+)\)s/g, (_all, name) => String(values[name]));

export const t = (text, values = {}) => fill(catalog[text] ?? text, values);

// A text that depends on a number; `n` is one of its values.
export const tn = (one, many, n, values = {}) => {
  const forms = catalog[one];
  if (!Array.isArray(forms)) return fill(n === 1 ? one : many, { n, ...values });
  return fill(forms[plural(n)], { n, ...values });
};
