"""Screens of products, price lists and categories."""

from kernel.views import Choice, Column, Field, Filter, FormView, ListView, Section, View

AFECTACIONES = (
    Choice("10", "Gravado"),
    Choice("20", "Exonerado"),
    Choice("30", "Inafecto"),
)

PRODUCTOS: list[View] = [
    ListView(
        "sales.productos.list",
        "Productos",
        "productos.ver",
        "/api/productos/",
        (
            Column("sku", "SKU"),
            Column("nombre", "Nombre"),
            Column("categoria_id", "Categoría", optional=True),
            Column("precio", "Precio", "price"),
            Column("costo", "Costo", "price", optional=True),
            Column("unidad_medida", "Unidad", optional=True),
            Column("codigo_barras", "Código de barras", optional=True),
            Column("activo", "Activo"),
        ),
        filters=(Filter("activos", "Activos", "activo=true"),),
        icon="tag",
        empty="Cree el primer producto o impórtelos de una hoja de cálculo.",
    ),
    FormView(
        "sales.productos.form",
        "Producto",
        "productos.ver",
        "/api/productos/",
        (
            Section(
                "producto",
                fields=(
                    Field("nombre", "Nombre", span=2),
                    Field("sku", "SKU"),
                    Field("codigo_barras", "Código de barras"),
                    Field("categoria_id", "Categoría", span=2),
                    Field("unidad_medida", "Unidad de medida", help="Catálogo 03: NIU, KGM, ZZ…"),
                    Field("activo", "Activo"),
                ),
            ),
            Section(
                "precio",
                "Precio e impuesto",
                (
                    Field("precio", "Precio con IGV", "price"),
                    Field("costo", "Costo", "price"),
                    Field("afectacion_igv", "Afectación al IGV", choices=AFECTACIONES),
                ),
            ),
        ),
        name="nombre",
    ),
    ListView(
        "sales.listas.list",
        "Listas de precios",
        "listas_precio.ver",
        "/api/listas-precio/",
        (Column("nombre", "Nombre"), Column("activo", "Activa")),
        icon="list",
        empty="Cree una lista y póngasela a los clientes que compran a otro precio.",
    ),
    FormView(
        "sales.listas.form",
        "Lista de precios",
        "listas_precio.ver",
        "/api/listas-precio/",
        (Section("lista", fields=(Field("nombre", "Nombre", span=2), Field("activo", "Activa"))),),
        name="nombre",
    ),
    ListView(
        "sales.precios.list",
        "Precios de lista",
        "listas_precio.ver",
        "/api/precios/",
        (
            Column("lista_id", "Lista"),
            Column("producto_id", "Producto"),
            Column("cantidad_minima", "Desde"),
            Column("precio", "Precio", "price"),
        ),
        icon="percent",
    ),
    FormView(
        "sales.precios.form",
        "Precio de lista",
        "listas_precio.ver",
        "/api/precios/",
        (
            Section(
                "precio",
                fields=(
                    Field("lista_id", "Lista", span=2),
                    Field("producto_id", "Producto", span=2),
                    Field("cantidad_minima", "Desde qué cantidad"),
                    Field("precio", "Precio", "price"),
                ),
            ),
        ),
        name="id",
    ),
    ListView(
        "sales.categorias.list",
        "Categorías",
        "productos.ver",
        "/api/categorias/",
        (Column("nombre", "Nombre"),),
        icon="folder-tree",
    ),
    FormView(
        "sales.categorias.form",
        "Categoría",
        "productos.ver",
        "/api/categorias/",
        (Section("categoria", fields=(Field("nombre", "Nombre", span=2),)),),
        name="nombre",
    ),
]
