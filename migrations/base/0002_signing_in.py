"""What signing in needs besides a password, and users of several sucursales."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "codigos_recuperacion",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("usuario_id", sa.BigInteger(), nullable=False),
        sa.Column("codigo_hash", sa.Text(), nullable=False),
        sa.Column("usado_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["usuario_id"],
            ["usuarios.id"],
            name=op.f("fk_codigos_recuperacion_usuario_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_codigos_recuperacion")),
    )
    op.create_index(
        op.f("ix_codigos_recuperacion_usuario_id"),
        "codigos_recuperacion",
        ["usuario_id"],
        unique=False,
    )
    op.create_table(
        "enlaces",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uso", sa.Text(), nullable=False),
        sa.Column("usuario_id", sa.BigInteger(), nullable=True),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("usado_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "uso IN ('primer_admin', 'invitacion', 'clave')", name=op.f("ck_enlaces_uso")
        ),
        sa.ForeignKeyConstraint(
            ["usuario_id"], ["usuarios.id"], name=op.f("fk_enlaces_usuario_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enlaces")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_enlaces_token_hash")),
    )
    op.create_index(op.f("ix_enlaces_usuario_id"), "enlaces", ["usuario_id"], unique=False)
    op.create_table(
        "identidades_externas",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("usuario_id", sa.BigInteger(), nullable=False),
        sa.Column("proveedor", sa.Text(), nullable=False),
        sa.Column("sub", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("ultimo_uso", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["usuario_id"],
            ["usuarios.id"],
            name=op.f("fk_identidades_externas_usuario_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identidades_externas")),
        sa.UniqueConstraint("proveedor", "sub", name=op.f("uq_identidades_externas_proveedor_sub")),
    )
    op.create_index(
        op.f("ix_identidades_externas_usuario_id"),
        "identidades_externas",
        ["usuario_id"],
        unique=False,
    )
    op.create_table(
        "ingresos_pendientes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("usuario_id", sa.BigInteger(), nullable=False),
        sa.Column("jti", sa.Text(), nullable=False),
        sa.Column("metodo", sa.Text(), server_default="clave", nullable=False),
        sa.Column("intentos", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["usuario_id"],
            ["usuarios.id"],
            name=op.f("fk_ingresos_pendientes_usuario_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ingresos_pendientes")),
        sa.UniqueConstraint("jti", name=op.f("uq_ingresos_pendientes_jti")),
    )
    op.create_index(
        op.f("ix_ingresos_pendientes_usuario_id"),
        "ingresos_pendientes",
        ["usuario_id"],
        unique=False,
    )
    op.create_table(
        "ingresos_sso",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("estado_hash", sa.Text(), nullable=False),
        sa.Column("navegador_hash", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("verificador", sa.Text(), nullable=False),
        sa.Column("destino", sa.Text(), server_default="/", nullable=False),
        sa.Column("usuario_id", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["usuario_id"],
            ["usuarios.id"],
            name=op.f("fk_ingresos_sso_usuario_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ingresos_sso")),
        sa.UniqueConstraint("estado_hash", name=op.f("uq_ingresos_sso_estado_hash")),
    )
    op.create_table(
        "usuario_sucursales",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("usuario_id", sa.BigInteger(), nullable=False),
        sa.Column("sucursal_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sucursal_id"], ["sucursales.id"], name=op.f("fk_usuario_sucursales_sucursal_id")
        ),
        sa.ForeignKeyConstraint(
            ["usuario_id"],
            ["usuarios.id"],
            name=op.f("fk_usuario_sucursales_usuario_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usuario_sucursales")),
        sa.UniqueConstraint(
            "usuario_id", "sucursal_id", name=op.f("uq_usuario_sucursales_usuario_id_sucursal_id")
        ),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("usuario_sucursales")
    op.drop_table("ingresos_sso")
    op.drop_index(op.f("ix_ingresos_pendientes_usuario_id"), table_name="ingresos_pendientes")
    op.drop_table("ingresos_pendientes")
    op.drop_index(op.f("ix_identidades_externas_usuario_id"), table_name="identidades_externas")
    op.drop_table("identidades_externas")
    op.drop_index(op.f("ix_enlaces_usuario_id"), table_name="enlaces")
    op.drop_table("enlaces")
    op.drop_index(op.f("ix_codigos_recuperacion_usuario_id"), table_name="codigos_recuperacion")
    op.drop_table("codigos_recuperacion")
