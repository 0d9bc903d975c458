"""Imports: files that were sent, the rows that were refused, known mappings."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _instant(name: str, *, now: bool) -> "sa.Column[object]":
    default = sa.text("now()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=not now)


def _json(name: str) -> "sa.Column[object]":
    return sa.Column(name, postgresql.JSONB(astext_type=sa.Text()), nullable=False)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "importaciones",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tipo", sa.Text(), nullable=False),
        sa.Column("usuario_id", sa.BigInteger(), nullable=False),
        sa.Column("nombre", sa.Text(), nullable=False),
        sa.Column("formato", sa.Text(), nullable=False),
        sa.Column("clave", sa.Text(), nullable=False),
        sa.Column("codificacion", sa.Text(), server_default="utf-8", nullable=False),
        sa.Column("hoja", sa.Text(), server_default="", nullable=False),
        _json("columnas"),
        _json("muestra"),
        _json("mapeo"),
        sa.Column("recordado", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("modo", sa.Text(), server_default="todo_o_nada", nullable=False),
        sa.Column("existentes", sa.Text(), server_default="actualizar", nullable=False),
        sa.Column("estado", sa.Text(), server_default="subida", nullable=False),
        sa.Column("vuelta", sa.Integer(), server_default="0", nullable=False),
        sa.Column("filas", sa.Integer(), nullable=True),
        sa.Column("malas", sa.Integer(), nullable=True),
        sa.Column("creados", sa.Integer(), nullable=True),
        sa.Column("actualizados", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        _instant("terminada_at", now=False),
        _instant("created_at", now=True),
        _instant("updated_at", now=True),
        sa.CheckConstraint(
            "estado IN ('subida', 'probando', 'probada', 'importando', 'importada', 'rechazada',"
            " 'fallida', 'cancelada')",
            name=op.f("ck_importaciones_estado"),
        ),
        sa.CheckConstraint(
            "modo IN ('todo_o_nada', 'omitir_malas')", name=op.f("ck_importaciones_modo")
        ),
        sa.CheckConstraint(
            "existentes IN ('actualizar', 'rechazar')", name=op.f("ck_importaciones_existentes")
        ),
        sa.ForeignKeyConstraint(
            ["usuario_id"], ["usuarios.id"], name=op.f("fk_importaciones_usuario_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_importaciones")),
        sa.UniqueConstraint("clave", name=op.f("uq_importaciones_clave")),
    )
    op.create_index("ix_importaciones_usuario_id", "importaciones", ["usuario_id", "id"])
    op.create_table(
        "filas_rechazadas",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("importacion_id", sa.BigInteger(), nullable=False),
        sa.Column("fila", sa.Integer(), nullable=False),
        _json("motivos"),
        _json("valores"),
        sa.ForeignKeyConstraint(
            ["importacion_id"],
            ["importaciones.id"],
            name=op.f("fk_filas_rechazadas_importacion_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filas_rechazadas")),
    )
    op.create_index(
        "ix_filas_rechazadas_importacion_id", "filas_rechazadas", ["importacion_id", "fila"]
    )
    op.create_table(
        "mapeos_recordados",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tipo", sa.Text(), nullable=False),
        sa.Column("firma", sa.Text(), nullable=False),
        _json("mapeo"),
        _instant("updated_at", now=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mapeos_recordados")),
        sa.UniqueConstraint("tipo", "firma", name=op.f("uq_mapeos_recordados_tipo_firma")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("mapeos_recordados")
    op.drop_table("filas_rechazadas")
    op.drop_table("importaciones")
