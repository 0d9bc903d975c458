"""Screens of price offers and orders."""

from addons.sales.views.campos import METODOS, MOTIVO, POR_QUE
from kernel.views import (
    Button,
    Choice,
    Column,
    Field,
    Filter,
    FormView,
    KanbanView,
    Lines,
    Link,
    ListView,
    Section,
    StateBar,
    View,
)

LINEAS_OFRECIDAS = (
    Column("producto_id", "Producto"),
    Column("cantidad", "Cantidad"),
    Column("precio", "Precio", "price"),
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
                    POR_QUE,
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
                leads="convertida",
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
                leads="anulada",
            ),
        ),
        links=(Link("pdf", "PDF", "/api/cotizaciones/{id}/pdf/", "file-text"),),
        locked=("convertida", "vencida", "anulada"),
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
                    Field("venta_id", "Venta", refers="/api/ventas/"),
                    Field("observaciones", "Observaciones", span=2),
                    POR_QUE,
                ),
            ),
            Lines("detalle", "detalle", "Detalle", LINEAS_OFRECIDAS),
            TOTALES,
        ),
        buttons=(
            Button(
                "vender",
                "Vender",
                "/api/ordenes-venta/{id}/vender/",
                "shopping-cart",
                primary=True,
                when=("confirmada",),
                fields=(
                    Field("caja_id", "Caja", span=2, usual="estado=abierta&usuario_id=@me"),
                    Field("metodo", "Se paga con", choices=METODOS, span=2),
                    Field("referencia", "Referencia", span=2),
                    Field("fecha_vencimiento", "Si es al crédito, vence", span=2),
                ),
            ),
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
]
