// Queue of operations. Each is stored with its key before it is sent, and waits until the server
// has posted or refused it.
import { emit } from "floor/dom";
import { ask } from "floor/requests";
import { loadSession } from "floor/session";

const LONGEST_WAIT_MS = 60_000;
const KEPT_WHEN_DONE = 30;
// Errors of the connection rather than of the operation; after this many tries the operation is
// considered refused.
const GARBLED = new Set(["MALFORMED_REQUEST", "METHOD_NOT_ALLOWED", "CONTENT_TOO_LARGE"]);
const TRIES_WHEN_GARBLED = 5;
// Changes of the session that are tolerated before the next pause.
const MOST_CHANGES = 3;

export const makeOutbox = (db) => {
  let running = null;
  let again = false;
  let failures = 0;
  let timer = 0;
  const others = new BroadcastChannel("floor-outbox");
  others.onmessage = () => emit("outbox");

  function changed() {
    emit("outbox");
    others.postMessage("changed");
  }

  // When this returns, the operation is written to disk.
  async function add(user, body) {
    const entry = {
      key: crypto.randomUUID(), user, body, state: "waiting", tries: 0,
      at: new Date().toISOString(),
    };
    const tx = db.transaction("outbox", "readwrite", { durability: "strict" });
    entry.seq = await tx.store.add(entry);
    await tx.done;
    changed();
    send();
    return entry;
  }

  const all = () => db.getAll("outbox");
  const find = (seq) => db.get("outbox", seq);

  async function discard(seq) {
    await db.delete("outbox", seq);
    changed();
  }

  // Only if it still waits: another tab may have stored the result.
  async function settle(seq, changes) {
    const tx = db.transaction("outbox", "readwrite", { durability: "strict" });
    const entry = await tx.store.get(seq);
    if (entry?.state === "waiting") await tx.store.put({ ...entry, ...changes });
    await tx.done;
    changed();
    if (entry && changes.state) emit("settled", { ...entry, ...changes });
  }

  async function forgetOld() {
    const done = (await all()).filter((entry) => entry.state === "done");
    for (const entry of done.slice(0, -KEPT_WHEN_DONE)) await db.delete("outbox", entry.seq);
  }

  const next = async (user) =>
    (await all()).find((entry) => entry.state === "waiting" && entry.user.id === user.id);

  // done, refused, keep (retry later), or out (load the session again)
  async function judge(entry, csrf) {
    const answer = await ask("operations", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrf },
      body: JSON.stringify({ ...entry.body, key: entry.key, user: entry.user.id }),
    });
    if (!answer) return { verdict: "keep" };
    const { status, body, response } = answer;
    const after = 1000 * (Number(response.headers.get("Retry-After")) || 0);
    if (status < 300) {
      return body.key === entry.key ? { verdict: "done", body } : { verdict: "keep" };
    }
    if (status === 401 || status === 419 || body.code === "OTHER_USER") return { verdict: "out" };
    const passes = status === 429 || status >= 500 || body.code === "IDEMPOTENCY_IN_PROGRESS";
    if (passes || !body.code) return { verdict: "keep", after };
    if (GARBLED.has(body.code) && entry.tries + 1 < TRIES_WHEN_GARBLED) return { verdict: "keep" };
    return { verdict: "refused", body };
  }

  // Sends all operations of the current user in order. Returns the delay before a retry in ms, or
  // null if nothing is left to try: all are sent, or the others belong to users who are not
  // signed in.
  async function replay() {
    let session = await loadSession();
    let changes = 0;
    while (session?.user?.works) {
      const entry = await next(session.user);
      if (!entry) break;
      const { verdict, body, after = 0 } = await judge(entry, session.csrfToken);
      if (verdict === "out" && changes < MOST_CHANGES) {
        changes += 1;
        session = await loadSession();
      } else if (verdict === "keep" || verdict === "out") {
        await settle(entry.seq, { tries: entry.tries + 1 });
        emit("connection", "trouble");
        return after;
      } else {
        failures = changes = 0;
        const outcome = verdict === "done" ? { answer: body } : { refusal: body };
        await settle(entry.seq, { state: verdict, ...outcome });
      }
    }
    await forgetOld();
    return session ? null : 0;
  }

  // One tab at a time; operations added meanwhile are sent by the same run.
  async function drain() {
    try {
      while (again) {
        again = false;
        clearTimeout(timer);
        const after = await navigator.locks.request("floor-outbox", replay);
        if (after !== null) return later(after);
        failures = 0;
      }
    } finally {
      running = null;
    }
  }

  function send() {
    again = true;
    running ??= drain();
    return running;
  }

  function later(atLeast) {
    clearTimeout(timer);
    const usual = Math.min(LONGEST_WAIT_MS, 1000 * 2 ** Math.min(failures, 6));
    failures += 1;
    timer = setTimeout(send, Math.max(atLeast, usual * (0.5 + Math.random() / 2)));
  }

  window.addEventListener("online", send);
  document.addEventListener("visibilitychange", () => document.hidden || send());
  setInterval(async () => (await all()).some((e) => e.state === "waiting") && send(), 30_000);
  send();
  navigator.storage?.persist?.();

  return { add, all, find, discard, send };
};
