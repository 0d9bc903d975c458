"""Attachments."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "adjuntos",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("objeto_tipo", sa.Text(), nullable=True),
        sa.Column("objeto_id", sa.BigInteger(), nullable=True),
        sa.Column("nombre", sa.Text(), nullable=False),
        sa.Column("tipo", sa.Text(), nullable=False),
        sa.Column("tamano_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("clave", sa.Text(), nullable=False),
        sa.Column("usuario_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(objeto_tipo IS NULL) = (objeto_id IS NULL)", name=op.f("ck_adjuntos_objeto")
        ),
        sa.CheckConstraint("tamano_bytes >= 0", name=op.f("ck_adjuntos_tamano_bytes")),
        sa.ForeignKeyConstraint(
            ["usuario_id"], ["usuarios.id"], name=op.f("fk_adjuntos_usuario_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adjuntos")),
        sa.UniqueConstraint("clave", name=op.f("uq_adjuntos_clave")),
    )
    op.create_index("ix_adjuntos_objeto", "adjuntos", ["objeto_tipo", "objeto_id"], unique=False)
    op.create_index(op.f("ix_adjuntos_usuario_id"), "adjuntos", ["usuario_id"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_adjuntos_usuario_id"), table_name="adjuntos")
    op.drop_index("ix_adjuntos_objeto", table_name="adjuntos")
    op.drop_table("adjuntos")
