"""The language of users, and notices in the language of who reads them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("usuarios", sa.Column("idioma", sa.Text(), nullable=True))
    op.add_column(
        "notificaciones",
        sa.Column("mensaje", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_column("notificaciones", "mensaje")
    op.drop_column("usuarios", "idioma")
