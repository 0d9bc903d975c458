"""Initial tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "almacenes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("nombre", sa.Text(), nullable=False),
        sa.Column("tipo", sa.Text(), server_default="PRINCIPAL", nullable=False),
        sa.Column("sucursal_id", sa.BigInteger(), nullable=False),
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
        sa.ForeignKeyConstraint(
            ["sucursal_id"], ["sucursales.id"], name=op.f("fk_almacenes_sucursal_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_almacenes")),
        sa.UniqueConstraint("nombre", name=op.f("uq_almacenes_nombre")),
    )
    op.create_index(op.f("ix_almacenes_sucursal_id"), "almacenes", ["sucursal_id"], unique=False)
    op.create_table(
        "movimientos_stock",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("producto_id", sa.BigInteger(), nullable=False),
        sa.Column("almacen_origen_id", sa.BigInteger(), nullable=True),
        sa.Column("almacen_destino_id", sa.BigInteger(), nullable=True),
        sa.Column("tipo_movimiento", sa.Text(), nullable=False),
        sa.Column("cantidad", sa.Numeric(precision=14, scale=4), nullable=False),
        sa.Column("motivo", sa.Text(), server_default="", nullable=False),
        sa.Column("usuario_id", sa.BigInteger(), nullable=True),
        sa.Column("lote_id", sa.BigInteger(), nullable=True),
        sa.Column("referencia_doc", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "almacen_origen_id IS NOT NULL OR almacen_destino_id IS NOT NULL",
            name=op.f("ck_movimientos_stock_almacen"),
        ),
        sa.CheckConstraint("cantidad > 0", name=op.f("ck_movimientos_stock_cantidad")),
        sa.ForeignKeyConstraint(
            ["almacen_destino_id"],
            ["almacenes.id"],
            name=op.f("fk_movimientos_stock_almacen_destino_id"),
        ),
        sa.ForeignKeyConstraint(
            ["almacen_origen_id"],
            ["almacenes.id"],
            name=op.f("fk_movimientos_stock_almacen_origen_id"),
        ),
        sa.ForeignKeyConstraint(
            ["producto_id"], ["productos.id"], name=op.f("fk_movimientos_stock_producto_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_movimientos_stock")),
    )
    op.create_index(
        "ix_movimientos_stock_destino",
        "movimientos_stock",
        ["almacen_destino_id", "tipo_movimiento"],
        unique=False,
    )
    op.create_index(
        "ix_movimientos_stock_origen",
        "movimientos_stock",
        ["almacen_origen_id", "tipo_movimiento"],
        unique=False,
    )
    op.create_index(
        "ix_movimientos_stock_producto_id_created_at",
        "movimientos_stock",
        ["producto_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "productos_almacen",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("producto_id", sa.BigInteger(), nullable=False),
        sa.Column("almacen_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "stock_actual", sa.Numeric(precision=14, scale=4), server_default="0", nullable=False
        ),
        sa.Column(
            "stock_minimo", sa.Numeric(precision=14, scale=4), server_default="0", nullable=False
        ),
        sa.Column(
            "stock_maximo", sa.Numeric(precision=14, scale=4), server_default="0", nullable=False
        ),
        sa.Column(
            "stock_seguridad", sa.Numeric(precision=14, scale=4), server_default="0", nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["almacen_id"], ["almacenes.id"], name=op.f("fk_productos_almacen_almacen_id")
        ),
        sa.ForeignKeyConstraint(
            ["producto_id"], ["productos.id"], name=op.f("fk_productos_almacen_producto_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_productos_almacen")),
        sa.UniqueConstraint(
            "almacen_id", "producto_id", name=op.f("uq_productos_almacen_almacen_id_producto_id")
        ),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index(
        "ix_productos_almacen_producto_id", "productos_almacen", ["producto_id"], unique=False
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_productos_almacen_producto_id", table_name="productos_almacen")
    op.drop_table("productos_almacen")
    op.drop_index("ix_movimientos_stock_producto_id_created_at", table_name="movimientos_stock")
    op.drop_index("ix_movimientos_stock_origen", table_name="movimientos_stock")
    op.drop_index("ix_movimientos_stock_destino", table_name="movimientos_stock")
    op.drop_table("movimientos_stock")
    op.drop_index(op.f("ix_almacenes_sucursal_id"), table_name="almacenes")
    op.drop_table("almacenes")
