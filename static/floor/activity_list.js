// Operations of this tablet, newest first: waiting, refused with the reason, done.
import { $, clock, h, icon } from "floor/dom";
import { t } from "floor/messages";
import { isMore, shown } from "floor/quantity";

const VERBS = {
  issue: t("Issue"), receive: t("Receive"), reserve: t("Reserve"),
  count: t("Count"), move: t("Move"), link: t("Link"),
};
const SHOWN = 40;

const amountOf = ({ qty, counted, location }) => shown(qty ?? counted ?? location ?? "");
export const titleOf = ({ body }) =>
  [VERBS[body.op], amountOf(body), "·", body.lotCode ?? body.text, body.item, body.reference]
    .filter(Boolean).join(" ");

// Buttons that resolve a refusal.
function waysOut(entry) {
  const { refusal, body } = entry;
  if (refusal.code === "STALE_LOT") {
    return [[t("Use the counted quantity"), { resolution: "keep_counted" }],
      [t("Apply the difference"), { resolution: "keep_difference" }]];
  }
  // An earlier operation of this tablet on the lot was refused: the count stands without it.
  if (body.op === "count" && refusal.field === "lotSeq") {
    return [[t("Use the counted quantity"), { lotSeq: undefined }]];
  }
  const lot = refusal.lotCode;
  if (refusal.code === "DUPLICATE_LOT") return [[t("Add to the existing lot"), { addToLot: true }]];
  if (refusal.code === "LOOKS_LIKE") {
    return [[t("Add to %(lot)s", { lot }), { addToLot: true, lotCode: lot }],
      [t("Use this lot number"), { allowLookalike: true }]];
  }
  const qty = refusal.free ?? refusal.open;
  const less = refusal.code === "INSUFFICIENT_STOCK" || refusal.code === "OVER_ISSUE";
  const ways = less && body.qty && isMore(qty ?? "0", "0")
    ? [[t("Use %(qty)s instead", { qty }), { qty }]] : [];
  if (refusal.code === "OVER_ISSUE" && body.reservedFirst) {
    ways.push([t("Issue free stock"), { reservedFirst: undefined }]);
  }
  return ways;
}

function buttons(entry, act) {
  const offer = ([word, changes]) => h("button.btn", { type: "button",
    onclick: () => act.again(entry, changes) }, word);
  return h("div.choices", {}, waysOut(entry).map(offer),
    h("button.btn", { type: "button", onclick: () => act.edit(entry) }, icon("pencil"), t("Edit")),
    h("button.btn", { type: "button", onclick: () => act.discard(entry) },
      icon("trash-2"), t("Discard")));
}

function row(entry, user, act) {
  const held = entry.state === "waiting" && entry.user.id !== user?.id;
  const state = held ? "held" : entry.state;
  const [picture, words] = {
    waiting: ["cloud-upload", t("Saved on this tablet, not sent yet")],
    held: ["lock", t("Waiting for %(name)s to sign in", { name: entry.user.name })],
    done: ["circle-check", entry.answer?.says],
    refused: ["octagon-x", entry.refusal?.detail],
  }[state];
  const mine = user && entry.user.id === user.id;
  return h("li.entry", { "data-state": state, "data-seq": entry.seq }, icon(picture),
    h("div", {}, h("p", {}, h("strong", {}, titleOf(entry))), h("p", {}, words),
      h("p.hint", {}, `${entry.user.name}, ${clock(entry.at)}`),
      state === "refused" && mine ? buttons(entry, act) : null));
}

const RANK = { refused: 0, waiting: 1, done: 2 };

export const drawList = async (outbox, user, act) => {
  const entries = await outbox.all();
  const order = (a, b) => RANK[a.state] - RANK[b.state] || b.seq - a.seq;
  const shown = entries.sort(order).slice(0, SHOWN);
  $("entries").replaceChildren(...shown.map((entry) => row(entry, user, act)));
  const count = (state) => entries.filter((entry) => entry.state === state).length;
  const waiting = count("waiting");
  const refused = count("refused");
  const counts = [waiting && t("%(n)s to send", { n: waiting }),
    refused && t("%(n)s refused", { n: refused })];
  $("waiting").hidden = !(waiting || refused);
  $("waiting").dataset.kind = refused ? "bad" : "wait";
  $("waiting-count").textContent = counts.filter(Boolean).join(", ");
  navigator.setAppBadge?.(waiting + refused)?.catch?.(() => {});
};

export const drawScans = (scans, again) => {
  const row = (scan) => h("li", {}, h("button.btn", { type: "button",
    onclick: () => again(scan.raw) }, scan.text, h("span.hint", {}, ` ${clock(scan.at)}`)));
  $("scans").replaceChildren(...scans.map(row));
};
