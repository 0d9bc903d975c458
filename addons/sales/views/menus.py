"""The menu of sales."""

from kernel.views import Menu

MENUS = [
    Menu("sales.catalogo", "Catálogo", order=140),
    Menu(
        "sales.tablero",
        "Tablero de ventas",
        "sales.tablero",
        "base.operacion",
        "layout-dashboard",
        101,
    ),
    Menu("sales.ventas", "Ventas", "sales.ventas.list", "base.operacion", "shopping-cart", 110),
    Menu(
        "sales.cotizaciones",
        "Cotizaciones",
        "sales.cotizaciones.list",
        "base.operacion",
        "file-text",
        102,
    ),
    Menu(
        "sales.ordenes",
        "Órdenes de venta",
        "sales.ordenes.list",
        "base.operacion",
        "clipboard-list",
        104,
    ),
    Menu(
        "sales.devoluciones",
        "Devoluciones",
        "sales.devoluciones.list",
        "base.operacion",
        "undo",
        114,
    ),
    Menu(
        "sales.pos",
        "Punto de venta",
        parent="base.operacion",
        icon="store",
        order=111,
        page="/app/pos/",
        begins=True,
        permission="ventas.crear",
    ),
    Menu(
        "sales.offline",
        "Ventas sin conexión",
        "sales.offline.list",
        "base.operacion",
        "cloud-off",
        116,
    ),
    Menu("sales.cajas", "Cajas", "sales.cajas.list", "base.operacion", "banknote", 120),
    Menu("sales.arqueos", "Arqueos", "sales.arqueos.list", "base.operacion", "calculator", 122),
    Menu("sales.productos", "Productos", "sales.productos.list", "sales.catalogo", "tag", 130),
    Menu("sales.listas", "Listas de precios", "sales.listas.list", "sales.catalogo", "list", 134),
    Menu(
        "sales.precios", "Precios de lista", "sales.precios.list", "sales.catalogo", "percent", 136
    ),
    Menu(
        "sales.categorias",
        "Categorías",
        "sales.categorias.list",
        "sales.catalogo",
        "folder-tree",
        140,
    ),
    Menu("sales.clientes", "Clientes", "sales.clientes.list", "base.relacion", "users", 510),
]
