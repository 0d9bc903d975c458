"""Notices to users."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "notificaciones",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("usuario_id", sa.BigInteger(), nullable=False),
        sa.Column("tipo", sa.Text(), nullable=False),
        sa.Column("titulo", sa.Text(), nullable=False),
        sa.Column("texto", sa.Text(), server_default="", nullable=False),
        sa.Column("enlace", sa.Text(), server_default="", nullable=False),
        sa.Column("clave", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("leida_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["usuario_id"],
            ["usuarios.id"],
            name=op.f("fk_notificaciones_usuario_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notificaciones")),
        sa.UniqueConstraint("usuario_id", "clave", name=op.f("uq_notificaciones_usuario_id_clave")),
    )
    op.create_index(
        "ix_notificaciones_pendientes",
        "notificaciones",
        ["usuario_id"],
        unique=False,
        postgresql_where=sa.text("leida_at IS NULL"),
    )
    op.create_index("ix_notificaciones_created_at", "notificaciones", ["created_at"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_notificaciones_created_at", table_name="notificaciones")
    op.drop_index("ix_notificaciones_pendientes", table_name="notificaciones")
    op.drop_table("notificaciones")
