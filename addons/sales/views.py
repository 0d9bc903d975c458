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
    KanbanView,
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
TIPOS_MOVIMIENTO = (Choice("ingreso", "Ingreso", "good"), Choice("egreso", "Egreso", "warn"))
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

MOTIVO = (Field("motivo", "Motivo", span=4),)

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
            Filter("credito", "Al crédito", "monto_credito__gt=0"),
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
                    Column("cantidad_devuelta", "Devuelto", optional=True),
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
                    Field("descuento_global", "Descuento global", "money"),
                    Field("subtotal", "Subtotal", "money"),
                    Field("igv", "IGV", "money"),
                    Field("total", "Total", "money"),
                    Field("vuelto", "Vuelto", "money"),
                    Field("monto_credito", "Al crédito", "money"),
                    Field("fecha_vencimiento", "Vence"),
                ),
            ),
        ),
        buttons=(
            Button(
                "anular",
                "Anular",
                "/api/ventas/{id}/anular/",
                "ban",
                when=("registrada",),
                fields=MOTIVO,
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

LINEAS_OFRECIDAS = (
    Column("producto_id", "Producto"),
    Column("cantidad", "Cantidad"),
    Column("precio", "Precio"),
    Column("descuento", "Descuento", "money"),
    Column("total", "Importe", "money", total=True),
)
TOTALES = Section(
    "importes",
    "Importes",
    (
        Field("descuento_global", "Descuento global", "money"),
        Field("subtotal", "Subtotal", "money"),
        Field("igv", "IGV", "money"),
        Field("total", "Total", "money"),
    ),
)
ESTADOS_COTIZACION = (
    Choice("pendiente", "Pendiente", "info"),
    Choice("convertida", "Convertida", "good"),
    Choice("vencida", "Vencida", "warn"),
    Choice("anulada", "Anulada", "bad"),
)
ESTADOS_ORDEN = (
    Choice("confirmada", "Confirmada", "info"),
    Choice("atendida", "Atendida", "good"),
    Choice("anulada", "Anulada", "bad"),
)

OFERTAS: list[View] = [
    ListView(
        "sales.cotizaciones.list",
        "Cotizaciones",
        "cotizaciones.ver",
        "/api/cotizaciones/",
        (
            Column("numero", "Número"),
            Column("cliente_id", "Cliente", "person"),
            Column("fecha_emision", "Emitida"),
            Column("fecha_vencimiento", "Vence"),
            Column("total", "Total", "money", total=True),
            Column("estado", "Estado", choices=ESTADOS_COTIZACION),
            Column("vendedor_id", "Vendedor", optional=True),
            Column("sucursal_id", "Sucursal", optional=True),
            Column("enviada_at", "Enviada", optional=True),
        ),
        filters=(
            Filter("pendientes", "Pendientes", "estado=pendiente"),
            Filter("vencidas", "Vencidas", "estado=vencida"),
            Filter("mes", "Este mes", "fecha_emision__gte=@month"),
        ),
        icon="file-text",
        empty="Haga la primera cotización: vale hasta su fecha y se convierte en orden.",
    ),
    FormView(
        "sales.cotizaciones.form",
        "Cotización",
        "cotizaciones.ver",
        "/api/cotizaciones/",
        (
            Section(
                "cotizacion",
                fields=(
                    Field("cliente_id", "Cliente", span=2),
                    Field("sucursal_id", "Sucursal"),
                    Field("vendedor_id", "Vendedor"),
                    Field("fecha_emision", "Emitida"),
                    Field("fecha_vencimiento", "Válida hasta"),
                    Field("observaciones", "Observaciones", span=2),
                ),
            ),
            Lines("detalle", "detalle", "Detalle", LINEAS_OFRECIDAS),
            TOTALES,
        ),
        buttons=(
            Button(
                "convertir",
                "Convertir en orden",
                "/api/cotizaciones/{id}/convertir/",
                "check",
                primary=True,
                when=("pendiente",),
            ),
            Button(
                "enviar",
                "Enviar por correo",
                "/api/cotizaciones/{id}/enviar/",
                "mail",
                when=("pendiente",),
                fields=(
                    Field("email", "Correo (el del cliente, si no dice otro)", "email", span=4),
                    Field("mensaje", "Mensaje", span=4),
                ),
            ),
            Button("duplicar", "Duplicar", "/api/cotizaciones/{id}/duplicar/", "copy"),
            Button(
                "anular",
                "Anular",
                "/api/cotizaciones/{id}/anular/",
                "ban",
                when=("pendiente",),
                fields=MOTIVO,
            ),
        ),
        states=StateBar("estado", ESTADOS_COTIZACION),
        name="numero",
    ),
    KanbanView(
        "sales.cotizaciones.kanban",
        "Cotizaciones por estado",
        "cotizaciones.ver",
        "/api/cotizaciones/",
        by="estado",
        choices=ESTADOS_COTIZACION,
        name="numero",
        columns=(Column("cliente_id", "Cliente", "person"), Column("total", "Total", "money")),
    ),
    ListView(
        "sales.ordenes.list",
        "Órdenes de venta",
        "ordenes_venta.ver",
        "/api/ordenes-venta/",
        (
            Column("numero", "Número"),
            Column("cliente_id", "Cliente", "person"),
            Column("fecha_confirmacion", "Confirmada"),
            Column("total", "Total", "money", total=True),
            Column("estado", "Estado", choices=ESTADOS_ORDEN),
            Column("vendedor_id", "Vendedor", optional=True),
            Column("sucursal_id", "Sucursal", optional=True),
        ),
        filters=(Filter("por_atender", "Por atender", "estado=confirmada"),),
        icon="clipboard-list",
        empty="Una cotización aceptada se convierte en orden; también puede crearla directamente.",
    ),
    FormView(
        "sales.ordenes.form",
        "Orden de venta",
        "ordenes_venta.ver",
        "/api/ordenes-venta/",
        (
            Section(
                "orden",
                fields=(
                    Field("cliente_id", "Cliente", span=2),
                    Field("sucursal_id", "Sucursal"),
                    Field("vendedor_id", "Vendedor"),
                    Field("fecha_confirmacion", "Confirmada"),
                    Field("cotizacion_id", "Cotización"),
                    Field("observaciones", "Observaciones", span=2),
                ),
            ),
            Lines("detalle", "detalle", "Detalle", LINEAS_OFRECIDAS),
            TOTALES,
        ),
        buttons=(
            Button(
                "anular",
                "Anular",
                "/api/ordenes-venta/{id}/anular/",
                "ban",
                when=("confirmada",),
                fields=MOTIVO,
            ),
        ),
        states=StateBar("estado", ESTADOS_ORDEN),
        name="numero",
    ),
    ListView(
        "sales.devoluciones.list",
        "Devoluciones",
        "ventas.ver",
        "/api/devoluciones/",
        (
            Column("numero", "Número"),
            Column("venta_id", "Venta"),
            Column("fecha", "Fecha"),
            Column("motivo", "Motivo"),
            Column("total", "Total", "money", total=True),
            Column("monto_credito", "Descontado de la deuda", "money", optional=True),
        ),
        icon="undo",
        empty="Nadie devolvió nada todavía.",
    ),
    ListView(
        "sales.offline.list",
        "Ventas sin conexión",
        "ventas.ver",
        "/api/ventas-offline/",
        (
            Column("fecha_registro_local", "Hecha"),
            Column("fecha_sync", "Llegó"),
            Column("sincronizado", "Registrada"),
            Column("venta_id", "Venta"),
            Column("error_sync", "Error"),
            Column("intentos", "Intentos", optional=True),
            Column("usuario_id", "Cajero", optional=True),
        ),
        filters=(Filter("con_error", "Con error", "sincronizado=false"),),
        icon="cloud-off",
        empty="Aquí aparecen las ventas que una caja hizo sin conexión.",
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
            Column("precio", "Precio"),
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
                    Field("precio", "Precio"),
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
            Column("saldo_credito", "Debe", "money", optional=True),
            Column("created_at", "Desde", optional=True),
        ),
        filters=(
            Filter("empresas", "Empresas", "tipo_doc=6"),
            Filter("personas", "Personas", "tipo_doc=1"),
            Filter("deudores", "Deben", "saldo_credito__gt=0"),
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
                    Field("dias_credito", "Días de crédito"),
                    Field("saldo_credito", "Debe", "money"),
                    Field("lista_precio_id", "Lista de precios"),
                    Field("tags", "Etiquetas", "tags", span=2),
                    Field("activo", "Activo"),
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
                    Field("numero_z", "Reporte Z"),
                ),
            ),
        ),
        buttons=(
            Button(
                "mover",
                "Ingreso o egreso",
                "/api/cajas/{id}/movimientos/",
                "arrow-left-right",
                when=("abierta",),
                fields=(
                    Field("tipo", "Qué es", choices=TIPOS_MOVIMIENTO, span=2),
                    Field("monto", "Monto", "money", span=2),
                    Field("motivo", "Motivo", span=4),
                ),
            ),
            Button(
                "arquear",
                "Arqueo",
                "/api/cajas/{id}/arqueos/",
                "calculator",
                when=("abierta",),
                fields=(
                    Field("monto", "Efectivo contado", "money", span=2),
                    Field("observacion", "Observación", span=2),
                ),
            ),
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

VIEWS = [*VENTAS, *OFERTAS, *CAJAS, *PRODUCTOS, *CLIENTES]

MENUS = [
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
        "sales.offline",
        "Ventas sin conexión",
        "sales.offline.list",
        "base.operacion",
        "cloud-off",
        116,
    ),
    Menu("sales.cajas", "Cajas", "sales.cajas.list", "base.operacion", "banknote", 120),
    Menu("sales.productos", "Productos", "sales.productos.list", "base.operacion", "tag", 130),
    Menu("sales.listas", "Listas de precios", "sales.listas.list", "base.operacion", "list", 134),
    Menu(
        "sales.precios", "Precios de lista", "sales.precios.list", "base.operacion", "percent", 136
    ),
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
