// The service worker of an installable page. APP stands above: address, version, files.
// Files come from the cache of their version, the page from the server or, without one, as it was
// last seen; nothing else is touched, least of all the API.

const FILES = `${APP.address} ${APP.version}`;
const DATA = `${APP.address} datos`;
const PATIENCE = 15000;

addEventListener("install", (event) => event.waitUntil(install()));
addEventListener("activate", (event) => event.waitUntil(activate()));
addEventListener("message", (event) => event.waitUntil(take()));
addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname, search } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate" && pathname === APP.address) event.respondWith(page(event));
  else if (APP.files.includes(pathname + search)) event.respondWith(file(request));
});

async function install() {
  await (await caches.open(FILES)).addAll(APP.files);
  await skipWaiting();
}

async function activate() {
  for (const name of await caches.keys()) {
    if (name.startsWith(`${APP.address} `) && name !== FILES && name !== DATA) await caches.delete(name);
  }
  await take();
}

// Whoever is here may have come past the worker, with another page than the one that is kept.
async function take() {
  await fetch(APP.address, { redirect: "manual" }).then(keep, () => {});
  await clients.claim();
}

// A page of another version would ask for files that are not here; one for signing in is no page.
async function keep(answer) {
  const data = await caches.open(DATA);
  if (answer.type === "opaqueredirect" || [401, 403, 404].includes(answer.status)) await data.delete(APP.address);
  else if (answer.ok && (await answer.clone().text()).includes(APP.version)) await data.put(APP.address, answer);
}

async function page(event) {
  const asked = fetch(event.request);
  const late = new Promise((done) => { setTimeout(done, PATIENCE); });
  const answer = await Promise.race([asked, late]).catch(() => null);
  if (answer && answer.status < 500) {
    event.waitUntil(keep(answer.clone()));
    return answer;
  }
  const kept = await (await caches.open(DATA)).match(APP.address);
  return kept ?? answer ?? asked;
}

async function file(request) {
  const cache = await caches.open(FILES);
  const kept = await cache.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}
