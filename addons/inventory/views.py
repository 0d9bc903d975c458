"""Screens and menus of inventory."""

from kernel.views import (
    Choice,
    Column,
    Field,
    Filter,
    FormView,
    GraphView,
    ListView,
    Menu,
    Patch,
    Section,
    View,
)

TIPOS = (
    Choice("ENTRADA", "Entrada", "good"),
    Choice("VENTA", "Venta", "info"),
)

VIEWS: list[View] = [
    ListView(
        "inventory.stock.list",
        "Stock",
        "stock.ver",
        "/api/inventario/stock/",
        (
            Column("producto_id", "Producto"),
            Column("almacen_id", "Almacén"),
            Column("stock_actual", "Stock", total=True),
            Column("stock_minimo", "Mínimo"),
            Column("stock_maximo", "Máximo", optional=True),
            Column("stock_seguridad", "Seguridad", optional=True),
        ),
        filters=(
            Filter("agotado", "Agotado", "stock_actual__lte=0"),
            Filter("disponible", "Con stock", "stock_actual__gt=0"),
        ),
        icon="package",
        empty="Registre la primera entrada de mercadería.",
    ),
    ListView(
        "inventory.movimientos.list",
        "Movimientos",
        "stock.ver",
        "/api/inventario/movimientos/",
        (
            Column("created_at", "Fecha"),
            Column("tipo_movimiento", "Tipo", choices=TIPOS),
            Column("producto_id", "Producto"),
            Column("almacen_origen_id", "Sale de"),
            Column("almacen_destino_id", "Entra a"),
            Column("cantidad", "Cantidad", total=True),
            Column("motivo", "Motivo"),
            Column("referencia_doc", "Documento", optional=True),
            Column("usuario_id", "Usuario", optional=True),
        ),
        filters=(
            Filter("hoy", "Hoy", "created_at__gte=@today"),
            Filter("mes", "Este mes", "created_at__gte=@month"),
            Filter("entradas", "Entradas", "tipo_movimiento=ENTRADA"),
        ),
        icon="arrow-left-right",
    ),
    GraphView(
        "inventory.movimientos.graph",
        "Movimientos",
        "stock.ver",
        "/api/inventario/movimientos/",
        by="tipo_movimiento",
        measure="cantidad",
    ),
    ListView(
        "inventory.almacenes.list",
        "Almacenes",
        "almacenes.ver",
        "/api/almacenes/",
        (
            Column("nombre", "Nombre"),
            Column("tipo", "Tipo"),
            Column("sucursal_id", "Sucursal"),
            Column("activo", "Activo"),
        ),
        icon="warehouse",
        empty="Cree el primer almacén: sin uno no hay stock.",
    ),
    FormView(
        "inventory.almacenes.form",
        "Almacén",
        "almacenes.ver",
        "/api/almacenes/",
        (
            Section(
                "almacen",
                fields=(
                    Field("nombre", "Nombre", span=2),
                    Field("tipo", "Tipo"),
                    Field("activo", "Activo"),
                    Field("sucursal_id", "Sucursal", span=2),
                ),
            ),
        ),
        name="nombre",
    ),
]

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
                Field("permite_venta_sin_stock", "Se vende sin stock", span=2),
            ),
        ),
        after="precio",
    ),
]

MENUS = [
    Menu("inventory.stock", "Stock", "inventory.stock.list", "base.operacion", "package", 150),
    Menu(
        "inventory.movimientos",
        "Movimientos",
        "inventory.movimientos.list",
        "base.operacion",
        "arrow-left-right",
        160,
    ),
    Menu(
        "inventory.almacenes",
        "Almacenes",
        "inventory.almacenes.list",
        "base.operacion",
        "warehouse",
        170,
    ),
]
