"""Screens of resúmenes, comunicaciones de baja and reversiones."""

from addons.sunat.views.campos import BAJAS as ESTADOS_BAJA
from addons.sunat.views.campos import CLASES
from addons.sunat.views.campos import RESUMENES as ESTADOS_RESUMEN
from kernel.views import (
    Button,
    Column,
    Field,
    Filter,
    FormView,
    Link,
    ListView,
    Section,
    StateBar,
    View,
)

DE_RESUMEN = "/api/facturacion/resumen-diario/{id}/"

RESUMENES: list[View] = [
    ListView(
        "sunat.resumenes.list",
        "Resúmenes y bajas",
        "facturacion.ver",
        "/api/facturacion/resumen-diario/",
        (
            Column("nombre_archivo", "Archivo"),
            Column("tipo", "Clase", choices=CLASES),
            Column("fecha_referencia", "Del día"),
            Column("cantidad_documentos", "Documentos"),
            Column("estado_envio", "Estado", choices=ESTADOS_RESUMEN),
            Column("codigo_ticket", "Ticket"),
            Column("mensaje_sunat", "Respuesta de SUNAT"),
            Column("limite_envio", "Plazo", optional=True),
        ),
        filters=(
            Filter("en_curso", "En curso", "estado_envio__in=PENDIENTE,ENVIADO,EN_PROCESO"),
            Filter("rechazados", "Rechazados", "estado_envio=RECHAZADO"),
        ),
        buttons=(
            Button("resumir", "Resumir boletas pendientes", "/api/facturacion/resumen-diario/"),
        ),
        icon="layers",
        empty="Las boletas se resumen a las 23:50, si la empresa así las envía.",
    ),
    FormView(
        "sunat.resumenes.form",
        "Resumen",
        "facturacion.ver",
        "/api/facturacion/resumen-diario/",
        (
            Section(
                "resumen",
                "Resumen",
                (
                    Field("tipo", "Clase", choices=CLASES),
                    Field("fecha", "Generado"),
                    Field("fecha_referencia", "Del día"),
                    Field("cantidad_documentos", "Documentos"),
                    Field("codigo_ticket", "Ticket"),
                    Field("codigo_sunat", "Código"),
                    Field("mensaje_sunat", "Respuesta", span=2),
                    Field("intentos", "Intentos"),
                    Field("proximo_intento", "Próximo intento"),
                    Field("limite_envio", "Plazo"),
                    Field("reemplaza_id", "En lugar de"),
                ),
            ),
        ),
        links=(
            Link("xml", "XML", f"{DE_RESUMEN}xml/", "file-code"),
            Link("cdr", "CDR", f"{DE_RESUMEN}cdr/", "file-check", ("ACEPTADO", "RECHAZADO")),
        ),
        states=StateBar(
            "estado_envio", ESTADOS_RESUMEN, rare=("SIN_TICKET", "RECHAZADO", "EXCEPCION")
        ),
        name="nombre_archivo",
    ),
    ListView(
        "sunat.bajas.list",
        "Bajas pedidas",
        "facturacion.ver",
        "/api/facturacion/bajas/",
        (
            Column("created_at", "Pedida"),
            Column("comprobante_id", "Comprobante"),
            Column("motivo", "Motivo"),
            Column("estado", "Estado", choices=ESTADOS_BAJA),
            Column("mensaje", "Respuesta"),
            Column("resumen_id", "Con"),
            Column("limite", "Plazo"),
        ),
        filters=(Filter("en_curso", "En curso", "estado__in=pedida,enviada"),),
        icon="ban",
    ),
    FormView(
        "sunat.bajas.form",
        "Baja pedida",
        "facturacion.ver",
        "/api/facturacion/bajas/",
        (
            Section(
                "baja",
                fields=(
                    Field("comprobante_id", "Comprobante", span=2),
                    Field("created_at", "Pedida"),
                    Field("limite", "Plazo"),
                    Field("motivo", "Motivo", span=2),
                    Field("reemitir", "Emitir otro de la misma venta"),
                    Field("resumen_id", "Con"),
                    Field("mensaje", "Respuesta", span=4),
                ),
            ),
        ),
        buttons=(
            Button(
                "retirar",
                "Retirar",
                "/api/facturacion/bajas/{id}/retirar/",
                "x",
                when=("pedida",),
                confirm="¿Retirar la baja? El comprobante queda como está.",
            ),
        ),
        states=StateBar("estado", ESTADOS_BAJA, rare=("rechazada", "retirada")),
        name="motivo",
    ),
]
