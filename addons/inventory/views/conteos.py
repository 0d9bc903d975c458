"""Screens of physical counts."""

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

CONTEO_ESTADOS = (
    Choice("ABIERTO", "Abierto", "info"),
    Choice("CERRADO", "Cerrado", "good"),
    Choice("ANULADO", "Anulado"),
)

CONTEOS: list[View] = [
    ListView(
        "inventory.conteos.list",
        "Conteos",
        "stock.ver",
        "/api/inventario/conteos/",
        (
            Column("id", "N.º"),
            Column("almacen_id", "Almacén"),
            Column("estado", "Estado", choices=CONTEO_ESTADOS),
            Column("nota", "Nota"),
            Column("created_at", "Empezado"),
            Column("cerrado_at", "Cerrado"),
        ),
        filters=(Filter("abiertos", "Abiertos", "estado=ABIERTO"),),
        icon="clipboard-list",
        empty="Cuente un almacén: las diferencias se vuelven ajustes.",
    ),
    FormView(
        "inventory.conteos.form",
        "Conteo",
        "stock.ver",
        "/api/inventario/conteos/",
        (
            Section(
                "conteo",
                fields=(
                    Field("almacen_id", "Almacén", span=2),
                    Field("nota", "Nota", span=2),
                    Field("created_at", "Empezado"),
                    Field("cerrado_at", "Cerrado"),
                ),
            ),
            Lines(
                "lineas",
                "lineas",
                "Hoja",
                (
                    Column("id", "Línea", "hidden"),
                    Column("producto", "Producto"),
                    Column("sku", "SKU"),
                    Column("cantidad_contada", "Contado"),
                    Column("numero_lote", "Lote"),
                    Column("numero_serie", "Serie"),
                    Column("ubicacion", "Ubicación"),
                    Column("stock_sistema", "Sistema"),
                    Column("diferencia", "Diferencia"),
                ),
            ),
        ),
        buttons=(
            Button(
                "cerrar",
                "Cerrar",
                "/api/inventario/conteos/{id}/cerrar/",
                "check",
                primary=True,
                when=("ABIERTO",),
                confirm="¿Cerrar el conteo? Las diferencias se vuelven ajustes.",
            ),
            Button(
                "anular",
                "Anular",
                "/api/inventario/conteos/{id}/anular/",
                "x",
                when=("ABIERTO",),
                confirm="¿Abandonar el conteo?",
            ),
        ),
        links=(Link("hoja", "Hoja para contar", "/api/inventario/conteos/{id}/pdf/", "file-text"),),
        locked=("CERRADO", "ANULADO"),
        states=StateBar("estado", CONTEO_ESTADOS),
        name="id",
    ),
]
