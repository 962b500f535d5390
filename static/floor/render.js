// Renders the page from the state and keeps the focus.
import { $, clock, day, h, icon } from "floor/dom";
import { t } from "floor/messages";
import * as qty from "floor/quantity";
import { REASONS, TASKS } from "floor/tasks";

const HOLDS = {
  QUARANTINE: ["circle-pause", t("In quarantine")], REJECTED: ["octagon-x", t("Rejected")],
  EXPIRED: ["calendar-x", t("Expired")],
};

const figure = (word, value, unit) =>
  h("div.figure", {}, h("dt", {}, word),
    h("dd", {}, qty.shown(value), h("span.unit", {}, ` ${unit}`)));

function lotFacts(s, stock) {
  const { lot, item } = s;
  const [picture, word] = HOLDS[lot.hold] ?? ["shield-check", t("Approved")];
  const blind = s.task === "count" && s.blind;
  const sum = lot.hold ? "" : ".sum";
  const { location, expiresOn } = lot;
  const sub = [
    expiresOn && t("expires %(date)s", { date: day(expiresOn) }),
    !blind && stock.asOf && t("as of %(time)s", { time: clock(stock.asOf) }),
  ];
  return [
    h("p.code", {}, lot.lotCode, " ",
      h(`span.chip.${lot.hold ? "bad" : "ok"}`, {}, icon(picture), word),
      location && h("span.place", {}, icon("map-pin"), location)),
    h("p", {}, h("strong", {}, item.code), ` ${item.name} `,
      h("span.hint", {}, sub.filter(Boolean).join(" · "))),
    blind ? null : unsentFacts(s),
    blind ? h("p.hint", {}, t("Blind count: quantities are hidden")) : h(`dl.figures${sum}`, {},
      figure(t("On hand"), lot.onHand, item.unit), figure(t("Reserved"), lot.reserved, item.unit),
      figure(t("Free"), lot.free, item.unit)),
  ];
}

// What waits to be sent is part of the figures.
function unsentFacts({ lot, item }) {
  const signed = (sign, plain) =>
    qty.isMore(plain ?? "0", "0") && `${sign}${qty.amount(plain, item.unit)}`;
  const changes = [signed("−", lot.unsentOut), signed("+", lot.unsentIn)].filter(Boolean)
    .join(", ");
  return changes && h("p.hint", {}, t("Included, not sent yet: %(changes)s", { changes }));
}

function otherLots(s, act) {
  const isChosen = (lot) => lot.item === s.lot?.item && lot.lotCode === s.lot.lotCode;
  const others = s.choices.filter((lot) => !isChosen(lot));
  if (!others.length) return null;
  const several = new Set(s.choices.map((lot) => lot.item)).size > 1;
  const offer = (lot) => h("button.btn", { type: "button", "data-lot": lot.lotCode,
    onclick: () => act.choose(lot) },
    several ? `${lot.item}: ${lot.lotCode}` : t("%(lot)s: %(qty)s %(unit)s free",
      { lot: lot.lotCode, qty: lot.free, unit: s.item?.unit ?? "" }));
  return [h("p.hint", {}, s.lot ? t("Other lots:") : t("Choose a lot:")),
    h("div.choices", {}, others.slice(0, 6).map(offer))];
}

const linkButton = (s, act) => s.canLink && h("button.btn", { type: "button", id: "link-code",
  "aria-pressed": String(s.linking), onclick: () => act.startLink() },
  icon("link"), t("Link to an item"));

function unknownFacts(s, act) {
  const steps = [
    h("button.btn", { type: "button", id: "receive-new", onclick: () => act.receiveAsNew() },
      icon("package-plus"), t("Receive as a new lot")),
    linkButton(s, act),
  ];
  return [h("p.code", {}, s.unknown),
    h("p", {}, t("Code not found")), h("div.choices", {}, steps.filter(Boolean))];
}

// An unknown code while an item is at hand, and what it can be.
function noticeFacts(s, act) {
  if (!s.notice) return [];
  const { text, lotCode, location } = s.notice;
  const yes = lotCode ? t("Confirm new lot %(lot)s", { lot: lotCode })
    : t("Move to %(location)s", { location });
  const steps = [
    (lotCode || location) && h("button.btn", { type: "button", id: "confirm-notice",
      onclick: () => act.confirmNotice() }, icon("check"), yes),
    linkButton(s, act),
  ];
  return [h("p.warning", {}, icon("triangle-alert"), text),
    h("div.choices", {}, steps.filter(Boolean))];
}

const IDLE = {
  issue: [t("Issue stock"), t("Scan a lot, then tap Issue.")],
  receive: [t("Receive stock"), t("Scan the label, or choose the item below.")],
  reserve: [t("Reserve stock for a job"), t("Scan a lot or an item.")],
  count: [t("Count a lot"), t("Scan the lot.")],
  move: [t("Move a lot"), t("Scan the lot, then the new location.")],
  lookup: [t("Look up stock"), t("Scan a lot, an item or a job.")],
};
const idle = (task) =>
  h("div.idle", {}, icon("scan-barcode"), IDLE[task].map((text) => h("p", {}, text)));

function drawSubject(s, stock, act) {
  const panel = $("subject");
  let parts = [];
  if (s.unknown && !s.item) parts = unknownFacts(s, act);
  else if (s.lot) parts = [...lotFacts(s, stock), otherLots(s, act)];
  else if (s.item) {
    parts = [h("p.code", {}, s.item.code), h("p", {}, s.item.name),
      s.newLot && h("p", {}, h("strong", {}, t("New lot %(lot)s", { lot: s.newLot }))),
      otherLots(s, act)];
  } else if (s.choices.length) parts = [otherLots(s, act)];
  else if (s.task !== "pick") parts = [idle(s.task)];
  const warnings = s.warnings.map((text) => h("p.warning", {}, icon("triangle-alert"), text));
  panel.hidden = !parts.length;
  panel.replaceChildren(
    ...parts.flat().filter(Boolean), ...warnings, ...noticeFacts(s, act));
}

function drawJob(s, stock, work, act) {
  const panel = $("job");
  panel.hidden = s.task !== "pick";
  if (panel.hidden) return;
  if (!s.job) {
    const offer = (job) => h("button.btn", { type: "button", "data-job": job,
      onclick: () => act.handle({ job, reading: { text: job } }) }, job);
    const jobs = stock.jobs().slice(0, 12);
    panel.replaceChildren(
      h("p", {}, jobs.length ? t("Scan or choose a job:") : t("No open jobs")),
      h("div.choices", {}, jobs.map(offer)));
    return;
  }
  const lines = stock.lines(s.job);
  const open = (line) => qty.isMore(line.open, "0");
  const amountOf = (line, unit) => [
    open(line) ? t("%(qty)s %(unit)s to pick", { qty: line.open, unit })
      : t("%(qty)s %(unit)s picked", { qty: line.issued, unit }),
    line.unsent && h("span.hint", {},
      t("%(qty)s %(unit)s not sent yet", { qty: line.unsent, unit })),
  ];
  const row = (line) => h("li", { "aria-current": line.lotCode === s.line?.lotCode && "true" },
    icon(open(line) ? "chevron-right" : "circle-check"),
    h("span", {}, h("strong", {}, line.lotCode), ` ${line.item}`, whereOf(line)),
    h("span.num", {}, amountOf(line, stock.item(line.item)?.unit ?? "")));
  const another = h("button.btn", { type: "button", id: "other-job",
    onclick: () => work.set({ job: "", line: null, lot: null, item: null }) }, t("Change job"));
  const head = h("p.code", {}, s.job, " ", another);
  const done = lines.some(open) ? [] : [h("p", {}, t("All picked"))];
  panel.replaceChildren(head, h("ol.lines", {}, lines.map(row)), ...done);
}

const whereOf = ({ place }) => place && h("span.place", {}, icon("map-pin"), place);

function fill(id, value) {
  const field = $(id);
  if (field.value !== value) field.value = value;
}

function drawFields(s, work) {
  const task = TASKS[s.task];
  const choosing = s.task === "receive" && !s.item;
  const ready = !s.linking && Boolean(s.item && (s.lot || s.task === "receive"));
  const isNew = s.task === "receive" && Boolean(s.newLot);
  const offers = choosing || s.linking;
  $("act").hidden = !(ready || offers || (s.task === "lookup" && s.item));
  $("field-item").hidden = !offers;
  for (const name of ["expiresOn", "location", "reference", "reason", "lotCode"]) {
    $(`field-${name}`).hidden = s.linking || !task.fields.includes(name);
    if (name !== "reason") fill(name, s[name]);
  }
  $("field-reason").hidden ||= !(s.blind || work.isOff());
  $("reference-label").textContent =
    s.task === "receive" ? t("Delivery note") : t("Job or order");
  $("confirm").hidden = !isNew;
  $("confirm").setAttribute("aria-pressed", String(s.isSure));
  $("confirm-word").textContent = t("Confirm new lot %(lot)s", { lot: s.newLot });
  $("field-qty").hidden = s.task === "move" || s.task === "lookup" || !ready;
  $("all").hidden = !task.full || (s.task === "count" && s.blind);
  $("blind").hidden = s.task !== "count" || !ready;
  $("blind").setAttribute("aria-pressed", String(s.blind));
  fill("qty", s.typed.includes("qty") ? s.qty : qty.shown(s.qty));
  drawReadings(s, work, !$("field-qty").hidden);
  $("verbs").hidden = s.task !== "lookup" || !s.item;
  drawGo(s, task, ready);
}

// An issue for a job that has reserved the item: from what is reserved, or besides it.
function drawReserved(s, stock, work, act) {
  const choice = work.reservedChoice();
  $("reserved").hidden = !choice || s.linking;
  if (!choice) return $("reserved").replaceChildren();
  const take = ({ lotCode, open }) => h("button.btn", { type: "button", "data-take": lotCode,
    onclick: () => act.choose(stock.lot(s.item.code, lotCode)) },
  t("Take %(lot)s (%(qty)s %(unit)s)", { lot: lotCode, qty: open, unit: s.item.unit }));
  const besides = h("button.btn", { type: "button", id: "besides",
    "aria-pressed": String(s.isBesides), onclick: () => work.set({ isBesides: !s.isBesides }) },
  t("Free stock of %(lot)s", { lot: s.lot.lotCode }));
  const canBeBesides = s.isBesides || qty.isMore(s.lot.free, "0");
  const kind = choice.isOpen ? "warning" : "note";
  return $("reserved").replaceChildren(
    h(`p.${kind}`, {}, icon(choice.isOpen ? "triangle-alert" : "bookmark-plus"), choice.text),
    h("div.choices", {}, choice.others.map(take), canBeBesides && besides));
}

// Choices for the quantity.
function drawReadings(s, work, isAsked) {
  const excess = isAsked ? work.excess() : null;
  const sentence = excess?.text ?? (isAsked ? work.whatItCanMean() : "");
  const less = excess && qty.isMore(excess.most, "0") ? [excess.most] : [];
  const offer = (reading) => h("button.btn", { type: "button", "data-reading": reading,
    onclick: () => work.type("qty", reading) },
  excess ? t("Use %(qty)s %(unit)s", { qty: reading, unit: s.item.unit })
    : qty.amount(reading, s.item.unit));
  $("readings").hidden = !sentence;
  $("readings").replaceChildren(...(sentence ? [
    h("p.warning", {}, icon("triangle-alert"), sentence),
    h("div.choices", {}, (excess ? less : work.readings()).map(offer))] : []));
}

function drawGo(s, task, ready) {
  const go = $("go");
  go.hidden = !task.verb || !ready;
  const unit = s.item?.unit ?? "";
  const what = s.task === "move" ? s.location : qty.amount(s.qty || "…", unit);
  go.toggleAttribute("data-held", Boolean(task.usable && s.lot?.hold));
  go.replaceChildren(h("span", {}, task.verb), h("span.how-much", {}, ` ${what}`));
}

function drawReasons(s, work) {
  const offer = (reason) => h("button.btn", { type: "button",
    "aria-pressed": String(s.reason === reason),
    onclick: () => work.type("reason", s.reason === reason ? "" : reason) }, reason);
  $("reason-label").textContent = s.blind ? t("Reason (optional)")
    : t("Reason for the difference from %(qty)s %(unit)s",
      { qty: s.lot?.onHand, unit: s.item?.unit });
  $("reasons").replaceChildren(...REASONS.map(offer));
}

export const draw = (work, stock, act) => {
  const { s } = work;
  document.body.dataset.task = s.task;
  for (const button of document.querySelectorAll("#tasks [data-task]")) {
    button.setAttribute("aria-pressed", String(button.dataset.task === s.task));
  }
  drawJob(s, stock, work, act);
  drawSubject(s, stock, act);
  drawReserved(s, stock, work, act);
  drawReasons(s, work);
  drawFields(s, work);
};
