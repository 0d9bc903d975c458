"""The REST services: tokens, guías with their tickets, and the consulta integrada de validez.

Source: SUNAT, GRE OpenAPI 1.0.0; reference on SUNAT, 1.8, 1.9, 5.
"""

from __future__ import annotations

import base64
import hashlib
import re
import sqlite3
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from addons.sunat.sandbox import juez, juez_otros
from addons.sunat.sandbox.ajustes import Ajustes, Corte, Negativa, antes
from addons.sunat.sandbox.constancias import LIMA, danar, empaquetar_cdr
from addons.sunat.sandbox.servicio import Sunat
from addons.sunat.sandbox.sobres import decodificar, desempaquetar, leer_documento

CLIENTE_LIBRE = ("sandbox", "sandbox")
"""An application that anybody may use: client_id and client_secret."""
DURA = 3600
ENLACE = "https://e-factura.sunat.gob.pe/v1/contribuyente/gre/comprobantes/descargaqr?hashqr="
_TABLAS = """
CREATE TABLE IF NOT EXISTS fichas (ficha TEXT PRIMARY KEY, usuario TEXT, ambito TEXT, hasta TEXT);
CREATE TABLE IF NOT EXISTS envios_gre (
  ticket TEXT PRIMARY KEY, ruc TEXT, nombre TEXT, consultas INTEGER DEFAULT 0,
  codigo INTEGER, detalle TEXT, cdr BLOB);
"""
_NOMBRE = re.compile(r"(?P<ruc>\d{11})-(?P<tipo>09|31)-(?P<serie>[A-Z0-9]{4})-(?P<numero>\d{1,8})")
_TICKET = re.compile(r"GET /v1/contribuyente/gem/comprobantes/envios/([^/]+)")
_ENVIO = re.compile(r"POST /v1/contribuyente/gem/comprobantes/([^/]+)")
_VALIDEZ = re.compile(r"POST /v1/contribuyente/contribuyentes/(\d+)/validarcomprobante")
Respuesta = tuple[int, dict[str, Any]]


class SunatRest:
    """The REST side of a sandbox, over the same file."""

    def __init__(self, sunat: Sunat) -> None:
        self.sunat = sunat
        with sunat.base() as base:
            base.executescript(_TABLAS)

    def atender(
        self,
        metodo: str,
        url: str,
        form: Mapping[str, str] | None,
        json: Any,
        headers: Mapping[str, str] | None,
    ) -> Respuesta:
        """Return status and body of the answer to a request.

        Raises:
            Corte: no answer comes.
        """
        ajustes, llamada = self.sunat.llamada()
        if ajustes.demora:
            time.sleep(ajustes.demora)
        camino = urlsplit(url).path
        try:
            if camino.endswith("/oauth2/token/"):
                return self._ficha(camino, dict(form or {}), ajustes)
            usuario = self._usuario(headers or {})
            if usuario is None:
                return 401, {"message": "Unauthorized"}
            for patron, hacer in self._rutas(usuario, json, ajustes, llamada):
                if (hallado := patron.fullmatch(f"{metodo} {camino}")) is not None:
                    return hacer(hallado)
            return 404, {"cod": "404", "msg": "No existe"}
        except Negativa as negativa:
            return 422, _error(negativa.codigo, negativa.detalle)

    def _rutas(
        self, usuario: str, json: Any, ajustes: Ajustes, llamada: int
    ) -> list[tuple[re.Pattern[str], Callable[[re.Match[str]], Respuesta]]]:
        como = (ajustes, llamada)
        return [
            (_TICKET, lambda h: self._avanzar(h[1], usuario, *como)),
            (_ENVIO, lambda h: self._recibir(h[1], usuario, json, *como)),
            (_VALIDEZ, lambda _: self._validar(json, ajustes)),
        ]

    # Signing in ---------------------------------------------------------------------------------

    def _ficha(self, camino: str, form: dict[str, str], ajustes: Ajustes) -> Respuesta:
        antes(ajustes.siempre)
        cliente = (form.get("client_id", ""), form.get("client_secret", ""))
        if cliente != CLIENTE_LIBRE or f"/{cliente[0]}/" not in camino:
            return 400, {"error": "unauthorized_client", "error_description": "client"}
        usuario = ""
        if "/clientessol/" in camino:
            usuario = form.get("username", "")
            try:
                self.sunat.identificar(usuario, form.get("password", ""))
            except Negativa:
                return 400, {"error": "access_denied", "error_description": "usuario"}
        ficha = uuid.uuid4().hex
        hasta = self.sunat.reloj().timestamp() + DURA
        with self.sunat.base() as base:
            base.execute(
                "INSERT INTO fichas VALUES (?, ?, ?, ?)",
                (ficha, usuario, form.get("scope", ""), str(hasta)),
            )
        return 200, {"access_token": ficha, "token_type": "JWT", "expires_in": DURA}

    def _usuario(self, headers: Mapping[str, str]) -> str | None:
        """Return who a token is of; None for one that is unknown or has ended."""
        ficha = headers.get("authorization", "").removeprefix("Bearer ")
        with self.sunat.base() as base:
            fila = base.execute(
                "SELECT usuario, hasta FROM fichas WHERE ficha = ?", (ficha,)
            ).fetchone()
        if fila is None or float(fila[1]) <= self.sunat.reloj().timestamp():
            return None
        return str(fila[0])

    def olvidar_fichas(self) -> None:
        """End all tokens, as time does."""
        with self.sunat.base() as base:
            base.execute("DELETE FROM fichas")

    # Guías --------------------------------------------------------------------------------------

    def _recibir(
        self, nombre: str, usuario: str, json: Any, ajustes: Ajustes, llamada: int
    ) -> Respuesta:
        partes = _NOMBRE.fullmatch(nombre)
        archivo = (json or {}).get("archivo") or {}
        if partes is None or archivo.get("nomArchivo") != f"{nombre}.zip":
            raise Negativa(151)
        falla = ajustes.falla(partes["serie"], llamada)
        antes(falla)
        if partes["ruc"] != usuario[:11]:
            raise Negativa(154)
        paquete = decodificar(str(archivo.get("arcGreZip") or ""))
        if hashlib.sha256(paquete).hexdigest() != archivo.get("hashZip"):
            raise Negativa(156, "hashZip")
        ticket = str(uuid.uuid4())
        codigo, detalle, cdr = self._registrar(partes, desempaquetar(paquete, nombre), ajustes)
        with self.sunat.base() as base:
            base.execute(
                "INSERT INTO envios_gre (ticket, ruc, nombre, codigo, detalle, cdr)"
                " VALUES (?,?,?,?,?,?)",
                (ticket, partes["ruc"], nombre, codigo, detalle, cdr),
            )
        if falla in ("perder_respuesta", "cortar"):
            raise Corte(falla)
        return 200, {"numTicket": ticket, "fecRecepcion": self._ahora().isoformat()}

    def _ahora(self) -> datetime:
        return self.sunat.reloj().astimezone(LIMA)

    def _registrar(
        self, partes: re.Match[str], xml: bytes, ajustes: Ajustes
    ) -> tuple[int, str, bytes | None]:
        """Return code, detail and CDR of a guía; one that is there already is left alone."""
        try:
            hallado = self._revisar(partes, xml, ajustes)
        except Negativa as negativa:
            return negativa.codigo, negativa.detalle, None
        clave = (partes["ruc"], partes["tipo"], partes["serie"], int(partes["numero"]))
        llave = self.sunat.llave()
        texto = f"El Comprobante  numero {hallado.identificador}, ha sido aceptado"
        enlace = ENLACE + hashlib.sha256(f"{partes[0]}{hallado.digest}".encode()).hexdigest()
        cdr = empaquetar_cdr(partes[0], hallado, texto, llave, self.sunat.reloj(), enlace=enlace)
        with self.sunat.base() as base:
            base.execute("BEGIN IMMEDIATE")
            if (estado := _estado(base, clave)) is not None:
                return (1033 if estado == 1 else 1032), "", None
            base.execute(
                "INSERT INTO comprobantes (ruc, tipo, serie, numero, estado, fecha, importe,"
                " moneda, digest, codigo, cdr) VALUES (?,?,?,?,?,?,'0.00','PEN',?,?,?)",
                (
                    *clave,
                    0 if hallado.codigo else 1,
                    hallado.hechos["fecha"],
                    hallado.digest,
                    hallado.codigo,
                    cdr,
                ),
            )
        return hallado.codigo, hallado.detalle, cdr

    def _revisar(self, partes: re.Match[str], xml: bytes, ajustes: Ajustes) -> juez.Veredicto:
        documento = leer_documento(xml, "DespatchAdvice")
        if error := juez.error_de_esquema(documento, ajustes.esquemas):
            raise Negativa(306, error)
        hallado = juez_otros.juzgar(documento, partes["tipo"], self._ahora().date())
        if hallado.ruc != partes["ruc"]:
            raise Negativa(1034)
        if hallado.identificador != f"{partes['serie']}-{partes['numero']}":
            raise Negativa(1036)
        if hallado.codigo and hallado.codigo < 2000:
            raise Negativa(hallado.codigo, hallado.detalle)
        if partes["ruc"] in ajustes.inactivos:
            return replace(hallado, codigo=2010, detalle="El contribuyente no esta activo")
        return hallado

    def _avanzar(self, ticket: str, usuario: str, ajustes: Ajustes, llamada: int) -> Respuesta:
        with self.sunat.base() as base:
            fila = base.execute(
                "UPDATE envios_gre SET consultas = consultas + 1 WHERE ticket = ?"
                " RETURNING ruc, nombre, consultas, codigo, detalle, cdr",
                (ticket,),
            ).fetchone()
        if fila is None or fila[0] != usuario[:11]:
            raise Negativa(127)
        _, nombre, consultas, codigo, detalle, cdr = fila
        falla = ajustes.falla(nombre[15:19], llamada)
        antes(falla)
        if consultas <= ajustes.polls or falla == "ticket_eterno":
            return 200, {"codRespuesta": "98"}
        if falla in ("perder_respuesta", "cortar"):
            raise Corte(falla)
        dicho: dict[str, Any] = {"codRespuesta": "99" if codigo else "0", "indCdrGenerado": "0"}
        if codigo:
            texto = f"{juez.TEXTOS.get(codigo, 'Error')} {detalle}".strip()
            dicho["error"] = {"numError": f"{codigo:04d}", "desError": texto}
        if cdr is not None:
            paquete = danar(cdr, nombre[15:], falla) if falla else cdr
            dicho |= {"indCdrGenerado": "1", "arcCdr": base64.b64encode(paquete).decode()}
        return 200, dicho

    # Validity -----------------------------------------------------------------------------------

    def _validar(self, json: Any, ajustes: Ajustes) -> Respuesta:
        antes(ajustes.siempre)
        dicho = json or {}
        try:
            clave = (dicho["numRuc"], dicho["codComp"], dicho["numeroSerie"], int(dicho["numero"]))
            dia = datetime.strptime(dicho["fechaEmision"], "%d/%m/%Y").date()  # noqa: DTZ007
        except (KeyError, ValueError, TypeError):
            return 422, _error(4, "Formato no válido")
        with self.sunat.base() as base:
            fila = base.execute(
                "SELECT estado, fecha, importe FROM comprobantes WHERE ruc=? AND tipo=? AND serie=?"
                " AND numero=?",
                clave,
            ).fetchone()
        estado = "0"
        if fila is not None and date.fromisoformat(fila[1]) == dia and fila[2] == dicho["monto"]:
            estado = {1: "1", 2: "2"}.get(fila[0], "0")
        baja = str(dicho["numRuc"]) in ajustes.inactivos
        datos = {"estadoCp": estado, "estadoRuc": "01" if baja else "00", "condDomiRuc": "00"}
        return 200, {"success": True, "message": "Operation Success! ", "data": datos}


def _estado(base: sqlite3.Connection, clave: tuple[str, str, str, int]) -> int | None:
    fila = base.execute(
        "SELECT estado FROM comprobantes WHERE ruc=? AND tipo=? AND serie=? AND numero=?", clave
    ).fetchone()
    return None if fila is None else int(fila[0])


def _error(codigo: int, detalle: str) -> dict[str, Any]:
    texto = f"{juez.TEXTOS.get(codigo, 'Error')} {detalle}".strip()
    uno = {"cod": f"{codigo:04d}", "msg": texto}
    return {"cod": "422", "msg": "Error de validación", "errors": [uno]}
