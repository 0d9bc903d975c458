"""Guías, retenciones and percepciones for tests: good ones of each kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import time
from typing import Any

from addons.sunat.documents.guia import (
    Bien,
    Conductor,
    DocumentoRelacionado,
    Guia,
    Transportista,
    Vehiculo,
)
from addons.sunat.documents.modelo import Adquirente, Lugar
from addons.sunat.documents.retencion import Pago, Retencion
from tests.addons.sunat.facturas import EMISOR, EMPRESA, HOY, PERSONA, RUC, D, manana

TIENDA = Lugar("150141", "Av. Angamos 1, Lima")
CLIENTE = Lugar("040101", "Jr. Uno 2, Arequipa")
PROPIA = Adquirente("6", RUC, "Tienda de Prueba S.A.C.")
CONDUCTOR = Conductor("1", "45678912", "Luis", "Quispe Ñahui", "Q45678912")
BIEN = Bien("Cemento <Sol> & más", D(20), "BX", "P-01", "30111601")
TRANSPORTISTA = Transportista("20100006376", "Transportes S.A.", "MTC123")


def guia(**cambios: Any) -> Guia:
    """Return a sender's guía of today, in the company's own lorry."""
    una = Guia(
        "09",
        "T001",
        1,
        HOY,
        time(10, 30),
        EMISOR,
        EMPRESA,
        TIENDA,
        CLIENTE,
        HOY,
        D("850.500"),
        (BIEN,),
        vehiculos=(Vehiculo("ABC123"),),
        conductores=(CONDUCTOR,),
    )
    return replace(una, **cambios)


def publica(**cambios: Any) -> Guia:
    """Return a sender's guía whose goods somebody else carries."""
    base = {"vehiculos": (), "conductores": (), "modalidad": "01", "transportista": TRANSPORTISTA}
    return guia(**{**base, **cambios})


def transportista(**cambios: Any) -> Guia:
    """Return a carrier's guía."""
    base = {
        "tipo": "31",
        "serie": "V001",
        "remitente": PERSONA,
        "vehiculos": (Vehiculo("ABC123", "15M22000123E"), Vehiculo("ABD456")),
        "relacionados": (DocumentoRelacionado("09", "T001-7", "20100006376"),),
        "mtc": "MTC777",
    }
    return guia(**{**base, **cambios})


def entre_locales(**cambios: Any) -> Guia:
    """Return a sender's guía between two places of the company."""
    base = {
        "motivo": "04",
        "destinatario": PROPIA,
        "partida": replace(TIENDA, codigo_anexo="0000", ruc=RUC),
        "llegada": replace(CLIENTE, codigo_anexo="0002", ruc=RUC),
    }
    return guia(**{**base, **cambios})


DAM = DocumentoRelacionado("50", "118-2026-10-000123")
GUIAS: dict[str, Callable[[], Guia]] = {
    "privada": guia,
    "publica": publica,
    "transportista": transportista,
    "entre_locales": entre_locales,
    "vehiculo_menor": lambda: guia(vehiculo_menor=True, vehiculos=(), conductores=()),
    "otros": lambda: guia(motivo="13", motivo_descripcion="Feria", observaciones="Con cuidado"),
    "importacion": lambda: guia(
        motivo="08", destinatario=PROPIA, bultos=4, relacionados=(DAM,), unidad_peso="TNE"
    ),
    "con_factura": lambda: guia(
        relacionados=(DocumentoRelacionado("01", "F001-1", RUC),), transbordo=True
    ),
    "entrega_a_terceros": lambda: guia(motivo="03", comprador=PERSONA, retorno_vacio=True),
    "paga_un_tercero": lambda: transportista(pagador_flete="Tercero", pagador=EMPRESA),
    "compra": lambda: guia(
        motivo="02", destinatario=PROPIA, proveedor=EMPRESA, retorno_envases=True
    ),
    "dos_conductores": lambda: guia(
        conductores=(CONDUCTOR, replace(CONDUCTOR, numero_doc="45678913"))
    ),
}
"""A guía of each kind that the addon issues, by what it shows."""


def pago(**cambios: Any) -> Pago:
    """Return a factura that was paid today."""
    una = Pago("01", "F001-55", HOY, D("1180.00"), D("1180.00"), HOY)
    return replace(una, **cambios)


def retencion(*pagos: Pago, **cambios: Any) -> Retencion:
    """Return a retención of today, of 3 %."""
    una = Retencion("20", "R001", 1, HOY, time(10, 30), EMISOR, EMPRESA, "01", pagos or (pago(),))
    return replace(una, **cambios)


def percepcion(*pagos: Pago, **cambios: Any) -> Retencion:
    """Return a percepción of today, of 2 %."""
    return retencion(*pagos, **{"tipo": "40", "serie": "P001", **cambios})


RETENCIONES: dict[str, Callable[[], Retencion]] = {
    "retencion": retencion,
    "retencion_en_dolares": lambda: retencion(pago(moneda="USD", tipo_cambio=D("3.755"))),
    "retencion_de_varios": lambda: retencion(
        pago(pago=D("500.00")), pago(pago=D("680.00"), numero_pago=2), observaciones="Dos partes"
    ),
    "percepcion": percepcion,
    "percepcion_a_persona": lambda: percepcion(pago(tipo="03", numero="B001-4"), sujeto=PERSONA),
    "percepcion_de_combustible": lambda: percepcion(regimen="02"),
}
"""A retención or percepción of each kind."""
AYER, DESPUES = manana(-1), manana(1)
