"""Where the printed forms of a comprobante lie."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("comprobantes", sa.Column("pdf_path", sa.Text(), nullable=True))
    op.add_column("comprobantes", sa.Column("ticket_path", sa.Text(), nullable=True))


def downgrade() -> None:
    """Revert."""
    op.drop_column("comprobantes", "ticket_path")
    op.drop_column("comprobantes", "pdf_path")
