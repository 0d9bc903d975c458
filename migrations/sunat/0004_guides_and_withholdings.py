"""Guías, retenciones and percepciones; the company's application at SUNAT's REST services."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BEFORE = "'sendBill', 'getStatusCdr', 'sendSummary', 'getStatus'"


def upgrade() -> None:
    """Apply."""
    op.alter_column("comprobantes", "cliente_id", nullable=True)
    _operations(f"{BEFORE}, 'enviarGuia', 'consultarGuia'")
    op.add_column(
        "credenciales_sunat", sa.Column("client_id", sa.Text(), server_default="", nullable=False)
    )
    op.add_column(
        "credenciales_sunat", sa.Column("secreto_sellado", sa.LargeBinary(), nullable=True)
    )
    _guides()
    _withholdings()
    op.execute(
        "INSERT INTO series_comprobantes (tipo, serie) "
        "SELECT * FROM (VALUES ('09', 'T001'), ('31', 'V001'), ('20', 'R001'), ('40', 'P001')) "
        "AS nueva WHERE EXISTS (SELECT 1 FROM series_comprobantes) ON CONFLICT DO NOTHING"
    )  # a company that is new gets them when the addon is installed


def _operations(names: str) -> None:
    op.drop_constraint(op.f("ck_envios_sunat_operacion"), "envios_sunat", type_="check")
    op.create_check_constraint(
        op.f("ck_envios_sunat_operacion"), "envios_sunat", f"operacion IN ({names})"
    )


def _guides() -> None:
    op.create_table(
        "guias_remision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("comprobante_id", sa.BigInteger(), nullable=False),
        sa.Column("tipo", sa.Text(), nullable=False),
        sa.Column("serie", sa.Text(), nullable=False),
        sa.Column("numero", sa.BigInteger(), nullable=False),
        sa.Column("venta_id", sa.BigInteger(), nullable=True),
        sa.Column("referencia_doc", sa.Text(), server_default="", nullable=False),
        sa.Column("motivo_traslado", sa.Text(), nullable=False),
        sa.Column("modalidad_traslado", sa.Text(), nullable=False),
        sa.Column("fecha_traslado", sa.Date(), nullable=False),
        sa.Column("destinatario", sa.Text(), nullable=False),
        sa.Column("punto_partida", sa.Text(), nullable=False),
        sa.Column("punto_llegada", sa.Text(), nullable=False),
        sa.Column("peso_bruto", sa.Numeric(15, 3), nullable=False),
        sa.Column("unidad_peso", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["comprobante_id"], ["comprobantes.id"], name=op.f("fk_guias_remision_comprobante_id")
        ),
        sa.ForeignKeyConstraint(
            ["venta_id"], ["ventas.id"], name=op.f("fk_guias_remision_venta_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guias_remision")),
        sa.UniqueConstraint("comprobante_id", name=op.f("uq_guias_remision_comprobante_id")),
    )
    op.create_index("ix_guias_remision_fecha_traslado", "guias_remision", ["fecha_traslado", "id"])
    op.create_index(op.f("ix_guias_remision_venta_id"), "guias_remision", ["venta_id"])
    op.create_index(op.f("ix_guias_remision_referencia_doc"), "guias_remision", ["referencia_doc"])


def _withholdings() -> None:
    op.create_table(
        "retenciones_percepciones",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("comprobante_id", sa.BigInteger(), nullable=False),
        sa.Column("tipo", sa.Text(), nullable=False),
        sa.Column("serie", sa.Text(), nullable=False),
        sa.Column("numero", sa.BigInteger(), nullable=False),
        sa.Column("fecha_emision", sa.Date(), nullable=False),
        sa.Column("sujeto_tipo_doc", sa.Text(), nullable=False),
        sa.Column("sujeto_numero_doc", sa.Text(), nullable=False),
        sa.Column("sujeto_razon_social", sa.Text(), nullable=False),
        sa.Column("regimen", sa.Text(), nullable=False),
        sa.Column("tasa", sa.Numeric(8, 5), nullable=False),
        sa.Column("total_retenido", sa.Numeric(12, 2), nullable=False),
        sa.Column("total_pagado", sa.Numeric(12, 2), nullable=False),
        sa.ForeignKeyConstraint(
            ["comprobante_id"],
            ["comprobantes.id"],
            name=op.f("fk_retenciones_percepciones_comprobante_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retenciones_percepciones")),
        sa.UniqueConstraint(
            "comprobante_id", name=op.f("uq_retenciones_percepciones_comprobante_id")
        ),
    )
    op.create_index(
        op.f("ix_retenciones_percepciones_sujeto_numero_doc"),
        "retenciones_percepciones",
        ["sujeto_numero_doc"],
    )


def downgrade() -> None:
    """Revert; documents of the new kinds have no place in the tables before."""
    op.drop_table("retenciones_percepciones")
    op.drop_table("guias_remision")
    op.drop_column("credenciales_sunat", "secreto_sellado")
    op.drop_column("credenciales_sunat", "client_id")
    op.execute(
        "DELETE FROM envios_sunat WHERE operacion IN ('enviarGuia', 'consultarGuia') OR "
        "comprobante_id IN (SELECT id FROM comprobantes WHERE cliente_id IS NULL)"
    )
    _operations(BEFORE)
    op.execute("DELETE FROM comprobantes WHERE cliente_id IS NULL")
    op.execute("DELETE FROM series_comprobantes WHERE tipo IN ('09', '31', '20', '40')")
    op.alter_column("comprobantes", "cliente_id", nullable=False)
