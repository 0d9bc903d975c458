"""Screens and menus of loyalty, and what it puts into those of customers."""

from kernel.views import (
    Button,
    Choice,
    Column,
    Field,
    Filter,
    ListView,
    Menu,
    Patch,
    Section,
    View,
)
from kernel.widgets import Widget

MOTIVOS = (
    Choice("venta", "Venta", "good"),
    Choice("canje", "Canje", "info"),
    Choice("anulacion", "Anulación", "warn"),
    Choice("devolucion", "Devolución", "warn"),
    Choice("vencimiento", "Vencimiento", "bad"),
)

VIEWS: list[View] = [
    ListView(
        "loyalty.movimientos.list",
        "Puntos",
        "puntos.ver",
        "/api/movimientos-puntos/",
        (
            Column("created_at", "Fecha"),
            Column("cliente_id", "Cliente", "person"),
            Column("motivo", "Motivo", choices=MOTIVOS),
            Column("puntos", "Puntos", total=True),
            Column("venta_id", "Venta", optional=True),
        ),
        filters=(
            Filter("canjes", "Canjes", "motivo=canje"),
            Filter("mes", "Este mes", "created_at__gte=@month"),
        ),
        icon="star",
        empty="Todavía no hay puntos: los da la primera venta a un cliente con documento.",
    ),
]

CANJEAR = Button(
    "loyalty_canjear",
    "Canjear puntos",
    "/api/clientes/{id}/puntos/canjear/",
    "star",
    fields=(Field("puntos", "Puntos", span=2),),
)

PATCHES = [
    Patch("sales.clientes.list", Column("puntos", "Puntos", "puntos"), after="email"),
    Patch(
        "sales.clientes.form",
        Section("fidelizacion", "Fidelización", (Field("puntos", "Puntos"),)),
        after="comercial",
    ),
    Patch("sales.clientes.form", CANJEAR, inside="buttons"),
]

WIDGETS = [Widget("puntos", "addons_contrib.loyalty:widgets.html")]

MENUS = [
    Menu("loyalty.movimientos", "Puntos", "loyalty.movimientos.list", "base.relacion", "star", 530)
]
