"""Initial tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "categorias",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("nombre", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_categorias")),
        sa.UniqueConstraint("nombre", name=op.f("uq_categorias_nombre")),
    )
    op.create_table(
        "clientes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tipo_doc", sa.Text(), nullable=False),
        sa.Column("numero_doc", sa.Text(), nullable=False),
        sa.Column("razon_social", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), server_default="", nullable=False),
        sa.Column("telefono", sa.Text(), server_default="", nullable=False),
        sa.Column("direccion", sa.Text(), server_default="", nullable=False),
        sa.Column("categoria", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "limite_credito", sa.Numeric(precision=12, scale=2), server_default="0", nullable=False
        ),
        sa.Column(
            "tags", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False
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
        sa.CheckConstraint("limite_credito >= 0", name=op.f("ck_clientes_limite_credito")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clientes")),
        sa.UniqueConstraint("tipo_doc", "numero_doc", name=op.f("uq_clientes_tipo_doc_numero_doc")),
    )
    op.create_index(op.f("ix_clientes_razon_social"), "clientes", ["razon_social"], unique=False)
    op.create_table(
        "metodos_pago",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("codigo", sa.Text(), nullable=False),
        sa.Column("nombre", sa.Text(), nullable=False),
        sa.Column("es_efectivo", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("activo", sa.Boolean(), server_default="true", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metodos_pago")),
        sa.UniqueConstraint("codigo", name=op.f("uq_metodos_pago_codigo")),
    )
    op.create_table(
        "productos",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("nombre", sa.Text(), nullable=False),
        sa.Column("precio", sa.Numeric(precision=16, scale=6), nullable=False),
        sa.Column("costo", sa.Numeric(precision=16, scale=6), nullable=True),
        sa.Column(
            "stock_actual", sa.Numeric(precision=14, scale=4), server_default="0", nullable=False
        ),
        sa.Column("permite_venta_sin_stock", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("unidad_medida", sa.Text(), server_default="NIU", nullable=False),
        sa.Column("afectacion_igv", sa.Text(), server_default="10", nullable=False),
        sa.Column("codigo_barras", sa.Text(), server_default="", nullable=False),
        sa.Column("categoria_id", sa.BigInteger(), nullable=True),
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
        sa.CheckConstraint("precio >= 0", name=op.f("ck_productos_precio")),
        sa.ForeignKeyConstraint(
            ["categoria_id"], ["categorias.id"], name=op.f("fk_productos_categoria_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_productos")),
        sa.UniqueConstraint("sku", name=op.f("uq_productos_sku")),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index(op.f("ix_productos_nombre"), "productos", ["nombre"], unique=False)
    op.create_table(
        "cajas",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("sucursal_id", sa.BigInteger(), nullable=False),
        sa.Column("usuario_id", sa.BigInteger(), nullable=False),
        sa.Column("estado", sa.Text(), server_default="abierta", nullable=False),
        sa.Column("monto_apertura", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("monto_esperado", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("monto_cierre", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("fecha_apertura", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fecha_cierre", sa.DateTime(timezone=True), nullable=True),
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
        sa.CheckConstraint("estado IN ('abierta', 'cerrada')", name=op.f("ck_cajas_estado")),
        sa.ForeignKeyConstraint(
            ["sucursal_id"], ["sucursales.id"], name=op.f("fk_cajas_sucursal_id")
        ),
        sa.ForeignKeyConstraint(["usuario_id"], ["usuarios.id"], name=op.f("fk_cajas_usuario_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cajas")),
    )
    op.create_index(
        "uq_cajas_abierta",
        "cajas",
        ["usuario_id"],
        unique=True,
        postgresql_where=sa.text("estado='abierta'"),
    )
    op.create_table(
        "ventas",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("serie", sa.Text(), nullable=False),
        sa.Column("numero", sa.BigInteger(), nullable=False),
        sa.Column("cliente_id", sa.BigInteger(), nullable=False),
        sa.Column("usuario_id", sa.BigInteger(), nullable=False),
        sa.Column("sucursal_id", sa.BigInteger(), nullable=False),
        sa.Column("caja_id", sa.BigInteger(), nullable=False),
        sa.Column("fecha", sa.DateTime(timezone=True), nullable=False),
        sa.Column("subtotal", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("igv", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("total", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("vuelto", sa.Numeric(precision=12, scale=2), server_default="0", nullable=False),
        sa.Column("estado", sa.Text(), nullable=False),
        sa.Column("modo_emision", sa.Text(), nullable=False),
        sa.Column("metodo_pago_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["caja_id"], ["cajas.id"], name=op.f("fk_ventas_caja_id")),
        sa.ForeignKeyConstraint(["cliente_id"], ["clientes.id"], name=op.f("fk_ventas_cliente_id")),
        sa.ForeignKeyConstraint(
            ["metodo_pago_id"], ["metodos_pago.id"], name=op.f("fk_ventas_metodo_pago_id")
        ),
        sa.ForeignKeyConstraint(
            ["sucursal_id"], ["sucursales.id"], name=op.f("fk_ventas_sucursal_id")
        ),
        sa.ForeignKeyConstraint(["usuario_id"], ["usuarios.id"], name=op.f("fk_ventas_usuario_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ventas")),
        sa.UniqueConstraint("serie", "numero", name=op.f("uq_ventas_serie_numero")),
    )
    op.create_index("ix_ventas_caja_id", "ventas", ["caja_id", "id"], unique=False)
    op.create_index("ix_ventas_cliente_id", "ventas", ["cliente_id", "id"], unique=False)
    op.create_index("ix_ventas_fecha", "ventas", ["fecha", "id"], unique=False)
    op.create_index("ix_ventas_sucursal_id", "ventas", ["sucursal_id", "id"], unique=False)
    op.create_table(
        "detalle_venta",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("venta_id", sa.BigInteger(), nullable=False),
        sa.Column("producto_id", sa.BigInteger(), nullable=False),
        sa.Column("cantidad", sa.Numeric(precision=14, scale=4), nullable=False),
        sa.Column("precio_unitario", sa.Numeric(precision=16, scale=6), nullable=False),
        sa.Column("descuento", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("subtotal", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("igv", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("total", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.CheckConstraint("cantidad > 0", name=op.f("ck_detalle_venta_cantidad")),
        sa.ForeignKeyConstraint(
            ["producto_id"], ["productos.id"], name=op.f("fk_detalle_venta_producto_id")
        ),
        sa.ForeignKeyConstraint(
            ["venta_id"], ["ventas.id"], name=op.f("fk_detalle_venta_venta_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_detalle_venta")),
    )
    op.create_index("ix_detalle_venta_producto_id", "detalle_venta", ["producto_id"], unique=False)
    op.create_index("ix_detalle_venta_venta_id", "detalle_venta", ["venta_id"], unique=False)
    op.create_table(
        "formas_pago",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("venta_id", sa.BigInteger(), nullable=False),
        sa.Column("metodo", sa.Text(), nullable=False),
        sa.Column("monto", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("referencia", sa.Text(), server_default="", nullable=False),
        sa.Column("confirmado", sa.Boolean(), server_default="true", nullable=False),
        sa.ForeignKeyConstraint(["venta_id"], ["ventas.id"], name=op.f("fk_formas_pago_venta_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_formas_pago")),
    )
    op.create_index("ix_formas_pago_venta_id", "formas_pago", ["venta_id"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_formas_pago_venta_id", table_name="formas_pago")
    op.drop_table("formas_pago")
    op.drop_index("ix_detalle_venta_venta_id", table_name="detalle_venta")
    op.drop_index("ix_detalle_venta_producto_id", table_name="detalle_venta")
    op.drop_table("detalle_venta")
    op.drop_index("ix_ventas_sucursal_id", table_name="ventas")
    op.drop_index("ix_ventas_fecha", table_name="ventas")
    op.drop_index("ix_ventas_cliente_id", table_name="ventas")
    op.drop_index("ix_ventas_caja_id", table_name="ventas")
    op.drop_table("ventas")
    op.drop_index(
        "uq_cajas_abierta", table_name="cajas", postgresql_where=sa.text("estado='abierta'")
    )
    op.drop_table("cajas")
    op.drop_index(op.f("ix_productos_nombre"), table_name="productos")
    op.drop_table("productos")
    op.drop_table("metodos_pago")
    op.drop_index(op.f("ix_clientes_razon_social"), table_name="clientes")
    op.drop_table("clientes")
    op.drop_table("categorias")
