// What an installable page needs before its own script: the service worker, and the theme.

const { worker, scope } = document.querySelector("script[data-worker]").dataset;
const ours = (address) => { if (address !== worker) throw new TypeError(address); return address; };
const trusted = globalThis.trustedTypes?.createPolicy("andes-worker", { createScriptURL: ours });

navigator.serviceWorker?.register(trusted?.createScriptURL(worker) ?? worker, { scope, updateViaCache: "none" }).catch(() => {});
// A page that was on its way while the worker claimed those there are is nobody's until it asks.
navigator.serviceWorker?.ready.then(({ active }) => {
  if (!navigator.serviceWorker.controller) active.postMessage("claim");
});

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-theme-switch]")) return;
  event.preventDefault();
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  document.cookie = `tema=${root.dataset.theme}; Path=/; Max-Age=31536000; SameSite=Lax`;
});
