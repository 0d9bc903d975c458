"""Sessions that rotate, API keys, attempts; roles that ask for a second factor."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "andes_intentos",
        sa.Column("clave", sa.Text(), nullable=False),
        sa.Column("cuenta", sa.Integer(), nullable=False),
        sa.Column("desde", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hasta", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("clave", name=op.f("pk_andes_intentos")),
    )
    op.create_table(
        "claves_api",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("usuario_id", sa.BigInteger(), nullable=False),
        sa.Column("nombre", sa.Text(), nullable=False),
        sa.Column("prefijo", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("alcances", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("activo", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ultimo_uso", sa.DateTime(timezone=True), nullable=True),
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
        sa.ForeignKeyConstraint(
            ["usuario_id"],
            ["usuarios.id"],
            name=op.f("fk_claves_api_usuario_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claves_api")),
        sa.UniqueConstraint("digest", name=op.f("uq_claves_api_digest")),
    )
    op.create_index(op.f("ix_claves_api_usuario_id"), "claves_api", ["usuario_id"], unique=False)
    op.add_column(
        "roles", sa.Column("exige_2fa", sa.Boolean(), server_default="false", nullable=False)
    )
    op.add_column(
        "sesiones", sa.Column("metodo", sa.Text(), server_default="clave", nullable=False)
    )
    op.add_column("sesiones", sa.Column("refresh_jti", sa.Text(), nullable=True))
    op.add_column("sesiones", sa.Column("refresh_anterior", sa.Text(), nullable=True))
    op.add_column("sesiones", sa.Column("rotada_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "sesiones",
        sa.Column(
            "reautenticada_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
    )
    op.add_column("usuarios", sa.Column("2fa_ultimo_paso", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("usuarios", "2fa_ultimo_paso")
    op.drop_column("sesiones", "reautenticada_at")
    op.drop_column("sesiones", "rotada_at")
    op.drop_column("sesiones", "refresh_anterior")
    op.drop_column("sesiones", "refresh_jti")
    op.drop_column("sesiones", "metodo")
    op.drop_column("roles", "exige_2fa")
    op.drop_index(op.f("ix_claves_api_usuario_id"), table_name="claves_api")
    op.drop_table("claves_api")
    op.drop_table("andes_intentos")
