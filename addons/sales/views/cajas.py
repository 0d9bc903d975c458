"""Screens of cash drawers."""

from kernel.views import (
    Button,
    Choice,
    Column,
    Field,
    Filter,
    FormView,
    Lines,
    Link,
    ListView,
    Section,
    StateBar,
    View,
)

ESTADOS_CAJA = (Choice("abierta", "Abierta", "good"), Choice("cerrada", "Cerrada"))
TIPOS_ARQUEO = (Choice("parcial", "Parcial"), Choice("cierre", "Cierre", "info"))
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
                "conteo",
                "Billetes y monedas",
                "/app/cajas/{id}/conteo/",
                "calculator",
                when=("abierta",),
            ),
            Link("arqueos", "Arqueos", "/app/arqueos/?caja_id={id}", "list"),
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
    ListView(
        "sales.arqueos.list",
        "Arqueos",
        "cajas.ver",
        "/api/arqueos/",
        (
            Column("id", "N.º"),
            Column("fecha", "Fecha"),
            Column("caja_id", "Caja"),
            Column("tipo", "Tipo", choices=TIPOS_ARQUEO),
            Column("usuario_id", "Contó"),
            Column("monto_esperado", "Esperado", "money"),
            Column("monto_contado", "Contado", "money"),
            Column("observacion", "Observación", optional=True),
        ),
        filters=(
            Filter("hoy", "Hoy", "fecha__gte=@today"),
            Filter("cierres", "Cierres", "tipo=cierre"),
        ),
        icon="calculator",
        empty="Los arqueos aparecen cuando se cuenta o se cierra una caja.",
    ),
    FormView(
        "sales.arqueos.form",
        "Arqueo",
        "cajas.ver",
        "/api/arqueos/",
        (
            Section(
                "arqueo",
                fields=(
                    Field("caja_id", "Caja"),
                    Field("tipo", "Tipo", choices=TIPOS_ARQUEO),
                    Field("fecha", "Fecha"),
                    Field("usuario_id", "Contó"),
                    Field("monto_esperado", "Esperado", "money"),
                    Field("monto_contado", "Contado", "money"),
                    Field("diferencia", "Diferencia", "money"),
                    Field("observacion", "Observación"),
                ),
            ),
            Lines(
                "detalle",
                "detalle",
                "Billetes y monedas",
                (
                    Column("valor", "Denominación", "money"),
                    Column("cantidad", "Cantidad"),
                    Column("importe", "Importe", "money", total=True),
                ),
            ),
        ),
        name="id",
    ),
]
