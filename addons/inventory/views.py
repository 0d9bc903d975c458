"""Screens and menus of inventory."""

from kernel.views import Menu, View, ViewField

VIEWS = [
    View(
        "inventory.stock.list",
        "list",
        "Stock",
        "/api/inventario/stock/",
        "stock.ver",
        (
            ViewField("producto_id", "Producto", "reference"),
            ViewField("almacen_id", "Almacén", "reference"),
            ViewField("stock_actual", "Stock", "quantity"),
        ),
    ),
    View(
        "inventory.movimientos.list",
        "list",
        "Movimientos",
        "/api/inventario/movimientos/",
        "stock.ver",
        (
            ViewField("created_at", "Fecha", "datetime"),
            ViewField("tipo_movimiento", "Tipo"),
            ViewField("producto_id", "Producto", "reference"),
            ViewField("cantidad", "Cantidad", "quantity"),
        ),
    ),
]

MENUS = [
    Menu("inventory.stock", "Stock", "inventory.stock.list", order=50),
    Menu("inventory.movimientos", "Movimientos", "inventory.movimientos.list", order=60),
]
