"""Screens of what SUNAT was asked about validity."""

from addons.sunat.views.campos import (
    TIPOS,
)
from kernel.views import (
    Column,
    Field,
    Filter,
    FormView,
    ListView,
    Section,
    View,
)

VALIDEZ: list[View] = [
    ListView(
        "sunat.validez.list",
        "Validez de comprobantes",
        "facturacion.ver",
        "/api/facturacion/validez/",
        (
            Column("created_at", "Consultado"),
            Column("ruc", "RUC del emisor"),
            Column("tipo", "Tipo", choices=TIPOS),
            Column("serie", "Serie"),
            Column("numero", "Número"),
            Column("monto", "Total", "money"),
            Column("valido", "Válido"),
            Column("estado", "Según SUNAT"),
            Column("estado_ruc", "Emisor"),
            Column("condicion_domicilio", "Domicilio"),
            Column("fecha_emision", "Emitido", optional=True),
            Column("usuario_id", "Preguntó", optional=True),
        ),
        filters=(Filter("no_validos", "No válidos", "valido=false"),),
        icon="badge-check",
        empty="Pregunte a SUNAT si el comprobante de un proveedor es válido antes de pagarlo.",
    ),
    FormView(
        "sunat.validez.form",
        "Validez",
        "facturacion.ver",
        "/api/facturacion/validez/",
        (
            Section(
                "consulta",
                "Comprobante",
                (
                    Field("ruc", "RUC del emisor"),
                    Field("tipo", "Tipo", choices=TIPOS),
                    Field("serie", "Serie"),
                    Field("numero", "Número"),
                    Field("fecha_emision", "Emitido"),
                    Field("monto", "Total", "money"),
                    Field("comprobante_id", "Propio", span=2),
                ),
            ),
            Section(
                "respuesta",
                "Lo que dijo SUNAT",
                (
                    Field("valido", "Válido"),
                    Field("estado", "Estado"),
                    Field("estado_ruc", "Emisor"),
                    Field("condicion_domicilio", "Domicilio"),
                    Field("observaciones", "Observaciones", span=4),
                    Field("created_at", "Consultado"),
                    Field("usuario_id", "Preguntó"),
                ),
            ),
        ),
        name="ruc",
        saves="Consultar",
    ),
]
