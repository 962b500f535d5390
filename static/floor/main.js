// Creates the parts of the page and connects them.
import { drawList, drawScans, titleOf } from "floor/activity_list";
import { initCamera } from "floor/camera";
import { initControls, initLine } from "floor/controls";
import { $, clock, emit, on, root } from "floor/dom";
import { dropDoubleTaps } from "floor/double_tap";
import { initSignals, signal, stayAwake } from "floor/feedback";
import { readScan } from "floor/gs1";
import { openStore } from "floor/indexed_db";
import { listenForScans } from "floor/keyboard_scanner";
import { initLogin } from "floor/login_dialog";
import { t } from "floor/messages";
import { makeOutbox } from "floor/outbox";
import { draw } from "floor/render";
import { makeResolver } from "floor/scan_resolver";
import { scriptUrl } from "floor/script_url";
import { loadSession } from "floor/session";
import { makeStock } from "floor/stock_snapshot";
import { makeWork } from "floor/task_state";
import { TASKS, whyHeld } from "floor/tasks";

const REFRESH_MS = 60_000;
const SETTLES_MS = 1200;
const REPEAT_MS = 1000;
const PAGES = "floor-page";

async function keepPage() {
  if (!navigator.serviceWorker) return;
  await navigator.serviceWorker.register(scriptUrl(document.body.dataset.worker), { scope: root });
  const page = await caches.open(PAGES);
  if (await page.match(root)) return;
  const response = await fetch(root, { headers: { Accept: "text/html" } });
  if (response.ok && !response.redirected) await page.put(root, response);
}

// After sign-out the cached page and the stock are deleted; unsent operations stay.
const forgetPage = () => caches?.delete(PAGES);

async function start() {
  const db = await openStore();
  const stock = await makeStock(db);
  const work = makeWork(stock);
  const resolver = makeResolver(stock);
  const scans = [];
  // The next user's work begins when nothing of the last one is left to be forgotten.
  let forgotten = Promise.resolve();
  const forget = () => (forgotten = forgotten.then(async () => {
    await forgetPage();
    await stock.forget();
    work.clear();
  }));
  const login = initLogin(db, { forget });
  const show = () => {
    draw(work, stock, { choose, handle, receiveAsNew, startLink, confirmNotice });
    document.getElementById("log").removeAttribute("data-waits"); // its position is final now
  };

  // Focuses the scan field for the next scan; `gently`: not while the user types elsewhere.
  const refocus = ({ gently = false } = {}) => {
    const isTyping = document.activeElement?.matches("input, select");
    if (!$("login").open && !(gently && isTyping)) $("scan-field").focus({ preventScroll: true });
  };

  function handle(found) {
    const [kind, text] = work.take(found);
    signal(kind, text);
    refocus();
    return kind;
  }

  const refuseScan = (keys) => signal("bad", keys
    ? t("The scan is incomplete. Removed %(keys)s from a field. Scan or type again.", { keys })
    : t("The scan is incomplete. Scan again."));

  let latest = 0;
  async function onScan(raw, early) {
    if ($("login").open || !login.user) return signal("bad", t("Sign in first."));
    await forgotten;
    if (early && !(await resolver.here(readScan(early.text))).unknown) {
      early.restore();
      return refuseScan(early.keys);
    }
    emit("scan", { raw });
    const reading = readScan(raw);
    const mine = (latest += 1);
    scans.unshift({ raw, text: reading.text, at: Date.now() });
    scans.length = Math.min(scans.length, 20);
    drawScans(scans, onScan);
    const found = await resolver.here(reading);
    if (mine !== latest) return;
    if (!found.unknown || reading.error) handle(found);
    const better = await resolver.there(reading);
    if (mine !== latest) return;
    if (reading.error) return;
    if (found.unknown) handle(better ?? found);
    else if (better) correct(found, better);
  }

  // Applies the server's different or newer result; signals it only if it matters.
  function correct(found, better) {
    const same =
      better.item?.code === found.item?.code && better.lot?.lotCode === found.lot?.lotCode;
    if (!same && (better.item || better.job)) return handle(better);
    const held = better.lot?.hold && better.lot.hold !== found.lot?.hold;
    if (better.lot && work.s.lot?.id === better.lot.id) work.set({ lot: better.lot });
    if (better.warnings?.length) {
      work.set({ warnings: better.warnings });
      if (!found.warnings?.length) signal("kept", better.warnings[0]);
    }
    if (held && TASKS[work.s.task].usable) signal("bad", whyHeld(better.lot));
  }

  function choose(lot) {
    handle({ lot, item: stock.item(lot.item), reading: { text: lot.lotCode } });
  }

  function receiveAsNew() {
    work.setTask("receive");
    $("item").focus();
  }

  function confirmNotice() {
    signal("scanned", work.confirmNotice());
    refocus();
  }

  function startLink() {
    work.set({ linking: !work.s.linking });
    if (work.s.linking) $("item").focus();
    else refocus();
  }

  async function link(item) {
    const { raw, text } = work.s.canLink;
    const occurredAt = new Date().toISOString();
    const body = { op: "link", code: raw, text, item: item.code, occurredAt };
    const entry = await outbox.add({ id: login.user.id, name: login.user.name }, body);
    stock.teach({ code: readScan(raw).gtin ?? text, item: item.code, qty: "1" });
    work.set({ unknown: "", notice: null, canLink: null, linking: false });
    handle({ item, reading: { text } });
    await told(entry);
  }

  // One tap posts one operation: it is stored first, then sent; the result is awaited briefly.
  let busy = false;
  let keptAt = -Infinity;
  async function post() {
    const isRepeat = !work.s.item && performance.now() - keptAt < REPEAT_MS;
    if (busy || isRepeat) return;
    const entry = await keep();
    if (!entry) return;
    await told(entry);
    refocus({ gently: true });
  }

  let asking = null;
  const askForReference = () => { asking = work.askForReference(); };

  // Figures count what waits in the outbox, also of another tab.
  const follow = async () => stock.follow(await outbox.all());

  // Stores the operation, or signals what is wrong with it.
  async function keep() {
    busy = true;
    $("go").setAttribute("aria-disabled", "true");
    try {
      await asking;
      await follow();
      const wrong = work.complaint();
      if (wrong) {
        signal("bad", wrong);
        if (work.excess()) refresh();
        return null;
      }
      const entry = await outbox.add({ id: login.user.id, name: login.user.name }, work.body());
      keptAt = performance.now();
      await follow();
      work.clear();
      return entry;
    } finally {
      busy = false;
      $("go").removeAttribute("aria-disabled");
    }
  }

  // Signals the result, or "kept" if it takes longer.
  const waitingFor = new Map();
  function told(entry) {
    return new Promise((resolve) => {
      const late = setTimeout(() => {
        waitingFor.delete(entry.seq);
        signal("kept", t("Saved on this tablet, to be sent: %(operation)s",
          { operation: titleOf(entry) }));
        resolve();
      }, SETTLES_MS);
      waitingFor.set(entry.seq, () => { clearTimeout(late); resolve(); });
    });
  }

  on("settled", async (entry) => {
    const isMine = waitingFor.get(entry.seq);
    waitingFor.delete(entry.seq);
    await follow();
    if (entry.body.op === "link") stock.refresh();
    if (entry.state === "refused") signal("bad", entry.refusal.detail);
    else if (isMine) signal("done", entry.answer.says);
    isMine?.();
  });

  const outbox = makeOutbox(db);
  const resent = new Set();
  const again = async (entry, changes) => {
    if (resent.has(entry.seq)) return;
    resent.add(entry.seq);
    await outbox.add(entry.user, { ...entry.body, ...changes });
    await outbox.discard(entry.seq);
  };
  const edit = async (entry) => {
    const { op, item, lotCode, reservation, reference = "" } = entry.body;
    const lot = stock.lot(item, lotCode) ?? null;
    work.setTask(reservation ? "pick" : op);
    if (reservation) work.set({ job: reference });
    if (lot) choose(lot);
    const { qty, counted, location = "", expiresOn = "", reason = "" } = entry.body;
    const isBesides = op === "issue" && !reservation && !entry.body.reservedFirst;
    work.set({ item: stock.item(item) ?? null, lotCode, location, expiresOn, reason, reference,
      newLot: "", isSure: true, qty: qty ?? counted ?? "1", typed: ["qty"], isBesides });
    await outbox.discard(entry.seq);
  };
  const discard = async (entry) => {
    await outbox.discard(entry.seq);
    signal("scanned", t("Discarded: %(operation)s", { operation: titleOf(entry) }));
    refocus();
  };
  const list = () => drawList(outbox, login.user, { again, edit, discard });

  on("work", show);
  on("stock", () => {
    work.renew();
    $("asof").textContent = stock.asOf ? t("Quantities as of %(time)s", { time: clock(stock.asOf) })
      : t("No quantities stored yet");
    show();
  });
  on("outbox", () => { list(); follow(); });
  on("user", async (user) => {
    list();
    if (!user) return forget();
    await forgotten;
    outbox.send();
    keepPage().catch(() => { /* no connection: cached at the next visit */ });
    if (!(await stock.refresh())) emit("stock");
    refocus({ gently: true });
  });

  dropDoubleTaps();
  initControls({ work, stock, onScan, post, link, refocus, askForReference });
  initCamera(listenForScans(onScan, refuseScan));
  initSignals();
  stayAwake();
  initLine(refresh);
  show();
  list();
  await follow();

  async function refresh() {
    if (document.hidden || !login.user) return;
    await stock.refresh();
  }
  setInterval(refresh, REFRESH_MS);
  if (!(await loadSession())) {
    await login.recall();
    emit("stock");
    list();
  }
  refocus({ gently: true });
  // The only global: the browser tests add operations to the outbox, and read it.
  globalThis.floor = Object.freeze({ outbox });
  document.body.dataset.ready = "yes";
}

start();
