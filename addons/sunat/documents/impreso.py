"""The printed form of a comprobante, A4 and 80 mm, as HTML with everything inside.

What stands on it follows SUNAT's guides of each document.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from decimal import Decimal
from html import escape

import segno

from addons.sunat.documents import codigos
from addons.sunat.documents.codigos import Tributo
from addons.sunat.documents.escritura import diez, dos
from addons.sunat.documents.importes import Totales
from addons.sunat.documents.modelo import Comprobante, Emisor
from addons.sunat.documents.ubl import leyendas

SIMBOLOS = {"PEN": "S/", "USD": "US$", "EUR": "€"}
ROTULOS: tuple[tuple[Tributo, str], ...] = (
    (codigos.IGV, "Op. gravadas"),
    (codigos.IVAP, "Op. gravadas (IVAP)"),
    (codigos.EXONERADO, "Op. exoneradas"),
    (codigos.INAFECTO, "Op. inafectas"),
    (codigos.EXPORTACION, "Op. de exportación"),
    (codigos.GRATUITO, "Op. gratuitas"),
)
COMUN = """
* { box-sizing: border-box; margin: 0; padding: 0; }
body { font-family: 'DejaVu Sans', sans-serif; color: #111; line-height: 1.35; }
table { width: 100%; border-collapse: collapse; }
th { text-align: left; font-weight: bold; }
td, th { vertical-align: top; }
.n { text-align: right; white-space: nowrap; }
.qr svg, .qr img { display: block; }
"""
A4 = (
    COMUN
    + """
@page { size: A4; margin: 14mm; }
body { font-size: 9pt; }
header { display: flex; justify-content: space-between; gap: 8mm; margin-bottom: 6mm; }
h1 { font-size: 13pt; }
.caja { border: 1pt solid #111; padding: 4mm; text-align: center; width: 68mm; }
.caja p { font-size: 11pt; font-weight: bold; }
.datos td, .datos th { padding: .6mm 2mm .6mm 0; }
.datos th { width: 38mm; }
.lineas { margin: 5mm 0; }
.lineas th { border-bottom: 1pt solid #111; padding: 1.5mm 1mm; }
.lineas td { border-bottom: .3pt solid #bbb; padding: 1.2mm 1mm; }
.pie { display: flex; justify-content: space-between; gap: 8mm; }
.totales { width: 72mm; }
.totales td { padding: .7mm 0; }
.total td { border-top: 1pt solid #111; font-weight: bold; font-size: 11pt; }
.qr img { width: 30mm; }
.notas { margin-top: 5mm; font-size: 8pt; }
"""
)
TICKET = (
    COMUN
    + """
body { font-size: 7.5pt; width: 72mm; }
header, .caja, .qr { text-align: center; }
header { display: block; }
h1 { font-size: 10pt; }
.caja { margin: 2mm 0; border-top: .5pt dashed #111; border-bottom: .5pt dashed #111; }
.caja p { font-weight: bold; }
.lineas { margin: 2mm 0; border-top: .5pt dashed #111; border-bottom: .5pt dashed #111; }
.lineas td, .lineas th { padding: .3mm 0 .3mm 1.2mm; }
.lineas .codigo, .lineas .unidad { display: none; }
.total td { font-weight: bold; font-size: 9pt; }
.pie { display: flex; flex-direction: column-reverse; }
.qr img { width: 32mm; margin: 2mm auto; }
.notas { margin-top: 2mm; }
"""
)


def html(comprobante: Comprobante, totales: Totales, qr: str, digest: str) -> str:
    """Return the document; ``qr`` is the text of its QR."""
    titulo = codigos.TIPOS[comprobante.tipo]
    return (
        "<!doctype html><html lang='es'><head><meta charset='utf-8'>"
        f"<title>{escape(comprobante.identificador)}</title></head><body>"
        f"{cabecera(comprobante.emisor, titulo, comprobante.identificador)}"
        f"{_datos(comprobante)}{_lineas(comprobante, totales)}"
        f"<section class='pie'><div><div class='qr'><img alt='QR' src='{imagen(qr)}'></div></div>"
        f"{_totales(comprobante, totales)}</section>"
        f"{_notas(comprobante, totales, digest)}</body></html>"
    )


def css_ticket(lineas: int) -> str:
    """Return the styles of a ticket: a roll is as long as what is on it, in mm."""
    largo = 175 + 11 * lineas
    return f"@page {{ size: 80mm {largo}mm; margin: 4mm; }}{TICKET}"


def imagen(qr: str) -> str:
    """Return the QR as a ``data:`` address; level Q of correction, as SUNAT asks for."""
    salida = io.BytesIO()
    segno.make(qr, error="q", micro=False).save(salida, kind="svg", scale=4, border=2)
    return f"data:image/svg+xml;base64,{base64.b64encode(salida.getvalue()).decode()}"


def cabecera(emisor: Emisor, titulo: str, numero: str) -> str:
    """Return the head of a printed form: the company, and which document it is."""
    comercial = f"<p>{escape(emisor.nombre_comercial)}</p>" if emisor.nombre_comercial else ""
    return (
        f"<header><div><h1>{escape(emisor.razon_social)}</h1>{comercial}"
        f"<p>{escape(emisor.direccion)}</p></div>"
        f"<div class='caja'><p>RUC {escape(emisor.ruc)}</p>"
        f"<p>{escape(titulo.upper())}</p><p>{escape(numero)}</p></div></header>"
    )


def datos(filas: Iterable[tuple[str, str]]) -> str:
    """Return facts as a table, those that there are."""
    celdas = "".join(
        f"<tr><th>{escape(rotulo)}</th><td>{escape(valor)}</td></tr>"
        for rotulo, valor in filas
        if valor
    )
    return f"<table class='datos'>{celdas}</table>"


def _datos(de: Comprobante) -> str:
    suyo = de.adquirente
    clase = codigos.DOCUMENTOS_IDENTIDAD.get(suyo.tipo_doc, "Documento")
    filas = [
        ("Cliente", suyo.razon_social),
        (clase, suyo.numero_doc),
        ("Dirección", suyo.direccion),
        ("Fecha de emisión", f"{de.fecha_emision:%d/%m/%Y} {de.hora_emision:%H:%M}"),
        ("Vence", f"{de.fecha_vencimiento:%d/%m/%Y}" if de.fecha_vencimiento else ""),
        ("Moneda", de.moneda),
        ("Orden de compra", de.orden_compra),
        ("Guías", ", ".join(guia.numero for guia in de.relacionados)),
    ]
    if de.tipo in (codigos.FACTURA, codigos.BOLETA):
        filas.append(("Forma de pago", "Contado" if de.contado else "Crédito"))
    if de.modifica is not None:
        modifica = de.modifica
        filas.append(("Modifica", f"{modifica.tipo} {modifica.serie}-{modifica.numero}"))
        filas.append(("Motivo", modifica.motivo_descripcion))
    return datos(filas)


def _lineas(de: Comprobante, totales: Totales) -> str:
    filas = "".join(
        f"<tr><td class='n'>{diez(uno.linea.cantidad)}</td>"
        f"<td class='unidad'>{escape(uno.linea.unidad_medida)}</td>"
        f"<td class='codigo'>{escape(uno.linea.codigo_producto)}</td>"
        f"<td>{escape(uno.linea.descripcion)}</td>"
        f"<td class='n'>{uno.precio_venta:.2f}</td><td class='n'>{dos(uno.total)}</td></tr>"
        for uno in totales.lineas
    )
    return (
        "<table class='lineas'><thead><tr><th class='n'>Cant.</th><th class='unidad'>Unid.</th>"
        "<th class='codigo'>Código</th><th>Descripción</th><th class='n'>P. unit.</th>"
        f"<th class='n'>Total</th></tr></thead><tbody>{filas}</tbody></table>"
    )


def _totales(de: Comprobante, totales: Totales) -> str:
    simbolo = SIMBOLOS.get(de.moneda, de.moneda)
    presentes = {tributo: base for tributo, base, _ in totales.tributos}
    filas = [(rotulo, presentes[uno]) for uno, rotulo in ROTULOS if uno in presentes]
    filas += [
        ("ISC", totales.monto(codigos.ISC)),
        (f"IGV {diez(de.tasa_igv * 100)} %", totales.monto(codigos.IGV)),
        ("IVAP 4 %", totales.monto(codigos.IVAP)),
        ("ICBPER", totales.monto(codigos.ICBPER)),
        ("Otros cargos", totales.otros_cargos),
        ("Descuentos", -totales.descuentos),
        ("Anticipos", -totales.anticipos),
        ("Redondeo", totales.redondeo),
    ]
    celdas = "".join(
        f"<tr><td>{escape(rotulo)}</td><td class='n'>{simbolo} {dos(monto)}</td></tr>"
        for rotulo, monto in filas
        if monto or rotulo.startswith("IGV")
    )
    total = (
        f"<tr class='total'><td>Total</td><td class='n'>{simbolo} {dos(totales.total)}</td></tr>"
    )
    return f"<table class='totales'>{celdas}{total}{_aparte(totales, simbolo)}</table>"


def _aparte(totales: Totales, simbolo: str) -> str:
    """Return what is paid besides, or not now."""
    filas: list[tuple[str, str, Decimal]] = [
        ("Percepción", "S/", totales.percepcion),
        ("Detracción", "S/", totales.detraccion),
        ("Retención", simbolo, totales.retencion),
    ]
    filas += [(f"Cuota {uno.fecha}", simbolo, uno.monto) for uno in totales.cuotas]
    return "".join(
        f"<tr><td>{escape(rotulo)}</td><td class='n'>{moneda} {dos(monto)}</td></tr>"
        for rotulo, moneda, monto in filas
        if monto
    )


def _notas(de: Comprobante, totales: Totales, digest: str) -> str:
    dichas = "".join(f"<p>{escape(texto)}</p>" for _, texto in leyendas(de, totales))
    return (
        f"<section class='notas'>{dichas}<p>Valor resumen: {escape(digest)}</p>"
        f"<p>Representación impresa de la {escape(codigos.TIPOS[de.tipo].lower())}.</p></section>"
    )
