"""Initial tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("clientes", sa.Column("puntos", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "movimientos_puntos",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("cliente_id", sa.BigInteger(), nullable=False),
        sa.Column("venta_id", sa.BigInteger(), nullable=True),
        sa.Column("motivo", sa.Text(), nullable=False),
        sa.Column("puntos", sa.Integer(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("puntos <> 0", name=op.f("ck_movimientos_puntos_puntos")),
        sa.CheckConstraint(
            "motivo IN ('venta', 'canje', 'anulacion', 'devolucion', 'vencimiento')",
            name=op.f("ck_movimientos_puntos_motivo"),
        ),
        sa.ForeignKeyConstraint(
            ["cliente_id"], ["clientes.id"], name=op.f("fk_movimientos_puntos_cliente_id")
        ),
        sa.ForeignKeyConstraint(
            ["venta_id"], ["ventas.id"], name=op.f("fk_movimientos_puntos_venta_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_movimientos_puntos")),
    )
    op.create_index(
        "ix_movimientos_puntos_cliente_id", "movimientos_puntos", ["cliente_id", "created_at"]
    )
    op.create_index("ix_movimientos_puntos_venta_id", "movimientos_puntos", ["venta_id"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("movimientos_puntos")
    op.drop_column("clientes", "puntos")
