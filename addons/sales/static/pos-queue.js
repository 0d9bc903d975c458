// Sales until the server has them. Each is written to the disk before it is sent, under a name that
// was made here, and is taken away only when the server names it: sent twice it is sold once.

import { call, facts, reason } from "pos/base";

const LOCK = "andes-pos";
const BATCH = 50;
const PATIENCE = 20000;
const AGAIN = new Set([0, 401, 408, 429]);
const told = new BroadcastChannel(LOCK);
const listeners = new Set();

export const state = { reached: navigator.onLine, sending: false, trouble: "", fates: [] };

// Storage --------------------------------------------------------------------------------------

let opened;
function database() {
  opened ??= new Promise((done, fail) => {
    const asked = indexedDB.open("andes-pos", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("cola", { keyPath: "uuid" });
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => fail(asked.error);
  });
  return opened;
}

async function act(mode, work) {
  const within = (await database()).transaction("cola", mode, { durability: "strict" });
  const asked = work(within.objectStore("cola"));
  return new Promise((done, fail) => {
    within.oncomplete = () => done(asked.result);
    within.onabort = () => fail(within.error);
  });
}

const put = (sale) => act("readwrite", (store) => store.put(sale));
const drop = (uuid) => act("readwrite", (store) => store.delete(uuid));

export async function all() {
  const sales = await act("readonly", (store) => store.getAll());
  return sales.sort((one, other) => (one.fecha < other.fecha ? -1 : 1));
}

const own = (sale) => sale.usuario.id === facts.usuario.id;
export const mine = async () => (await all()).filter(own);

// Telling --------------------------------------------------------------------------------------

export const onChange = (listener) => listeners.add(listener);
function tell(others = true) {
  for (const listener of listeners) listener();
  if (others) told.postMessage("changed");
}
told.onmessage = () => tell(false);

function note({ status, data }) {
  state.reached = status !== 0 && status < 500;
  const stranger = data?.code === "otro_usuario";
  state.trouble = stranger ? "otra" : status === 401 ? "sesion" : "";
  return AGAIN.has(status) || status >= 500 || stranger;
}

// Sending --------------------------------------------------------------------------------------

// {sold}, {refused: why}, {pending} where it waits here, {lost} where nobody has it for sure.
export async function sell(sale) {
  const kept = await put({ ...sale, estado: "pendiente" }).then(() => true, () => false);
  navigator.storage?.persist?.();
  const fate = await navigator.locks.request(LOCK, { mode: "shared", ifAvailable: true }, (lock) => (lock ? send(sale) : { pending: true }));
  if (kept && !fate.pending) await drop(sale.uuid);
  tell();
  return fate.pending && !kept ? { lost: true } : fate;
}

async function send(sale) {
  if (!navigator.onLine || !state.reached) return { pending: true };
  const answer = await call("POST", "/api/ventas/", sale.venta, { "Idempotency-Key": sale.uuid }, PATIENCE);
  if (answer.status === 201 || answer.data?.code === "venta_repetida") {
    note({ status: 201 });
    return { sold: answer.data };
  }
  return note(answer) ? { pending: true } : { refused: reason(answer.data) };
}

// One tab at a time, and not while a sale is on its way by itself.
export async function sync() {
  await navigator.locks.request(LOCK, { ifAvailable: true }, async (lock) => {
    while (lock && (await sendBatch())) tell();
  });
  state.sending = false;
  tell();
}

async function sendBatch() {
  const batch = (await mine()).filter((sale) => sale.estado === "pendiente").slice(0, BATCH);
  if (!batch.length) return false;
  state.sending = true;
  tell(false);
  const ventas = batch.map(({ uuid, fecha, venta }) => ({ uuid, fecha_registro_local: fecha, venta }));
  const answer = await call("POST", "/api/ventas/offline-sync/", { ventas }, {}, 60000);
  if (note(answer)) return false;
  if (answer.status !== 200) { state.trouble = reason(answer.data); return false; }
  let moved = false;
  for (const fate of answer.data.ventas) {
    const sale = batch.find((one) => one.uuid === fate.uuid);
    if (fate.resultado !== "error_sync") {
      await drop(fate.uuid);
      state.fates.unshift({ ...sale, numero: `${fate.serie}-${fate.numero}`, estado: "enviada" });
    } else if (fate.codigo === "venta_repetida") continue;
    else await put({ ...sale, estado: "conflicto", motivo: fate.error_sync });
    moved = true;
  }
  return moved;
}

export async function ping() {
  const answer = await fetch("/health/live", { signal: AbortSignal.timeout(PATIENCE) }).catch(() => null);
  state.reached = Boolean(answer?.ok);
  tell(false);
  return state.reached;
}

export async function retry(sale) {
  await put({ ...sale, estado: "pendiente", motivo: "" });
  await sync();
}

// The server keeps a sale that it refused, with the reason: somebody may see to it there.
export async function handOver(sale) {
  await drop(sale.uuid);
  tell();
}
