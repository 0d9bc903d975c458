"""What goes to SUNAT's REST services and comes back: values, read out of JSON.

Source: SUNAT, GRE OpenAPI 1.0.0; reference on SUNAT, 1.8, 1.9.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from addons.sunat.documents.soap import Falla, RespuestaIlegible

CREDENCIALES = 102
"""SUNAT's code for a user or password that is wrong; what a refused token comes to."""
EN_PROCESO, CON_ERROR, HECHO = "98", "99", "0"


@dataclass(frozen=True, slots=True)
class EstadoGuia:
    """The answer about a ticket: 98 in process, 0 accepted, 99 refused; and the CDR, if any."""

    codigo: str
    error: int = 0
    mensaje: str = ""
    cdr: bytes | None = None


@dataclass(frozen=True, slots=True)
class Pregunta:
    """Which comprobante is asked about: ``quien`` asks; ``fecha`` as DD/MM/AAAA."""

    quien: str
    emisor: str
    tipo: str
    serie: str
    numero: int
    fecha: str
    monto: Decimal

    def cuerpo(self) -> dict[str, str]:
        """Return it as it is sent."""
        return {
            "numRuc": self.emisor,
            "codComp": self.tipo,
            "numeroSerie": self.serie,
            "numero": str(self.numero),
            "fechaEmision": self.fecha,
            "monto": f"{self.monto:.2f}",
        }


@dataclass(frozen=True, slots=True)
class Validez:
    """What SUNAT says of a comprobante: 0 unknown, 1 accepted, 2 voided, 3 authorised, 4 not."""

    estado: str
    estado_ruc: str = ""
    condicion_domicilio: str = ""
    observaciones: tuple[str, ...] = ()


def archivo_de(nombre: str, paquete: bytes) -> dict[str, Any]:
    """Return the body that brings a guía."""
    return {
        "archivo": {
            "nomArchivo": f"{nombre}.zip",
            "arcGreZip": base64.b64encode(paquete).decode(),
            "hashZip": hashlib.sha256(paquete).hexdigest(),
        }
    }


def leer(estado: int, dicho: Any) -> dict[str, Any]:
    """Return the object that was answered, with a status.

    Raises:
        Falla: it is a refusal with a code.
        RespuestaIlegible: it is neither.
    """
    if not isinstance(dicho, dict):
        raise RespuestaIlegible(f"Respuesta {estado}: no es un objeto.")
    if 200 <= estado < 300:
        return dicho
    errores = dicho.get("errors")
    primero = errores[0] if isinstance(errores, list) and errores else dicho
    if not isinstance(primero, dict):
        primero = dicho
    codigo = str(primero.get("cod") or "")
    mensaje = str(primero.get("msg") or dicho.get("msg") or "")[:2000]
    if codigo.isdigit() and estado < 500:
        raise Falla(int(codigo), mensaje)
    raise RespuestaIlegible(f"Respuesta {estado}: {codigo} {mensaje}".strip())


def estado_de(dicho: Mapping[str, Any]) -> EstadoGuia:
    """Return the answer about a ticket.

    Raises:
        RespuestaIlegible: it has no state that is known, or a CDR that is no base64.
    """
    codigo = str(dicho.get("codRespuesta") or "")
    if codigo not in (EN_PROCESO, CON_ERROR, HECHO):
        raise RespuestaIlegible(f"SUNAT respondió un estado que no se conoce: {codigo[:20]}")
    error = dicho.get("error")
    falla: Mapping[str, Any] = error if isinstance(error, dict) else {}
    numero = str(falla.get("numError") or "")
    mensaje = str(falla.get("desError") or "")[:2000]
    return EstadoGuia(codigo, int(numero) if numero.isdigit() else 0, mensaje, _cdr(dicho))


def _cdr(dicho: Mapping[str, Any]) -> bytes | None:
    texto = dicho.get("arcCdr")
    if not texto or str(dicho.get("indCdrGenerado") or "1") == "0":
        return None
    try:
        return base64.b64decode(str(texto), validate=True)
    except (binascii.Error, ValueError):
        raise RespuestaIlegible("El CDR de la respuesta no es base64.") from None


def validez_de(dicho: Mapping[str, Any]) -> Validez:
    """Return what is said of a comprobante.

    Raises:
        RespuestaIlegible: nothing is.
    """
    datos = dicho.get("data")
    if not isinstance(datos, dict) or "estadoCp" not in datos:
        raise RespuestaIlegible(f"SUNAT no dijo nada: {str(dicho.get('message') or '')[:200]}")
    observaciones = datos.get("observaciones")
    return Validez(
        str(datos["estadoCp"]),
        str(datos.get("estadoRuc") or ""),
        str(datos.get("condDomiRuc") or ""),
        tuple(str(una)[:500] for una in observaciones) if isinstance(observaciones, list) else (),
    )
