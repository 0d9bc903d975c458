// The till: keys, search, cliente, queue. Its parts are in pos/…, which the page's import map names.

import { $, $$, busy, call, complain, copy, el, facts, moment, notice, open, reason, text } from "pos/base";
import * as cart from "pos/cart";
import "pos/drawer";
import * as goods from "pos/goods";
import * as lots from "pos/lots";
import { money, plain, read, scaled } from "pos/money";
import * as pay from "pos/pay";
import * as queue from "pos/queue";
import * as scan from "pos/scan";

const AGAIN = 10000;
const search = $("#search");

// Products -------------------------------------------------------------------------------------

const many = (typed) => /^\s*(\d+(?:[.,]\d+)?)\s*[*xX×]\s*(.*)$/.exec(typed);
const words = () => many(search.value)?.[2] ?? search.value;

function take(product, lot = lots.named(words(), product)) {
  const quantity = scaled(read(many(search.value)?.[1] ?? "1", facts.estilo), 4);
  if (quantity && !cart.add(product, plain(quantity, 4), lot)) notice(text("lote_puesto", { n: lot.numero }), "warn");
  search.value = "";
  show();
  search.focus();
}

function show() {
  const typed = words();
  goods.draw(goods.search(typed), typed);
}

async function enter() {
  const typed = words().trim(), quantity = many(search.value)?.[1];
  if (!typed && quantity) {
    if (cart.selected() >= 0) cart.setQuantity(cart.selected(), quantity);
    search.value = "";
    return;
  }
  if (!typed) { pay.begin(); return; }
  const found = goods.search(typed)[0] ?? (await goods.ask(typed));
  if (found) take(found);
  else if (!(await takeLot(typed))) show();
}

// A lot by its number, of those here or, where there is a connection, of those that came meanwhile.
async function takeLot(code) {
  const lot = lots.named(code) ?? (await lots.ask(code)), product = goods.byId.get(lot?.producto_id);
  if (product) take(product, lot);
  return Boolean(product);
}

async function scanned(code) {
  const found = goods.code(code);
  if (found) take(found, null);
  else if (!(await takeLot(code))) {
    const other = await goods.ask(code);
    if (other) take(other, null);
    else notice(text("nada", { q: code }));
  }
}

search?.addEventListener("input", show);
$("#find")?.addEventListener("submit", (event) => { event.preventDefault(); enter(); });
$("#tiles")?.addEventListener("click", (event) => {
  const tile = event.target.closest(".tile");
  if (tile) take(goods.byId.get(Number(tile.dataset.id)));
});
$("#kinds")?.addEventListener("click", (event) => {
  const chip = event.target.closest("[data-kind]");
  if (chip) { goods.choose(Number(chip.dataset.kind)); show(); }
});
$("#expand")?.addEventListener("click", (event) => {
  const open_ = $(".cart").classList.toggle("whole");
  event.currentTarget.setAttribute("aria-expanded", String(open_));
});

// Cliente --------------------------------------------------------------------------------------

const who = $("#client-search");
let turn = 0;

function pick(cliente) {
  cart.setClient(cliente);
  $("#clients").close();
  search.focus();
}

async function list() {
  const typed = who.value.trim(), mine = ++turn;
  let found = goods.find(goods.data.clientes, typed, 20);
  draw(found);
  if (found.length || typed.length < 2) return;
  const { status, data } = await call("GET", `/api/clientes/?activo=true&limit=20&fields=id,razon_social,numero_doc,lista_precio_id&q=${encodeURIComponent(typed)}`);
  if (status === 200 && mine === turn) draw(data.items);
}

function draw(found) {
  $("#client-list").replaceChildren(...found.map((one) => {
    const button = el("button", "", el("b", "", one.razon_social), el("small", "", one.numero_doc));
    button.type = "button";
    button.addEventListener("click", () => pick(one));
    return el("li", "", button);
  }));
}

$("#clients").addEventListener("opened", () => { who.value = ""; list(); who.focus(); });
who.addEventListener("input", list);
$("#find-client").addEventListener("submit", (event) => { event.preventDefault(); $("#client-list button")?.click(); });
$("#client-new")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { status, data } = await call("POST", "/api/clientes/", Object.fromEntries(new FormData(event.target)));
  if (status !== 201) return complain($("[role=alert]", event.target), reason(data));
  goods.refresh(true);
  event.target.reset();
  pick(data);
});

// Queue ----------------------------------------------------------------------------------------

let waiting = [];

async function drawState() {
  waiting = await queue.all().catch(() => []);
  lots.hold(waiting);
  const mine = waiting.filter((sale) => sale.usuario.id === facts.usuario.id);
  const held = mine.filter((sale) => sale.estado === "conflicto").length, n = mine.length - held;
  const { reached, sending, trouble } = queue.state;
  const [tone, name, count] = trouble && n ? ["warn", "entrar", n]
    : !reached ? ["warn", n ? "sin_cola" : "sin", n]
    : sending && n ? ["info", "enviando", n]
    : held ? ["bad", "resolver", held]
    : n ? ["info", "en_cola", n] : ["good", "linea", 0];
  const pill = $("#state");
  pill.className = `state ${tone}`;
  $("span", pill).textContent = text(name, { n: count });
  drawQueue(mine);
}

function drawQueue(mine) {
  const { trouble } = queue.state;
  const note = trouble === "sesion" || trouble === "otra" ? text(trouble) : trouble || text(mine.length ? "cola" : "cola_vacia", { n: mine.length });
  $("#queue-note").textContent = note;
  $("#again").hidden = trouble !== "sesion";
  $("#send-now").hidden = !mine.length;
  $("#queue-list").replaceChildren(...waiting.map(row), ...queue.state.fates.slice(0, 20).map(row));
}

function row(sale) {
  const made = copy("sale"), own = sale.usuario.id === facts.usuario.id, held = sale.estado === "conflicto";
  $("b", made).textContent = `${sale.numero ?? moment(sale.fecha)} · ${money(scaled(sale.total, 2), facts.estilo)}`;
  $("small", made).textContent = own ? sale.ticket.cliente : text("ajena", { name: sale.usuario.nombre });
  const badge = $(".badge", made);
  badge.textContent = text(held ? "conflicto" : sale.estado === "enviada" ? "enviada" : "pendiente");
  badge.classList.add(held ? "bad" : sale.estado === "enviada" ? "good" : "info");
  complain($(".fault", made), sale.motivo);
  $(".ends", made).hidden = !(own && held);
  $("[data-retry]", made).addEventListener("click", () => queue.retry(sale));
  $("[data-hand]", made).addEventListener("click", () => { if (confirm(text("entregar"))) queue.handOver(sale); });
  return made;
}

async function tick() {
  const pending = waiting.some((sale) => sale.usuario.id === facts.usuario.id && sale.estado === "pendiente");
  if (!queue.state.reached && !(await queue.ping())) return;
  if (pending) await queue.sync();
  goods.refresh(pending).catch(() => {});
}

queue.onChange(drawState);
$("#send-now").addEventListener("click", () => queue.sync());
addEventListener("online", () => queue.ping().then(tick));
addEventListener("offline", () => { queue.state.reached = false; drawState(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) tick(); });
setInterval(tick, AGAIN);
$("[data-leave]").addEventListener("submit", (event) => {
  const n = waiting.filter((sale) => sale.usuario.id === facts.usuario.id).length;
  if (n && !confirm(text("salir", { n }))) event.preventDefault();
});

// Keys -----------------------------------------------------------------------------------------

function walk(event) {
  const tiles = $$("#tiles .tile"), at = tiles.indexOf(document.activeElement);
  const wide = tiles.filter((one) => one.offsetTop === tiles[0]?.offsetTop).length;
  const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: wide, ArrowUp: -wide }[event.key];
  if (at < 0 || !by) return false;
  (tiles[at + by] ?? (by < 0 ? search : tiles[at])).focus();
  return true;
}

const KEYS = {
  F2: () => cart.editQuantity(),
  F4: () => cart.edit(),
  F7: () => $("#client").click(),
  F8: () => $("#discount").click(),
  F9: () => pay.begin(),
};

function key(event) {
  const { key: name, target } = event;
  if (busy() || event.ctrlKey || event.metaKey || event.altKey) return false;
  if (KEYS[name]) { KEYS[name](); return true; }
  if (walk(event)) return true;
  if (target.closest("#lines input")) {
    if (name !== "Enter" && name !== "Escape") return false;
    search.focus();
    return true;
  }
  const empty = !search.value, at = target === search;
  if (name === "Escape" && at && !empty) { search.value = ""; show(); return true; }
  if (at && !empty) { if (name === "ArrowDown") { $("#tiles .tile")?.focus(); return true; } return false; }
  switch (name) {
    case "ArrowUp": cart.select(-1); return true;
    case "ArrowDown": cart.select(1); return true;
    case "Delete": cart.remove(); return true;
    case "Escape": case "/": search.focus(); return true;
    case "?": open("keys"); return true;
    default: return false;
  }
}

if (search) {
  scan.wedge(scanned);
  scan.camera(scanned);
  document.addEventListener("keydown", (event) => { if (key(event)) event.preventDefault(); });
}

// Beginning ------------------------------------------------------------------------------------

await drawState();
if (search) {
  await goods.load().catch(() => {});
  cart.restore(waiting);
  show();
  goods.refresh(true).then(() => cart.draw()).catch(() => {});
}
tick();
document.documentElement.dataset.ready = "yes";
