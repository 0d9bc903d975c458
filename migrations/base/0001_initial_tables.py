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
        "configuracion",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ruc", sa.Text(), nullable=False),
        sa.Column("razon_social", sa.Text(), nullable=False),
        sa.Column("nombre_comercial", sa.Text(), server_default="", nullable=False),
        sa.Column("direccion", sa.Text(), server_default="", nullable=False),
        sa.Column("ubigeo", sa.Text(), server_default="", nullable=False),
        sa.Column("precios_incluyen_igv", sa.Boolean(), server_default="true", nullable=False),
        sa.Column(
            "tasa_igv", sa.Numeric(precision=5, scale=4), server_default="0.18", nullable=False
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
        sa.CheckConstraint("id = 1", name=op.f("ck_configuracion_singleton")),
        sa.CheckConstraint(
            "tasa_igv >= 0 AND tasa_igv < 1", name=op.f("ck_configuracion_tasa_igv")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_configuracion")),
    )
    op.create_table(
        "sucursales",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("codigo", sa.Text(), nullable=False),
        sa.Column("nombre", sa.Text(), nullable=False),
        sa.Column("direccion", sa.Text(), server_default="", nullable=False),
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
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sucursales")),
        sa.UniqueConstraint("codigo", name=op.f("uq_sucursales_codigo")),
    )
    op.add_column("usuarios", sa.Column("sucursal_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_usuarios_sucursal_id"), "usuarios", "sucursales", ["sucursal_id"], ["id"]
    )


def downgrade() -> None:
    """Take back."""
    op.drop_constraint(op.f("fk_usuarios_sucursal_id"), "usuarios", type_="foreignkey")
    op.drop_column("usuarios", "sucursal_id")
    op.drop_table("sucursales")
    op.drop_table("configuracion")
