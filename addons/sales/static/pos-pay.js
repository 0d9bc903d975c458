// Taking the money: one way or several, the change, and what became of the sale.

import { $, $$, complain, el, facts, notice, open, text } from "pos/base";
import * as cart from "pos/cart";
import * as goods from "pos/goods";
import * as lots from "pos/lots";
import { amount, money, plain, read, scaled } from "pos/money";
import * as queue from "pos/queue";
import * as ticket from "pos/ticket";

const how = facts.estilo;
const rows = $$("#pay [data-way]");
const inputs = rows.map((row) => $("input", row));
const cash = rows.find((row) => row.dataset.cash);
let due = 0n, running = false;

export function begin(way = "") {
  if (!cart.cart.lineas.length || running) return;
  if (!cart.cart.cliente) { open("clients").dispatchEvent(new Event("opened")); return; }
  due = cart.reckon().total;
  const dialog = open("pay");
  $("#due").textContent = money(due, how);
  complain($("[role=alert]", dialog));
  for (const row of rows) {
    $("input", row).value = "";
    if ($(".ref", row)) $(".ref", row).value = "";
    row.hidden = Boolean(row.dataset.credit) && !queue.state.reached;
  }
  drawNotes();
  const chosen = rows.find((row) => row.dataset.way === way);
  if (chosen && chosen !== cash) all(chosen);
  else (cash ? $("input", cash) : inputs[0]).focus();
  draw();
}

function paid() {
  const made = rows.map((row, at) => ({ row, value: scaled(read(inputs[at].value || "0", how), 2) }));
  const sum = made.reduce((total, one) => total + (one.value ?? 0n), 0n);
  const bad = made.some((one) => one.value === null);
  const given = made.find((one) => one.row === cash)?.value ?? 0n;
  const nothing = inputs.every((one) => !one.value.trim());
  const change = sum > due ? sum - due : 0n;
  return { made, sum, bad, nothing, change, odd: change > given, enough: !bad && sum >= due && change <= given };
}

function draw() {
  const now = paid(), rest = due - now.sum;
  for (const row of rows) {
    const used = $("input", row).value.trim() !== "";
    row.classList.toggle("used", used);
    if ($(".ref", row)) $(".ref", row).hidden = !used;
    $("input", row).placeholder = rest > 0n ? amount(rest, how) : "";
  }
  const said = now.bad ? text("monto_malo") : now.odd ? text("sobra", { monto: money(now.change, how) }) : now.nothing ? "" : rest > 0n ? text("falta", { monto: money(rest, how) }) : text("vuelto", { monto: money(now.change, how) });
  $("#rest").textContent = said;
  $("#rest").className = `rest ${now.enough ? "enough" : ""}`;
  $("#confirm span").textContent = running ? text("espera") : text("cobrar", { monto: money(due, how) });
  $("#confirm").disabled = running;
}

// The rest in one way; what the others hold stays.
function all(row) {
  const input = $("input", row);
  input.value = "";
  const rest = due - paid().sum;
  if (rest > 0n) input.value = plain(rest).replace(".", how.decimal);
  input.focus();
  input.select();
  draw();
}

function drawNotes() {
  const notes = facts.denominaciones.map((one) => scaled(one, 2)).filter((one) => one >= 100n).reverse();
  const sums = notes.map((one) => ((due + one - 1n) / one) * one).filter((one) => one > due);
  const few = [...new Set(sums)].sort((one, other) => (one < other ? -1 : 1)).slice(-5).slice(0, 4);
  $("#notes").hidden = !cash;
  $("#notes").replaceChildren(...[due, ...few].map((value, at) => {
    const note = el("button", "button", at ? amount(value, how) : text("exacto"));
    note.type = "button";
    note.dataset.note = plain(value);
    return note;
  }));
}

$("#pay").addEventListener("input", draw);
$("#pay").addEventListener("click", (event) => {
  const one = event.target.closest("[data-all]"), note = event.target.closest("[data-note]");
  if (one) all(one.closest("li"));
  if (note) {
    for (const input of inputs) input.value = "";
    $("input", cash).value = note.dataset.note.replace(".", how.decimal);
    draw();
    $("#confirm").focus();
  }
});
$("#pay").addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const shown = inputs.filter((one) => one.offsetParent);
  const at = shown.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1);
  if (!shown[at]) return;
  event.preventDefault();
  if (shown[at].value || paid().nothing) shown[at].select();
  else all(shown[at].closest("li"));
  shown[at].focus();
});

// Enter takes an exact payment, or goes on to the next way with what is left.
$("#pay form").addEventListener("submit", (event) => {
  event.preventDefault();
  const now = paid();
  if (running || now.bad || now.odd) return;
  if (now.nothing && cash) $("input", cash).value = plain(due).replace(".", how.decimal);
  else if (!now.enough) {
    const next = rows.find((row) => row !== document.activeElement.closest("li") && row.offsetParent && !$("input", row).value.trim());
    if (next) all(next);
    return;
  }
  take();
});

function payments() {
  return paid().made.filter((one) => one.value > 0n).map(({ row, value }) => {
    const reference = $(".ref", row)?.value.trim();
    return { metodo: row.dataset.way, monto: plain(value), ...(reference && { referencia: reference }) };
  });
}

async function take() {
  running = true;
  draw();
  const { change } = paid(), given = payments(), venta = cart.body(given);
  const sale = { uuid: venta.uuid, usuario: { id: facts.usuario.id, nombre: facts.usuario.nombre }, caja_id: facts.caja.id, fecha: new Date().toISOString(), total: plain(due), venta, ticket: ticket.facts_of(change) };
  try {
    const fate = await queue.sell(sale);
    if (fate.refused || fate.lost) complain($("#pay [role=alert]"), fate.refused ?? text("perdida"));
    else finish(sale, fate, change);
    if (fate.refused) goods.refresh(true);
  } catch (error) {
    notice(String(error));
  } finally {
    running = false;
    draw();
  }
}

function finish(sale, { sold, pending }, change) {
  const number = sold?.numero ? `${sold.serie}-${sold.numero}` : "";
  goods.sold(cart.cart.lineas);
  lots.take(sale);
  cart.clear();
  $("#pay").close();
  const dialog = open("done");
  dialog.classList.toggle("waits", Boolean(pending));
  $("#done-title").textContent = pending ? text("guardada") : number ? text("hecha", { n: number }) : text("repetida");
  $("#done-note").textContent = pending ? text("se_envia") : "";
  $("#done-total").textContent = money(due, how);
  $("#done-change").textContent = money(change, how);
  ticket.write(sale, number);
  $("#search").value = "";
  $("#search").dispatchEvent(new Event("input"));
  if ($("#always").checked) ticket.print();
}

$("#done").addEventListener("keydown", (event) => { if (event.key.toLowerCase() === "p") ticket.print(); });
$("#done").addEventListener("close", () => $("#search").focus());
$("#print").addEventListener("click", () => ticket.print());
$("#always").checked = localStorage.getItem("andes-pos imprimir") === "1";
$("#always").addEventListener("change", (event) => localStorage.setItem("andes-pos imprimir", event.target.checked ? "1" : ""));
for (const one of $$("[data-quick]")) one.addEventListener("click", () => begin(one.dataset.quick));
$("#charge")?.addEventListener("click", () => begin());
