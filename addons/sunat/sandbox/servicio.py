"""The service: what SUNAT does with a call.

Source: SUNAT, "Validaciones" v20260212, General and Factura; reference on SUNAT, 5.
"""

from __future__ import annotations

import base64
import re
import sqlite3
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from addons.sunat.documents.escritura import el
from addons.sunat.documents.soap import SERVICIO
from addons.sunat.sandbox import juez, juez_otros, juez_ventas, tickets
from addons.sunat.sandbox.ajustes import Ajustes, Corte, Negativa, antes
from addons.sunat.sandbox.archivo import Archivo
from addons.sunat.sandbox.constancias import LIMA, certificado, danar, empaquetar_cdr
from addons.sunat.sandbox.sobres import (
    abrir,
    decodificar,
    desempaquetar,
    estado_de,
    falla_de,
    leer_documento,
    sobre_de,
)

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["Corte", "Negativa", "Sunat", "certificado"]

USUARIO_LIBRE, CLAVE_LIBRE = "MODDATOS", "moddatos"
"""Any RUC may use them, as at SUNAT's own beta."""
_RAICES = {
    "01": "Invoice",
    "03": "Invoice",
    "07": "CreditNote",
    "08": "DebitNote",
    "20": "Retention",
    "40": "Perception",
}
_DOCUMENTOS = {
    "01": "La Factura",
    "03": "La Boleta",
    "20": "La Retencion",
    "40": "La Percepcion",
}
_NOMBRE = re.compile(r"(?P<ruc>\d{11})-(?P<tipo>\d{2})-(?P<serie>[A-Z0-9]{4})-(?P<numero>\d{1,8})")
SIN_ORIGEN = {"07": {None: 2119, 0: 2121, 2: 2120}, "08": {None: 2209, 0: 2208, 2: 2207}}
"""How a note is rejected: what it changes is unknown, was rejected, or is voided."""
LIBRE = ("07", "10")
"""A reason that SUNAT doesn't hold against its origin."""


class Sunat(Archivo):
    """The service, over the file at ``ruta``."""

    def atender(self, cuerpo: bytes) -> tuple[int, bytes]:
        """Return status and body of the answer to a request.

        Raises:
            Corte: no answer comes, or half of one.
        """
        ajustes, llamada = self.llamada()
        if ajustes.demora:
            time.sleep(ajustes.demora)
        try:
            pedido, usuario = abrir(cuerpo)
            self.identificar(*usuario)
            operacion = juez.nombre_de(pedido)
            if operacion == "sendBill":
                return 200, self._recibir(pedido, usuario[0], ajustes, llamada)
            if operacion == "getStatusCdr":
                return 200, self._consultar(pedido, ajustes)
            if operacion == "sendSummary":
                return 200, tickets.recibir(self, pedido, usuario[0], ajustes, llamada)
            if operacion == "getStatus":
                return 200, tickets.avanzar(self, pedido, usuario[0], ajustes, llamada)
            raise Negativa(1, f"operación {operacion}")
        except Negativa as negativa:
            return 500, falla_de(negativa.codigo, negativa.detalle)

    def trabajar(self) -> None:
        """Work through all files that wait, as SUNAT does with time."""
        tickets.trabajar(self, self.llamada()[0])

    def identificar(self, usuario: str, clave: str) -> None:
        """Refuse who is not known.

        Raises:
            Negativa: the user or the password is wrong.
        """
        if not re.fullmatch(r"\d{11}\S+", usuario):
            raise Negativa(103)
        if usuario[11:] == USUARIO_LIBRE and clave == CLAVE_LIBRE:
            return
        with self.base() as base:
            fila = base.execute(
                "SELECT clave FROM usuarios WHERE usuario = ?", (usuario,)
            ).fetchone()
        if fila is None:
            raise Negativa(103)
        if fila[0] != clave:
            raise Negativa(102)

    # Receiving ----------------------------------------------------------------------------------

    def _recibir(self, pedido: _Element, usuario: str, ajustes: Ajustes, llamada: int) -> bytes:
        archivo = pedido.findtext("fileName") or ""
        partes = _NOMBRE.fullmatch(archivo.removesuffix(".zip"))
        if partes is None or not archivo.endswith(".zip"):
            raise Negativa(151)
        if partes["tipo"] in ("09", "31"):
            raise Negativa(1085)
        falla = ajustes.falla(partes["serie"], llamada)
        antes(falla)
        if partes["ruc"] != usuario[:11]:
            raise Negativa(154)
        nombre = archivo.removesuffix(".zip")
        xml = desempaquetar(decodificar(pedido.findtext("contentFile") or ""), nombre)
        cdr = self._registrar(partes, xml, ajustes)
        if falla == "perder_respuesta":
            raise Corte(falla)
        paquete = danar(cdr, f"{partes['serie']}-{partes['numero']}", falla) if falla else cdr
        respuesta = el("applicationResponse", base64.b64encode(paquete).decode())
        sobre = sobre_de(
            f'<br:sendBillResponse xmlns:br="{SERVICIO}">{respuesta}</br:sendBillResponse>'
        )
        if falla == "cortar":
            raise Corte(falla)
        return sobre

    def _registrar(self, partes: re.Match[str], xml: bytes, ajustes: Ajustes) -> bytes:
        """Return the CDR of a document; a second time it is refused, whatever it holds."""
        ruc, tipo, serie, numero = partes["ruc"], partes["tipo"], partes["serie"], partes["numero"]
        hallado = self._revisar(partes, xml, ajustes)
        llave = self.llave()
        documento = _DOCUMENTOS.get(tipo, "La Nota")
        aceptado = f"{documento} numero {serie}-{numero}, ha sido aceptada"
        with self._candado, self.base() as base:
            base.execute("BEGIN IMMEDIATE")
            clave = (ruc, tipo, serie, int(numero))
            ya = base.execute(
                "SELECT estado FROM comprobantes WHERE ruc=? AND tipo=? AND serie=? AND numero=?",
                clave,
            ).fetchone()
            if ya is not None:
                raise Negativa(1033 if ya[0] == 1 else 1032)
            hallado = _con_origen(base, partes, hallado)
            cdr = empaquetar_cdr(partes[0], hallado, aceptado, llave, self.reloj())
            base.execute(
                "INSERT INTO comprobantes (ruc, tipo, serie, numero, estado, fecha, importe,"
                " moneda, digest, codigo, cdr) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                (
                    *clave,
                    0 if hallado.codigo else 1,
                    *(hallado.hechos[nombre] for nombre in ("fecha", "importe", "moneda")),
                    hallado.digest,
                    hallado.codigo,
                    cdr,
                ),
            )
        return cdr

    def _revisar(self, partes: re.Match[str], xml: bytes, ajustes: Ajustes) -> juez.Veredicto:
        """Return what a document's content comes to.

        Raises:
            Negativa: it is an exception: nothing is registered.
        """
        documento = leer_documento(xml, _RAICES.get(partes["tipo"], ""))
        if error := juez.error_de_esquema(documento, ajustes.esquemas):
            raise Negativa(306, error)
        juzgar = juez_otros.juzgar if partes["tipo"] in juez_otros.TIPOS else juez_ventas.juzgar
        veredicto = juzgar(documento, partes["tipo"], self.reloj().astimezone(LIMA).date())
        identificador = f"{partes['serie']}-{partes['numero']}"
        if veredicto.ruc != partes["ruc"]:
            raise Negativa(1034)
        if veredicto.identificador.partition("-")[0] != partes["serie"]:
            raise Negativa(1035)
        if veredicto.identificador != identificador:
            raise Negativa(1036)
        if veredicto.codigo and veredicto.codigo < 2000:
            raise Negativa(veredicto.codigo, veredicto.detalle)
        if partes["ruc"] in ajustes.inactivos:
            return replace(veredicto, codigo=2010, detalle="El contribuyente no esta activo")
        return veredicto

    # Being asked --------------------------------------------------------------------------------

    def _consultar(self, pedido: _Element, ajustes: Ajustes) -> bytes:
        ruc, tipo, serie, numero = (
            (pedido.findtext(nombre) or "").strip()
            for nombre in (
                "rucComprobante",
                "tipoComprobante",
                "serieComprobante",
                "numeroComprobante",
            )
        )
        antes(ajustes.siempre)
        if tipo not in ("01", "07", "08") or not serie.startswith("F"):
            return estado_de(
                "0008" if tipo == "03" else "0009", "El tipo o la serie no se consultan"
            )
        with self.base() as base:
            fila = base.execute(
                "SELECT estado, cdr FROM comprobantes WHERE ruc=? AND tipo=? AND serie=?"
                " AND numero=?",
                (ruc, tipo, serie, int(numero or 0)),
            ).fetchone()
        if fila is None:
            return estado_de("0011", "El comprobante de pago electrónico no existe")
        if fila[0] == tickets.DE_BAJA:
            return estado_de("0003", "El comprobante existe pero está de baja")
        return estado_de("0004", "La constancia existe", fila[1])


def _con_origen(
    base: sqlite3.Connection, partes: re.Match[str], hallado: juez.Veredicto
) -> juez.Veredicto:
    """Return a verdict on a note by what it changes as well; reason 10 of credit is free."""
    codigos = SIN_ORIGEN.get(partes["tipo"])
    if codigos is None or hallado.codigo or (partes["tipo"], hallado.hechos["motivo"]) == LIBRE:
        return hallado
    serie, _, numero = hallado.hechos["modifica"].partition("-")
    fila = base.execute(
        "SELECT estado FROM comprobantes WHERE ruc=? AND serie=? AND numero=? AND tipo IN"
        " ('01', '03')",
        (partes["ruc"], serie, int(numero or 0)),
    ).fetchone()
    codigo = codigos.get(fila[0] if fila else None, 0)
    return replace(hallado, codigo=codigo, detalle=hallado.hechos["modifica"])
