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
        "toggle_sellos",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("cliente_id", sa.BigInteger(), nullable=False),
        sa.Column("venta_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["cliente_id"], ["clientes.id"], name=op.f("fk_toggle_sellos_cliente_id")
        ),
        sa.ForeignKeyConstraint(
            ["venta_id"], ["ventas.id"], name=op.f("fk_toggle_sellos_venta_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_toggle_sellos")),
    )
    op.create_index(op.f("ix_toggle_sellos_cliente_id"), "toggle_sellos", ["cliente_id"])
    op.create_index(op.f("ix_toggle_sellos_venta_id"), "toggle_sellos", ["venta_id"])
    op.add_column("clientes", sa.Column("sellos", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    """Take back."""
    op.drop_column("clientes", "sellos")
    op.drop_table("toggle_sellos")
