"""Initial tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "certificados",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("titular", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("desde", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hasta", sa.DateTime(timezone=True), nullable=False),
        sa.Column("activo", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("pfx_sellado", sa.LargeBinary(), nullable=True),
        sa.Column("clave_sellada", sa.LargeBinary(), nullable=True),
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
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificados")),
    )
    op.create_table(
        "credenciales_sunat",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("usuario", sa.Text(), nullable=False),
        sa.Column("clave_sellada", sa.LargeBinary(), nullable=True),
        sa.Column("url_envio", sa.Text(), server_default="", nullable=False),
        sa.Column("url_consulta", sa.Text(), server_default="", nullable=False),
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
        sa.CheckConstraint("id = 1", name=op.f("ck_credenciales_sunat_singleton")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credenciales_sunat")),
    )
    op.create_table(
        "series_comprobantes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tipo", sa.Text(), nullable=False),
        sa.Column("serie", sa.Text(), nullable=False),
        sa.Column("sucursal_id", sa.BigInteger(), nullable=True),
        sa.Column("activo", sa.Boolean(), server_default="true", nullable=False),
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
            ["sucursal_id"], ["sucursales.id"], name=op.f("fk_series_comprobantes_sucursal_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series_comprobantes")),
        sa.UniqueConstraint("tipo", "serie", name=op.f("uq_series_comprobantes_tipo_serie")),
    )
    op.create_table(
        "comprobantes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tipo", sa.Text(), nullable=False),
        sa.Column("serie", sa.Text(), nullable=False),
        sa.Column("numero", sa.BigInteger(), nullable=False),
        sa.Column("fecha_emision", sa.Date(), nullable=False),
        sa.Column("hora_emision", sa.Time(), nullable=False),
        sa.Column("cliente_id", sa.BigInteger(), nullable=False),
        sa.Column("venta_id", sa.BigInteger(), nullable=True),
        sa.Column("sucursal_id", sa.BigInteger(), nullable=True),
        sa.Column("moneda", sa.Text(), nullable=False),
        sa.Column(
            "total_gravada", sa.Numeric(precision=12, scale=2), server_default="0", nullable=False
        ),
        sa.Column(
            "total_exonerada", sa.Numeric(precision=12, scale=2), server_default="0", nullable=False
        ),
        sa.Column(
            "total_inafecta", sa.Numeric(precision=12, scale=2), server_default="0", nullable=False
        ),
        sa.Column(
            "total_exportacion",
            sa.Numeric(precision=12, scale=2),
            server_default="0",
            nullable=False,
        ),
        sa.Column(
            "total_gratuita", sa.Numeric(precision=12, scale=2), server_default="0", nullable=False
        ),
        sa.Column(
            "total_igv", sa.Numeric(precision=12, scale=2), server_default="0", nullable=False
        ),
        sa.Column(
            "total_isc", sa.Numeric(precision=12, scale=2), server_default="0", nullable=False
        ),
        sa.Column(
            "total_icbper", sa.Numeric(precision=12, scale=2), server_default="0", nullable=False
        ),
        sa.Column("total_venta", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("estado_sunat", sa.Text(), server_default="PENDIENTE", nullable=False),
        sa.Column("codigo_sunat", sa.Text(), server_default="", nullable=False),
        sa.Column("mensaje_sunat", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "observaciones",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="[]",
            nullable=False,
        ),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("qr", sa.Text(), nullable=False),
        sa.Column("firma_digital", sa.Text(), nullable=False),
        sa.Column("documento", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("nombre_archivo", sa.Text(), nullable=False),
        sa.Column("xml", sa.LargeBinary(), nullable=True),
        sa.Column("cdr", sa.LargeBinary(), nullable=True),
        sa.Column("xml_path", sa.Text(), nullable=True),
        sa.Column("cdr_path", sa.Text(), nullable=True),
        sa.Column("modo_emision", sa.Text(), server_default="normal", nullable=False),
        sa.Column("intentos", sa.Integer(), server_default="0", nullable=False),
        sa.Column("proximo_intento", sa.DateTime(timezone=True), nullable=True),
        sa.Column("limite_envio", sa.Date(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "estado_sunat IN ('PENDIENTE', 'ENVIADO', 'CONTINGENCIA', 'ACEPTADO', 'RECHAZADO', "
            "'EXCEPCION', 'ANULADO')",
            name=op.f("ck_comprobantes_estado_sunat"),
        ),
        sa.CheckConstraint(
            "modo_emision IN ('normal', 'contingencia')", name=op.f("ck_comprobantes_modo_emision")
        ),
        sa.ForeignKeyConstraint(
            ["cliente_id"], ["clientes.id"], name=op.f("fk_comprobantes_cliente_id")
        ),
        sa.ForeignKeyConstraint(
            ["sucursal_id"], ["sucursales.id"], name=op.f("fk_comprobantes_sucursal_id")
        ),
        sa.ForeignKeyConstraint(["venta_id"], ["ventas.id"], name=op.f("fk_comprobantes_venta_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comprobantes")),
        sa.UniqueConstraint(
            "tipo", "serie", "numero", name=op.f("uq_comprobantes_tipo_serie_numero")
        ),
    )
    op.create_index(
        "ix_comprobantes_cliente_id", "comprobantes", ["cliente_id", "id"], unique=False
    )
    op.create_index(
        "ix_comprobantes_cola",
        "comprobantes",
        ["tipo", "serie", "numero"],
        unique=False,
        postgresql_where=sa.text("estado_sunat IN ('PENDIENTE', 'ENVIADO', 'CONTINGENCIA')"),
    )
    op.create_index(
        "ix_comprobantes_fecha_emision", "comprobantes", ["fecha_emision", "id"], unique=False
    )
    op.create_index(
        op.f("ix_comprobantes_sucursal_id"), "comprobantes", ["sucursal_id"], unique=False
    )
    op.create_index(
        "uq_comprobantes_venta",
        "comprobantes",
        ["venta_id"],
        unique=True,
        postgresql_where=sa.text(
            "tipo IN ('01', '03') AND estado_sunat NOT IN ('RECHAZADO', 'ANULADO')"
        ),
    )
    op.create_table(
        "detalle_comprobante",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("comprobante_id", sa.BigInteger(), nullable=False),
        sa.Column("codigo_producto", sa.Text(), nullable=False),
        sa.Column("descripcion", sa.Text(), nullable=False),
        sa.Column("cantidad", sa.Numeric(precision=22, scale=10), nullable=False),
        sa.Column("unidad_medida", sa.Text(), nullable=False),
        sa.Column("precio_unitario", sa.Numeric(precision=22, scale=10), nullable=False),
        sa.Column("subtotal", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("igv", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("total", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("afectacion_igv", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["comprobante_id"],
            ["comprobantes.id"],
            name=op.f("fk_detalle_comprobante_comprobante_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_detalle_comprobante")),
    )
    op.create_index(
        op.f("ix_detalle_comprobante_comprobante_id"),
        "detalle_comprobante",
        ["comprobante_id"],
        unique=False,
    )
    op.create_table(
        "envios_sunat",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("comprobante_id", sa.BigInteger(), nullable=False),
        sa.Column("operacion", sa.Text(), nullable=False),
        sa.Column("fecha_envio", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fecha_respuesta", sa.DateTime(timezone=True), nullable=True),
        sa.Column("respuesta_sunat", sa.Text(), server_default="", nullable=False),
        sa.Column("codigo_respuesta", sa.Text(), server_default="", nullable=False),
        sa.Column("mensaje_respuesta", sa.Text(), server_default="", nullable=False),
        sa.Column("cdr_xml", sa.Text(), nullable=True),
        sa.Column("estado", sa.Text(), server_default="enviando", nullable=False),
        sa.Column("intentos", sa.Integer(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("ticket", sa.Text(), server_default="", nullable=False),
        sa.Column("proximo_intento", sa.DateTime(timezone=True), nullable=True),
        sa.Column("limite", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "estado IN ('enviando', 'aceptado', 'rechazado', 'excepcion', 'desconocido', "
            "'no_enviado', 'sistemico')",
            name=op.f("ck_envios_sunat_estado"),
        ),
        sa.CheckConstraint(
            "operacion IN ('sendBill', 'getStatusCdr')", name=op.f("ck_envios_sunat_operacion")
        ),
        sa.ForeignKeyConstraint(
            ["comprobante_id"], ["comprobantes.id"], name=op.f("fk_envios_sunat_comprobante_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_envios_sunat")),
    )
    op.create_index(
        op.f("ix_envios_sunat_comprobante_id"), "envios_sunat", ["comprobante_id"], unique=False
    )
    op.create_table(
        "notas_credito_debito",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("comprobante_id", sa.BigInteger(), nullable=False),
        sa.Column("comprobante_origen_id", sa.BigInteger(), nullable=False),
        sa.Column("tipo_nota", sa.Text(), nullable=False),
        sa.Column("serie", sa.Text(), nullable=False),
        sa.Column("numero", sa.BigInteger(), nullable=False),
        sa.Column("fecha_emision", sa.Date(), nullable=False),
        sa.Column("motivo_codigo", sa.Text(), nullable=False),
        sa.Column("motivo_descripcion", sa.Text(), nullable=False),
        sa.Column("estado_sunat", sa.Text(), server_default="PENDIENTE", nullable=False),
        sa.Column("xml_path", sa.Text(), nullable=True),
        sa.Column("cdr_path", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["comprobante_id"],
            ["comprobantes.id"],
            name=op.f("fk_notas_credito_debito_comprobante_id"),
        ),
        sa.ForeignKeyConstraint(
            ["comprobante_origen_id"],
            ["comprobantes.id"],
            name=op.f("fk_notas_credito_debito_comprobante_origen_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notas_credito_debito")),
        sa.UniqueConstraint("comprobante_id", name=op.f("uq_notas_credito_debito_comprobante_id")),
        sa.UniqueConstraint(
            "tipo_nota",
            "serie",
            "numero",
            name=op.f("uq_notas_credito_debito_tipo_nota_serie_numero"),
        ),
    )
    op.create_index(
        op.f("ix_notas_credito_debito_comprobante_origen_id"),
        "notas_credito_debito",
        ["comprobante_origen_id"],
        unique=False,
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index(
        op.f("ix_notas_credito_debito_comprobante_origen_id"), table_name="notas_credito_debito"
    )
    op.drop_table("notas_credito_debito")
    op.drop_index(op.f("ix_envios_sunat_comprobante_id"), table_name="envios_sunat")
    op.drop_table("envios_sunat")
    op.drop_index(op.f("ix_detalle_comprobante_comprobante_id"), table_name="detalle_comprobante")
    op.drop_table("detalle_comprobante")
    op.drop_index(
        "uq_comprobantes_venta",
        table_name="comprobantes",
        postgresql_where=sa.text(
            "tipo IN ('01', '03') AND estado_sunat NOT IN ('RECHAZADO', 'ANULADO')"
        ),
    )
    op.drop_index(op.f("ix_comprobantes_sucursal_id"), table_name="comprobantes")
    op.drop_index("ix_comprobantes_fecha_emision", table_name="comprobantes")
    op.drop_index(
        "ix_comprobantes_cola",
        table_name="comprobantes",
        postgresql_where=sa.text("estado_sunat IN ('PENDIENTE', 'ENVIADO', 'CONTINGENCIA')"),
    )
    op.drop_index("ix_comprobantes_cliente_id", table_name="comprobantes")
    op.drop_table("comprobantes")
    op.drop_table("series_comprobantes")
    op.drop_table("credenciales_sunat")
    op.drop_table("certificados")
