"""Movements by month: the table becomes a partitioned one and keeps its name, rows and ids.

Nobody changes a movement any more: its privileges and a trigger see to it. Partitions are made
ahead by a function that runs as the owner; what has no partition yet lies in ``…_resto``.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

COLUMNS = (
    "id, producto_id, almacen_origen_id, almacen_destino_id, tipo_movimiento, cantidad, motivo, "
    "usuario_id, lote_id, referencia_doc, created_at"
)

PARTICIONAR = """
CREATE FUNCTION andes_particionar_movimientos(desde timestamptz, hasta timestamptz)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT SET lock_timeout = '3s' AS $$
DECLARE
  mes timestamptz := date_trunc('month', desde, 'UTC');
  siguiente timestamptz;
  esquema text := current_schema();
  nombre text;
  suelto boolean := false;
  hechas integer := 0;
BEGIN
  IF hasta > desde + interval '50 years' THEN
    RAISE EXCEPTION 'more than 50 years of partitions at once';
  END IF;
  WHILE mes <= hasta LOOP
    siguiente := (mes AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC';
    nombre := 'movimientos_stock_' || to_char(mes AT TIME ZONE 'UTC', 'YYYY_MM');
    IF to_regclass(format('%I.%I', esquema, nombre)) IS NULL THEN
      IF hechas = 0 THEN
        LOCK TABLE productos, almacenes, lotes_series IN SHARE ROW EXCLUSIVE MODE;
        LOCK TABLE movimientos_stock IN ACCESS EXCLUSIVE MODE;
      END IF;
      IF NOT suelto AND EXISTS (SELECT FROM movimientos_stock_resto
                                 WHERE created_at >= mes AND created_at < siguiente) THEN
        ALTER TABLE movimientos_stock DETACH PARTITION movimientos_stock_resto;
        suelto := true;
      END IF;
      EXECUTE format('CREATE TABLE %I.%I (LIKE %I.movimientos_stock INCLUDING DEFAULTS '
                     'INCLUDING CONSTRAINTS INCLUDING INDEXES)', esquema, nombre, esquema);
      IF suelto THEN
        EXECUTE format('WITH movido AS (DELETE FROM %I.movimientos_stock_resto '
                       'WHERE created_at >= %L AND created_at < %L RETURNING *) '
                       'INSERT INTO %I.%I SELECT * FROM movido',
                       esquema, mes, siguiente, esquema, nombre);
      END IF;
      EXECUTE format('ALTER TABLE %I.movimientos_stock ATTACH PARTITION %I.%I '
                     'FOR VALUES FROM (%L) TO (%L)', esquema, esquema, nombre, mes, siguiente);
      hechas := hechas + 1;
    END IF;
    mes := siguiente;
  END LOOP;
  IF suelto THEN
    ALTER TABLE movimientos_stock ATTACH PARTITION movimientos_stock_resto DEFAULT;
  END IF;
  RETURN hechas;
END $$
"""

PROTEGER = (
    """
    CREATE TRIGGER movimientos_stock_append_only BEFORE UPDATE OR DELETE ON movimientos_stock
    FOR EACH ROW EXECUTE FUNCTION andes_refuse_change()
    """,
    "ALTER TABLE movimientos_stock ENABLE ALWAYS TRIGGER movimientos_stock_append_only",
    """
    CREATE TRIGGER movimientos_stock_no_truncate BEFORE TRUNCATE ON movimientos_stock
    FOR EACH STATEMENT EXECUTE FUNCTION andes_refuse_change()
    """,
)


def upgrade() -> None:
    """Apply."""
    _set_aside("destino", "origen", "producto_id_created_at")
    _create(
        sa.Column("costo_unitario", sa.Numeric(precision=16, scale=6), nullable=True),
        sa.Column("costo_promedio", sa.Numeric(precision=16, scale=6), nullable=True),
        sa.ForeignKeyConstraint(
            ["lote_id"], ["lotes_series.id"], name=op.f("fk_movimientos_stock_lote_id")
        ),
        sa.PrimaryKeyConstraint("id", "created_at", name=op.f("pk_movimientos_stock")),
        postgresql_partition_by="RANGE (created_at)",
    )
    op.execute("CREATE TABLE movimientos_stock_resto PARTITION OF movimientos_stock DEFAULT")
    op.execute(PARTICIONAR)
    op.execute(
        "SELECT andes_particionar_movimientos(coalesce(min(created_at), now()), "
        "greatest(max(created_at), now()) + interval '3 months') FROM movimientos_stock_anterior"
    )
    _take_over()
    _index()
    op.create_index(
        "ix_movimientos_stock_created_at", "movimientos_stock", ["created_at"], unique=False
    )
    op.create_index(
        "ix_movimientos_stock_lote_id",
        "movimientos_stock",
        ["lote_id"],
        unique=False,
        postgresql_where=sa.text("lote_id IS NOT NULL"),
    )
    op.create_index(
        "ix_movimientos_stock_referencia_doc",
        "movimientos_stock",
        ["referencia_doc"],
        unique=False,
        postgresql_where=sa.text("referencia_doc <> ''"),
    )
    for statement in PROTEGER:
        op.execute(statement)


def downgrade() -> None:
    """Take back."""
    op.execute("DROP FUNCTION andes_particionar_movimientos(timestamptz, timestamptz)")
    _set_aside(
        "destino", "origen", "producto_id_created_at", "created_at", "lote_id", "referencia_doc"
    )
    _create(sa.PrimaryKeyConstraint("id", name=op.f("pk_movimientos_stock")))
    _take_over()
    _index()


def _set_aside(*indexes: str) -> None:
    """Give the table another name, and free those of its sequence and indexes."""
    op.execute("ALTER TABLE movimientos_stock RENAME TO movimientos_stock_anterior")
    op.execute("ALTER SEQUENCE movimientos_stock_id_seq RENAME TO movimientos_stock_anterior_id")
    op.execute("ALTER TABLE movimientos_stock_anterior DROP CONSTRAINT pk_movimientos_stock")
    for name in indexes:
        op.execute(f"DROP INDEX ix_movimientos_stock_{name}")


def _create(*more: sa.schema.SchemaItem, **facts: str) -> None:
    """Create the table with what it has at all times, and more."""
    op.create_table(
        "movimientos_stock",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("producto_id", sa.BigInteger(), nullable=False),
        sa.Column("almacen_origen_id", sa.BigInteger(), nullable=True),
        sa.Column("almacen_destino_id", sa.BigInteger(), nullable=True),
        sa.Column("tipo_movimiento", sa.Text(), nullable=False),
        sa.Column("cantidad", sa.Numeric(precision=14, scale=4), nullable=False),
        sa.Column("motivo", sa.Text(), server_default="", nullable=False),
        sa.Column("usuario_id", sa.BigInteger(), nullable=True),
        sa.Column("lote_id", sa.BigInteger(), nullable=True),
        sa.Column("referencia_doc", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "almacen_origen_id IS NOT NULL OR almacen_destino_id IS NOT NULL",
            name=op.f("ck_movimientos_stock_almacen"),
        ),
        sa.CheckConstraint("cantidad > 0", name=op.f("ck_movimientos_stock_cantidad")),
        sa.ForeignKeyConstraint(
            ["almacen_destino_id"],
            ["almacenes.id"],
            name=op.f("fk_movimientos_stock_almacen_destino_id"),
        ),
        sa.ForeignKeyConstraint(
            ["almacen_origen_id"],
            ["almacenes.id"],
            name=op.f("fk_movimientos_stock_almacen_origen_id"),
        ),
        sa.ForeignKeyConstraint(
            ["producto_id"], ["productos.id"], name=op.f("fk_movimientos_stock_producto_id")
        ),
        *more,
        **facts,
    )


def _take_over() -> None:
    """Bring the rows with their ids, and go on counting where the other table stopped."""
    op.execute(
        f"INSERT INTO movimientos_stock ({COLUMNS}) OVERRIDING SYSTEM VALUE "  # noqa: S608
        f"SELECT {COLUMNS} FROM movimientos_stock_anterior ORDER BY id"
    )
    op.execute(
        "SELECT setval('movimientos_stock_id_seq', last_value, is_called) "
        "FROM movimientos_stock_anterior_id"
    )
    op.execute("DROP TABLE movimientos_stock_anterior")


def _index() -> None:
    """Create the indexes that the table has at all times."""
    op.create_index(
        "ix_movimientos_stock_destino",
        "movimientos_stock",
        ["almacen_destino_id", "tipo_movimiento"],
        unique=False,
    )
    op.create_index(
        "ix_movimientos_stock_origen",
        "movimientos_stock",
        ["almacen_origen_id", "tipo_movimiento"],
        unique=False,
    )
    op.create_index(
        "ix_movimientos_stock_producto_id_created_at",
        "movimientos_stock",
        ["producto_id", "created_at"],
        unique=False,
    )
