"""Almacenes that users are confined to."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "usuario_almacenes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("usuario_id", sa.BigInteger(), nullable=False),
        sa.Column("almacen_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["almacen_id"], ["almacenes.id"], name=op.f("fk_usuario_almacenes_almacen_id")
        ),
        sa.ForeignKeyConstraint(
            ["usuario_id"],
            ["usuarios.id"],
            name=op.f("fk_usuario_almacenes_usuario_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usuario_almacenes")),
        sa.UniqueConstraint(
            "usuario_id", "almacen_id", name=op.f("uq_usuario_almacenes_usuario_id_almacen_id")
        ),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("usuario_almacenes")
