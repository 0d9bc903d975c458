"""Records that users opened, and those with their star."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "registros_vistos",
        sa.Column("usuario_id", sa.BigInteger(), nullable=False),
        sa.Column("recurso", sa.Text(), nullable=False),
        sa.Column("registro_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "visto_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("destacado", sa.Boolean(), server_default="false", nullable=False),
        sa.PrimaryKeyConstraint(
            "usuario_id", "recurso", "registro_id", name=op.f("pk_registros_vistos")
        ),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("registros_vistos")
