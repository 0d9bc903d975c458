"""Rules on notes: what they change, and why."""

from __future__ import annotations

from collections.abc import Iterator

from addons.sunat.documents import codigos
from addons.sunat.documents.codigos import BOLETA, FACTURA, NOTA_CREDITO, NOTA_DEBITO
from addons.sunat.documents.modelo import Comprobante, Modifica
from addons.sunat.documents.reglas.formatos import MODIFICADOS, en_una_linea, visible
from addons.sunat.documents.reglas.tabla import Entorno, Falta, regla

CREDITO = frozenset({NOTA_CREDITO})
DEBITO = frozenset({NOTA_DEBITO})


def _numero(modifica: Modifica) -> str:
    return f"{modifica.serie}-{modifica.numero}"


@regla(
    "2524",
    "Debe indicar el documento afectado por la nota",
    "Diga qué comprobante modifica la nota.",
    tipos=codigos.NOTAS,
)
def sin_documento(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """A note changes something."""
    if de.modifica is None:
        yield Falta("modifica")


@regla(
    "2172",
    "ResponseCode - El dato ingresado no cumple con la estructura",
    f"Notas de crédito: {', '.join(codigos.MOTIVOS_CREDITO)}; de débito: "
    f"{', '.join(codigos.MOTIVOS_DEBITO)}.",
    tipos=codigos.NOTAS,
)
def motivo(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The reason exists."""
    lista = codigos.MOTIVOS_CREDITO if de.tipo == NOTA_CREDITO else codigos.MOTIVOS_DEBITO
    dicho = de.modifica.motivo_codigo if de.modifica is not None else ""
    if dicho and dicho not in lista:
        yield Falta("motivo_codigo")


@regla(
    "2128",
    "El XML no contiene el tag o no existe informacion de ResponseCode",
    "Diga por qué se emite la nota, con un código de motivo.",
    tipos=codigos.NOTAS,
)
def sin_motivo(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The reason is told."""
    if de.modifica is not None and not de.modifica.motivo_codigo:
        yield Falta("motivo_codigo")


@regla(
    "2135",
    "cac:DiscrepancyResponse/cbc:Description - El dato ingresado no cumple con la estructura",
    "Explique el motivo en una línea de 1 a 500 caracteres.",
    tipos=codigos.NOTAS,
)
def explicacion(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The reason is told in words."""
    if de.modifica is not None:
        texto = de.modifica.motivo_descripcion
        if visible(texto) and not en_una_linea(texto, 1, 500):
            yield Falta("motivo_descripcion")


@regla(
    "2136",
    "El XML no contiene el tag o no existe informacion de cac:DiscrepancyResponse/cbc:Description",
    "Explique el motivo en una línea de 1 a 500 caracteres.",
    tipos=codigos.NOTAS,
)
def sin_explicacion(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """There are words."""
    if de.modifica is not None and not visible(de.modifica.motivo_descripcion):
        yield Falta("motivo_descripcion")


def _otro_tipo(de: Comprobante, serie: str, tipo: str) -> Iterator[Falta]:
    if de.modifica is not None and de.serie.startswith(serie) and de.modifica.tipo != tipo:
        yield Falta("serie")


@regla(
    "2116",
    "El tipo de documento modificado por la Nota de credito debe ser factura electronica o ticket",
    "Una nota de serie F modifica una factura; use una serie B para una boleta.",
    tipos=CREDITO,
)
@regla(
    "2204",
    "El tipo de documento modificado por la Nota de Debito debe ser factura electronica, ticket o "
    "documento autorizado",
    "Una nota de serie F modifica una factura; use una serie B para una boleta.",
    tipos=DEBITO,
)
def de_factura(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """A note with a series F changes a factura."""
    yield from _otro_tipo(de, "F", FACTURA)


@regla(
    "2399",
    "El tipo de documento modificado por la Nota de credito debe ser boleta electronica",
    "Una nota de serie B modifica una boleta; use una serie F para una factura.",
    tipos=CREDITO,
)
@regla(
    "2400",
    "El tipo de documento modificado por la Nota de debito debe ser boleta electronica",
    "Una nota de serie B modifica una boleta; use una serie F para una factura.",
    tipos=DEBITO,
)
def de_boleta(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """A note with a series B changes a boleta."""
    yield from _otro_tipo(de, "B", BOLETA)


@regla(
    "2117",
    "La serie o numero del documento modificado por la Nota de Credito no cumple con el formato "
    "establecido",
    "El comprobante modificado es una factura F001-1 o una boleta B001-1.",
    tipos=CREDITO,
)
@regla(
    "2205",
    "La serie o numero del documento modificado por la Nota de Debito no cumple con el formato "
    "establecido",
    "El comprobante modificado es una factura F001-1 o una boleta B001-1.",
    tipos=DEBITO,
)
def numero_modificado(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """What is changed has a number."""
    modifica = de.modifica
    if modifica is not None:
        formato = MODIFICADOS.get(modifica.tipo)
        if formato is None or not formato.fullmatch(_numero(modifica)):
            yield Falta("modifica.numero")


@regla(
    "3259",
    "Para el tipo de nota de credito 13 el documento afectado debe ser Factura",
    "El motivo 13 corrige cuotas de una factura al crédito.",
    tipos=CREDITO,
)
def trece_de_factura(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """Reason 13 is for facturas."""
    modifica = de.modifica
    trece = modifica is not None and modifica.motivo_codigo == codigos.AJUSTE_CREDITO
    if trece and modifica is not None and modifica.tipo != FACTURA:
        yield Falta("modifica.tipo")


@regla(
    "3257",
    "Para el tipo de nota de credito 13 debe consignar información de la operación al credito",
    "El motivo 13 lleva las cuotas nuevas, con sus montos.",
    tipos=CREDITO,
)
def trece_con_cuotas(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """Reason 13 has payments, with amounts."""
    modifica = de.modifica
    if modifica is not None and modifica.motivo_codigo == codigos.AJUSTE_CREDITO:
        if not de.cuotas:
            yield Falta("cuotas")
        for indice, cuota in enumerate(de.cuotas):
            if cuota.monto is None:
                yield Falta(f"cuotas.{indice}.monto")


@regla(
    "3246",
    "El tipo de transaccion o el identificador de la cuota no cumple con el formato esperado",
    "Solo una nota de crédito de motivo 13 lleva cuotas.",
    tipos=codigos.NOTAS,
)
def cuotas_sin_trece(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """Only reason 13 has payments."""
    motivo_codigo = de.modifica.motivo_codigo if de.modifica else ""
    if de.cuotas and not (de.tipo == NOTA_CREDITO and motivo_codigo == codigos.AJUSTE_CREDITO):
        yield Falta("cuotas")


@regla(
    "3230",
    "Tipo de nota debe ser 'Ajustes afectos al IVAP'",
    "Una nota sobre arroz pilado (IVAP) lleva el motivo 12.",
    tipos=codigos.NOTAS,
)
def ivap(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """A note on IVAP says so."""
    motivo_codigo = de.modifica.motivo_codigo if de.modifica else ""
    if motivo_codigo != codigos.AJUSTE_IVAP and any(
        linea.afectacion_igv == codigos.GRAVADO_IVAP for linea in de.detalle
    ):
        yield Falta("motivo_codigo")


def _de_ivap(de: Comprobante, afectaciones: frozenset[str]) -> Iterator[Falta]:
    if de.modifica is not None and de.modifica.motivo_codigo == codigos.AJUSTE_IVAP:
        for indice, linea in enumerate(de.detalle):
            if linea.afectacion_igv in afectaciones:
                yield Falta(f"detalle.{indice}.afectacion_igv")


@regla(
    "3107",
    "El dato ingresado como codigo de tributo global es invalido para tipo de operación.",
    "Una nota de motivo 12 (IVAP) no lleva líneas gravadas con IGV.",
    tipos=codigos.NOTAS,
)
def ivap_sin_igv(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """A note on IVAP has no IGV."""
    yield from _de_ivap(de, frozenset({"10"}))


@regla(
    "3221",
    "El dato ingresado como codigo de tributo global es invalido para tipo de nota",
    "Una nota de motivo 12 (IVAP) no lleva líneas exoneradas, inafectas ni de exportación.",
    tipos=codigos.NOTAS,
)
def ivap_sin_otras(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """A note on IVAP has nothing that is exempt, untaxed or exported."""
    yield from _de_ivap(de, frozenset({"20", "30", "40"}))


@regla(
    "2643",
    "Factura de operacion sujeta IVAP debe consignar Monto de impuestos por item",
    "Cada línea de una nota de débito por IVAP vale más que cero.",
    tipos=DEBITO,
)
def ivap_con_monto(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """A note of debit on IVAP is about something."""
    if de.modifica is None or de.modifica.motivo_codigo != codigos.AJUSTE_IVAP:
        return
    for indice, linea in enumerate(de.detalle):
        if (
            linea.afectacion_igv == codigos.GRAVADO_IVAP
            and linea.cantidad * linea.precio_unitario <= 0
        ):
            yield Falta(f"detalle.{indice}.precio_unitario")
