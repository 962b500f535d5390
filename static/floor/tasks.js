// The tasks, and the state that each begins with.
import { t } from "floor/messages";

// `full`: the quantity of ALL. `fields`: optional fields. `usable`: lots on hold are refused.
export const TASKS = {
  issue: {
    verb: t("Issue"), full: (s) => s.lot?.free, fields: ["reference"], usable: true,
  },
  receive: {
    verb: t("Receive"), fields: ["lotCode", "expiresOn", "location", "reference"],
  },
  reserve: { verb: t("Reserve"), full: (s) => s.lot?.free, fields: ["reference"], usable: true },
  pick: { verb: t("Pick"), full: (s) => s.line?.open, fields: [], usable: true },
  count: { verb: t("Count"), full: (s) => s.lot?.onHand, fields: ["reason"] },
  move: { verb: t("Move"), fields: ["location"] },
  lookup: { fields: [] },
};
export const REASONS =
  [t("Found more"), t("Missing"), t("Damaged"), t("Previous count was wrong")];

// `typed`: the fields that the user filled by hand. `isAuto`: the page chose the lot. `isBesides`:
// the issue leaves what its job has reserved. `notice`: an unknown code while an item is at hand,
// and what it can be.
export const EMPTY = {
  item: null, lot: null, newLot: "", isSure: true, isAuto: false, isBesides: false,
  line: null, unknown: "", choices: [], warnings: [], notice: null, canLink: null, linking: false,
  typed: [], qty: "", reference: "", location: "", expiresOn: "", reason: "", lotCode: "",
};

// The quantity of a count is typed; all others begin with one.
export const usual = (task) => ({ ...EMPTY, qty: task === "count" ? "" : "1" });

export const whyHeld = ({ hold, lotCode: lot }) => ({
  QUARANTINE: t("%(lot)s is in quarantine and cannot be reserved or issued.", { lot }),
  REJECTED: t("%(lot)s is rejected and cannot be reserved or issued.", { lot }),
  EXPIRED: t("%(lot)s has expired and cannot be reserved or issued.", { lot }),
})[hold];

// "Not sent yet: 6 pcs of L-1."
export const waitingWords = (qty, unit, lot) =>
  t("Not sent yet: %(qty)s %(unit)s of %(lot)s.", { qty, unit, lot });
