"""Screens of stock, its movements and the warehouses."""

from addons.inventory.views.campos import MOTIVO
from kernel.views import (
    Button,
    Choice,
    Column,
    Field,
    Filter,
    FormView,
    GraphView,
    ListView,
    Section,
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
CLASES = (
    Choice("PRINCIPAL", "Principal"),
    Choice("DEPOSITO", "Depósito"),
    Choice("TIENDA", "Tienda"),
    Choice("TRANSITO", "En tránsito"),
)
"""What almacenes are most often; the form takes any word."""
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
            Column("referencia_doc", "Documento", "mention"),
            Column("producto_id", "Producto"),
            Column("almacen_origen_id", "Sale de"),
            Column("almacen_destino_id", "Entra a"),
            Column("cantidad", "Cantidad", total=True),
            Column("costo_unitario", "Costo unitario", optional=True),
            Column("lote_id", "Lote", optional=True),
            Column("motivo", "Motivo"),
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
            Column("tipo", "Tipo", choices=CLASES),
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
