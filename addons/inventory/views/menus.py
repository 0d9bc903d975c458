"""The menu of inventory, and what it puts into screens of sales."""

from kernel.views import Choice, Column, Field, Filter, Link, Menu, Patch, Section, Step

TRAZABILIDAD = (
    Choice("ninguna", "Ninguna"),
    Choice("lote", "Por lote", "info"),
    Choice("serie", "Por serie", "info"),
)
PATCHES = [
    Patch("sales.productos.list", Column("stock_actual", "Stock", total=True), after="precio"),
    Patch(
        "sales.productos.list",
        Filter("agotados", "Agotados", "stock_actual__lte=0"),
        inside="filters",
    ),
    Patch(
        "sales.productos.form",
        Section(
            "existencias",
            "Existencias",
            (
                Field("stock_actual", "Stock"),
                Field("trazabilidad", "Trazabilidad", choices=TRAZABILIDAD),
                Field("permite_venta_sin_stock", "Se vende sin stock", span=2),
            ),
        ),
        after="precio",
    ),
    Patch(
        "sales.productos.form",
        Link("kardex", "Kardex", "/app/inventario/kardex/?producto={sku}", "book-open"),
        inside="links",
    ),
]
PAGINAS = (
    ("kardex", "Kardex", "book-open", "stock.kardex"),
    ("trazabilidad", "Trazabilidad", "route", "stock.ver"),
)
"""Pages that no view declares."""
STEPS = [
    Step(
        "inventory.almacen",
        "Primer almacén",
        "Sin un almacén no hay stock.",
        "/app/almacenes/nuevo/",
        "/api/almacenes/",
        "almacenes.crear",
        "warehouse",
        30,
        "limit=1",
    ),
    Step(
        "inventory.existencias",
        "Primeras existencias",
        "Lo que hay de cada producto; muchos a la vez entran de una hoja de cálculo.",
        "/app/inventario/stock/?_acto=entrada",
        "/api/inventario/stock/",
        "stock.entrada",
        "boxes",
        45,
        "limit=1",
    ),
]
MENUS = [
    Menu("inventory.inventario", "Inventario", order=200),
    *(
        Menu(
            f"inventory.{noun}",
            title,
            f"inventory.{noun}.list",
            "inventory.inventario",
            icon,
            order,
        )
        for order, (noun, title, icon) in enumerate(
            [
                ("stock", "Stock", "package"),
                ("movimientos", "Movimientos", "arrow-left-right"),
                ("transferencias", "Transferencias", "truck"),
                ("incidencias", "Incidencias", "triangle-alert"),
                ("lotes", "Lotes y series", "barcode"),
                ("reservas", "Reservas", "bookmark"),
                ("conteos", "Conteos", "clipboard-list"),
                ("almacenes", "Almacenes", "warehouse"),
            ],
            150,
        )
    ),
    *(
        Menu(
            f"inventory.{noun}",
            title,
            parent="inventory.inventario",
            icon=icon,
            order=order,
            page=f"/app/inventario/{noun}/",
            permission=permission,
        )
        for order, (noun, title, icon, permission) in enumerate(PAGINAS, 158)
    ),
]
