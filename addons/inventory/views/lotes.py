"""Screens of lots and series."""

from addons.inventory.views.campos import MOTIVO
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

LOTE_ESTADOS = (
    Choice("DISPONIBLE", "Disponible", "good"),
    Choice("AGOTADO", "Agotado"),
    Choice("BLOQUEADO", "Bloqueado", "bad"),
)

TRAZA = "/app/inventario/trazabilidad/?lote="

LOTES: list[View] = [
    ListView(
        "inventory.lotes.list",
        "Lotes y series",
        "stock.ver",
        "/api/inventario/lotes/",
        (
            Column("producto_id", "Producto"),
            Column("almacen_id", "Almacén"),
            Column("numero_lote", "Lote"),
            Column("numero_serie", "Serie"),
            Column("fecha_vencimiento", "Vence"),
            Column("cantidad_actual", "Cantidad", total=True),
            Column("cantidad_reservada", "Reservado", optional=True),
            Column("cantidad_inicial", "Ingresado", optional=True),
            Column("estado", "Estado", choices=LOTE_ESTADOS),
        ),
        filters=(
            Filter("hay", "Con existencias", "cantidad_actual__gt=0"),
            Filter("bloqueados", "Bloqueados", "estado=BLOQUEADO"),
        ),
        icon="barcode",
        empty="Los lotes aparecen con las entradas de productos que los llevan.",
    ),
    FormView(
        "inventory.lotes.form",
        "Lote",
        "stock.ver",
        "/api/inventario/lotes/",
        (
            Section(
                "lote",
                fields=(
                    Field("producto_id", "Producto", span=2),
                    Field("almacen_id", "Almacén", span=2),
                    Field("numero_lote", "Lote"),
                    Field("numero_serie", "Serie"),
                    Field("fecha_vencimiento", "Vence"),
                    Field("cantidad_inicial", "Ingresado"),
                    Field("cantidad_actual", "Cantidad"),
                    Field("cantidad_reservada", "Reservado"),
                ),
            ),
        ),
        buttons=(
            Button(
                "bloquear",
                "Bloquear",
                "/api/inventario/lotes/{id}/bloquear/",
                "lock",
                when=("DISPONIBLE", "AGOTADO"),
                fields=(MOTIVO,),
            ),
            Button(
                "desbloquear",
                "Desbloquear",
                "/api/inventario/lotes/{id}/desbloquear/",
                "unlock",
                when=("BLOQUEADO",),
                fields=(MOTIVO,),
            ),
        ),
        links=(
            Link("traza_lote", "Trazabilidad", f"{TRAZA}{{numero_lote}}", "route"),
            Link("traza_serie", "Trazabilidad", f"{TRAZA}{{numero_serie}}", "route"),
        ),
        states=StateBar("estado", LOTE_ESTADOS),
        name="numero_lote",
    ),
]
