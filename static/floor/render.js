// Renders the page from the state and keeps the focus.
import { $, clock, h, icon } from "floor/dom";
import * as qty from "floor/quantity";
import { REASONS, TASKS } from "floor/tasks";

const HOLDS = {
  QUARANTINE: ["circle-pause", "Quarantine"], REJECTED: ["octagon-x", "Rejected"],
  EXPIRED: ["calendar-x", "Expired"],
};

const figure = (word, value, unit) =>
  h("div.figure", {}, h("dt", {}, word), h("dd", {}, value, h("span.unit", {}, ` ${unit}`)));

function lotFacts(s, stock) {
  const { lot, item } = s;
  const [picture, word] = HOLDS[lot.hold] ?? ["shield-check", "Usable"];
  const blind = s.task === "count" && s.blind;
  const asOf = !blind && stock.asOf && `as of ${clock(stock.asOf)}`;
  const sub = [
    lot.location && `at ${lot.location}`, lot.expiresOn && `expires ${lot.expiresOn}`, asOf,
  ];
  return [
    h("p.code", {}, lot.lotCode, " ",
      h(`span.chip.${lot.hold ? "bad" : "ok"}`, {}, icon(picture), word)),
    h("p", {}, h("strong", {}, item.code), ` ${item.name}`),
    h("p.hint", {}, sub.filter(Boolean).join(" · ")),
    blind ? null : unsentFacts(s),
    blind ? h("p.hint", {}, "Counting blind: the figures are hidden.") : h("dl.figures", {},
      figure("On hand", lot.onHand, item.unit), figure("Reserved", lot.reserved, item.unit),
      figure("Free", lot.free, item.unit)),
  ];
}

// What waits to be sent is part of the figures; the server does not know it yet.
function unsentFacts({ lot, item }) {
  const less = qty.isMore(lot.unsentOut ?? "0", "0") && `−${lot.unsentOut} ${item.unit}`;
  const more = qty.isMore(lot.unsentIn ?? "0", "0") && `+${lot.unsentIn} ${item.unit}`;
  const words = [less, more].filter(Boolean).join(", ");
  return words && h("p.hint", {}, `Counted here, not sent yet: ${words}`);
}

function otherLots(s, act) {
  const isChosen = (lot) => lot.item === s.lot?.item && lot.lotCode === s.lot.lotCode;
  const others = s.choices.filter((lot) => !isChosen(lot));
  if (!others.length) return null;
  const several = new Set(s.choices.map((lot) => lot.item)).size > 1;
  const offer = (lot) => h("button.btn", { type: "button", "data-lot": lot.lotCode,
    onclick: () => act.choose(lot) },
    several ? `${lot.item}: ${lot.lotCode}` : `${lot.lotCode}: ${lot.free} free`);
  return [h("p.hint", {}, s.lot ? "Or another lot:" : "Which one?"),
    h("div.choices", {}, others.slice(0, 6).map(offer))];
}

const linkButton = (s, act) => s.canLink && h("button.btn", { type: "button", id: "link-code",
  "aria-pressed": String(s.linking), onclick: () => act.startLink() },
  icon("link"), "Link it to an item");

function unknownFacts(s, act) {
  const steps = [
    h("button.btn", { type: "button", id: "receive-new", onclick: () => act.receiveAsNew() },
      icon("package-plus"), "Receive as a new lot"),
    linkButton(s, act),
  ];
  return [h("p.code", {}, s.unknown),
    h("p", {}, "Nothing here has this code."), h("div.choices", {}, steps.filter(Boolean))];
}

// An unknown code while an item is at hand, and what it can be.
function noticeFacts(s, act) {
  if (!s.notice) return [];
  const { text, lotCode, location } = s.notice;
  const yes = lotCode ? `Yes, ${lotCode} is a new lot` : `Yes, move it to ${location}`;
  const steps = [
    (lotCode || location) && h("button.btn", { type: "button", id: "confirm-notice",
      onclick: () => act.confirmNotice() }, icon("check"), yes),
    linkButton(s, act),
  ];
  return [h("p.warning", {}, icon("triangle-alert"), text),
    h("div.choices", {}, steps.filter(Boolean))];
}

const IDLE = {
  issue: ["What goes out?", "Scan its lot. One tap issues it."],
  receive: ["What came in?", "Scan its label, or choose the item below."],
  reserve: ["What is to be kept for a job?", "Scan its lot, or the item."],
  count: ["What do you count?", "Scan its lot."],
  move: ["What goes to another place?", "Scan its lot, then the place."],
  lookup: ["What is it?", "Scan anything: a lot, an item, a job."],
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
      s.newLot && h("p", {}, "New lot ", h("strong", {}, s.newLot)), otherLots(s, act)];
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
      h("p", {}, jobs.length ? "Scan a job, or choose one:" : "No job is open."),
      h("div.choices", {}, jobs.map(offer)));
    return;
  }
  const lines = stock.lines(s.job);
  const open = (line) => qty.isMore(line.open, "0");
  const row = (line) => h("li", { "aria-current": line.lotCode === s.line?.lotCode && "true" },
    icon(open(line) ? "chevron-right" : "circle-check"),
    h("span", {}, h("strong", {}, line.lotCode), ` ${line.item}`, whereOf(line)),
    h("span.num", {}, open(line) ? `${line.open} to pick` : `${line.issued} picked`,
      line.unsent && h("span.hint", {}, `${line.unsent} not sent yet`)));
  const another = h("button.btn", { type: "button", id: "other-job",
    onclick: () => work.set({ job: "", line: null, lot: null, item: null }) }, "Another job");
  const head = h("p.code", {}, s.job, " ", another);
  const done = lines.some(open) ? [] : [h("p", {}, "All of it is picked.")];
  panel.replaceChildren(head, h("ol.lines", {}, lines.map(row)), ...done);
}

const whereOf = (line) => line.place && h("span.hint", {}, ` at ${line.place}`);

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
  $("reference-label").textContent = s.task === "receive" ? "Delivery note" : "For";
  $("reference").placeholder = s.task === "receive" ? "" : "Job or order";
  $("confirm").hidden = !isNew;
  $("confirm").setAttribute("aria-pressed", String(s.isSure));
  $("confirm-word").textContent = `Yes, ${s.newLot} is a new lot`;
  $("field-qty").hidden = s.task === "move" || s.task === "lookup" || !ready;
  $("all").hidden = !task.full || (s.task === "count" && s.blind);
  $("blind").hidden = s.task !== "count" || !ready;
  $("blind").setAttribute("aria-pressed", String(s.blind));
  fill("qty", s.qty);
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
  `Take ${lotCode} (${open} ${s.item.unit})`);
  const besides = h("button.btn", { type: "button", id: "besides",
    "aria-pressed": String(s.isBesides), onclick: () => work.set({ isBesides: !s.isBesides }) },
  `Besides it, from ${s.lot.lotCode}`);
  const canBeBesides = s.isBesides || qty.isMore(s.lot.free, "0");
  const kind = choice.isOpen ? "warning" : "note";
  return $("reserved").replaceChildren(
    h(`p.${kind}`, {}, icon(choice.isOpen ? "triangle-alert" : "bookmark-plus"), choice.text),
    h("div.choices", {}, choice.others.map(take), canBeBesides && besides));
}

// What is to be chosen about the quantity: one of two readings, or less.
function drawReadings(s, work, isAsked) {
  const excess = isAsked ? work.excess() : null;
  const sentence = excess?.text ?? (isAsked ? work.whatItCanMean() : "");
  const less = excess && qty.isMore(excess.most, "0") ? [excess.most] : [];
  const offer = (reading) => h("button.btn", { type: "button", "data-reading": reading,
    onclick: () => work.type("qty", reading) },
  `${excess ? "Use " : ""}${reading} ${s.item.unit}`);
  $("readings").hidden = !sentence;
  $("readings").replaceChildren(...(sentence ? [
    h("p.warning", {}, icon("triangle-alert"), sentence),
    h("div.choices", {}, (excess ? less : work.readings()).map(offer))] : []));
}

function drawGo(s, task, ready) {
  const go = $("go");
  const fields = $("more");
  const follows = task.late ? go.nextElementSibling === fields : fields.nextElementSibling === go;
  if (!follows) fields[task.late ? "before" : "after"](go);
  go.hidden = !task.verb || !ready;
  const unit = s.item?.unit ?? "";
  const what = s.task === "move" ? s.location : `${s.qty || "…"} ${unit}`;
  go.toggleAttribute("data-held", Boolean(task.usable && s.lot?.hold));
  go.replaceChildren(h("span", {}, task.verb), h("span.how-much", {}, ` ${what}`));
}

function drawReasons(s, work) {
  const offer = (reason) => h("button.btn", { type: "button",
    "aria-pressed": String(s.reason === reason),
    onclick: () => work.type("reason", s.reason === reason ? "" : reason) }, reason);
  $("reason-label").textContent = s.blind ? "Reason (optional)"
    : `Why not ${s.lot?.onHand} ${s.item?.unit}? A count that differs needs a reason.`;
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
