"""Price offers, orders, returns, price lists, money in and out of cajas, sales made offline."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UNIDADES = {
    "BJ": "Balde",
    "BLL": "Barril",
    "4A": "Bobina",
    "BG": "Bolsa",
    "BO": "Botella",
    "BX": "Caja",
    "CT": "Cartón",
    "CMK": "Centímetro cuadrado",
    "CMQ": "Centímetro cúbico",
    "CMT": "Centímetro lineal",
    "CEN": "Ciento de unidades",
    "CY": "Cilindro",
    "CJ": "Cono",
    "DZN": "Docena",
    "DZP": "Docena por 10**6",
    "BE": "Fardo",
    "GLI": "Galón inglés (4,545956 l)",
    "GRM": "Gramo",
    "GRO": "Gruesa",
    "HLT": "Hectolitro",
    "LEF": "Hoja",
    "SET": "Juego",
    "KGM": "Kilogramo",
    "KTM": "Kilómetro",
    "KWH": "Kilovatio hora",
    "KT": "Kit",
    "CA": "Lata",
    "LBR": "Libra",
    "LTR": "Litro",
    "MWH": "Megavatio hora",
    "MTR": "Metro",
    "MTK": "Metro cuadrado",
    "MTQ": "Metro cúbico",
    "MGM": "Miligramo",
    "MLT": "Mililitro",
    "MMT": "Milímetro",
    "MMK": "Milímetro cuadrado",
    "MMQ": "Milímetro cúbico",
    "MLL": "Millar",
    "MU": "Millón de unidades",
    "ONZ": "Onza",
    "PF": "Paleta",
    "PK": "Paquete",
    "PR": "Par",
    "FOT": "Pie",
    "FTK": "Pie cuadrado",
    "FTQ": "Pie cúbico",
    "C62": "Pieza",
    "PG": "Placa",
    "ST": "Pliego",
    "INH": "Pulgada",
    "RM": "Resma",
    "DR": "Tambor",
    "STN": "Tonelada corta",
    "LTN": "Tonelada larga",
    "TNE": "Tonelada",
    "TU": "Tubo",
    "NIU": "Unidad (bienes)",
    "ZZ": "Unidad (servicios)",
    "GLL": "Galón (3,7843 l)",
    "YRD": "Yarda",
    "YDK": "Yarda cuadrada",
}
"""SUNAT, catálogo 03."""


def upgrade() -> None:
    """Apply."""
    make_prices_and_offers()
    make_cash_and_orders()
    make_returns()
    widen_tables()
    constrain_and_fill()


def make_prices_and_offers() -> None:
    """Lists of prices, units, offers."""
    op.create_table(
        "listas_precio",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("nombre", sa.Text(), nullable=False),
        sa.Column("activo", sa.Boolean(), server_default="true", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listas_precio")),
        sa.UniqueConstraint("nombre", name=op.f("uq_listas_precio_nombre")),
    )
    op.create_table(
        "unidades_medida",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("codigo", sa.Text(), nullable=False),
        sa.Column("nombre", sa.Text(), nullable=False),
        sa.Column("activo", sa.Boolean(), server_default="true", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unidades_medida")),
        sa.UniqueConstraint("codigo", name=op.f("uq_unidades_medida_codigo")),
    )
    op.create_table(
        "cotizaciones",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("numero", sa.BigInteger(), nullable=False),
        sa.Column("cliente_id", sa.BigInteger(), nullable=False),
        sa.Column("vendedor_id", sa.BigInteger(), nullable=False),
        sa.Column("sucursal_id", sa.BigInteger(), nullable=False),
        sa.Column("fecha_emision", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fecha_vencimiento", sa.Date(), nullable=False),
        sa.Column("estado", sa.Text(), server_default="pendiente", nullable=False),
        sa.Column("observaciones", sa.Text(), server_default="", nullable=False),
        sa.Column("origen_id", sa.BigInteger(), nullable=True),
        sa.Column("enviada_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("subtotal", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("igv", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("total", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column(
            "descuento_global",
            sa.Numeric(precision=12, scale=2),
            server_default="0",
            nullable=False,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "estado IN ('pendiente', 'convertida', 'vencida', 'anulada')",
            name=op.f("ck_cotizaciones_estado"),
        ),
        sa.ForeignKeyConstraint(
            ["cliente_id"], ["clientes.id"], name=op.f("fk_cotizaciones_cliente_id")
        ),
        sa.ForeignKeyConstraint(
            ["origen_id"], ["cotizaciones.id"], name=op.f("fk_cotizaciones_origen_id")
        ),
        sa.ForeignKeyConstraint(
            ["sucursal_id"], ["sucursales.id"], name=op.f("fk_cotizaciones_sucursal_id")
        ),
        sa.ForeignKeyConstraint(
            ["vendedor_id"], ["usuarios.id"], name=op.f("fk_cotizaciones_vendedor_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cotizaciones")),
        sa.UniqueConstraint("numero", name=op.f("uq_cotizaciones_numero")),
    )
    op.create_index(
        "ix_cotizaciones_cliente_id", "cotizaciones", ["cliente_id", "id"], unique=False
    )
    op.create_index(op.f("ix_cotizaciones_origen_id"), "cotizaciones", ["origen_id"], unique=False)
    op.create_index(
        "ix_cotizaciones_por_vencer",
        "cotizaciones",
        ["fecha_vencimiento"],
        unique=False,
        postgresql_where=sa.text("estado = 'pendiente'"),
    )
    op.create_index(
        "ix_cotizaciones_sucursal_id", "cotizaciones", ["sucursal_id", "id"], unique=False
    )
    op.create_table(
        "precios",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lista_id", sa.BigInteger(), nullable=False),
        sa.Column("producto_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "cantidad_minima", sa.Numeric(precision=14, scale=4), server_default="1", nullable=False
        ),
        sa.Column("precio", sa.Numeric(precision=16, scale=6), nullable=False),
        sa.CheckConstraint("cantidad_minima > 0", name=op.f("ck_precios_cantidad_minima")),
        sa.CheckConstraint("precio >= 0", name=op.f("ck_precios_precio")),
        sa.ForeignKeyConstraint(
            ["lista_id"], ["listas_precio.id"], name=op.f("fk_precios_lista_id")
        ),
        sa.ForeignKeyConstraint(
            ["producto_id"], ["productos.id"], name=op.f("fk_precios_producto_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_precios")),
        sa.UniqueConstraint(
            "lista_id",
            "producto_id",
            "cantidad_minima",
            name=op.f("uq_precios_lista_id_producto_id_cantidad_minima"),
        ),
    )
    op.create_index("ix_precios_producto_id", "precios", ["producto_id"], unique=False)
    op.create_table(
        "producto_sucursales",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("producto_id", sa.BigInteger(), nullable=False),
        sa.Column("sucursal_id", sa.BigInteger(), nullable=False),
        sa.Column("activo", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("permite_venta_sin_stock", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["producto_id"], ["productos.id"], name=op.f("fk_producto_sucursales_producto_id")
        ),
        sa.ForeignKeyConstraint(
            ["sucursal_id"], ["sucursales.id"], name=op.f("fk_producto_sucursales_sucursal_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_producto_sucursales")),
        sa.UniqueConstraint(
            "producto_id",
            "sucursal_id",
            name=op.f("uq_producto_sucursales_producto_id_sucursal_id"),
        ),
    )


def make_cash_and_orders() -> None:
    """Money in and out of cajas, orders."""
    op.create_table(
        "arqueos",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("caja_id", sa.BigInteger(), nullable=False),
        sa.Column("sucursal_id", sa.BigInteger(), nullable=False),
        sa.Column("usuario_id", sa.BigInteger(), nullable=False),
        sa.Column("tipo", sa.Text(), nullable=False),
        sa.Column("monto_esperado", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("monto_contado", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column(
            "detalle", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False
        ),
        sa.Column("observacion", sa.Text(), server_default="", nullable=False),
        sa.Column("fecha", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("tipo IN ('parcial', 'cierre')", name=op.f("ck_arqueos_tipo")),
        sa.ForeignKeyConstraint(["caja_id"], ["cajas.id"], name=op.f("fk_arqueos_caja_id")),
        sa.ForeignKeyConstraint(
            ["sucursal_id"], ["sucursales.id"], name=op.f("fk_arqueos_sucursal_id")
        ),
        sa.ForeignKeyConstraint(
            ["usuario_id"], ["usuarios.id"], name=op.f("fk_arqueos_usuario_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arqueos")),
    )
    op.create_index("ix_arqueos_caja_id", "arqueos", ["caja_id", "id"], unique=False)
    op.create_table(
        "detalle_cotizacion",
        sa.Column("cotizacion_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("producto_id", sa.BigInteger(), nullable=False),
        sa.Column("cantidad", sa.Numeric(precision=14, scale=4), nullable=False),
        sa.Column("precio", sa.Numeric(precision=16, scale=6), nullable=False),
        sa.Column(
            "descuento", sa.Numeric(precision=12, scale=2), server_default="0", nullable=False
        ),
        sa.Column(
            "descuento_global",
            sa.Numeric(precision=12, scale=2),
            server_default="0",
            nullable=False,
        ),
        sa.Column("subtotal", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("igv", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("total", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.CheckConstraint("cantidad > 0", name=op.f("ck_detalle_cotizacion_cantidad")),
        sa.ForeignKeyConstraint(
            ["cotizacion_id"], ["cotizaciones.id"], name=op.f("fk_detalle_cotizacion_cotizacion_id")
        ),
        sa.ForeignKeyConstraint(
            ["producto_id"], ["productos.id"], name=op.f("fk_detalle_cotizacion_producto_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_detalle_cotizacion")),
    )
    op.create_index(
        op.f("ix_detalle_cotizacion_cotizacion_id"),
        "detalle_cotizacion",
        ["cotizacion_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_detalle_cotizacion_producto_id"),
        "detalle_cotizacion",
        ["producto_id"],
        unique=False,
    )
    op.create_table(
        "movimientos_caja",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("caja_id", sa.BigInteger(), nullable=False),
        sa.Column("sucursal_id", sa.BigInteger(), nullable=False),
        sa.Column("usuario_id", sa.BigInteger(), nullable=False),
        sa.Column("tipo", sa.Text(), nullable=False),
        sa.Column("metodo", sa.Text(), nullable=False),
        sa.Column("monto", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("motivo", sa.Text(), server_default="", nullable=False),
        sa.Column("referencia", sa.Text(), server_default="", nullable=False),
        sa.Column("cliente_id", sa.BigInteger(), nullable=True),
        sa.Column("fecha", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(tipo = 'abono') = (cliente_id IS NOT NULL)", name=op.f("ck_movimientos_caja_cliente")
        ),
        sa.CheckConstraint(
            "tipo IN ('ingreso', 'egreso', 'abono')", name=op.f("ck_movimientos_caja_tipo")
        ),
        sa.CheckConstraint("monto > 0", name=op.f("ck_movimientos_caja_monto")),
        sa.ForeignKeyConstraint(
            ["caja_id"], ["cajas.id"], name=op.f("fk_movimientos_caja_caja_id")
        ),
        sa.ForeignKeyConstraint(
            ["cliente_id"], ["clientes.id"], name=op.f("fk_movimientos_caja_cliente_id")
        ),
        sa.ForeignKeyConstraint(
            ["sucursal_id"], ["sucursales.id"], name=op.f("fk_movimientos_caja_sucursal_id")
        ),
        sa.ForeignKeyConstraint(
            ["usuario_id"], ["usuarios.id"], name=op.f("fk_movimientos_caja_usuario_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_movimientos_caja")),
    )
    op.create_index(
        "ix_movimientos_caja_caja_id", "movimientos_caja", ["caja_id", "id"], unique=False
    )
    op.create_index(
        "ix_movimientos_caja_cliente_id", "movimientos_caja", ["cliente_id", "id"], unique=False
    )
    op.create_table(
        "ordenes_venta",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("numero", sa.BigInteger(), nullable=False),
        sa.Column("cotizacion_id", sa.BigInteger(), nullable=True),
        sa.Column("cliente_id", sa.BigInteger(), nullable=False),
        sa.Column("vendedor_id", sa.BigInteger(), nullable=False),
        sa.Column("sucursal_id", sa.BigInteger(), nullable=False),
        sa.Column("estado", sa.Text(), server_default="confirmada", nullable=False),
        sa.Column("fecha_confirmacion", sa.DateTime(timezone=True), nullable=False),
        sa.Column("observaciones", sa.Text(), server_default="", nullable=False),
        sa.Column("motivo_anulacion", sa.Text(), server_default="", nullable=False),
        sa.Column("subtotal", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("igv", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("total", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column(
            "descuento_global",
            sa.Numeric(precision=12, scale=2),
            server_default="0",
            nullable=False,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "estado IN ('confirmada', 'atendida', 'anulada')", name=op.f("ck_ordenes_venta_estado")
        ),
        sa.ForeignKeyConstraint(
            ["cliente_id"], ["clientes.id"], name=op.f("fk_ordenes_venta_cliente_id")
        ),
        sa.ForeignKeyConstraint(
            ["cotizacion_id"], ["cotizaciones.id"], name=op.f("fk_ordenes_venta_cotizacion_id")
        ),
        sa.ForeignKeyConstraint(
            ["sucursal_id"], ["sucursales.id"], name=op.f("fk_ordenes_venta_sucursal_id")
        ),
        sa.ForeignKeyConstraint(
            ["vendedor_id"], ["usuarios.id"], name=op.f("fk_ordenes_venta_vendedor_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ordenes_venta")),
        sa.UniqueConstraint("numero", name=op.f("uq_ordenes_venta_numero")),
    )
    op.create_index(
        "ix_ordenes_venta_cliente_id", "ordenes_venta", ["cliente_id", "id"], unique=False
    )
    op.create_index(
        "ix_ordenes_venta_sucursal_id", "ordenes_venta", ["sucursal_id", "id"], unique=False
    )
    op.create_index(
        "uq_ordenes_venta_cotizacion_id",
        "ordenes_venta",
        ["cotizacion_id"],
        unique=True,
        postgresql_where=sa.text("cotizacion_id IS NOT NULL"),
    )
    op.create_table(
        "detalle_orden_venta",
        sa.Column("orden_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("producto_id", sa.BigInteger(), nullable=False),
        sa.Column("cantidad", sa.Numeric(precision=14, scale=4), nullable=False),
        sa.Column("precio", sa.Numeric(precision=16, scale=6), nullable=False),
        sa.Column(
            "descuento", sa.Numeric(precision=12, scale=2), server_default="0", nullable=False
        ),
        sa.Column(
            "descuento_global",
            sa.Numeric(precision=12, scale=2),
            server_default="0",
            nullable=False,
        ),
        sa.Column("subtotal", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("igv", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("total", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.CheckConstraint("cantidad > 0", name=op.f("ck_detalle_orden_venta_cantidad")),
        sa.ForeignKeyConstraint(
            ["orden_id"], ["ordenes_venta.id"], name=op.f("fk_detalle_orden_venta_orden_id")
        ),
        sa.ForeignKeyConstraint(
            ["producto_id"], ["productos.id"], name=op.f("fk_detalle_orden_venta_producto_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_detalle_orden_venta")),
    )
    op.create_index(
        op.f("ix_detalle_orden_venta_orden_id"), "detalle_orden_venta", ["orden_id"], unique=False
    )
    op.create_index(
        op.f("ix_detalle_orden_venta_producto_id"),
        "detalle_orden_venta",
        ["producto_id"],
        unique=False,
    )


def make_returns() -> None:
    """What undoes sales, and sales made offline."""
    op.create_table(
        "devoluciones",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("numero", sa.BigInteger(), nullable=False),
        sa.Column("venta_id", sa.BigInteger(), nullable=False),
        sa.Column("usuario_id", sa.BigInteger(), nullable=False),
        sa.Column("sucursal_id", sa.BigInteger(), nullable=False),
        sa.Column("fecha", sa.DateTime(timezone=True), nullable=False),
        sa.Column("motivo", sa.Text(), nullable=False),
        sa.Column("subtotal", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("igv", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("total", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column(
            "monto_credito", sa.Numeric(precision=12, scale=2), server_default="0", nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["sucursal_id"], ["sucursales.id"], name=op.f("fk_devoluciones_sucursal_id")
        ),
        sa.ForeignKeyConstraint(
            ["usuario_id"], ["usuarios.id"], name=op.f("fk_devoluciones_usuario_id")
        ),
        sa.ForeignKeyConstraint(["venta_id"], ["ventas.id"], name=op.f("fk_devoluciones_venta_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devoluciones")),
        sa.UniqueConstraint("numero", name=op.f("uq_devoluciones_numero")),
    )
    op.create_index("ix_devoluciones_fecha", "devoluciones", ["fecha", "id"], unique=False)
    op.create_index("ix_devoluciones_venta_id", "devoluciones", ["venta_id"], unique=False)
    op.create_table(
        "ventas_offline",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("usuario_id", sa.BigInteger(), nullable=False),
        sa.Column("sucursal_id", sa.BigInteger(), nullable=True),
        sa.Column("payload_json", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sincronizado", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("fecha_registro_local", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fecha_sync", sa.DateTime(timezone=True), nullable=False),
        sa.Column("intentos", sa.Integer(), server_default="1", nullable=False),
        sa.Column("error_sync", sa.Text(), server_default="", nullable=False),
        sa.Column("error_codigo", sa.Text(), server_default="", nullable=False),
        sa.Column("venta_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "sincronizado = (venta_id IS NOT NULL)", name=op.f("ck_ventas_offline_sincronizado")
        ),
        sa.ForeignKeyConstraint(
            ["usuario_id"], ["usuarios.id"], name=op.f("fk_ventas_offline_usuario_id")
        ),
        sa.ForeignKeyConstraint(
            ["venta_id"], ["ventas.id"], name=op.f("fk_ventas_offline_venta_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ventas_offline")),
        sa.UniqueConstraint("uuid", name=op.f("uq_ventas_offline_uuid")),
    )
    op.create_index(
        "ix_ventas_offline_usuario_id", "ventas_offline", ["usuario_id", "id"], unique=False
    )
    op.create_index(
        op.f("ix_ventas_offline_venta_id"), "ventas_offline", ["venta_id"], unique=False
    )
    op.create_table(
        "detalle_devolucion",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("devolucion_id", sa.BigInteger(), nullable=False),
        sa.Column("detalle_venta_id", sa.BigInteger(), nullable=False),
        sa.Column("producto_id", sa.BigInteger(), nullable=False),
        sa.Column("cantidad", sa.Numeric(precision=14, scale=4), nullable=False),
        sa.Column("reingresa", sa.Boolean(), nullable=False),
        sa.Column("subtotal", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("igv", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("total", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.CheckConstraint("cantidad > 0", name=op.f("ck_detalle_devolucion_cantidad")),
        sa.ForeignKeyConstraint(
            ["detalle_venta_id"],
            ["detalle_venta.id"],
            name=op.f("fk_detalle_devolucion_detalle_venta_id"),
        ),
        sa.ForeignKeyConstraint(
            ["devolucion_id"], ["devoluciones.id"], name=op.f("fk_detalle_devolucion_devolucion_id")
        ),
        sa.ForeignKeyConstraint(
            ["producto_id"], ["productos.id"], name=op.f("fk_detalle_devolucion_producto_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_detalle_devolucion")),
    )
    op.create_index(
        op.f("ix_detalle_devolucion_detalle_venta_id"),
        "detalle_devolucion",
        ["detalle_venta_id"],
        unique=False,
    )
    op.create_index(
        "ix_detalle_devolucion_devolucion_id", "detalle_devolucion", ["devolucion_id"], unique=False
    )
    op.create_index(
        op.f("ix_detalle_devolucion_producto_id"),
        "detalle_devolucion",
        ["producto_id"],
        unique=False,
    )
    op.create_table(
        "reembolsos",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("venta_id", sa.BigInteger(), nullable=False),
        sa.Column("devolucion_id", sa.BigInteger(), nullable=True),
        sa.Column("caja_id", sa.BigInteger(), nullable=True),
        sa.Column("usuario_id", sa.BigInteger(), nullable=False),
        sa.Column("metodo", sa.Text(), nullable=False),
        sa.Column("monto", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("fecha", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("monto > 0", name=op.f("ck_reembolsos_monto")),
        sa.ForeignKeyConstraint(["caja_id"], ["cajas.id"], name=op.f("fk_reembolsos_caja_id")),
        sa.ForeignKeyConstraint(
            ["devolucion_id"], ["devoluciones.id"], name=op.f("fk_reembolsos_devolucion_id")
        ),
        sa.ForeignKeyConstraint(
            ["usuario_id"], ["usuarios.id"], name=op.f("fk_reembolsos_usuario_id")
        ),
        sa.ForeignKeyConstraint(["venta_id"], ["ventas.id"], name=op.f("fk_reembolsos_venta_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reembolsos")),
    )
    op.create_index("ix_reembolsos_caja_id", "reembolsos", ["caja_id"], unique=False)
    op.create_index(
        op.f("ix_reembolsos_devolucion_id"), "reembolsos", ["devolucion_id"], unique=False
    )
    op.create_index("ix_reembolsos_venta_id", "reembolsos", ["venta_id"], unique=False)


def widen_tables() -> None:
    """New columns of tables that were there."""
    op.add_column("cajas", sa.Column("numero_z", sa.Integer(), nullable=True))
    op.add_column(
        "cajas",
        sa.Column(
            "reporte_z", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
    )
    op.drop_index(
        op.f("uq_cajas_abierta"), table_name="cajas", postgresql_where="(estado = 'abierta'::text)"
    )
    op.create_index(
        "uq_cajas_abierta",
        "cajas",
        ["usuario_id", "sucursal_id"],
        unique=True,
        postgresql_where=sa.text("estado='abierta'"),
    )
    op.create_index("uq_cajas_numero_z", "cajas", ["sucursal_id", "numero_z"], unique=True)
    op.add_column(
        "clientes", sa.Column("dias_credito", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column(
        "clientes",
        sa.Column(
            "saldo_credito", sa.Numeric(precision=12, scale=2), server_default="0", nullable=False
        ),
    )
    op.add_column("clientes", sa.Column("lista_precio_id", sa.BigInteger(), nullable=True))
    op.add_column(
        "clientes", sa.Column("activo", sa.Boolean(), server_default="true", nullable=False)
    )
    op.create_index(
        "ix_clientes_palabras",
        "clientes",
        [
            sa.text(
                "to_tsvector('simple'::regconfig, translate(lower((numero_doc || ' '::text)"
                " || razon_social), 'áéíóúàèìòùäëïöüâêîôûãõñç-./&,'::text,"
                " 'aeiouaeiouaeiouaeiouaonc     '::text))"
            )
        ],
        unique=False,
        postgresql_using="gin",
    )
    op.create_foreign_key(
        op.f("fk_clientes_lista_precio_id"),
        "clientes",
        "listas_precio",
        ["lista_precio_id"],
        ["id"],
    )
    op.add_column(
        "detalle_venta",
        sa.Column(
            "descuento_global",
            sa.Numeric(precision=12, scale=2),
            server_default="0",
            nullable=False,
        ),
    )
    op.add_column("detalle_venta", sa.Column("lote", sa.Text(), server_default="", nullable=False))
    op.add_column(
        "detalle_venta",
        sa.Column(
            "cantidad_devuelta",
            sa.Numeric(precision=14, scale=4),
            server_default="0",
            nullable=False,
        ),
    )
    op.add_column(
        "metodos_pago",
        sa.Column("es_credito", sa.Boolean(), server_default="false", nullable=False),
    )
    op.add_column(
        "ventas",
        sa.Column(
            "monto_credito", sa.Numeric(precision=12, scale=2), server_default="0", nullable=False
        ),
    )
    op.add_column("ventas", sa.Column("fecha_vencimiento", sa.Date(), nullable=True))
    op.add_column("ventas", sa.Column("uuid", sa.Uuid(), nullable=True))
    op.add_column("ventas", sa.Column("orden_id", sa.BigInteger(), nullable=True))
    op.add_column(
        "ventas", sa.Column("motivo_anulacion", sa.Text(), server_default="", nullable=False)
    )
    op.add_column("ventas", sa.Column("fecha_anulacion", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "ventas",
        sa.Column(
            "descuento_global",
            sa.Numeric(precision=12, scale=2),
            server_default="0",
            nullable=False,
        ),
    )
    op.create_index(
        "uq_ventas_orden_id",
        "ventas",
        ["orden_id"],
        unique=True,
        postgresql_where=sa.text("orden_id IS NOT NULL"),
    )
    op.create_index(
        "uq_ventas_uuid",
        "ventas",
        ["uuid"],
        unique=True,
        postgresql_where=sa.text("uuid IS NOT NULL"),
    )
    op.create_foreign_key(
        op.f("fk_ventas_orden_id"), "ventas", "ordenes_venta", ["orden_id"], ["id"]
    )


def constrain_and_fill() -> None:
    """Constraints of the new columns; units and credit."""
    op.create_check_constraint(op.f("ck_clientes_saldo_credito"), "clientes", "saldo_credito >= 0")
    op.create_check_constraint(
        op.f("ck_clientes_dias_credito"), "clientes", "dias_credito >= 0 AND dias_credito <= 365"
    )
    op.create_check_constraint(
        op.f("ck_detalle_venta_cantidad_devuelta"),
        "detalle_venta",
        "cantidad_devuelta >= 0 AND cantidad_devuelta <= cantidad",
    )
    op.create_check_constraint(
        op.f("ck_metodos_pago_una_clase"), "metodos_pago", "NOT (es_efectivo AND es_credito)"
    )
    op.create_check_constraint(
        op.f("ck_ventas_estado"), "ventas", "estado IN ('registrada', 'anulada')"
    )
    unidades = sa.table("unidades_medida", sa.column("codigo"), sa.column("nombre"))
    rows = [{"codigo": codigo, "nombre": nombre} for codigo, nombre in UNIDADES.items()]
    op.bulk_insert(unidades, rows)
    # addon_installed brings credit to new installations; here it comes to those that were there.
    op.execute(
        "INSERT INTO metodos_pago (codigo, nombre, es_credito)"
        " SELECT 'credito', 'Crédito', true WHERE EXISTS (SELECT FROM metodos_pago)"
        " ON CONFLICT (codigo) DO NOTHING"
    )


def downgrade() -> None:
    """Take back."""
    narrow_tables()
    drop_tables()


def narrow_tables() -> None:
    """Columns and constraints of tables that stay."""
    op.drop_constraint(op.f("ck_ventas_estado"), "ventas", type_="check")
    op.drop_constraint(op.f("fk_ventas_orden_id"), "ventas", type_="foreignkey")
    op.drop_index(
        "uq_ventas_uuid", table_name="ventas", postgresql_where=sa.text("uuid IS NOT NULL")
    )
    op.drop_index(
        "uq_ventas_orden_id", table_name="ventas", postgresql_where=sa.text("orden_id IS NOT NULL")
    )
    op.drop_column("ventas", "descuento_global")
    op.drop_column("ventas", "fecha_anulacion")
    op.drop_column("ventas", "motivo_anulacion")
    op.drop_column("ventas", "orden_id")
    op.drop_column("ventas", "uuid")
    op.drop_column("ventas", "fecha_vencimiento")
    op.drop_column("ventas", "monto_credito")
    op.drop_column("metodos_pago", "es_credito")
    op.drop_column("detalle_venta", "cantidad_devuelta")
    op.drop_column("detalle_venta", "lote")
    op.drop_column("detalle_venta", "descuento_global")
    op.drop_constraint(op.f("fk_clientes_lista_precio_id"), "clientes", type_="foreignkey")
    op.drop_index("ix_clientes_palabras", table_name="clientes", postgresql_using="gin")
    op.drop_column("clientes", "activo")
    op.drop_column("clientes", "lista_precio_id")
    op.drop_column("clientes", "saldo_credito")
    op.drop_column("clientes", "dias_credito")
    op.drop_index("uq_cajas_numero_z", table_name="cajas")
    op.drop_index(
        "uq_cajas_abierta", table_name="cajas", postgresql_where=sa.text("estado='abierta'")
    )
    op.create_index(
        op.f("uq_cajas_abierta"),
        "cajas",
        ["usuario_id"],
        unique=True,
        postgresql_where="(estado = 'abierta'::text)",
    )
    op.drop_column("cajas", "reporte_z")
    op.drop_column("cajas", "numero_z")


def drop_tables() -> None:
    """New tables, with their indexes."""
    op.drop_table("reembolsos")
    op.drop_table("detalle_devolucion")
    op.drop_table("ventas_offline")
    op.drop_table("devoluciones")
    op.drop_table("detalle_orden_venta")
    op.drop_table("ordenes_venta")
    op.drop_table("movimientos_caja")
    op.drop_table("detalle_cotizacion")
    op.drop_table("arqueos")
    op.drop_table("producto_sucursales")
    op.drop_table("precios")
    op.drop_table("cotizaciones")
    op.drop_table("unidades_medida")
    op.drop_table("listas_precio")
