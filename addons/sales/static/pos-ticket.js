// The ticket, 80 mm wide and as long as it has to be.

import { $, el, facts, moment, text } from "pos/base";
import { cart, lotOf, reckon } from "pos/cart";
import { amount, money, number, plain, scaled } from "pos/money";

const how = facts.estilo;
const MM = 25.4 / 96;
const cents = (value) => amount(scaled(value, 2), how);

// What the ticket says, kept with the sale: it can be printed without anything else.
export function facts_of(change) {
  const { lines, off, subtotal, igv } = reckon();
  return {
    cliente: cart.cliente.razon_social,
    documento: cart.cliente.numero_doc,
    lineas: cart.lineas.map((one, at) => ({ nombre: one.nombre, lote: lotOf(one), cantidad: plain(lines[at].cantidad, 4), precio: plain(lines[at].precio, 6), descuento: plain(lines[at].descuento), importe: plain(lines[at].bruto - lines[at].descuento) })),
    descuento: plain(off),
    subtotal: plain(subtotal),
    igv: plain(igv),
    vuelto: plain(change),
  };
}

const row = (label, value, names = "") => el("p", `two ${names}`, el("span", "", label), el("span", "", value));

function line(one) {
  const unit = text("cu", { n: number(scaled(one.cantidad, 4), 4, how), precio: number(scaled(one.precio, 6), 6, how, how.cifras) });
  const off = Number(one.descuento) ? ` ${text("menos", { monto: cents(one.descuento) })}` : "";
  return el("li", "", el("p", "", one.nombre), one.lote ? el("p", "", one.lote) : "", row(unit + off, cents(one.importe)));
}

export function write(sale, numero) {
  const { empresa, caja } = facts, { ticket, venta } = sale;
  const ways = Object.fromEntries(facts.metodos.map((one) => [one.codigo, one.nombre]));
  const head = el("header", "", el("h2", "", empresa.nombre));
  if (empresa.razon_social !== empresa.nombre) head.append(el("p", "", empresa.razon_social));
  head.append(el("p", "", `${text("ruc")} ${empresa.ruc}`), el("p", "", empresa.direccion), el("p", "", caja.sucursal));
  $("#ticket").replaceChildren(
    head,
    el("h3", "", text("ticket"), el("b", "", numero || text("pendiente_n")), numero ? "" : el("small", "", sale.uuid.slice(0, 8).toUpperCase())),
    row(text("fecha"), moment(sale.fecha)),
    row(text("caja", { n: caja.id }), sale.usuario.nombre),
    row(text("cliente"), [ticket.cliente, ticket.documento.replace(/^0+$/, "")].filter(Boolean).join(" · ")),
    el("ol", "", ...ticket.lineas.map(line)),
    Number(ticket.descuento) ? row(text("descuento"), `− ${cents(ticket.descuento)}`) : "",
    row(text("subtotal"), cents(ticket.subtotal)),
    row(text("igv"), cents(ticket.igv)),
    row(text("total"), money(scaled(sale.total, 2), how), "whole"),
    ...venta.formas_pago.map((one) => row([ways[one.metodo] ?? one.metodo, one.referencia].filter(Boolean).join(" "), cents(one.monto))),
    Number(ticket.vuelto) ? row(text("entregado"), cents(ticket.vuelto)) : "",
    el("footer", "", el("p", "", text("gracias")), el("p", "", text("no_valido"))),
  );
}

export function print() {
  const page = new CSSStyleSheet();
  page.replaceSync(`@page { size: 80mm ${Math.ceil($("#ticket").scrollHeight * MM) + 6}mm; margin: 0; }`);
  document.adoptedStyleSheets = [page];
  globalThis.print();
}
