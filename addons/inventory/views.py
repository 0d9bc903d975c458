"""Screens and menus of inventory."""

from kernel.views import (
    Button,
    Choice,
    Column,
    Field,
    Filter,
    FormView,
    GraphView,
    Lines,
    ListView,
    Menu,
    Patch,
    Section,
    StateBar,
    View,
)

TIPOS = (
    Choice("ENTRADA", "Entrada", "good"),
    Choice("SALIDA", "Salida", "warn"),
    Choice("AJUSTE", "Ajuste", "warn"),
    Choice("VENTA", "Venta", "info"),
    Choice("ANULACION", "Anulación", "good"),
    Choice("DEVOLUCION", "Devolución", "good"),
    Choice("TRANSFERENCIA", "Transferencia"),
)
LOTE_ESTADOS = (
    Choice("DISPONIBLE", "Disponible", "good"),
    Choice("AGOTADO", "Agotado"),
    Choice("BLOQUEADO", "Bloqueado", "bad"),
)
TRANSFERENCIA_ESTADOS = (
    Choice("SOLICITADA", "Solicitada", "info"),
    Choice("ENVIADA", "Enviada", "info"),
    Choice("CON_INCIDENCIA", "Con incidencia", "bad"),
    Choice("CONFIRMADA", "Confirmada", "good"),
    Choice("CANCELADA", "Cancelada"),
)
RESERVA_ESTADOS = (
    Choice("ACTIVA", "Activa", "good"),
    Choice("CONSUMIDA", "Consumida"),
    Choice("LIBERADA", "Liberada"),
    Choice("VENCIDA", "Vencida", "warn"),
)
CONTEO_ESTADOS = (
    Choice("ABIERTO", "Abierto", "info"),
    Choice("CERRADO", "Cerrado", "good"),
    Choice("ANULADO", "Anulado"),
)
MOTIVO = Field("motivo", "Motivo", span=4)
MERCADERIA = (
    Field("almacen_id", "Almacén", span=2),
    Field("producto_id", "Producto", span=2),
    Field("cantidad", "Cantidad"),
    Field("numero_lote", "Lote"),
    Field("numero_serie", "Serie"),
)

EXISTENCIAS: list[View] = [
    ListView(
        "inventory.stock.list",
        "Stock",
        "stock.ver",
        "/api/inventario/stock/",
        (
            Column("producto_id", "Producto"),
            Column("almacen_id", "Almacén"),
            Column("stock_actual", "Stock", total=True),
            Column("stock_reservado", "Reservado", total=True),
            Column("stock_minimo", "Mínimo"),
            Column("stock_maximo", "Máximo", optional=True),
            Column("stock_seguridad", "Seguridad", optional=True),
            Column("ubicacion_id", "Ubicación", optional=True),
        ),
        filters=(
            Filter("agotado", "Agotado", "stock_actual__lte=0"),
            Filter("disponible", "Con stock", "stock_actual__gt=0"),
        ),
        buttons=(
            Button(
                "entrada",
                "Registrar entrada",
                "/api/inventario/entrada/",
                "package-plus",
                primary=True,
                fields=(
                    *MERCADERIA,
                    Field("fecha_vencimiento", "Vence"),
                    Field("costo_unitario", "Costo unitario"),
                    Field("referencia_doc", "Documento"),
                    MOTIVO,
                ),
            ),
            Button(
                "salida",
                "Registrar salida",
                "/api/inventario/salida/",
                "package-minus",
                fields=(*MERCADERIA, Field("referencia_doc", "Documento"), MOTIVO),
            ),
            Button(
                "ajuste",
                "Ajustar",
                "/api/inventario/ajuste/",
                "scale",
                fields=(*MERCADERIA, MOTIVO),
            ),
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
            Column("costo_unitario", "Costo unitario", optional=True),
            Column("lote_id", "Lote", optional=True),
            Column("motivo", "Motivo"),
            Column("referencia_doc", "Documento", optional=True),
            Column("usuario_id", "Usuario", optional=True),
        ),
        filters=(
            Filter("hoy", "Hoy", "created_at__gte=@today"),
            Filter("mes", "Este mes", "created_at__gte=@month"),
            Filter("entradas", "Entradas", "tipo_movimiento=ENTRADA"),
            Filter("ajustes", "Ajustes", "tipo_movimiento=AJUSTE"),
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

LOTES: list[View] = [
    ListView(
        "inventory.lotes.list",
        "Lotes y series",
        "stock.ver",
        "/api/inventario/lotes/",
        (
            Column("producto_id", "Producto"),
            Column("almacen_id", "Almacén"),
            Column("numero_lote", "Lote"),
            Column("numero_serie", "Serie"),
            Column("fecha_vencimiento", "Vence"),
            Column("cantidad_actual", "Cantidad", total=True),
            Column("cantidad_reservada", "Reservado", optional=True),
            Column("cantidad_inicial", "Ingresado", optional=True),
            Column("estado", "Estado", choices=LOTE_ESTADOS),
        ),
        filters=(
            Filter("hay", "Con existencias", "cantidad_actual__gt=0"),
            Filter("bloqueados", "Bloqueados", "estado=BLOQUEADO"),
        ),
        icon="barcode",
        empty="Los lotes aparecen con las entradas de productos que los llevan.",
    ),
    FormView(
        "inventory.lotes.form",
        "Lote",
        "stock.ver",
        "/api/inventario/lotes/",
        (
            Section(
                "lote",
                fields=(
                    Field("producto_id", "Producto", span=2),
                    Field("almacen_id", "Almacén", span=2),
                    Field("numero_lote", "Lote"),
                    Field("numero_serie", "Serie"),
                    Field("fecha_vencimiento", "Vence"),
                    Field("cantidad_inicial", "Ingresado"),
                    Field("cantidad_actual", "Cantidad"),
                    Field("cantidad_reservada", "Reservado"),
                ),
            ),
        ),
        buttons=(
            Button(
                "bloquear",
                "Bloquear",
                "/api/inventario/lotes/{id}/bloquear/",
                "lock",
                when=("DISPONIBLE", "AGOTADO"),
                fields=(MOTIVO,),
            ),
            Button(
                "desbloquear",
                "Desbloquear",
                "/api/inventario/lotes/{id}/desbloquear/",
                "unlock",
                when=("BLOQUEADO",),
                fields=(MOTIVO,),
            ),
        ),
        states=StateBar("estado", LOTE_ESTADOS),
        name="numero_lote",
    ),
]

DOCUMENTOS: list[View] = [
    ListView(
        "inventory.transferencias.list",
        "Transferencias",
        "stock.ver",
        "/api/inventario/transferencia/",
        (
            Column("id", "N.º"),
            Column("almacen_origen_id", "De"),
            Column("almacen_destino_id", "A"),
            Column("estado", "Estado", choices=TRANSFERENCIA_ESTADOS),
            Column("fecha_solicitud", "Solicitada"),
            Column("fecha_confirmacion", "Confirmada"),
            Column("nota", "Nota", optional=True),
        ),
        filters=(
            Filter("en_curso", "En curso", "estado__in=SOLICITADA,ENVIADA,CON_INCIDENCIA"),
            Filter("incidencias", "Con incidencia", "estado=CON_INCIDENCIA"),
        ),
        icon="truck",
        empty="Envíe mercadería de un almacén a otro con la primera transferencia.",
    ),
    FormView(
        "inventory.transferencias.form",
        "Transferencia",
        "stock.ver",
        "/api/inventario/transferencia/",
        (
            Section(
                "transferencia",
                fields=(
                    Field("almacen_origen_id", "De", span=2),
                    Field("almacen_destino_id", "A", span=2),
                    Field("nota", "Nota", span=4),
                    Field("fecha_solicitud", "Solicitada"),
                    Field("fecha_envio", "Enviada"),
                    Field("fecha_confirmacion", "Confirmada"),
                ),
            ),
            Lines(
                "detalle",
                "detalle",
                "Mercadería",
                (
                    Column("producto_id", "Producto"),
                    Column("numero_lote", "Lote"),
                    Column("numero_serie", "Serie"),
                    Column("cantidad_enviada", "Enviado"),
                    Column("cantidad_recibida", "Recibido"),
                ),
            ),
            Lines(
                "incidencias",
                "incidencias",
                "Incidencias",
                (
                    Column("cantidad_enviada", "Enviado"),
                    Column("cantidad_recibida", "Recibido"),
                    Column("estado", "Estado"),
                    Column("resolucion", "Resolución"),
                    Column("motivo", "Motivo"),
                ),
            ),
        ),
        buttons=(
            Button(
                "enviar",
                "Enviar",
                "/api/inventario/transferencia/{id}/enviar/",
                "truck",
                when=("SOLICITADA",),
            ),
            Button(
                "confirmar",
                "Recibir todo",
                "/api/inventario/transferencia/{id}/confirmar/",
                "check",
                primary=True,
                when=("SOLICITADA", "ENVIADA"),
                confirm="¿Llegó todo como se envió?",
            ),
            Button(
                "cancelar",
                "Cancelar",
                "/api/inventario/transferencia/{id}/cancelar/",
                "x",
                when=("SOLICITADA",),
                confirm="¿Cancelar la transferencia?",
            ),
        ),
        states=StateBar("estado", TRANSFERENCIA_ESTADOS),
        name="id",
    ),
    ListView(
        "inventory.reservas.list",
        "Reservas",
        "stock.ver",
        "/api/inventario/reservas/",
        (
            Column("producto_id", "Producto"),
            Column("almacen_id", "Almacén"),
            Column("cantidad", "Cantidad", total=True),
            Column("referencia_doc", "Para"),
            Column("motivo", "Motivo", optional=True),
            Column("estado", "Estado", choices=RESERVA_ESTADOS),
            Column("vence", "Hasta"),
        ),
        filters=(Filter("activas", "Activas", "estado=ACTIVA"),),
        icon="bookmark",
    ),
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
        buttons=(
            Button(
                "empezar",
                "Empezar conteo",
                "/api/inventario/conteos/",
                "clipboard-list",
                primary=True,
                fields=(Field("almacen_id", "Almacén", span=2), Field("nota", "Nota", span=2)),
            ),
        ),
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
                    Column("sku", "SKU"),
                    Column("producto", "Producto"),
                    Column("numero_lote", "Lote"),
                    Column("numero_serie", "Serie"),
                    Column("ubicacion", "Ubicación"),
                    Column("cantidad_contada", "Contado"),
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
        states=StateBar("estado", CONTEO_ESTADOS),
        name="id",
    ),
]

VIEWS = [*EXISTENCIAS, *LOTES, *DOCUMENTOS]

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
    Menu(f"inventory.{noun}", title, f"inventory.{noun}.list", "base.operacion", icon, order)
    for order, (noun, title, icon) in enumerate(
        [
            ("stock", "Stock", "package"),
            ("movimientos", "Movimientos", "arrow-left-right"),
            ("transferencias", "Transferencias", "truck"),
            ("lotes", "Lotes y series", "barcode"),
            ("reservas", "Reservas", "bookmark"),
            ("conteos", "Conteos", "clipboard-list"),
            ("almacenes", "Almacenes", "warehouse"),
        ],
        150,
    )
]
