"""Screens of reservations."""

from kernel.views import Choice, Column, Filter, ListView, View

RESERVA_ESTADOS = (
    Choice("ACTIVA", "Activa", "good"),
    Choice("CONSUMIDA", "Consumida"),
    Choice("LIBERADA", "Liberada"),
    Choice("VENCIDA", "Vencida", "warn"),
)

RESERVAS: list[View] = [
    ListView(
        "inventory.reservas.list",
        "Reservas",
        "stock.ver",
        "/api/inventario/reservas/",
        (
            Column("producto_id", "Producto"),
            Column("almacen_id", "Almacén"),
            Column("cantidad", "Cantidad", total=True),
            Column("referencia_doc", "Para", "mention"),
            Column("motivo", "Motivo", optional=True),
            Column("estado", "Estado", choices=RESERVA_ESTADOS),
            Column("vence", "Hasta"),
        ),
        filters=(Filter("activas", "Activas", "estado=ACTIVA"),),
        icon="bookmark",
    ),
]
