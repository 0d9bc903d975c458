"""Screens and menus of sales."""

from kernel.views import Menu, View, ViewField

VIEWS = [
    View(
        "sales.ventas.list",
        "list",
        "Ventas",
        "/api/ventas/",
        "ventas.ver",
        (
            ViewField("id", "N.º"),
            ViewField("fecha", "Fecha", "datetime"),
            ViewField("cliente_id", "Cliente", "reference"),
            ViewField("total", "Total", "money"),
            ViewField("estado", "Estado", "state"),
        ),
    ),
    View(
        "sales.productos.list",
        "list",
        "Productos",
        "/api/productos/",
        "productos.ver",
        (
            ViewField("sku", "SKU"),
            ViewField("nombre", "Nombre"),
            ViewField("precio", "Precio", "money"),
            ViewField("stock_actual", "Stock", "quantity"),
        ),
    ),
    View(
        "sales.clientes.list",
        "list",
        "Clientes",
        "/api/clientes/",
        "clientes.ver",
        (
            ViewField("numero_doc", "Documento"),
            ViewField("razon_social", "Razón social"),
            ViewField("telefono", "Teléfono"),
        ),
    ),
    View(
        "sales.cajas.list",
        "list",
        "Cajas",
        "/api/cajas/",
        "cajas.ver",
        (
            ViewField("id", "N.º"),
            ViewField("estado", "Estado", "state"),
            ViewField("monto_apertura", "Apertura", "money"),
            ViewField("monto_cierre", "Cierre", "money"),
        ),
    ),
]

MENUS = [
    Menu("sales.ventas", "Ventas", "sales.ventas.list", order=10),
    Menu("sales.cajas", "Cajas", "sales.cajas.list", order=20),
    Menu("sales.clientes", "Clientes", "sales.clientes.list", order=30),
    Menu("sales.productos", "Productos", "sales.productos.list", order=40),
]
