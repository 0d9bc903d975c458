"""Files that the sandbox takes at once and works through when their ticket is asked for.

A file is taken whole or not at all: the first line that is wrong rejects it. Source: SUNAT,
"Validaciones" v20260212, Resumen Diario 1.1, Comunicación de Baja 1.0; reference on SUNAT, 5.
"""

from __future__ import annotations

import re
import sqlite3
from datetime import date
from typing import TYPE_CHECKING

from addons.sunat.sandbox import juez, juez_resumen
from addons.sunat.sandbox.ajustes import Ajustes, Corte, Negativa, antes
from addons.sunat.sandbox.constancias import LIMA, danar, empaquetar_cdr
from addons.sunat.sandbox.juez_resumen import ACEPTADO, DE_BAJA, Efecto, Sabido
from addons.sunat.sandbox.sobres import (
    avance_de,
    decodificar,
    desempaquetar,
    leer_documento,
    ticket_de,
)

if TYPE_CHECKING:
    from lxml.etree import _Element

    from addons.sunat.sandbox.archivo import Archivo

__all__ = ["DE_BAJA", "avanzar", "recibir", "trabajar"]

_NOMBRE = re.compile(
    r"(?P<ruc>\d{11})-(?P<id>(?P<tipo>RC|RA|RR)-(?P<fecha>\d{8})-(?P<numero>\d{1,5}))"
)
_RAICES = {"RC": "SummaryDocuments", "RA": "VoidedDocuments", "RR": "VoidedDocuments"}
_NOMBRES = {
    "RC": "El Resumen diario",
    "RA": "La Comunicacion de baja",
    "RR": "El Resumen de reversiones",
}
EN_PROCESO, LISTO, CON_ERRORES = 98, 0, 99


def recibir(
    sunat: Archivo, pedido: _Element, usuario: str, ajustes: Ajustes, llamada: int
) -> bytes:
    """Return the ticket of a file; a name that was used is refused, whatever it holds."""
    archivo = pedido.findtext("fileName") or ""
    partes = _NOMBRE.fullmatch(archivo.removesuffix(".zip"))
    if partes is None or not archivo.endswith(".zip"):
        raise Negativa(151)
    falla = ajustes.falla(partes["tipo"], llamada)
    antes(falla)
    if partes["ruc"] != usuario[:11]:
        raise Negativa(154)
    xml = desempaquetar(decodificar(pedido.findtext("contentFile") or ""), partes[0])
    _exigir_cabecera(leer_documento(xml, _RAICES[partes["tipo"]]), partes, _hoy(sunat))
    ticket = _guardar(sunat, partes, xml)
    if falla in ("perder_respuesta", "cortar"):
        raise Corte(falla)
    return ticket_de(ticket)


def _hoy(sunat: Archivo) -> date:
    return sunat.reloj().astimezone(LIMA).date()


def _exigir_cabecera(documento: _Element, partes: re.Match[str], hoy: date) -> None:
    generado = juez_resumen.fecha(documento, "cbc:IssueDate")
    if juez_resumen.ruc_de(documento) != partes["ruc"]:
        raise Negativa(1034)
    if f"{generado:%Y%m%d}" != partes["fecha"]:
        raise Negativa(2346)
    if generado > hoy:
        raise Negativa(2236 if partes["tipo"] == "RC" else 2301)


def _guardar(sunat: Archivo, partes: re.Match[str], xml: bytes) -> str:
    ticket = f"{sunat.reloj().timestamp() * 1000:.0f}"
    with sunat.base() as base:
        base.execute("BEGIN IMMEDIATE")
        ya = base.execute("SELECT 1 FROM tickets WHERE nombre = ?", (partes[0],)).fetchone()
        if ya is not None:
            raise Negativa(2324 if partes["tipo"] == "RA" else 2223)
        while base.execute("SELECT 1 FROM tickets WHERE ticket = ?", (ticket,)).fetchone():
            ticket = str(int(ticket) + 1)
        base.execute(
            "INSERT INTO tickets (ticket, ruc, nombre, xml) VALUES (?, ?, ?, ?)",
            (ticket, partes["ruc"], partes[0], xml),
        )
    return ticket


def avanzar(
    sunat: Archivo, pedido: _Element, usuario: str, ajustes: Ajustes, llamada: int
) -> bytes:
    """Return how far a file is; it is worked through when it was asked for often enough."""
    ticket = (pedido.findtext("ticket") or "").strip()
    with sunat.base() as base:
        fila = base.execute(
            "UPDATE tickets SET consultas = consultas + 1 WHERE ticket = ?"
            " RETURNING ruc, nombre, consultas",
            (ticket,),
        ).fetchone()
    if fila is None:
        raise Negativa(127)
    ruc, nombre, consultas = fila
    if ruc != usuario[:11]:
        raise Negativa(126)
    falla = ajustes.falla(nombre[12:14], llamada)
    antes(falla)
    if consultas <= ajustes.polls or falla == "ticket_eterno":
        return avance_de(EN_PROCESO)
    trabajar(sunat, ajustes, ticket)
    with sunat.base() as base:
        codigo, cdr = base.execute(
            "SELECT codigo, cdr FROM tickets WHERE ticket = ?", (ticket,)
        ).fetchone()
    if falla in ("perder_respuesta", "cortar"):
        raise Corte(falla)
    if falla is not None:
        cdr = danar(cdr, nombre[12:], falla)
    return avance_de(CON_ERRORES if codigo else LISTO, cdr)


def trabajar(sunat: Archivo, ajustes: Ajustes, hasta: str = "") -> None:
    """Work through the files that wait, in the order in which they came, up to a ticket or all.

    Each is judged, and takes effect, once.
    """
    llave = sunat.llave()
    with sunat.base() as base:
        base.execute("BEGIN IMMEDIATE")
        esperan = base.execute(
            "SELECT ticket, nombre, xml FROM tickets WHERE cdr IS NULL AND (? = '' OR rowid <="
            " (SELECT rowid FROM tickets WHERE ticket = ?)) ORDER BY rowid",
            (hasta, hasta),
        ).fetchall()
        for ticket, nombre, xml in esperan:
            hallado, efectos = _juzgar(base, sunat, xml, nombre, ajustes)
            aceptado = f"{_NOMBRES[nombre[12:14]]} {nombre[12:]}, ha sido aceptado"
            cdr = empaquetar_cdr(nombre, hallado, aceptado, llave, sunat.reloj())
            for efecto in efectos if not hallado.codigo else ():
                _aplicar(base, nombre[:11], efecto)
            base.execute(
                "UPDATE tickets SET codigo = ?, cdr = ? WHERE ticket = ?",
                (hallado.codigo, cdr, ticket),
            )


def _juzgar(
    base: sqlite3.Connection, sunat: Archivo, xml: bytes, nombre: str, ajustes: Ajustes
) -> tuple[juez.Veredicto, list[Efecto]]:
    documento = leer_documento(xml, _RAICES[nombre[12:14]])
    ruc = nombre[:11]

    def sabido(tipo: str, serie: str, numero: int) -> Sabido | None:
        fila = base.execute(
            "SELECT estado, fecha FROM comprobantes WHERE ruc=? AND tipo=? AND serie=?"
            " AND numero=?",
            (ruc, tipo, serie, numero),
        ).fetchone()
        return Sabido(fila[0], date.fromisoformat(fila[1])) if fila else None

    if error := juez.error_de_esquema(documento, ajustes.esquemas):
        return juez.Veredicto(ruc, nombre[12:], 306, error, "", {}), []
    return juez_resumen.juzgar(documento, nombre[12:], _hoy(sunat), sabido)


def _aplicar(base: sqlite3.Connection, ruc: str, uno: Efecto) -> None:
    clave = (ruc, uno.tipo, uno.serie, uno.numero)
    if uno.estado == ACEPTADO:
        base.execute(
            "INSERT INTO comprobantes (ruc, tipo, serie, numero, estado, fecha, importe, moneda,"
            " digest, codigo) VALUES (?,?,?,?,1,?,?,?,'',0)",
            (*clave, uno.fecha.isoformat(), uno.importe, uno.moneda),
        )
        return
    base.execute(
        "UPDATE comprobantes SET estado = ? WHERE ruc=? AND tipo=? AND serie=? AND numero=?",
        (DE_BAJA, *clave),
    )
