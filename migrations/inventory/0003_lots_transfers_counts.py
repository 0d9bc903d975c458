"""Places, lots and series, reservations, transfers, counts; how a product is traced."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "conteos_stock",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("almacen_id", sa.BigInteger(), nullable=False),
        sa.Column("estado", sa.Text(), server_default="ABIERTO", nullable=False),
        sa.Column("nota", sa.Text(), server_default="", nullable=False),
        sa.Column("usuario_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("cerrado_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "estado IN ('ABIERTO', 'CERRADO', 'ANULADO')", name=op.f("ck_conteos_stock_estado")
        ),
        sa.ForeignKeyConstraint(
            ["almacen_id"], ["almacenes.id"], name=op.f("fk_conteos_stock_almacen_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conteos_stock")),
    )
    op.create_index(
        "ix_conteos_stock_almacen_id", "conteos_stock", ["almacen_id", "id"], unique=False
    )
    op.create_table(
        "lotes_series",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("producto_id", sa.BigInteger(), nullable=False),
        sa.Column("almacen_id", sa.BigInteger(), nullable=False),
        sa.Column("numero_lote", sa.Text(), server_default="", nullable=False),
        sa.Column("numero_serie", sa.Text(), server_default="", nullable=False),
        sa.Column("fecha_vencimiento", sa.Date(), nullable=True),
        sa.Column(
            "cantidad_inicial",
            sa.Numeric(precision=14, scale=4),
            server_default="0",
            nullable=False,
        ),
        sa.Column(
            "cantidad_actual", sa.Numeric(precision=14, scale=4), server_default="0", nullable=False
        ),
        sa.Column(
            "cantidad_reservada",
            sa.Numeric(precision=14, scale=4),
            server_default="0",
            nullable=False,
        ),
        sa.Column("estado", sa.Text(), server_default="DISPONIBLE", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "estado IN ('DISPONIBLE', 'AGOTADO', 'BLOQUEADO')", name=op.f("ck_lotes_series_estado")
        ),
        sa.CheckConstraint(
            "numero_lote <> '' OR numero_serie <> ''", name=op.f("ck_lotes_series_numero")
        ),
        sa.CheckConstraint(
            "numero_serie = '' OR cantidad_actual <= 1", name=op.f("ck_lotes_series_serie")
        ),
        sa.CheckConstraint("cantidad_actual >= 0", name=op.f("ck_lotes_series_cantidad_actual")),
        sa.CheckConstraint(
            "cantidad_reservada >= 0 AND cantidad_reservada <= cantidad_actual",
            name=op.f("ck_lotes_series_cantidad_reservada"),
        ),
        sa.ForeignKeyConstraint(
            ["almacen_id"], ["almacenes.id"], name=op.f("fk_lotes_series_almacen_id")
        ),
        sa.ForeignKeyConstraint(
            ["producto_id"], ["productos.id"], name=op.f("fk_lotes_series_producto_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lotes_series")),
        sa.UniqueConstraint(
            "producto_id",
            "almacen_id",
            "numero_lote",
            "numero_serie",
            name=op.f("uq_lotes_series_producto_id_almacen_id_numero_lote_numero_serie"),
        ),
    )
    op.create_index("ix_lotes_series_numero_lote", "lotes_series", ["numero_lote"], unique=False)
    op.create_index("ix_lotes_series_numero_serie", "lotes_series", ["numero_serie"], unique=False)
    op.create_index(
        "ix_lotes_series_vencimiento",
        "lotes_series",
        ["fecha_vencimiento"],
        unique=False,
        postgresql_where=sa.text("cantidad_actual > 0"),
    )
    op.create_index(
        "uq_lotes_series_serie_en_stock",
        "lotes_series",
        ["producto_id", "numero_serie"],
        unique=True,
        postgresql_where=sa.text("numero_serie <> '' AND cantidad_actual > 0"),
    )
    op.create_table(
        "transferencias",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("almacen_origen_id", sa.BigInteger(), nullable=False),
        sa.Column("almacen_destino_id", sa.BigInteger(), nullable=False),
        sa.Column("estado", sa.Text(), server_default="SOLICITADA", nullable=False),
        sa.Column("usuario_origen_id", sa.BigInteger(), nullable=True),
        sa.Column("usuario_destino_id", sa.BigInteger(), nullable=True),
        sa.Column("nota", sa.Text(), server_default="", nullable=False),
        sa.Column("fecha_solicitud", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fecha_envio", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fecha_confirmacion", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "estado IN ('SOLICITADA', 'ENVIADA', 'CON_INCIDENCIA', 'CONFIRMADA', 'CANCELADA')",
            name=op.f("ck_transferencias_estado"),
        ),
        sa.CheckConstraint(
            "almacen_origen_id <> almacen_destino_id", name=op.f("ck_transferencias_almacenes")
        ),
        sa.ForeignKeyConstraint(
            ["almacen_destino_id"],
            ["almacenes.id"],
            name=op.f("fk_transferencias_almacen_destino_id"),
        ),
        sa.ForeignKeyConstraint(
            ["almacen_origen_id"],
            ["almacenes.id"],
            name=op.f("fk_transferencias_almacen_origen_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transferencias")),
    )
    op.create_index(
        "ix_transferencias_destino", "transferencias", ["almacen_destino_id", "id"], unique=False
    )
    op.create_index(
        "ix_transferencias_origen", "transferencias", ["almacen_origen_id", "id"], unique=False
    )
    op.create_table(
        "ubicaciones_almacen",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("almacen_id", sa.BigInteger(), nullable=False),
        sa.Column("zona", sa.Text(), nullable=False),
        sa.Column("estanteria", sa.Text(), server_default="", nullable=False),
        sa.Column("seccion", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["almacen_id"], ["almacenes.id"], name=op.f("fk_ubicaciones_almacen_almacen_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ubicaciones_almacen")),
        sa.UniqueConstraint(
            "almacen_id",
            "zona",
            "estanteria",
            "seccion",
            name=op.f("uq_ubicaciones_almacen_almacen_id_zona_estanteria_seccion"),
        ),
    )
    op.create_table(
        "detalle_conteo",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("conteo_id", sa.BigInteger(), nullable=False),
        sa.Column("producto_id", sa.BigInteger(), nullable=False),
        sa.Column("lote_id", sa.BigInteger(), nullable=True),
        sa.Column("stock_sistema", sa.Numeric(precision=14, scale=4), nullable=True),
        sa.Column("cantidad_contada", sa.Numeric(precision=14, scale=4), nullable=True),
        sa.Column("usuario_id", sa.BigInteger(), nullable=True),
        sa.Column("contado_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "cantidad_contada >= 0", name=op.f("ck_detalle_conteo_cantidad_contada")
        ),
        sa.ForeignKeyConstraint(
            ["conteo_id"], ["conteos_stock.id"], name=op.f("fk_detalle_conteo_conteo_id")
        ),
        sa.ForeignKeyConstraint(
            ["lote_id"], ["lotes_series.id"], name=op.f("fk_detalle_conteo_lote_id")
        ),
        sa.ForeignKeyConstraint(
            ["producto_id"], ["productos.id"], name=op.f("fk_detalle_conteo_producto_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_detalle_conteo")),
    )
    op.create_index(
        "uq_detalle_conteo_linea",
        "detalle_conteo",
        ["conteo_id", "producto_id", sa.literal_column("coalesce(lote_id, 0)")],
        unique=True,
    )
    op.create_table(
        "detalle_transferencia",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("transferencia_id", sa.BigInteger(), nullable=False),
        sa.Column("producto_id", sa.BigInteger(), nullable=False),
        sa.Column("lote_id", sa.BigInteger(), nullable=True),
        sa.Column("cantidad_enviada", sa.Numeric(precision=14, scale=4), nullable=False),
        sa.Column("cantidad_recibida", sa.Numeric(precision=14, scale=4), nullable=True),
        sa.CheckConstraint(
            "cantidad_enviada > 0", name=op.f("ck_detalle_transferencia_cantidad_enviada")
        ),
        sa.CheckConstraint(
            "cantidad_recibida >= 0", name=op.f("ck_detalle_transferencia_cantidad_recibida")
        ),
        sa.ForeignKeyConstraint(
            ["lote_id"], ["lotes_series.id"], name=op.f("fk_detalle_transferencia_lote_id")
        ),
        sa.ForeignKeyConstraint(
            ["producto_id"], ["productos.id"], name=op.f("fk_detalle_transferencia_producto_id")
        ),
        sa.ForeignKeyConstraint(
            ["transferencia_id"],
            ["transferencias.id"],
            name=op.f("fk_detalle_transferencia_transferencia_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_detalle_transferencia")),
    )
    op.create_index(
        "ix_detalle_transferencia_transferencia_id",
        "detalle_transferencia",
        ["transferencia_id"],
        unique=False,
    )
    op.create_table(
        "reservas_stock",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("producto_id", sa.BigInteger(), nullable=False),
        sa.Column("almacen_id", sa.BigInteger(), nullable=False),
        sa.Column("lote_id", sa.BigInteger(), nullable=True),
        sa.Column("cantidad", sa.Numeric(precision=14, scale=4), nullable=False),
        sa.Column("estado", sa.Text(), server_default="ACTIVA", nullable=False),
        sa.Column("motivo", sa.Text(), server_default="", nullable=False),
        sa.Column("referencia_doc", sa.Text(), server_default="", nullable=False),
        sa.Column("usuario_id", sa.BigInteger(), nullable=True),
        sa.Column("vence", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("cerrada_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "estado IN ('ACTIVA', 'CONSUMIDA', 'LIBERADA', 'VENCIDA')",
            name=op.f("ck_reservas_stock_estado"),
        ),
        sa.CheckConstraint("cantidad > 0", name=op.f("ck_reservas_stock_cantidad")),
        sa.ForeignKeyConstraint(
            ["almacen_id"], ["almacenes.id"], name=op.f("fk_reservas_stock_almacen_id")
        ),
        sa.ForeignKeyConstraint(
            ["lote_id"], ["lotes_series.id"], name=op.f("fk_reservas_stock_lote_id")
        ),
        sa.ForeignKeyConstraint(
            ["producto_id"], ["productos.id"], name=op.f("fk_reservas_stock_producto_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservas_stock")),
    )
    op.create_index(
        "ix_reservas_stock_producto",
        "reservas_stock",
        ["producto_id", "almacen_id", "estado"],
        unique=False,
    )
    op.create_index(
        "ix_reservas_stock_referencia_doc", "reservas_stock", ["referencia_doc"], unique=False
    )
    op.create_index(
        "ix_reservas_stock_vence",
        "reservas_stock",
        ["vence"],
        unique=False,
        postgresql_where=sa.text("estado = 'ACTIVA' AND vence IS NOT NULL"),
    )
    op.create_table(
        "incidencias_transferencia",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("transferencia_id", sa.BigInteger(), nullable=False),
        sa.Column("detalle_id", sa.BigInteger(), nullable=False),
        sa.Column("cantidad_enviada", sa.Numeric(precision=14, scale=4), nullable=False),
        sa.Column("cantidad_recibida", sa.Numeric(precision=14, scale=4), nullable=False),
        sa.Column("estado", sa.Text(), server_default="ABIERTA", nullable=False),
        sa.Column("resolucion", sa.Text(), server_default="", nullable=False),
        sa.Column("motivo", sa.Text(), server_default="", nullable=False),
        sa.Column("usuario_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("resuelta_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "estado IN ('ABIERTA', 'RESUELTA')", name=op.f("ck_incidencias_transferencia_estado")
        ),
        sa.ForeignKeyConstraint(
            ["detalle_id"],
            ["detalle_transferencia.id"],
            name=op.f("fk_incidencias_transferencia_detalle_id"),
        ),
        sa.ForeignKeyConstraint(
            ["transferencia_id"],
            ["transferencias.id"],
            name=op.f("fk_incidencias_transferencia_transferencia_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidencias_transferencia")),
        sa.UniqueConstraint("detalle_id", name=op.f("uq_incidencias_transferencia_detalle_id")),
    )
    op.create_index(
        "ix_incidencias_transferencia_transferencia_id",
        "incidencias_transferencia",
        ["transferencia_id"],
        unique=False,
    )
    op.add_column(
        "productos", sa.Column("trazabilidad", sa.Text(), server_default="ninguna", nullable=False)
    )
    op.add_column(
        "productos", sa.Column("costo_promedio", sa.Numeric(precision=16, scale=6), nullable=True)
    )
    op.add_column(
        "productos_almacen",
        sa.Column(
            "stock_reservado", sa.Numeric(precision=14, scale=4), server_default="0", nullable=False
        ),
    )
    op.add_column("productos_almacen", sa.Column("ubicacion_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_productos_almacen_ubicacion_id"),
        "productos_almacen",
        "ubicaciones_almacen",
        ["ubicacion_id"],
        ["id"],
    )
    op.create_check_constraint("stock_reservado", "productos_almacen", "stock_reservado >= 0")


def downgrade() -> None:
    """Take back."""
    op.drop_constraint(
        op.f("fk_productos_almacen_ubicacion_id"), "productos_almacen", type_="foreignkey"
    )
    op.drop_column("productos_almacen", "ubicacion_id")
    op.drop_column("productos_almacen", "stock_reservado")
    op.drop_column("productos", "costo_promedio")
    op.drop_column("productos", "trazabilidad")
    op.drop_index(
        "ix_incidencias_transferencia_transferencia_id", table_name="incidencias_transferencia"
    )
    op.drop_table("incidencias_transferencia")
    op.drop_index(
        "ix_reservas_stock_vence",
        table_name="reservas_stock",
        postgresql_where=sa.text("estado = 'ACTIVA' AND vence IS NOT NULL"),
    )
    op.drop_index("ix_reservas_stock_referencia_doc", table_name="reservas_stock")
    op.drop_index("ix_reservas_stock_producto", table_name="reservas_stock")
    op.drop_table("reservas_stock")
    op.drop_index("ix_detalle_transferencia_transferencia_id", table_name="detalle_transferencia")
    op.drop_table("detalle_transferencia")
    op.drop_index("uq_detalle_conteo_linea", table_name="detalle_conteo")
    op.drop_table("detalle_conteo")
    op.drop_table("ubicaciones_almacen")
    op.drop_index("ix_transferencias_origen", table_name="transferencias")
    op.drop_index("ix_transferencias_destino", table_name="transferencias")
    op.drop_table("transferencias")
    op.drop_index(
        "uq_lotes_series_serie_en_stock",
        table_name="lotes_series",
        postgresql_where=sa.text("numero_serie <> '' AND cantidad_actual > 0"),
    )
    op.drop_index(
        "ix_lotes_series_vencimiento",
        table_name="lotes_series",
        postgresql_where=sa.text("cantidad_actual > 0"),
    )
    op.drop_index("ix_lotes_series_numero_serie", table_name="lotes_series")
    op.drop_index("ix_lotes_series_numero_lote", table_name="lotes_series")
    op.drop_table("lotes_series")
    op.drop_index("ix_conteos_stock_almacen_id", table_name="conteos_stock")
    op.drop_table("conteos_stock")
