"""What product an incidencia is of, so that a list of them can say it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "incidencias_transferencia", sa.Column("producto_id", sa.BigInteger(), nullable=True)
    )
    op.create_foreign_key(
        op.f("fk_incidencias_transferencia_producto_id"),
        "incidencias_transferencia",
        "productos",
        ["producto_id"],
        ["id"],
    )
    op.execute(
        """
        UPDATE incidencias_transferencia i SET producto_id = d.producto_id
          FROM detalle_transferencia d WHERE d.id = i.detalle_id
        """
    )


def downgrade() -> None:
    """Take back."""
    op.drop_constraint(
        op.f("fk_incidencias_transferencia_producto_id"), "incidencias_transferencia"
    )
    op.drop_column("incidencias_transferencia", "producto_id")
