"""Generations, the processes that serve them, and the state of an addon."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

IN_FLIGHT = "state IN ('requested', 'expanding', 'rolling', 'reverting', 'contracting')"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "andes_generations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("targets", JSONB(), nullable=False),
        sa.Column("addons", JSONB(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("statements", JSONB(), server_default="[]", nullable=False),
        sa.Column("made", JSONB(), server_default="{}", nullable=False),
        sa.Column("archive", sa.Text(), server_default="", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("usuario_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("rolled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            f"{IN_FLIGHT} OR state IN ('current', 'past', 'failed')",
            name=op.f("ck_andes_generations_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_andes_generations")),
    )
    op.create_index(
        "uq_andes_generations_in_flight",
        "andes_generations",
        [sa.text("(true)")],
        unique=True,
        postgresql_where=sa.text(IN_FLIGHT),
    )
    op.create_index(
        "uq_andes_generations_current",
        "andes_generations",
        [sa.text("(true)")],
        unique=True,
        postgresql_where=sa.text("state = 'current'"),
    )
    op.create_table(
        "andes_processes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_andes_processes")),
    )
    for column in (
        sa.Column("state", sa.Text(), server_default="enabled", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("routes", JSONB(), server_default="[]", nullable=False),
        sa.Column("archive", sa.Text(), server_default="", nullable=False),
    ):
        op.add_column("andes_addons", column)


def downgrade() -> None:
    """Take back."""
    for column in ("archive", "routes", "reason", "state"):
        op.drop_column("andes_addons", column)
    op.drop_table("andes_processes")
    op.drop_table("andes_generations")
