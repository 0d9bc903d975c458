// What every part of the till uses: facts of the page, nodes, notices, calls to the API.

export const $ = (selector, within = document) => within.querySelector(selector);
export const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
export const facts = JSON.parse($("#pos").dataset.facts);
const said = (name, { n }) => (n === 1 && facts.textos[`${name}_1`]) || facts.textos[name];
export const text = (name, values = {}) => said(name, values).replace(/\{(\w+)\}/g, (_, key) => values[key]);
export const copy = (name) => document.importNode($(`#t-${name}`).content.firstElementChild, true);

export function el(tag, names = "", ...inside) {
  const made = document.createElement(tag);
  made.className = names;
  made.append(...inside);
  return made;
}

export function moment(value, how = { dateStyle: "short", timeStyle: "short" }) {
  return new Intl.DateTimeFormat(facts.idioma, { ...how, timeZone: facts.zona }).format(new Date(value));
}

export const day = (value) => new Intl.DateTimeFormat(facts.idioma, { dateStyle: "short", timeZone: "UTC" }).format(new Date(value));

export function notice(message, tone = "bad") {
  const made = el("p", `notice ${tone}`, message);
  $("#notices").append(made);
  setTimeout(() => made.remove(), 7000);
}

export function complain(box, message = "") {
  box.textContent = message;
  box.hidden = !message;
}

export function reason(data) {
  const fields = (data?.errors ?? []).map((one) => one.message).filter((one) => one !== data.detail);
  return [data?.detail ?? text("sin_red"), ...fields].join(" ");
}

// The answer to a request; status 0 says that nobody knows whether it arrived.
export async function call(method, path, body, more = {}, patience = 10000) {
  const headers = { "Content-Type": "application/json", "Accept-Language": facts.idioma, "X-Expected-User": facts.usuario.id, ...more };
  try {
    const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(patience) });
    return { status: answer.status, data: await answer.json().catch(() => { if (answer.ok) throw new TypeError(); return null; }) };
  } catch {
    return { status: 0, data: null };
  }
}

// Dialogs: opened by [data-open], closed by [data-close]; who opened one gets the focus back.
export function open(name) {
  const dialog = $(`#${name}`);
  if (!dialog.open) dialog.showModal();
  return dialog;
}

export const busy = () => Boolean($("dialog[open]"));

document.addEventListener("click", (event) => {
  const { target } = event;
  const opener = target.closest("[data-open]");
  if (opener) open(opener.dataset.open).dispatchEvent(new Event("opened"));
  if (target.closest("[data-close]") || target.matches("dialog")) target.closest("dialog")?.close();
  for (const drop of $$("details.drop[open]")) if (!target.closest("summary") || !drop.contains(target)) drop.open = false;
});
