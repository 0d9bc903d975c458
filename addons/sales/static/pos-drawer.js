// The caja: opening it, counting it, closing it. All of that needs the server.

import { $, $$, call, complain, el, facts, open, reason, text } from "pos/base";
import { amount, plain, read, scaled } from "pos/money";
import * as queue from "pos/queue";

const how = facts.estilo;

$("#open")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target, fault = $("[role=alert]", form);
  const monto = scaled(read(form.elements.monto.value, how), 2);
  if (monto === null) return complain(fault, text("monto_malo"));
  const body = { sucursal_id: Number(form.elements.sucursal_id.value), monto_apertura: plain(monto) };
  const { status, data } = await call("POST", "/api/cajas/abrir/", body);
  if (status === 201) location.assign(`/app/pos/?caja=${data.id}`);
  else complain(fault, reason(data));
});

// Counting -------------------------------------------------------------------------------------

let closing = false, finished = false, expected = null;
const dialog = $("#count");

const waiting = async () => (await queue.all()).filter((sale) => sale.caja_id === facts.caja.id).length;

async function warn() {
  const left = closing ? await waiting() : 0;
  $("#count-queue").hidden = !left;
  $("#count-queue p").textContent = text("vaciar", { n: left });
  $("#count-go").disabled = left > 0;
  return left;
}

async function begin(kind) {
  closing = kind === "cierre";
  finished = false;
  open("count");
  $("#count-title").textContent = text(kind);
  $("#count-go span").textContent = text(closing ? "cerrar" : "contar");
  $("#result").hidden = $("#report").hidden = true;
  complain($("[role=alert]", dialog));
  for (const one of $$("input", dialog)) { one.value = ""; one.disabled = false; }
  if (closing) queue.sync().then(warn).then(ask);
  else ask();
  await warn();
}

function drawCoins() {
  $("#coins").replaceChildren(...facts.denominaciones.map((value) => {
    const box = el("input", "right");
    box.inputMode = "numeric";
    box.dataset.coin = value;
    return el("label", "", el("span", "", `${how.simbolo} ${amount(scaled(value, 2), how)}`), box);
  }));
}

const coins = () => $$("[data-coin]").filter((one) => /^[1-9]\d{0,5}$/.test(one.value)).map((one) => ({ valor: plain(scaled(one.dataset.coin, 2)), cantidad: Number(one.value) }));

$("#coins").addEventListener("input", () => {
  const sum = coins().reduce((total, one) => total + scaled(one.valor, 2) * BigInt(one.cantidad), 0n);
  $("#count-amount").value = plain(sum).replace(".", how.decimal);
});

// Enter goes from note to coin; the last one leads to the button.
$("#coins").addEventListener("keydown", (event) => {
  const by = { Enter: 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!by || !event.target.matches("[data-coin]")) return;
  event.preventDefault();
  const boxes = $$("[data-coin]"), next = boxes[boxes.indexOf(event.target) + by];
  (next ?? (by > 0 ? $("#count-go") : event.target)).focus();
});

// What should be there, and how far what was typed is from it.
async function ask() {
  expected = null;
  drawLive();
  const { status, data } = await call("GET", `/api/cajas/${facts.caja.id}/reporte-z/`);
  if (status === 200) expected = signed(data.monto_esperado);
  drawLive();
}

const signed = (value) => (value.startsWith("-") ? -1n : 1n) * scaled(value.replace("-", ""), 2);
const told = (value, sign = false) => `${value < 0n ? "−" : sign && value ? "+" : ""}${amount(value < 0n ? -value : value, how)}`;

function drawLive() {
  const typed = scaled(read($("#count-amount").value, how), 2);
  $("#live").hidden = expected === null || finished;
  if ($("#live").hidden) return;
  const [should, apart] = $$("#live dd");
  should.textContent = told(expected);
  apart.textContent = typed === null ? "—" : told(typed - expected, true);
  $("#live").className = `result ${typed === null ? "" : typed === expected ? "good" : "warn"}`;
}

dialog.addEventListener("input", drawLive);

$("form", dialog).addEventListener("submit", async (event) => {
  event.preventDefault();
  if (finished) { dialog.close(); return; }
  const monto = scaled(read($("#count-amount").value, how), 2), fault = $("[role=alert]", dialog);
  if (monto === null) return complain(fault, text("monto_malo"));
  if (await warn()) return;
  const counted = { denominaciones: coins(), observacion: $("#count-note").value };
  const { status, data } = closing
    ? await call("POST", "/api/cajas/cerrar/", { caja_id: facts.caja.id, monto_cierre: plain(monto), ...counted })
    : await call("POST", `/api/cajas/${facts.caja.id}/arqueos/`, { monto: plain(monto), ...counted });
  if (status >= 400 || !status) return complain(fault, reason(data));
  show(data);
});

function show(data) {
  finished = true;
  drawLive();
  complain($("[role=alert]", dialog));
  const counted = data.monto_contado ?? data.monto_cierre;
  const values = [told(signed(data.monto_esperado)), told(signed(counted)), told(signed(data.diferencia), true)];
  $$("#result dd").forEach((one, at) => { one.textContent = values[at]; });
  $("#result").className = `result ${Number(data.diferencia) ? "warn" : "good"}`;
  $("#result").hidden = false;
  for (const one of $$("input", dialog)) one.disabled = true;
  $("#count-title").textContent = text(closing ? "cerrada" : "arqueada");
  $("#count-go span").textContent = text("listo");
  if (closing) {
    $("#report").href = `/api/cajas/${facts.caja.id}/reporte-z/pdf/`;
    $("#report").hidden = false;
  }
}

dialog.addEventListener("close", () => { if (finished && closing) location.assign("/app/pos/"); });
for (const one of $$("[data-count]")) one.addEventListener("click", () => begin(one.dataset.count));
queue.onChange(() => { if (dialog.open && closing && !finished) warn(); });
drawCoins();
