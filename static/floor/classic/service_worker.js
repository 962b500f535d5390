// Caches the page and its files, so that it opens without a connection. The server prepends SHELL
// with the names of the files; a changed name makes a new worker. EXTRA is cached at its first use.
"use strict";
const FILES = "floor-files";
const PAGE = "floor-page";
const PATIENCE_MS = 3000;
// The site can be below a path of its host; this file is in the folder of the floor app.
const ROOT = new URL("./", self.location).pathname;
const STATIC = new URL("../static/", self.location).pathname;

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(FILES).then((files) => files.addAll(SHELL)));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(renew().then(() => self.clients.claim()));
});

// Page and files are a unit: old files stay as long as the cached page needs them.
async function renew() {
  const page = await caches.open(PAGE);
  if (await page.match(ROOT)) {
    const response = await fetch(ROOT).catch(() => null);
    if (!response?.ok || response.redirected) return;
    await page.put(ROOT, response);
  }
  const files = await caches.open(FILES);
  for (const request of await files.keys()) {
    if (![...SHELL, ...EXTRA].includes(new URL(request.url).pathname)) await files.delete(request);
  }
}

// Only reads are cached; writes go to the network, and the outbox retries them.
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { pathname, origin } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate" && pathname === ROOT) event.respondWith(openPage(request));
  else if (EXTRA.includes(pathname)) event.respondWith(openExtra(request));
  else if (pathname.startsWith(STATIC)) event.respondWith(openFile(request));
});

// The server's page if it comes in time, else the cached one. A page is cached only with its files.
async function openPage(request) {
  const page = await caches.open(PAGE);
  const fresh = fetch(request).then(async (response) => {
    if (response.ok) {
      const text = await response.clone().text();
      if (SHELL.every((path) => text.includes(path))) await page.put(ROOT, response.clone());
    }
    return response;
  });
  const kept = await page.match(ROOT);
  if (!kept) return fresh;
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, kept));
  const usable = fresh.then((response) => (response.status >= 500 ? kept : response));
  return Promise.race([usable.catch(() => kept), late]);
}

async function openFile(request) {
  const files = await caches.open(FILES);
  return (await files.match(request, { ignoreSearch: true })) ?? fetch(request);
}

async function openExtra(request) {
  const files = await caches.open(FILES);
  try {
    const response = await fetch(request);
    if (response.ok) await files.put(request, response.clone());
    return response;
  } catch {
    return (await files.match(request)) ?? Response.error();
  }
}
