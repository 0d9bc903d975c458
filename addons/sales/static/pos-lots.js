// Lots and series on this device, the first to expire first. What this device sold since they were
// read, or has in its queue, counts as gone.

import { call, day, facts, text } from "pos/base";
import { number, scaled } from "pos/money";

export const path = facts.lotes && facts.caja ? `/api/pos/lotes/?sucursal_id=${facts.caja.sucursal_id}` : "";
const LEAST = 4;
const lots = new Map(), numbers = new Map(), gone = new Map();
let queued = new Set();

const folded = (value) => value.trim().toLowerCase();
const byExpiry = (one, other) => (one.vence ?? "9").localeCompare(other.vence ?? "9") || one.id - other.id;

export const traced = (product) => Boolean(path) && (product.trazabilidad ?? "ninguna") !== "ninguna";
const unique = (product) => product.trazabilidad === "serie";
export const of = (product) => lots.get(product.id) ?? [];

// Reading --------------------------------------------------------------------------------------

function learn(one) {
  const lot = { ...one, cantidad: scaled(one.cantidad, 4) };
  lots.set(lot.producto_id, [...(lots.get(lot.producto_id) ?? []).filter((known) => known.id !== lot.id), lot].sort(byExpiry));
  const code = folded(lot.numero);
  numbers.set(code, [...(numbers.get(code) ?? []).filter((known) => known.id !== lot.id), lot]);
  return lot;
}

export function index(items) {
  lots.clear();
  numbers.clear();
  items.forEach(learn);
}

// What was sold before the lots were read is in them already, unless it still waits here.
export const told = () => [...gone.keys()];
export function read(past) {
  for (const uuid of past) if (!queued.has(uuid)) gone.delete(uuid);
}

export const take = ({ uuid, venta }) => gone.set(uuid, venta.detalle);

export function hold(waiting) {
  waiting.forEach(take);
  queued = new Set(waiting.map((sale) => sale.uuid));
}

// A lot by what is printed on the goods; short numbers may be words.
export function named(typed, product = null) {
  const found = typed.trim().length < LEAST ? [] : numbers.get(folded(typed)) ?? [];
  return found.find((lot) => !product || lot.producto_id === product.id) ?? null;
}

export async function ask(typed) {
  if (!path || typed.trim().length < LEAST) return null;
  const { status, data } = await call("GET", `${path}&limit=1&numero=${encodeURIComponent(typed.trim())}`);
  return status === 200 && data.items[0] ? learn(data.items[0]) : null;
}

// Choosing -------------------------------------------------------------------------------------

// How many of a lot are left for a line of the cart, or for a new one.
export function left(lot, lines, but = -1) {
  const mine = (line) => (line.producto_id ?? line.id) === lot.producto_id && line.lote === lot.numero;
  const away = [...gone.values()].flat().filter(mine);
  const taken = [...away, ...lines.filter((line, at) => at !== but && mine(line))];
  return taken.reduce((rest, line) => rest - scaled(line.cantidad, 4), lot.cantidad);
}

const lotOf = (line) => of(line).find((lot) => lot.numero === line.lote);

// How many a line may have of its lot; null where nobody here knows.
export function room(line, lines, at) {
  const lot = line.lote ? lotOf(line) : null;
  return lot ? left(lot, lines, at) : null;
}

// [number of the lot, how many] for so many of a product; "" is what no lot here has.
export function pick(product, quantity, lines, wanted = null) {
  if (!traced(product)) return [["", quantity]];
  const parts = [];
  let rest = quantity;
  for (const lot of wanted ? [wanted] : of(product)) {
    const free = left(lot, lines), part = free < rest ? free : rest;
    if (part > 0n) parts.push([lot.numero, part]);
    rest -= part > 0n ? part : 0n;
  }
  return rest && !wanted ? [...parts, ["", rest]] : parts;
}

// What a line can be changed to: [number, how it is shown].
export function choices(product, lines, at) {
  const now = lines[at].lote;
  const some = of(product).map((lot) => [lot, left(lot, lines, at)]).filter(([lot, free]) => free > 0n || lot.numero === now);
  const shown = some.map(([lot, free]) => [lot.numero, [lot.numero, lot.vence && text("vence", { dia: day(lot.vence) }), !unique(product) && text("disp", { n: shownAs(free) })].filter(Boolean).join(" · ")]);
  return some.some(([lot]) => lot.numero === now) ? shown : [[now, now || text("sin_lote")], ...shown];
}

export const shownAs = (free) => number(free > 0n ? free : 0n, 4, facts.estilo);

export function label(product, line) {
  if (!line.lote) return traced(product) ? text("sin_lote") : "";
  const lot = lotOf(line);
  const vence = lot?.vence ? ` · ${text("vence", { dia: day(lot.vence) })}` : "";
  return text(unique(product) ? "serie_n" : "lote_n", { n: line.lote }) + vence;
}
