"""Resúmenes, voiding, corrections, mail, and where a series begins."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BEFORE = (
    "'enviando', 'aceptado', 'rechazado', 'excepcion', 'desconocido', 'no_enviado', 'sistemico'"
)


def upgrade() -> None:
    """Apply."""
    _summaries()
    _voiding()
    for column in (
        sa.Column("canal", sa.Text(), server_default="individual", nullable=False),
        sa.Column("corrige_id", sa.BigInteger(), nullable=True),
        sa.Column("correo", sa.Text(), server_default="", nullable=False),
        sa.Column("correo_enviado_at", sa.DateTime(timezone=True), nullable=True),
    ):
        op.add_column("comprobantes", column)
    op.create_check_constraint(
        op.f("ck_comprobantes_canal"), "comprobantes", "canal IN ('individual', 'resumen')"
    )
    op.create_foreign_key(
        op.f("fk_comprobantes_corrige_id"), "comprobantes", "comprobantes", ["corrige_id"], ["id"]
    )
    op.create_index(op.f("ix_comprobantes_corrige_id"), "comprobantes", ["corrige_id"])
    op.add_column(
        "series_comprobantes",
        sa.Column("inicio", sa.BigInteger(), server_default="1", nullable=False),
    )
    op.alter_column("envios_sunat", "comprobante_id", nullable=True)
    op.add_column("envios_sunat", sa.Column("resumen_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_envios_sunat_resumen_id"), "envios_sunat", "resumen_diario", ["resumen_id"], ["id"]
    )
    op.create_index(op.f("ix_envios_sunat_resumen_id"), "envios_sunat", ["resumen_id"])
    _check("envios_sunat", "estado", f"estado IN ({BEFORE}, 'en_proceso')")
    _check(
        "envios_sunat",
        "operacion",
        "operacion IN ('sendBill', 'getStatusCdr', 'sendSummary', 'getStatus')",
    )
    op.create_check_constraint(
        op.f("ck_envios_sunat_de_que"),
        "envios_sunat",
        "num_nonnulls(comprobante_id, resumen_id) = 1",
    )


def _check(table: str, name: str, condition: str) -> None:
    """Put a condition in the place of the one of that name."""
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)


def _summaries() -> None:
    op.create_table(
        "resumen_diario",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tipo", sa.Text(), nullable=False),
        sa.Column("fecha", sa.Date(), nullable=False),
        sa.Column("correlativo", sa.Integer(), nullable=False),
        sa.Column("fecha_referencia", sa.Date(), nullable=False),
        sa.Column("cantidad_documentos", sa.Integer(), nullable=False),
        sa.Column("estado_envio", sa.Text(), server_default="PENDIENTE", nullable=False),
        sa.Column("codigo_ticket", sa.Text(), server_default="", nullable=False),
        sa.Column("codigo_sunat", sa.Text(), server_default="", nullable=False),
        sa.Column("mensaje_sunat", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "observaciones",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="[]",
            nullable=False,
        ),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("nombre_archivo", sa.Text(), nullable=False),
        sa.Column("xml", sa.LargeBinary(), nullable=True),
        sa.Column("cdr", sa.LargeBinary(), nullable=True),
        sa.Column("xml_path", sa.Text(), nullable=True),
        sa.Column("cdr_path", sa.Text(), nullable=True),
        sa.Column("intentos", sa.Integer(), server_default="0", nullable=False),
        sa.Column("proximo_intento", sa.DateTime(timezone=True), nullable=True),
        sa.Column("limite_envio", sa.Date(), nullable=False),
        sa.Column("reemplaza_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "estado_envio IN ('PENDIENTE', 'ENVIADO', 'EN_PROCESO', 'SIN_TICKET', 'ACEPTADO', "
            "'RECHAZADO', 'EXCEPCION')",
            name=op.f("ck_resumen_diario_estado_envio"),
        ),
        sa.CheckConstraint("tipo IN ('RC', 'RA', 'RR')", name=op.f("ck_resumen_diario_tipo")),
        sa.ForeignKeyConstraint(
            ["reemplaza_id"], ["resumen_diario.id"], name=op.f("fk_resumen_diario_reemplaza_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resumen_diario")),
        sa.UniqueConstraint(
            "tipo", "fecha", "correlativo", name=op.f("uq_resumen_diario_tipo_fecha_correlativo")
        ),
    )
    op.create_index("ix_resumen_diario_fecha", "resumen_diario", ["fecha", "id"])
    op.create_index(
        "ix_resumen_diario_en_curso",
        "resumen_diario",
        ["id"],
        postgresql_where=sa.text("estado_envio IN ('PENDIENTE', 'ENVIADO', 'EN_PROCESO')"),
    )
    op.create_index(op.f("ix_resumen_diario_reemplaza_id"), "resumen_diario", ["reemplaza_id"])
    op.create_table(
        "detalle_resumen",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("resumen_id", sa.BigInteger(), nullable=False),
        sa.Column("orden", sa.Integer(), nullable=False),
        sa.Column("comprobante_id", sa.BigInteger(), nullable=False),
        sa.Column("condicion", sa.Text(), nullable=False),
        sa.Column("motivo", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "condicion IN ('1', '2', '3')", name=op.f("ck_detalle_resumen_condicion")
        ),
        sa.ForeignKeyConstraint(
            ["resumen_id"], ["resumen_diario.id"], name=op.f("fk_detalle_resumen_resumen_id")
        ),
        sa.ForeignKeyConstraint(
            ["comprobante_id"], ["comprobantes.id"], name=op.f("fk_detalle_resumen_comprobante_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_detalle_resumen")),
        sa.UniqueConstraint(
            "resumen_id", "orden", name=op.f("uq_detalle_resumen_resumen_id_orden")
        ),
    )
    op.create_index(
        op.f("ix_detalle_resumen_comprobante_id"), "detalle_resumen", ["comprobante_id"]
    )


def _voiding() -> None:
    op.create_table(
        "bajas_comprobante",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("comprobante_id", sa.BigInteger(), nullable=False),
        sa.Column("motivo", sa.Text(), nullable=False),
        sa.Column("estado", sa.Text(), server_default="pedida", nullable=False),
        sa.Column("mensaje", sa.Text(), server_default="", nullable=False),
        sa.Column("reemitir", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("limite", sa.Date(), nullable=False),
        sa.Column("resumen_id", sa.BigInteger(), nullable=True),
        sa.Column("usuario_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "estado IN ('pedida', 'enviada', 'aceptada', 'rechazada')",
            name=op.f("ck_bajas_comprobante_estado"),
        ),
        sa.ForeignKeyConstraint(
            ["comprobante_id"],
            ["comprobantes.id"],
            name=op.f("fk_bajas_comprobante_comprobante_id"),
        ),
        sa.ForeignKeyConstraint(
            ["resumen_id"], ["resumen_diario.id"], name=op.f("fk_bajas_comprobante_resumen_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bajas_comprobante")),
    )
    op.create_index(
        op.f("ix_bajas_comprobante_comprobante_id"), "bajas_comprobante", ["comprobante_id"]
    )
    op.create_index(op.f("ix_bajas_comprobante_resumen_id"), "bajas_comprobante", ["resumen_id"])
    op.create_index(
        "uq_bajas_comprobante_viva",
        "bajas_comprobante",
        ["comprobante_id"],
        unique=True,
        postgresql_where=sa.text("estado <> 'rechazada'"),
    )
    op.create_index(
        "ix_bajas_comprobante_pedidas",
        "bajas_comprobante",
        ["id"],
        postgresql_where=sa.text("estado = 'pedida'"),
    )


def downgrade() -> None:
    """Revert; calls about a resumen have no place in the tables before."""
    op.execute("DELETE FROM envios_sunat WHERE resumen_id IS NOT NULL")
    op.drop_constraint(op.f("ck_envios_sunat_de_que"), "envios_sunat", type_="check")
    _check("envios_sunat", "operacion", "operacion IN ('sendBill', 'getStatusCdr')")
    _check("envios_sunat", "estado", f"estado IN ({BEFORE})")
    op.drop_column("envios_sunat", "resumen_id")
    op.alter_column("envios_sunat", "comprobante_id", nullable=False)
    op.drop_column("series_comprobantes", "inicio")
    op.drop_column("comprobantes", "correo_enviado_at")
    op.drop_column("comprobantes", "correo")
    op.drop_column("comprobantes", "corrige_id")
    op.drop_column("comprobantes", "canal")
    op.drop_table("bajas_comprobante")
    op.drop_table("detalle_resumen")
    op.drop_table("resumen_diario")
