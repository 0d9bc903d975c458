"""Screens of retenciones and percepciones."""

from addons.sunat.views.campos import (
    BARRA,
    REGIMENES,
    RESPONDIDOS,
    TIPOS,
    TIPOS_PAGADO,
    TIPOS_RETENCION,
)
from addons.sunat.views.partes import ESTADO, RESPUESTA, persona
from kernel.views import (
    Button,
    Column,
    Field,
    Filter,
    FormView,
    Lines,
    Link,
    ListView,
    Section,
    View,
)

DE_COMPROBANTE = "/api/facturacion/comprobantes/{comprobante_id}/"

RETENCIONES: list[View] = [
    ListView(
        "sunat.retenciones.list",
        "Retenciones y percepciones",
        "retenciones.ver",
        "/api/facturacion/retenciones/",
        (
            Column("fecha_emision", "Fecha"),
            Column("tipo", "Tipo", choices=TIPOS),
            Column("serie", "Serie"),
            Column("numero", "Número"),
            Column("sujeto_razon_social", "Proveedor o cliente"),
            Column("total_retenido", "Retenido o percibido", "money", total=True),
            Column("total_pagado", "Pagado o cobrado", "money", total=True),
            *ESTADO,
            Column("sujeto_numero_doc", "RUC o documento", optional=True),
            Column("tasa", "Tasa", optional=True),
        ),
        filters=(
            Filter("mes", "Este mes", "fecha_emision__gte=@month"),
            Filter("retenciones", "Retenciones", "tipo=20"),
            Filter("percepciones", "Percepciones", "tipo=40"),
        ),
        icon="percent",
        empty="Emita la retención de un pago a un proveedor, o la percepción de un cobro.",
    ),
    FormView(
        "sunat.retenciones.form",
        "Retención o percepción",
        "retenciones.ver",
        "/api/facturacion/retenciones/",
        (
            Section(
                "retencion",
                "Comprobante",
                (
                    Field("tipo", "Tipo", choices=TIPOS_RETENCION),
                    Field("serie", "Serie"),
                    Field("numero", "Número"),
                    Field("fecha_emision", "Fecha", help="Hoy, si no dice otra."),
                    Field("regimen", "Régimen", choices=REGIMENES, span=2),
                    Field("tasa", "Tasa"),
                    Field("total_retenido", "Retenido o percibido", "money"),
                    Field("total_pagado", "Pagado o cobrado", "money"),
                ),
            ),
            persona("sujeto", "Proveedor (retención) o cliente (percepción)"),
            Lines(
                "pagos",
                "pagos",
                "Documentos y pagos",
                (
                    Column("tipo", "Tipo", choices=TIPOS_PAGADO),
                    Column("numero", "Número"),
                    Column("fecha_emision", "Emitido"),
                    Column("total", "Total", "money"),
                    Column("fecha_pago", "Pagado el"),
                    Column("pago", "Pago", "money"),
                    Column("moneda", "Moneda"),
                    Column("tipo_cambio", "Tipo de cambio"),
                    Column("monto", "Retenido o percibido", "money", total=True),
                    Column("neto", "Neto", "money", total=True),
                ),
            ),
            Section("notas", "", (Field("observaciones", "Observaciones", span=4),)),
            RESPUESTA,
        ),
        buttons=(
            Button(
                "revertir",
                "Revertir",
                "/api/facturacion/retenciones/{id}/revertir/",
                "undo",
                when=("PENDIENTE", "ENVIADO", "CONTINGENCIA", "ACEPTADO"),
                fields=(Field("motivo", "Motivo", span=4),),
            ),
        ),
        links=(
            Link("pdf", "PDF", f"{DE_COMPROBANTE}pdf/", "file-text"),
            Link("xml", "XML", f"{DE_COMPROBANTE}xml/", "file-code"),
            Link("cdr", "CDR", f"{DE_COMPROBANTE}cdr/", "file-check", RESPONDIDOS),
            Link(
                "comprobante",
                "Comprobante",
                "/app/facturacion/comprobantes/{comprobante_id}/",
                "receipt",
            ),
        ),
        states=BARRA,
        name="numero",
        live=("PENDIENTE", "ENVIADO"),
        opens="/app/facturacion/retenciones/{retencion_id}/",
        saves="Emitir",
        alone=True,
    ),
]
