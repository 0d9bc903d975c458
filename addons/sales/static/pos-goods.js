// Products and clientes on this device: read when the server can be reached, searched without it.

import { $, $$, call, copy, el, facts, text } from "pos/base";
import * as lots from "pos/lots";
import { number, scaled } from "pos/money";

const DATA = "/app/pos/ datos";
const FRESH = 5 * 60 * 1000;
const MOST = 20000;
const SHOWN = 60;
const TONES = ["teal", "blue", "amber", "violet", "red", "green"];
const LISTS = {
  productos: `/api/productos/?activo=true&sort=id&fields=id,sku,nombre,precio,stock_actual,permite_venta_sin_stock,afectacion_igv,codigo_barras,categoria_id${lots.path && ",trazabilidad"}`,
  categorias: "/api/categorias/?sort=nombre&fields=id,nombre",
  clientes: "/api/clientes/?activo=true&sort=id&fields=id,razon_social,numero_doc,lista_precio_id",
  listas: "/api/listas-precio/?activo=true&sort=id&fields=id",
  precios: "/api/precios/?sort=id&fields=lista_id,producto_id,cantidad_minima,precio",
  ...(lots.path && { lotes: lots.path }),
};
const kept = (name) => `/app/pos/datos/${name}${name === "lotes" ? ` ${facts.caja.sucursal_id}` : ""}`;
const folded = (value) => value.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

export const data = { productos: [], categorias: [], clientes: [], listas: [], precios: [], lotes: [] };
export const byId = new Map();
const byCode = new Map(), prices = new Map();
let stocked = false, kind = 0, loaded = false, whole = true;

// Reading --------------------------------------------------------------------------------------

export async function load() {
  const cache = await caches.open(DATA);
  for (const name of Object.keys(LISTS)) {
    const found = await cache.match(kept(name));
    if (found) { data[name] = await found.json(); loaded = true; }
  }
  index();
}

let read = 0;
export async function refresh(now = false) {
  if (!now && Date.now() - read < FRESH) return;
  read = Date.now();
  const past = lots.told();
  const found = await Promise.all(Object.entries(LISTS).map(async ([name, path]) => [name, await every(path)]));
  if (found[0][1] === null) { read = 0; return; }
  const cache = await caches.open(DATA);
  for (const [name, items] of found) {
    if (items !== null) await cache.put(kept(name), new Response(JSON.stringify(items)));
  }
  for (const [name, items] of found) data[name] = items ?? data[name];
  loaded = true;
  lots.read(past);
  index();
}

async function every(path) {
  const items = [];
  for (let next = ""; next !== null && items.length < MOST;) {
    const { status, data: page } = await call("GET", `${path}&limit=500${next && `&next=${encodeURIComponent(next)}`}`, undefined, {}, 30000);
    if (status === 403) return [];
    if (status !== 200) return null;
    items.push(...page.items);
    next = page.next;
    if (next) whole = items.length < MOST;
  }
  return items;
}

const signed = (value) => (value.startsWith("-") ? -1n : 1n) * scaled(value.replace("-", ""), 4);

function learn(product) {
  product.stock = signed(product.stock_actual);
  product.words = folded(`${product.nombre} ${product.sku}`);
  byId.set(product.id, product);
  for (const code of [product.codigo_barras, product.sku]) if (code) byCode.set(folded(code), product);
  return product;
}

function index() {
  for (const one of [byId, byCode, prices]) one.clear();
  data.productos.forEach(learn);
  lots.index(data.lotes);
  for (const one of data.clientes) one.words = folded(`${one.razon_social} ${one.numero_doc}`);
  stocked = data.productos.some((one) => one.stock > 0n);
  const active = new Set(data.listas.map((one) => one.id));
  for (const one of data.precios) {
    if (!active.has(one.lista_id)) continue;
    const key = `${one.lista_id} ${one.producto_id}`;
    prices.set(key, [...(prices.get(key) ?? []), [scaled(one.cantidad_minima, 4), one.precio]]);
  }
  drawKinds();
  $("#search")?.dispatchEvent(new Event("input"));
}

export function price(product, quantity, list) {
  const fitting = (prices.get(`${list} ${product.id}`) ?? []).filter(([least]) => least <= quantity);
  return fitting.sort(([one], [other]) => (one < other ? 1 : -1))[0]?.[1] ?? product.precio;
}

// How many there are beyond a quantity, where that matters.
export const short = (product, quantity) => stocked && product.stock < quantity && !product.permite_venta_sin_stock;
export const left = (product) => number(product.stock > 0n ? product.stock : 0n, 4, facts.estilo);

export function sold(lines) {
  for (const { id, cantidad } of lines) {
    const product = byId.get(id);
    if (product) product.stock -= scaled(cantidad, 4);
  }
}

// Finding --------------------------------------------------------------------------------------

export const code = (typed) => byCode.get(folded(typed.trim()));

export function find(items, typed, most = SHOWN) {
  const words = folded(typed).split(/\s+/).filter(Boolean);
  const found = [];
  for (const one of items) {
    if (words.every((word) => one.words.includes(word))) found.push(one);
  }
  const first = words[0] ?? "";
  const rank = (one) => (one.words.startsWith(first) ? 0 : one.words.includes(` ${first}`) ? 1 : 2);
  if (first) found.sort((one, other) => rank(one) - rank(other));
  return found.slice(0, most);
}

export function search(typed) {
  const exact = typed.trim() && (code(typed) ?? byId.get(lots.named(typed)?.producto_id));
  const goods = kind && !typed.trim() ? data.productos.filter((one) => one.categoria_id === kind) : data.productos;
  const found = find(goods, typed);
  return exact ? [exact, ...found.filter((one) => one !== exact)] : found;
}

// A product that this device doesn't have, where the server can be asked.
export async function ask(typed) {
  if (whole && loaded && data.productos.length) return null;
  const { status, data: page } = await call("GET", `${LISTS.productos}&limit=1&q=${encodeURIComponent(typed)}`);
  return status === 200 && page.items[0] ? learn(page.items[0]) : null;
}

// Drawing --------------------------------------------------------------------------------------

const initials = (name) => name.replaceAll(".", " ").split(/\s+/).filter((one) => /^[\p{L}\p{N}]/u.test(one)).slice(0, 2).map((one) => [...one][0]).join("").toUpperCase();
const tone = (name) => TONES[new TextEncoder().encode(name).reduce((sum, one) => sum + one, 0) % TONES.length];

export function draw(found, typed) {
  $("#tiles").replaceChildren(...found.map((product) => {
    const tile = copy("tile"), glyph = $(".sign", tile);
    tile.dataset.id = product.id;
    glyph.textContent = initials(product.nombre);
    glyph.classList.add(tone(product.nombre));
    $(".name", tile).textContent = product.nombre;
    $(".price", tile).textContent = `${facts.estilo.simbolo} ${number(scaled(product.precio, 6), 6, facts.estilo, facts.estilo.cifras)}`;
    $("small", tile).textContent = stocked ? text("disp", { n: left(product) }) : product.sku;
    tile.classList.toggle("out", short(product, 1n));
    return tile;
  }));
  const none = $("#none");
  none.hidden = found.length > 0;
  none.textContent = typed.trim() ? text("nada", { q: typed.trim() }) : text(loaded || !navigator.onLine ? "catalogo" : "cargando");
}

function drawKinds() {
  const box = $("#kinds");
  if (!box) return;
  const used = new Set(data.productos.map((one) => one.categoria_id));
  const kinds = data.categorias.filter((one) => used.has(one.id));
  if (!kinds.some((one) => one.id === kind)) kind = 0;
  box.hidden = !kinds.length;
  box.replaceChildren(...[{ id: 0, nombre: text("todas") }, ...kinds].map((one) => {
    const chip = el("button", "kind", one.nombre);
    chip.type = "button";
    chip.dataset.kind = one.id;
    chip.setAttribute("aria-pressed", String(one.id === kind));
    return chip;
  }));
}

export function choose(id) {
  kind = id;
  for (const one of $$("#kinds button")) one.setAttribute("aria-pressed", String(Number(one.dataset.kind) === id));
}
