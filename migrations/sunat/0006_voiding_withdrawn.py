"""A request to void a comprobante is withdrawn before it is sent."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLA, VIVA = "bajas_comprobante", "uq_bajas_comprobante_viva"


def upgrade() -> None:
    """Apply."""
    _estados(
        "estado IN ('pedida', 'enviada', 'aceptada', 'rechazada', 'retirada')",
        "estado NOT IN ('rechazada', 'retirada')",
    )


def downgrade() -> None:
    """Revert; what was withdrawn counts as refused."""
    op.execute("UPDATE bajas_comprobante SET estado = 'rechazada' WHERE estado = 'retirada'")
    _estados("estado IN ('pedida', 'enviada', 'aceptada', 'rechazada')", "estado <> 'rechazada'")


def _estados(todos: str, viva: str) -> None:
    op.drop_constraint(op.f("ck_bajas_comprobante_estado"), TABLA, type_="check")
    op.create_check_constraint(op.f("ck_bajas_comprobante_estado"), TABLA, todos)
    op.drop_index(VIVA, table_name=TABLA)
    op.create_index(VIVA, TABLA, ["comprobante_id"], unique=True, postgresql_where=sa.text(viva))
