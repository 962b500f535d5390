// The tasks, and the state that each begins with.

// `full`: the quantity of ALL. `fields`: optional fields; `late` shows them below the button,
// because they are rarely needed. `usable`: lots on hold are refused.
export const TASKS = {
  issue: {
    verb: "Issue", full: (s) => s.lot?.free, fields: ["reference"], usable: true, late: true,
  },
  receive: {
    verb: "Receive", fields: ["lotCode", "expiresOn", "location", "reference"], late: true,
  },
  reserve: { verb: "Reserve", full: (s) => s.lot?.free, fields: ["reference"], usable: true },
  pick: { verb: "Pick", full: (s) => s.line?.open, fields: [], usable: true },
  count: { verb: "Count", full: (s) => s.lot?.onHand, fields: ["reason"] },
  move: { verb: "Move", fields: ["location"] },
  lookup: { fields: [] },
};
export const REASONS = ["Found more", "Missing", "Damaged", "Counted wrong before"];

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

export const whyHeld = (lot) => {
  const why = { QUARANTINE: "is in quarantine", REJECTED: "is rejected", EXPIRED: "has expired" };
  return `${lot.lotCode} ${why[lot.hold]}: it cannot be taken.`;
};

// "6 pcs of L-1 are waiting to be sent"
export const waitingWords = (amount, unit, lotCode) =>
  `${amount} ${unit} of ${lotCode} ${amount === "1" ? "is" : "are"} waiting to be sent`;
