"""The dashboard of sales, and the steps to the first one."""

from kernel.views import DashboardView, Step, Tile

DIARIAS = "/api/reportes/ventas-diarias/"
VENTAS = "sales.ventas.list"

TABLERO = DashboardView(
    "sales.tablero",
    "Ventas",
    "reportes_ventas.ver",
    (
        Tile("hoy", "Ventas de hoy", DIARIAS, query="desde=@today", view=VENTAS, measure="total"),
        Tile("mes", "Ventas del mes", DIARIAS, query="desde=@month", view=VENTAS, measure="total"),
        Tile("ventas", "Número de ventas del mes", DIARIAS, query="desde=@month", measure="ventas"),
        Tile(
            "devoluciones",
            "Devuelto en el mes",
            DIARIAS,
            query="desde=@month",
            view="sales.devoluciones.list",
            measure="devoluciones",
        ),
        Tile("dias", "Ventas por día", DIARIAS, "line", view=VENTAS, by="fecha", measure="total"),
        Tile(
            "productos",
            "Lo más vendido del mes",
            "/api/reportes/ventas-por-producto/",
            "table",
            query="desde=@month",
            by="nombre",
            measure="total",
        ),
        Tile(
            "clientes",
            "Quién compró más en el mes",
            "/api/reportes/ventas-por-cliente/",
            "table",
            query="desde=@month",
            by="razon_social",
            measure="total",
        ),
    ),
)

STEPS = [
    Step(
        "sales.productos",
        "Primeros productos",
        "Lo que se vende, con su precio; muchos a la vez entran de una hoja de cálculo.",
        "/app/productos/nuevo/",
        "/api/productos/",
        "productos.crear",
        "tag",
        40,
        "limit=1",
    ),
    Step(
        "sales.caja",
        "Primera caja",
        "Con una caja abierta se vende.",
        "/app/cajas/?_acto=abrir",
        "/api/cajas/",
        "cajas.abrir",
        "banknote",
        50,
        "limit=1",
    ),
]
