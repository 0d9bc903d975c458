"""Saved views of lists."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "vistas_guardadas",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("usuario_id", sa.BigInteger(), nullable=False),
        sa.Column("vista", sa.Text(), nullable=False),
        sa.Column("nombre", sa.Text(), nullable=False),
        sa.Column("consulta", sa.Text(), server_default="", nullable=False),
        sa.Column("compartida", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("predeterminada", sa.Boolean(), server_default="false", nullable=False),
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
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vistas_guardadas")),
    )
    op.create_index(
        "ix_vistas_guardadas_vista", "vistas_guardadas", ["vista", "usuario_id"], unique=False
    )
    op.create_index(
        "uq_vistas_guardadas_predeterminada",
        "vistas_guardadas",
        ["usuario_id", "vista"],
        unique=True,
        postgresql_where=sa.text("predeterminada"),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("vistas_guardadas")
