// Creates the parts of the page and connects them.
(() => {
  "use strict";
  const floor = (globalThis.floor ??= {});
  const { $ } = floor;
  const REFRESH_MS = 60_000;
  const SETTLES_MS = 1200;
  const REPEAT_MS = 1000;
  const PAGES = "floor-page";

  // Script URLs can only be our own, below the floor app's path.
  const rules = { createScriptURL: (url) => (new URL(url, location.href).pathname.startsWith(floor.root) ? url : "") };
  floor.scriptUrl = (url) =>
    (window.trustedTypes ? (floor.policy ??= trustedTypes.createPolicy("floor", rules)) : rules)
      .createScriptURL(url);

  async function keepPage() {
    if (!navigator.serviceWorker) return;
    await navigator.serviceWorker.register(floor.scriptUrl(document.body.dataset.worker), { scope: floor.root });
    const page = await caches.open(PAGES);
    if (await page.match(floor.root)) return;
    const response = await fetch(floor.root, { headers: { Accept: "text/html" } });
    if (response.ok && !response.redirected) await page.put(floor.root, response);
  }

  // After sign-out the cached page and the stock are deleted; unsent operations stay.
  const forgetPage = () => caches?.delete(PAGES);

  async function start() {
    const db = await floor.openStore();
    const stock = await floor.makeStock(db);
    const work = floor.makeWork(stock);
    const resolver = floor.makeResolver(stock);
    const scans = [];
    const forget = async () => { await forgetPage(); await stock.forget(); work.clear(); };
    const login = floor.initLogin(db, { forget });
    const show = () => {
      floor.draw(work, stock);
      document.getElementById("log").removeAttribute("data-waits"); // its position is final now
    };
    floor.work = work;

    // Focuses the scan field for the next scan; `gently`: not while the user types elsewhere.
    const refocus = ({ gently = false } = {}) => {
      const isTyping = document.activeElement?.matches("input, select");
      if (!$("login").open && !(gently && isTyping)) $("scan-field").focus({ preventScroll: true });
    };

    floor.handle = (found) => {
      const [kind, text] = work.take(found);
      floor.signal(kind, text);
      refocus();
      return kind;
    };

    let latest = 0;
    async function onScan(raw) {
      if ($("login").open || !login.user) return floor.signal("bad", "Log in first.");
      floor.emit("scan");
      const reading = floor.read(raw);
      const mine = (latest += 1);
      scans.unshift({ raw, text: reading.text, at: Date.now() });
      scans.length = Math.min(scans.length, 20);
      floor.drawScans(scans, onScan);
      const found = await resolver.here(reading);
      if (mine !== latest) return;
      if (!found.unknown || reading.error) floor.handle(found);
      const better = await resolver.there(reading);
      if (mine !== latest) return;
      if (reading.error) return;
      if (found.unknown) floor.handle(better ?? found);
      else if (better) correct(found, better);
    }

    // Applies the server's different or newer result; signals it only if it matters.
    function correct(found, better) {
      const same = better.item?.code === found.item?.code && better.lot?.lotCode === found.lot?.lotCode;
      if (!same && (better.item || better.job)) return floor.handle(better);
      const held = better.lot?.hold && better.lot.hold !== found.lot?.hold;
      if (better.lot && work.s.lot?.id === better.lot.id) work.set({ lot: better.lot });
      if (better.warnings?.length) {
        work.set({ warnings: better.warnings });
        if (!found.warnings?.length) floor.signal("kept", better.warnings[0]);
      }
      if (held && floor.TASKS[work.s.task].usable) floor.signal("bad", floor.whyHeld(better.lot));
    }

    floor.choose = (lot) => floor.handle({ lot, item: stock.item(lot.item), reading: { text: lot.lotCode } });
    floor.startLink = () => { work.set({ linking: true }); $("item").focus(); };
    floor.link = async (item) => {
      const { raw, text } = work.s.canLink;
      const body = { op: "link", code: raw, text, item: item.code, occurredAt: new Date().toISOString() };
      const entry = await outbox.add({ id: login.user.id, name: login.user.name }, body);
      stock.teach({ code: floor.read(raw).gtin ?? text, item: item.code, qty: "1" });
      work.clear();
      work.set({ linking: false });
      floor.handle({ item, reading: { text } });
      await told(entry);
    };
    floor.receiveAsNew = () => { work.setTask("receive"); $("item").focus(); };

    // One tap posts one operation: it is stored first, then sent; the result is awaited briefly.
    let busy = false;
    let keptAt = -Infinity;
    async function post() {
      const wrong = work.complaint();
      const isRepeat = !work.s.item && performance.now() - keptAt < REPEAT_MS;
      if (busy || isRepeat) return;
      if (wrong) return floor.signal("bad", wrong);
      const entry = await keep();
      await told(entry);
      refocus({ gently: true });
    }

    async function keep() {
      busy = true;
      $("go").setAttribute("aria-disabled", "true");
      try {
        const entry = await outbox.add({ id: login.user.id, name: login.user.name }, work.body());
        keptAt = performance.now();
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
          floor.signal("kept", `Saved on this tablet, will be sent: ${floor.titleOf(entry)}`);
          resolve();
        }, SETTLES_MS);
        waitingFor.set(entry.seq, () => { clearTimeout(late); resolve(); });
      });
    }

    floor.on("settled", async (entry) => {
      const isMine = waitingFor.get(entry.seq);
      waitingFor.delete(entry.seq);
      if (entry.state === "done") await stock.learn(entry.answer);
      if (entry.body.op === "link") stock.refresh();
      if (entry.state === "refused") floor.signal("bad", entry.refusal.detail);
      else if (isMine) floor.signal("done", entry.answer.says);
      isMine?.();
    });

    const outbox = floor.makeOutbox(db);
    floor.outbox = outbox;
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
      if (lot) floor.choose(lot);
      const { qty, counted, location = "", expiresOn = "", reason = "" } = entry.body;
      work.set({ item: stock.item(item) ?? null, lotCode, location, expiresOn, reason, reference,
        newLot: "", isSure: true, qty: qty ?? counted ?? "1" });
      await outbox.discard(entry.seq);
    };
    const discard = async (entry) => {
      await outbox.discard(entry.seq);
      floor.signal("scanned", `Discarded: ${floor.titleOf(entry)}`);
      refocus();
    };
    const list = () => floor.drawList(outbox, login.user, { again, edit, discard });

    floor.on("work", show);
    floor.on("stock", () => {
      const { lot } = work.s;
      if (lot) work.s.lot = stock.lot(lot.item, lot.lotCode) ?? lot;
      const asOf = stock.asOf ? `Figures as of ${floor.clock(stock.asOf)}.` : "No figures kept yet.";
      $("asof").textContent = asOf;
      show();
    });
    floor.on("outbox", list);
    floor.on("user", async (user) => {
      list();
      if (!user) return forget();
      outbox.send();
      keepPage().catch(() => { /* no connection: cached at the next visit */ });
      if (!(await stock.refresh())) floor.emit("stock");
      refocus({ gently: true });
    });

    floor.dropDoubleTaps();
    floor.initControls({ work, stock, onScan, post, refocus });
    floor.initCamera(floor.listenForScans(onScan));
    floor.initSignals();
    floor.stayAwake();
    floor.initLine(refresh);
    show();
    list();

    async function refresh() {
      if (document.hidden || !login.user) return;
      await stock.refresh();
    }
    setInterval(refresh, REFRESH_MS);
    if (!(await floor.session())) {
      await login.recall();
      floor.emit("stock");
      list();
    }
    refocus({ gently: true });
    document.body.dataset.ready = "yes";
  }

  document.addEventListener("DOMContentLoaded", start);
})();
