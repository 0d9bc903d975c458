"""Guías to be completed, answers about validity, ubigeos; notes of what came back."""

import csv
from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import addons.sunat

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

UBIGEOS = Path(addons.sunat.__file__).with_name("ubigeos.csv")
"""Code, district, province, department."""


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "notas_credito_debito", sa.Column("devolucion_id", sa.BigInteger(), nullable=True)
    )
    op.create_foreign_key(
        op.f("fk_notas_credito_debito_devolucion_id"),
        "notas_credito_debito",
        "devoluciones",
        ["devolucion_id"],
        ["id"],
    )
    op.create_index(
        "uq_notas_credito_debito_devolucion",
        "notas_credito_debito",
        ["devolucion_id"],
        unique=True,
        postgresql_where=sa.text("estado_sunat NOT IN ('RECHAZADO', 'ANULADO')"),
    )
    _drafts()
    _validity()
    _places()


def _drafts() -> None:
    op.create_table(
        "borradores_guia",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("referencia_doc", sa.Text(), nullable=False),
        sa.Column("descripcion", sa.Text(), nullable=False),
        sa.Column("sucursal_id", sa.BigInteger(), nullable=True),
        sa.Column("documento", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("estado", sa.Text(), server_default="PENDIENTE", nullable=False),
        sa.Column("comprobante_id", sa.BigInteger(), nullable=True),
        _created_at(),
        sa.CheckConstraint(
            "estado IN ('PENDIENTE', 'EMITIDA', 'DESCARTADA')",
            name=op.f("ck_borradores_guia_estado"),
        ),
        _to("borradores_guia", "sucursal_id", "sucursales"),
        _to("borradores_guia", "comprobante_id", "comprobantes"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_borradores_guia")),
        sa.UniqueConstraint("referencia_doc", name=op.f("uq_borradores_guia_referencia_doc")),
    )
    op.create_index(
        "ix_borradores_guia_pendientes",
        "borradores_guia",
        ["id"],
        postgresql_where=sa.text("estado = 'PENDIENTE'"),
    )


def _validity() -> None:
    op.create_table(
        "consultas_validez",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("comprobante_id", sa.BigInteger(), nullable=True),
        sa.Column("ruc", sa.Text(), nullable=False),
        sa.Column("tipo", sa.Text(), nullable=False),
        sa.Column("serie", sa.Text(), nullable=False),
        sa.Column("numero", sa.BigInteger(), nullable=False),
        sa.Column("fecha_emision", sa.Date(), nullable=False),
        sa.Column("monto", sa.Numeric(12, 2), nullable=False),
        sa.Column("valido", sa.Boolean(), nullable=False),
        sa.Column("estado_cp", sa.Text(), nullable=False),
        sa.Column("estado", sa.Text(), nullable=False),
        sa.Column("estado_ruc", sa.Text(), nullable=False),
        sa.Column("condicion_domicilio", sa.Text(), nullable=False),
        sa.Column("observaciones", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("usuario_id", sa.BigInteger(), nullable=True),
        _created_at(),
        _to("consultas_validez", "comprobante_id", "comprobantes"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultas_validez")),
    )
    op.create_index(
        op.f("ix_consultas_validez_comprobante_id"), "consultas_validez", ["comprobante_id"]
    )


def _places() -> None:
    tabla = op.create_table(
        "ubigeos",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("codigo", sa.Text(), nullable=False),
        sa.Column("nombre", sa.Text(), nullable=False),
        sa.Column("distrito", sa.Text(), nullable=False),
        sa.Column("provincia", sa.Text(), nullable=False),
        sa.Column("departamento", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ubigeos")),
        sa.UniqueConstraint("codigo", name=op.f("uq_ubigeos_codigo")),
    )
    with UBIGEOS.open(encoding="utf-8", newline="") as archivo:
        lugares = list(csv.DictReader(archivo))
    op.bulk_insert(
        tabla,
        [
            {
                "id": int(uno["codigo"]),
                "nombre": f"{uno['distrito']}, {uno['provincia']}, {uno['departamento']}",
                **uno,
            }
            for uno in lugares
        ],
    )


def _created_at() -> sa.Column[object]:
    return sa.Column(
        "created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def _to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"))


def downgrade() -> None:
    """Revert."""
    op.drop_table("ubigeos")
    op.drop_table("consultas_validez")
    op.drop_table("borradores_guia")
    op.drop_index("uq_notas_credito_debito_devolucion", table_name="notas_credito_debito")
    op.drop_constraint(
        op.f("fk_notas_credito_debito_devolucion_id"), "notas_credito_debito", type_="foreignkey"
    )
    op.drop_column("notas_credito_debito", "devolucion_id")
