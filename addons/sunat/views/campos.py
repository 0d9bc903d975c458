"""How states, types and reasons are read on the screens of sunat."""

from collections.abc import Mapping

from addons.sunat.documents import codigos, guia
from kernel.views import Choice, StateBar

TIPOS = (
    Choice("01", "Factura", "info"),
    Choice("03", "Boleta"),
    Choice("07", "Nota de crédito", "warn"),
    Choice("08", "Nota de débito", "warn"),
    Choice("09", "Guía de remitente"),
    Choice("31", "Guía de transportista"),
    Choice("20", "Retención"),
    Choice("40", "Percepción"),
)
LLAMADAS = (
    Choice("sendBill", "Envío"),
    Choice("getStatusCdr", "Consulta"),
    Choice("sendSummary", "Envío de resumen"),
    Choice("getStatus", "Consulta de ticket"),
    Choice("enviarGuia", "Envío de guía"),
    Choice("consultarGuia", "Consulta de guía"),
)
ESTADOS = (
    Choice("PENDIENTE", "Pendiente", "info"),
    Choice("CONTINGENCIA", "Contingencia", "warn"),
    Choice("ENVIADO", "Enviado", "info"),
    Choice("RECHAZADO", "Rechazado", "bad"),
    Choice("EXCEPCION", "Excepción", "bad"),
    Choice("ACEPTADO", "Aceptado", "good"),
    Choice("ANULADO", "Anulado"),
)
BARRA = StateBar(
    "estado_sunat", ESTADOS, rare=("CONTINGENCIA", "RECHAZADO", "EXCEPCION", "ANULADO")
)
"""How a comprobante gets to SUNAT, as its form shows it."""
RESUMENES = (
    Choice("PENDIENTE", "Pendiente", "info"),
    Choice("ENVIADO", "Enviado", "info"),
    Choice("EN_PROCESO", "En proceso", "info"),
    Choice("SIN_TICKET", "Ticket perdido", "warn"),
    Choice("RECHAZADO", "Rechazado", "bad"),
    Choice("EXCEPCION", "Excepción", "bad"),
    Choice("ACEPTADO", "Aceptado", "good"),
)
CLASES = (
    Choice("RC", "Resumen diario"),
    Choice("RA", "Comunicación de baja", "warn"),
    Choice("RR", "Resumen de reversiones", "warn"),
)
BAJAS = (
    Choice("pedida", "Pedida", "info"),
    Choice("enviada", "Enviada", "info"),
    Choice("aceptada", "Aceptada", "good"),
    Choice("rechazada", "Rechazada", "bad"),
    Choice("retirada", "Retirada"),
)
CANALES = (Choice("individual", "Uno a uno"), Choice("resumen", "Resumen diario"))
ENVIOS = (
    Choice("enviando", "Enviando", "info"),
    Choice("aceptado", "Aceptado", "good"),
    Choice("rechazado", "Rechazado", "bad"),
    Choice("excepcion", "Excepción", "bad"),
    Choice("desconocido", "Sin respuesta", "warn"),
    Choice("no_enviado", "No enviado", "warn"),
    Choice("en_proceso", "En proceso", "info"),
    Choice("sistemico", "SUNAT no admite a la empresa", "bad"),
)
RESPONDIDOS = ("ACEPTADO", "RECHAZADO", "ANULADO")
"""States of comprobantes of which SUNAT has told something: there is a CDR."""


def _lista(textos: Mapping[str, str]) -> tuple[Choice, ...]:
    return tuple(Choice(codigo, texto) for codigo, texto in textos.items())


def _motivos_de_nota() -> tuple[Choice, ...]:
    """Return the reasons of catalogues 09 and 10, which share codes."""
    credito, debito = codigos.MOTIVOS_CREDITO, codigos.MOTIVOS_DEBITO
    return tuple(
        Choice(
            codigo, texto if debito.get(codigo, texto) == texto else f"{texto} / {debito[codigo]}"
        )
        for codigo, texto in credito.items()
    )


MOTIVOS = _motivos_de_nota()
MOTIVOS_TRASLADO = _lista(guia.MOTIVOS)
MODALIDADES = _lista(guia.MODALIDADES)
DE_LISTA = {"motivo_traslado": MOTIVOS_TRASLADO, "modalidad_traslado": MODALIDADES}
DOCUMENTOS = _lista(codigos.DOCUMENTOS_IDENTIDAD)
RELACIONADOS = _lista(guia.RELACIONADOS)
OPERACIONES = _lista(codigos.OPERACIONES)
TIPOS_COMPROBANTE = TIPOS[:2]
TIPOS_NOTA = TIPOS[2:4]
TIPOS_GUIA = TIPOS[4:6]
TIPOS_RETENCION = TIPOS[6:]
TIPOS_PAGADO = (*TIPOS[:4], Choice("12", "Ticket"), *TIPOS_RETENCION)
UNIDADES_PESO = (Choice("KGM", "Kilogramos"), Choice("TNE", "Toneladas"))
PAGADORES = tuple(Choice(uno, uno) for uno in guia.PAGADORES)
REGIMENES = tuple(
    Choice(codigo, f"{codigo}: {nombre}")
    for codigo, nombre in (
        ("01", "retención 3 %, o percepción venta interna 2 %"),
        ("02", "retención 6 %, o percepción combustibles 1 %"),
        ("03", "percepción al agente 0.5 %"),
    )
)
AFECTACIONES = (
    Choice("10", "Gravado"),
    Choice("20", "Exonerado"),
    Choice("30", "Inafecto"),
    Choice("40", "Exportación"),
    Choice("17", "IVAP"),
    Choice("11", "Retiro por premio"),
    Choice("15", "Bonificación"),
    Choice("21", "Exonerado, gratuito"),
    Choice("31", "Inafecto, bonificación"),
)
MONEDAS = (Choice("PEN", "Soles"), Choice("USD", "Dólares"), Choice("EUR", "Euros"))
ESTADOS_BORRADOR = (
    Choice("PENDIENTE", "Por emitir", "warn"),
    Choice("DESCARTADA", "Descartada"),
    Choice("EMITIDA", "Emitida", "good"),
)
