// The sale that is being made: lines, cliente, discounts. It survives a reload of its tab.

import { $, $$, complain, copy, facts, open, text } from "pos/base";
import * as goods from "pos/goods";
import * as lots from "pos/lots";
import { amount, discount, gross, money, number, plain, read, scaled, totals } from "pos/money";

const how = facts.estilo;
const KEPT = `andes-pos ${facts.usuario.id} ${facts.caja?.id}`;
const terms = { incluyen: facts.empresa?.precios_incluyen_igv, tasa: scaled(facts.empresa?.tasa_igv ?? "0", 4) };
const fresh = () => ({ uuid: crypto.randomUUID(), cliente: facts.cliente, lineas: [], descuento: "" });

export let cart = fresh();
let here = -1;

export function restore(waiting) {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  if (kept && !waiting.some((sale) => sale.uuid === kept.uuid)) cart = kept;
  draw();
}

function changed() {
  sessionStorage.setItem(KEPT, JSON.stringify(cart));
  draw();
}

export function clear() {
  cart = fresh();
  here = -1;
  changed();
}

// What it comes to -----------------------------------------------------------------------------

const known = (line) => goods.byId.get(line.id) ?? line;
const together = (id) => cart.lineas.reduce((sum, line) => sum + (line.id === id ? scaled(line.cantidad, 4) : 0n), 0n);

function reckonLine(line) {
  const cantidad = scaled(line.cantidad, 4);
  const product = known(line);
  const precio = scaled(line.fijo ?? goods.price(product, together(line.id), cart.cliente?.lista_precio_id), 6);
  const made = { cantidad, precio, gravado: product.afectacion_igv === "10" };
  made.bruto = gross(made);
  made.descuento = discount(line.descuento, made.bruto) ?? 0n;
  return made;
}

export function reckon() {
  const lines = cart.lineas.map(reckonLine);
  const net = lines.reduce((sum, line) => sum + line.bruto - line.descuento, 0n);
  const off = discount(cart.descuento, net) ?? 0n;
  return { lines, net, off, ...totals(lines, off, terms) };
}

export const lotOf = (line) => (line.lote ? lots.label(known(line), line) : "");

// The body of POST /api/ventas/, at the prices that the customer was told.
export function body(payments) {
  const { lines, off } = reckon();
  return {
    uuid: cart.uuid,
    cliente_id: cart.cliente.id,
    sucursal_id: facts.caja.sucursal_id,
    caja_id: facts.caja.id,
    modo_emision: "pos",
    detalle: cart.lineas.map(({ id, lote }, at) => ({
      producto_id: id,
      cantidad: plain(lines[at].cantidad, 4),
      precio_unitario: plain(lines[at].precio, 6),
      descuento: plain(lines[at].descuento),
      ...(lote && { lote }),
    })),
    descuento_global: plain(off),
    formas_pago: payments,
  };
}

// Changing -------------------------------------------------------------------------------------

// So many of a product, of the lots that expire first or of one that was read; false where that one
// is in the sale already.
export function add(product, quantity = "1", lot = null) {
  const parts = lots.pick(product, scaled(quantity, 4), cart.lineas, lot);
  for (const [lote, part] of parts) put(product, part, lote);
  changed();
  $$("#lines li")[here]?.scrollIntoView({ block: "nearest" });
  return parts.length > 0;
}

function put(product, quantity, lote) {
  const at = cart.lineas.findIndex((line) => line.id === product.id && (line.lote ?? "") === lote && !line.fijo && !line.descuento);
  if (at >= 0) {
    const line = cart.lineas[at];
    line.cantidad = plain(scaled(line.cantidad, 4) + quantity, 4);
    here = at;
  } else {
    const { id, sku, nombre, precio, afectacion_igv, trazabilidad } = product;
    cart.lineas.push({ id, sku, nombre, precio, afectacion_igv, trazabilidad, cantidad: plain(quantity, 4), descuento: "", lote });
    here = cart.lineas.length - 1;
  }
}

// What a lot has no more of goes into lines of the next lots.
function amend(at, value) {
  const line = cart.lineas[at], room = lots.room(line, cart.lineas, at);
  const kept = room && room > 0n && room < value ? room : value;
  line.cantidad = plain(kept, 4);
  if (value > kept) add(known(line), plain(value - kept, 4));
}

export function setQuantity(at, typed) {
  const value = scaled(read(typed, how), 4);
  if (value) amend(at, value);
  changed();
  return Boolean(value);
}

export function step(at, by) {
  const value = scaled(cart.lineas[at].cantidad, 4) + by * 10000n;
  if (value <= 0n) { remove(at); return; }
  amend(at, value);
  changed();
}

export function remove(at = here) {
  if (at < 0) return;
  cart.lineas.splice(at, 1);
  here = Math.min(at, cart.lineas.length - 1);
  changed();
}

export function select(by) {
  if (!cart.lineas.length) return;
  here = Math.max(0, Math.min(cart.lineas.length - 1, here + by));
  draw();
  $$("#lines li")[here].scrollIntoView({ block: "nearest" });
}

export const selected = () => here;

export function setClient(cliente) {
  cart.cliente = cliente;
  changed();
}

export function editQuantity() {
  const box = $$("#lines input")[here];
  box?.focus();
  box?.select();
}

// Price and discount of a line, discount of the sale ----------------------------------------------

function drawLots(product, at) {
  $("#line-lots").hidden = !lots.traced(product);
  if ($("#line-lots").hidden) return;
  $("#line-lot").replaceChildren(...lots.choices(product, cart.lineas, at).map(([numero, shown]) => new Option(shown, numero, false, numero === cart.lineas[at].lote)));
}

// Why a line cannot have so many of the chosen lot.
function lotFault(line, cantidad) {
  const free = lots.room(line, cart.lineas, edited);
  return free !== null && free < cantidad ? text("lote_solo", { lote: line.lote, n: lots.shownAs(free) }) : "";
}

let edited = -1;
export function edit(at = here) {
  const line = cart.lineas[at];
  if (!line) return;
  edited = at;
  const { cantidad, precio } = reckonLine(line);
  const dialog = open("line");
  $("#line-title").textContent = line.nombre;
  $("#line-amount").value = number(cantidad, 4, { ...how, miles: "" });
  $("#line-price").value = number(precio, 6, { ...how, miles: "" }, how.cifras);
  $("#line-price").dataset.was = $("#line-price").value;
  $("#line-off").value = line.descuento;
  drawLots(known(line), at);
  complain($(".fault", dialog));
  $("#line-off").select();
  $("#line-off").focus();
}

$("#line form").addEventListener("submit", (event) => {
  event.preventDefault();
  const line = cart.lineas[edited], fault = $("#line .fault");
  const cantidad = scaled(read($("#line-amount").value, how), 4), box = $("#line-price");
  const precio = scaled(read(box.value, how), 6);
  if (!cantidad) return complain(fault, text("cantidad_mala"));
  if (precio === null) return complain(fault, text("monto_malo"));
  const off = read($("#line-off").value, how);
  if (discount(off, gross({ cantidad, precio })) === null) return complain(fault, text("excede"));
  const lote = $("#line-lots").hidden ? line.lote : $("#line-lot").value, few = lotFault({ ...line, lote }, cantidad);
  if (few) return complain(fault, few);
  line.lote = lote;
  line.cantidad = plain(cantidad, 4);
  line.descuento = off;
  if (box.value !== box.dataset.was) line.fijo = plain(precio, 6);
  here = edited;
  changed();
  $("#line").close();
});

$("#line-drop").addEventListener("click", () => { remove(edited); $("#line").close(); });

$("#off").addEventListener("opened", () => {
  $("#off-amount").value = cart.descuento;
  complain($("#off .fault"));
  $("#off-amount").select();
});

$("#off form").addEventListener("submit", (event) => {
  event.preventDefault();
  const off = read($("#off-amount").value, how);
  if (discount(off, reckon().net) === null) return complain($("#off .fault"), text("excede"));
  cart.descuento = off;
  changed();
  $("#off").close();
});

// Drawing --------------------------------------------------------------------------------------

export function draw() {
  if (!$("#lines")) return;
  const sum = reckon(), some = cart.lineas.length > 0;
  const rows = $("#lines");
  while (rows.childElementCount > cart.lineas.length) rows.lastElementChild.remove();
  cart.lineas.forEach((line, at) => fill(rows.children[at] ?? rows.appendChild(copy("line")), line, sum.lines[at], at));
  $("#blank").hidden = some;
  $("#client span").textContent = cart.cliente?.razon_social ?? text("sin_cliente");
  $("#sums").hidden = !some;
  for (const one of $$("[data-sum]")) {
    const value = one.dataset.sum === "descuento" ? sum.off : sum[one.dataset.sum];
    one.textContent = amount(value, how);
    one.hidden = one.previousElementSibling.hidden = one.dataset.sum === "descuento" && !sum.off;
  }
  $("#charge b").textContent = some ? money(sum.total, how) : "";
  for (const one of $$("#charge, .quick, #discount")) one.disabled = !some;
}

// How many there are, where that is fewer than a line sells.
function fewOf(product, line, { cantidad }, at) {
  const free = lots.room(line, cart.lineas, at);
  if (free !== null) return free < cantidad ? lots.shownAs(free) : "";
  return goods.short(product, cantidad) ? goods.left(product) : "";
}

function fill(row, line, made, at) {
  const product = known(line), name = line.nombre, few = fewOf(product, line, made, at), lot = lots.label(product, line);
  if (at === here) row.setAttribute("aria-current", "true");
  else row.removeAttribute("aria-current");
  row.dataset.at = at;
  $(".what b", row).textContent = name;
  const unit = text("cu", { n: number(made.cantidad, 4, how), precio: number(made.precio, 6, how, how.cifras) });
  const off = made.descuento ? ` ${text("menos", { monto: amount(made.descuento, how) })}` : "";
  $(".what small", row).textContent = few ? text("solo", { n: few }) : unit + off;
  $(".what small", row).classList.toggle("few", Boolean(few));
  $(".lot", row).textContent = lot;
  $(".lot", row).classList.toggle("few", Boolean(lot) && !line.lote);
  $(".sum", row).textContent = amount(made.bruto - made.descuento, how);
  const box = $("input", row);
  box.value = number(made.cantidad, 4, { ...how, miles: "" });
  for (const [selector, said] of [["input", "cantidad"], ["[data-less]", "quitar_uno"], ["[data-more]", "uno_mas"]]) $(selector, row).setAttribute("aria-label", text(said, { name }));
}

$("#lines")?.addEventListener("click", (event) => {
  const row = event.target.closest("li");
  if (!row) return;
  const at = Number(row.dataset.at);
  here = at;
  if (event.target.closest("[data-less]")) step(at, -1n);
  else if (event.target.closest("[data-more]")) step(at, 1n);
  else if (event.target.closest("[data-edit]")) { draw(); edit(at); }
});
$("#lines")?.addEventListener("change", (event) => setQuantity(Number(event.target.closest("li").dataset.at), event.target.value));
$("#lines")?.addEventListener("focusin", (event) => { if (event.target.matches("input")) { here = Number(event.target.closest("li").dataset.at); event.target.select(); } });
