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
        "chaos_entregas",
        sa.Column("venta_id", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.Numeric(12, 2), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()")),
    )
    op.create_table("chaos_pedidos", sa.Column("n", sa.BigInteger(), nullable=False))
    op.create_table("chaos_marcas", sa.Column("n", sa.BigInteger(), nullable=False))


def downgrade() -> None:
    """Take back."""
    for table in ("chaos_marcas", "chaos_pedidos", "chaos_entregas"):
        op.drop_table(table)
