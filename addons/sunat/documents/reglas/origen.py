"""Rules on a note and the comprobante that it changes, as the company knows it."""

from __future__ import annotations

from collections.abc import Iterator

from addons.sunat.documents import codigos
from addons.sunat.documents.codigos import NOTA_CREDITO, NOTA_DEBITO
from addons.sunat.documents.importes import Totales
from addons.sunat.documents.modelo import Comprobante
from addons.sunat.documents.reglas.tabla import Falta, Origen, PruebaOrigen, regla_de_origen

CREDITO = frozenset({NOTA_CREDITO})
DEBITO = frozenset({NOTA_DEBITO})
LIBRE = "10"
"""The reason "other" of a note of credit, which SUNAT doesn't hold against its origin."""

_ORIGEN = "comprobante_origen_id"


def _motivo(nota: Comprobante) -> str:
    return nota.modifica.motivo_codigo if nota.modifica is not None else ""


def _libre(nota: Comprobante) -> bool:
    return nota.tipo == NOTA_CREDITO and _motivo(nota) == LIBRE


def _en_estado(estado: str) -> PruebaOrigen:
    def prueba(nota: Comprobante, _: Totales, origen: Origen) -> Iterator[Falta]:
        if origen.estado == estado and not _libre(nota):
            yield Falta(_ORIGEN)

    return prueba


def _declarar(codigo: str, tipos: frozenset[str], estado: str, texto: str) -> None:
    cura = f"El comprobante está {estado}: no admite notas."
    regla_de_origen(codigo, texto, cura, tipos=tipos)(_en_estado(estado))


_declarar(
    "2119",
    CREDITO,
    "EXCEPCION",
    "El documento modificado en la Nota de credito no esta registrada.",
)
_declarar(
    "2209",
    DEBITO,
    "EXCEPCION",
    "El documento modificado en la Nota de debito no esta registrada",
)
_declarar(
    "2120",
    CREDITO,
    "ANULADO",
    "El documento modificado en la Nota de credito se encuentra de baja",
)
_declarar(
    "2207",
    DEBITO,
    "ANULADO",
    "El documento modificado en la Nota de debito se encuentra de baja",
)
_declarar(
    "2121",
    CREDITO,
    "RECHAZADO",
    "El documento modificado en la Nota de credito esta registrada como rechazada",
)
_declarar(
    "2208",
    DEBITO,
    "RECHAZADO",
    "El documento modificado en la Nota de debito esta registrada como rechazada",
)


@regla_de_origen(
    "3209",
    "El tipo de moneda de la nota debe ser el mismo que el declarado en el documento que modifica",
    "La nota va en la moneda del comprobante.",
)
def moneda(nota: Comprobante, _: Totales, origen: Origen) -> Iterator[Falta]:
    """A note has the currency of what it changes."""
    if nota.moneda != origen.moneda:
        yield Falta("moneda", f"La nota va en la moneda del comprobante: {origen.moneda}.")


@regla_de_origen(
    "2885",
    "La fecha de emisión de la nota debe ser mayor o igual a la fecha de emisión de los "
    "documentos que modifica",
    "La nota no puede ser anterior al comprobante que modifica.",
)
def fecha(nota: Comprobante, _: Totales, origen: Origen) -> Iterator[Falta]:
    """A note is not older than what it changes."""
    if nota.fecha_emision < origen.fecha_emision:
        yield Falta("fecha_emision")


@regla_de_origen(
    "3260",
    "Para el tipo de nota de credito 13 el documento afectado debe ser Factura al credito",
    "La factura no es al crédito.",
    tipos=CREDITO,
)
def al_credito(nota: Comprobante, _: Totales, origen: Origen) -> Iterator[Falta]:
    """Reason 13 changes the payments of a factura that has some."""
    if _motivo(nota) == codigos.AJUSTE_CREDITO and origen.contado:
        yield Falta("motivo_codigo")


@regla_de_origen(
    "3320",
    "El monto neto pendiente de pago debe ser menor o igual al monto de la factura",
    "Las cuotas pasan del total de la factura.",
    tipos=CREDITO,
)
def pendiente(nota: Comprobante, totales: Totales, origen: Origen) -> Iterator[Falta]:
    """What is due is no more than the factura."""
    if _motivo(nota) == codigos.AJUSTE_CREDITO and totales.neto_pendiente > origen.total:
        yield Falta("cuotas")


@regla_de_origen(
    "3286",
    "El monto total de la nota de credito debe ser menor o igual al monto de la factura",
    "La nota no pasa de lo que queda por acreditar.",
    tipos=CREDITO,
)
def monto(nota: Comprobante, totales: Totales, origen: Origen) -> Iterator[Falta]:
    """Notes of credit take off no more than there was."""
    resto = origen.total - origen.acreditado
    ajuste = _motivo(nota) == codigos.AJUSTE_CREDITO
    if not _libre(nota) and not ajuste and totales.total > resto:
        yield Falta(
            "detalle",
            f"La nota suma {totales.total} y del comprobante queda {resto} por acreditar.",
        )


@regla_de_origen(
    "3321",
    "La fecha de la cuota debe ser mayor a la fecha de emisión de la factura",
    "La cuota vence después de la fecha de la factura.",
    tipos=CREDITO,
)
def fecha_cuota(nota: Comprobante, _: Totales, origen: Origen) -> Iterator[Falta]:
    """A payment comes later than the factura; it may be due already."""
    for indice, cuota in enumerate(nota.cuotas):
        if cuota.fecha <= origen.fecha_emision:
            yield Falta(f"cuotas.{indice}.fecha")
