"""Screens of cash drawers."""

from kernel.views import (
    Button,
    Choice,
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

ESTADOS_CAJA = (Choice("abierta", "Abierta", "good"), Choice("cerrada", "Cerrada"))
TIPOS_MOVIMIENTO = (Choice("ingreso", "Ingreso", "good"), Choice("egreso", "Egreso", "warn"))

CAJAS: list[View] = [
    ListView(
        "sales.cajas.list",
        "Cajas",
        "cajas.ver",
        "/api/cajas/",
        (
            Column("id", "N.º"),
            Column("estado", "Estado", choices=ESTADOS_CAJA),
            Column("sucursal_id", "Sucursal"),
            Column("usuario_id", "Cajero"),
            Column("monto_apertura", "Apertura", "money"),
            Column("monto_esperado", "Esperado", "money", optional=True),
            Column("monto_cierre", "Cierre", "money"),
            Column("fecha_apertura", "Abierta"),
            Column("fecha_cierre", "Cerrada"),
        ),
        filters=(Filter("abiertas", "Abiertas", "estado=abierta"),),
        buttons=(
            Button(
                "abrir",
                "Abrir caja",
                "/api/cajas/abrir/",
                "unlock",
                primary=True,
                fields=(
                    Field("sucursal_id", "Sucursal", span=2),
                    Field("monto_apertura", "Monto inicial", "money", span=2),
                ),
            ),
        ),
        icon="banknote",
        empty="Abra la primera caja para empezar a vender.",
    ),
    FormView(
        "sales.cajas.form",
        "Caja",
        "cajas.ver",
        "/api/cajas/",
        (
            Section(
                "caja",
                fields=(
                    Field("sucursal_id", "Sucursal"),
                    Field("usuario_id", "Cajero"),
                    Field("fecha_apertura", "Abierta"),
                    Field("fecha_cierre", "Cerrada"),
                    Field("monto_apertura", "Apertura", "money"),
                    Field("monto_esperado", "Esperado", "money"),
                    Field("monto_cierre", "Contado", "money"),
                    Field("numero_z", "Reporte Z"),
                ),
            ),
        ),
        buttons=(
            Button(
                "mover",
                "Ingreso o egreso",
                "/api/cajas/{id}/movimientos/",
                "arrow-left-right",
                when=("abierta",),
                fields=(
                    Field("tipo", "Qué es", choices=TIPOS_MOVIMIENTO, span=2),
                    Field("monto", "Monto", "money", span=2),
                    Field("motivo", "Motivo", span=4),
                ),
            ),
            Button(
                "arquear",
                "Arqueo",
                "/api/cajas/{id}/arqueos/",
                "calculator",
                when=("abierta",),
                fields=(
                    Field("monto", "Efectivo contado", "money", span=2),
                    Field("observacion", "Observación", span=2),
                ),
            ),
            Button(
                "cerrar",
                "Cerrar caja",
                "/api/cajas/cerrar/",
                "lock",
                primary=True,
                when=("abierta",),
                fields=(Field("monto_cierre", "Efectivo contado", "money", span=4),),
                identifies="caja_id",
            ),
        ),
        links=(
            Link(
                "reporte_z",
                "Reporte Z",
                "/api/cajas/{id}/reporte-z/pdf/",
                "file-text",
                when=("cerrada",),
            ),
        ),
        states=StateBar("estado", ESTADOS_CAJA),
        name="id",
    ),
]
