"""Screens and menus of sales."""

from kernel.views import (
    Button,
    CalendarView,
    Choice,
    Column,
    Field,
    Filter,
    FormView,
    GraphView,
    Lines,
    ListView,
    Menu,
    PivotView,
    Section,
    StateBar,
    View,
)

ESTADOS_VENTA = (
    Choice("registrada", "Registrada", "good"),
    Choice("anulada", "Anulada", "bad"),
)
ESTADOS_CAJA = (Choice("abierta", "Abierta", "good"), Choice("cerrada", "Cerrada"))
MODOS = (Choice("pos", "Punto de venta"), Choice("ecommerce", "Tienda en línea"))
DOCUMENTOS = (
    Choice("6", "RUC"),
    Choice("1", "DNI"),
    Choice("4", "Carné de extranjería"),
    Choice("7", "Pasaporte"),
    Choice("0", "Sin documento"),
)
AFECTACIONES = (
    Choice("10", "Gravado"),
    Choice("20", "Exonerado"),
    Choice("30", "Inafecto"),
)

VENTAS: list[View] = [
    ListView(
        "sales.ventas.list",
        "Ventas",
        "ventas.ver",
        "/api/ventas/",
        (
            Column("serie", "Serie"),
            Column("numero", "Número"),
            Column("fecha", "Fecha"),
            Column("cliente_id", "Cliente", "person"),
            Column("subtotal", "Subtotal", "money", optional=True, total=True),
            Column("igv", "IGV", "money", optional=True, total=True),
            Column("total", "Total", "money", total=True),
            Column("estado", "Estado", choices=ESTADOS_VENTA),
            Column("usuario_id", "Vendedor", optional=True),
            Column("sucursal_id", "Sucursal", optional=True),
            Column("caja_id", "Caja", optional=True),
            Column("modo_emision", "Modo", choices=MODOS, optional=True),
        ),
        filters=(
            Filter("hoy", "Hoy", "fecha__gte=@today"),
            Filter("semana", "Esta semana", "fecha__gte=@week"),
            Filter("mes", "Este mes", "fecha__gte=@month"),
            Filter("anuladas", "Anuladas", "estado=anulada"),
        ),
        icon="shopping-cart",
        empty="Todavía no hay ventas. Abra una caja y registre la primera.",
    ),
    FormView(
        "sales.ventas.form",
        "Venta",
        "ventas.ver",
        "/api/ventas/",
        (
            Section(
                "venta",
                "Venta",
                (
                    Field("cliente_id", "Cliente", span=2),
                    Field("caja_id", "Caja"),
                    Field("sucursal_id", "Sucursal"),
                    Field("fecha", "Fecha"),
                    Field("usuario_id", "Vendedor"),
                    Field("modo_emision", "Modo", choices=MODOS),
                ),
            ),
            Lines(
                "detalle",
                "detalle",
                "Detalle",
                (
                    Column("producto_id", "Producto"),
                    Column("cantidad", "Cantidad"),
                    Column("precio_unitario", "Precio", "price"),
                    Column("descuento", "Descuento", "money"),
                    Column("total", "Importe", "money", total=True),
                ),
            ),
            Lines(
                "pagos",
                "formas_pago",
                "Pagos",
                (
                    Column("metodo", "Método"),
                    Column("monto", "Monto", "money", total=True),
                    Column("referencia", "Referencia"),
                ),
            ),
            Section(
                "importes",
                "Importes",
                (
                    Field("subtotal", "Subtotal", "money"),
                    Field("igv", "IGV", "money"),
                    Field("total", "Total", "money"),
                    Field("vuelto", "Vuelto", "money"),
                ),
            ),
        ),
        states=StateBar("estado", ESTADOS_VENTA),
        name="numero",
    ),
    GraphView(
        "sales.ventas.graph",
        "Ventas por día",
        "ventas.ver",
        "/api/ventas/",
        by="fecha",
        measure="total",
        chart="line",
    ),
    PivotView(
        "sales.ventas.pivot",
        "Ventas por sucursal y modo",
        "ventas.ver",
        "/api/ventas/",
        rows="sucursal_id",
        across="modo_emision",
        measure="total",
    ),
    CalendarView(
        "sales.ventas.calendar",
        "Calendario de ventas",
        "ventas.ver",
        "/api/ventas/",
        start="fecha",
        name="numero",
        columns=(Column("total", "Total", "money", total=True),),
    ),
]

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

CLIENTES: list[View] = [
    ListView(
        "sales.clientes.list",
        "Clientes",
        "clientes.ver",
        "/api/clientes/",
        (
            Column("razon_social", "Razón social", "person"),
            Column("tipo_doc", "Documento", choices=DOCUMENTOS),
            Column("numero_doc", "Número"),
            Column("telefono", "Teléfono"),
            Column("email", "Correo"),
            Column("categoria", "Categoría", optional=True),
            Column("limite_credito", "Límite de crédito", "money", optional=True),
            Column("created_at", "Desde", optional=True),
        ),
        filters=(
            Filter("empresas", "Empresas", "tipo_doc=6"),
            Filter("personas", "Personas", "tipo_doc=1"),
        ),
        icon="users",
        empty="Cree el primer cliente. Para ventas sin nombre ya está «Clientes varios».",
    ),
    FormView(
        "sales.clientes.form",
        "Cliente",
        "clientes.ver",
        "/api/clientes/",
        (
            Section(
                "cliente",
                fields=(
                    Field("razon_social", "Razón social o nombre", span=2),
                    Field("tipo_doc", "Documento", choices=DOCUMENTOS),
                    Field("numero_doc", "Número"),
                ),
            ),
            Section(
                "contacto",
                "Contacto",
                (
                    Field("telefono", "Teléfono", "tel"),
                    Field("email", "Correo", "email"),
                    Field("direccion", "Dirección", span=2),
                ),
            ),
            Section(
                "comercial",
                "Condiciones",
                (
                    Field("categoria", "Categoría"),
                    Field("limite_credito", "Límite de crédito", "money"),
                    Field("tags", "Etiquetas", "tags", span=2),
                ),
            ),
        ),
        name="razon_social",
    ),
]

CAJAS: list[View] = [
    ListView(
        "sales.cajas.list",
        "Cajas",
        "cajas.ver",
        "/api/cajas/",
        (
            Column("id", "N.º"),
            Column("estado", "Estado", choices=ESTADOS_CAJA),
            Column("sucursal_id", "Sucursal"),
            Column("usuario_id", "Cajero"),
            Column("monto_apertura", "Apertura", "money"),
            Column("monto_esperado", "Esperado", "money", optional=True),
            Column("monto_cierre", "Cierre", "money"),
            Column("fecha_apertura", "Abierta"),
            Column("fecha_cierre", "Cerrada"),
        ),
        filters=(Filter("abiertas", "Abiertas", "estado=abierta"),),
        buttons=(
            Button(
                "abrir",
                "Abrir caja",
                "/api/cajas/abrir/",
                "unlock",
                primary=True,
                fields=(
                    Field("sucursal_id", "Sucursal", span=2),
                    Field("monto_apertura", "Monto inicial", "money", span=2),
                ),
            ),
        ),
        icon="banknote",
        empty="Abra la primera caja para empezar a vender.",
    ),
    FormView(
        "sales.cajas.form",
        "Caja",
        "cajas.ver",
        "/api/cajas/",
        (
            Section(
                "caja",
                fields=(
                    Field("sucursal_id", "Sucursal"),
                    Field("usuario_id", "Cajero"),
                    Field("fecha_apertura", "Abierta"),
                    Field("fecha_cierre", "Cerrada"),
                    Field("monto_apertura", "Apertura", "money"),
                    Field("monto_esperado", "Esperado", "money"),
                    Field("monto_cierre", "Contado", "money"),
                ),
            ),
        ),
        buttons=(
            Button(
                "cerrar",
                "Cerrar caja",
                "/api/cajas/cerrar/",
                "lock",
                primary=True,
                when=("abierta",),
                fields=(Field("monto_cierre", "Efectivo contado", "money", span=4),),
                identifies="caja_id",
            ),
        ),
        states=StateBar("estado", ESTADOS_CAJA),
        name="id",
    ),
]

VIEWS = [*VENTAS, *CAJAS, *PRODUCTOS, *CLIENTES]

MENUS = [
    Menu("sales.ventas", "Ventas", "sales.ventas.list", "base.operacion", "shopping-cart", 110),
    Menu("sales.cajas", "Cajas", "sales.cajas.list", "base.operacion", "banknote", 120),
    Menu("sales.productos", "Productos", "sales.productos.list", "base.operacion", "tag", 130),
    Menu(
        "sales.categorias",
        "Categorías",
        "sales.categorias.list",
        "base.operacion",
        "folder-tree",
        140,
    ),
    Menu("sales.clientes", "Clientes", "sales.clientes.list", "base.relacion", "users", 510),
]
