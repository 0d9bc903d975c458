"""Why an offer was annulled; sales that were annulled or are owed, found among millions."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "cotizaciones", sa.Column("motivo_anulacion", sa.Text(), server_default="", nullable=False)
    )
    op.create_index(
        "ix_ventas_al_credito",
        "ventas",
        ["cliente_id", "id"],
        unique=False,
        postgresql_where=sa.text("monto_credito > 0"),
    )
    op.create_index(
        "ix_ventas_anuladas",
        "ventas",
        ["id"],
        unique=False,
        postgresql_where=sa.text("estado = 'anulada'"),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_ventas_anuladas", table_name="ventas")
    op.drop_index("ix_ventas_al_credito", table_name="ventas")
    op.drop_column("cotizaciones", "motivo_anulacion")
