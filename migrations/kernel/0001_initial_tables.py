"""Initial tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


# huey's tables, the fast correlativos, and the triggers that keep the audit append-only.
UP = (
    """
    create table if not exists huey_kv (queue text not null, key text not null, value bytea not
    null, primary key(queue, key))
    """,
    """
    create table if not exists huey_schedule (id bigserial primary key, queue text not null, data
    bytea not null, timestamp double precision not null)
    """,
    """
    create index if not exists huey_schedule_queue_timestamp on huey_schedule (queue, timestamp)
    """,
    """
    create table if not exists huey_task (id bigserial primary key, queue text not null, data
    bytea not null, priority double precision not null default 0.0)
    """,
    """
    create index if not exists huey_task_queue_priority_id on huey_task (queue, priority desc, id)
    """,
    """
    create table if not exists huey_counter (queue text not null, key text not null, value bigint
    not null default 0, primary key(queue, key))
    """,
    "CREATE SEQUENCE andes_fast_numbers",
    """
    CREATE FUNCTION andes_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
        MESSAGE = TG_TABLE_NAME || ' is append-only: ' || TG_OP || ' refused';
    END $$
    """,
    """
    CREATE TRIGGER audit_logs_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_logs FOR
    EACH STATEMENT EXECUTE FUNCTION andes_refuse_change()
    """,
    "ALTER TABLE audit_logs ENABLE ALWAYS TRIGGER audit_logs_append_only",
    """
    CREATE TRIGGER andes_audit_chain_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON
    andes_audit_chain FOR EACH STATEMENT EXECUTE FUNCTION andes_refuse_change()
    """,
    "ALTER TABLE andes_audit_chain ENABLE ALWAYS TRIGGER andes_audit_chain_append_only",
    """
    CREATE TRIGGER andes_audit_seals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON
    andes_audit_seals FOR EACH STATEMENT EXECUTE FUNCTION andes_refuse_change()
    """,
    "ALTER TABLE andes_audit_seals ENABLE ALWAYS TRIGGER andes_audit_seals_append_only",
)
DOWN = (
    "DROP TRIGGER IF EXISTS audit_logs_append_only ON audit_logs",
    "DROP TRIGGER IF EXISTS andes_audit_chain_append_only ON andes_audit_chain",
    "DROP TRIGGER IF EXISTS andes_audit_seals_append_only ON andes_audit_seals",
    "DROP FUNCTION IF EXISTS andes_refuse_change()",
    "DROP SEQUENCE andes_fast_numbers",
    "DROP TABLE huey_kv",
    "DROP TABLE huey_schedule",
    "DROP TABLE huey_task",
    "DROP TABLE huey_counter",
)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "andes_addons",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column(
            "installed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_andes_addons")),
    )
    op.create_table(
        "andes_audit_chain",
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("audit_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("audit_id", name=op.f("pk_andes_audit_chain")),
        sa.UniqueConstraint("position", name=op.f("uq_andes_audit_chain_position")),
    )
    op.create_table(
        "andes_audit_seals",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("top", sa.BigInteger(), nullable=False),
        sa.Column("system", sa.BigInteger(), nullable=False),
        sa.Column("oldest", sa.BigInteger(), nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.Column("running", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_andes_audit_seals")),
    )
    op.create_table(
        "andes_idempotency_keys",
        sa.Column("usuario_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("usuario_id", "key", name=op.f("pk_andes_idempotency_keys")),
    )
    op.create_index(
        op.f("ix_andes_idempotency_keys_created_at"),
        "andes_idempotency_keys",
        ["created_at"],
        unique=False,
    )
    op.create_table(
        "andes_jobs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("args", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), server_default="queued", nullable=False),
        sa.Column("priority", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "run_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("max_attempts", sa.Integer(), server_default="8", nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leased_by", sa.Text(), nullable=True),
        sa.Column("remote", sa.Text(), nullable=True),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("progress_done", sa.Integer(), nullable=True),
        sa.Column("progress_total", sa.Integer(), nullable=True),
        sa.Column("progress_line", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("usuario_id", sa.BigInteger(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('queued','running','done','failed','cancelled','parked')",
            name=op.f("ck_andes_jobs_status"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_andes_jobs")),
        postgresql_with={
            "fillfactor": 70,
            "autovacuum_vacuum_scale_factor": 0.02,
            "autovacuum_analyze_scale_factor": 0.05,
            "autovacuum_vacuum_cost_delay": 0,
        },
    )
    op.create_index(
        "ix_andes_jobs_deadline",
        "andes_jobs",
        ["deadline"],
        unique=False,
        postgresql_where=sa.text("status = 'queued' AND deadline IS NOT NULL"),
    )
    op.create_index(
        "ix_andes_jobs_due",
        "andes_jobs",
        [sa.literal_column("priority DESC"), "run_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'queued'"),
    )
    op.create_index(
        "ix_andes_jobs_ended",
        "andes_jobs",
        ["finished_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('done', 'cancelled')"),
    )
    op.create_index(
        "ix_andes_jobs_lease",
        "andes_jobs",
        ["lease_until"],
        unique=False,
        postgresql_where=sa.text("status = 'running'"),
    )
    op.create_index(
        "ix_andes_jobs_parked",
        "andes_jobs",
        ["name"],
        unique=False,
        postgresql_where=sa.text("status = 'parked'"),
    )
    op.create_index(
        "uq_andes_jobs_name_key",
        "andes_jobs",
        ["name", "idempotency_key"],
        unique=True,
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )
    op.create_table(
        "andes_preferences",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
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
        sa.PrimaryKeyConstraint("name", name=op.f("pk_andes_preferences")),
    )
    op.create_table(
        "andes_remotes",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "starts",
            sa.ARRAY(sa.DateTime(timezone=True)),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_andes_remotes")),
    )
    op.create_table(
        "andes_schedule_runs",
        sa.Column("schedule", sa.Text(), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("schedule", "planned_at", name=op.f("pk_andes_schedule_runs")),
    )
    op.create_table(
        "andes_sequences",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("serie", sa.Text(), nullable=False),
        sa.Column("last", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("name", "serie", name=op.f("pk_andes_sequences")),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "audit_logs",
        sa.Column(
            "tx_id",
            sa.BigInteger(),
            server_default=sa.text("pg_current_xact_id()::text::bigint"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("usuario_id", sa.BigInteger(), nullable=True),
        sa.Column("modulo", sa.Text(), nullable=False),
        sa.Column("accion", sa.Text(), nullable=False),
        sa.Column("objeto_tipo", sa.Text(), nullable=False),
        sa.Column("objeto_id", sa.Text(), nullable=True),
        sa.Column("datos_anteriores_json", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("datos_nuevos_json", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_logs")),
    )
    op.create_index("ix_audit_logs_created_at", "audit_logs", ["created_at"], unique=False)
    op.create_index(
        "ix_audit_logs_objeto", "audit_logs", ["objeto_tipo", "objeto_id", "id"], unique=False
    )
    op.create_index("ix_audit_logs_usuario_id", "audit_logs", ["usuario_id", "id"], unique=False)
    op.create_table(
        "roles",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("nombre", sa.Text(), nullable=False),
        sa.Column("descripcion", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roles")),
        sa.UniqueConstraint("nombre", name=op.f("uq_roles_nombre")),
    )
    op.create_table(
        "andes_job_attempts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "finished_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["andes_jobs.id"],
            name=op.f("fk_andes_job_attempts_job_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_andes_job_attempts")),
    )
    op.create_index(
        op.f("ix_andes_job_attempts_job_id"), "andes_job_attempts", ["job_id"], unique=False
    )
    op.create_table(
        "permisos",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("rol_id", sa.BigInteger(), nullable=False),
        sa.Column("modulo", sa.Text(), nullable=False),
        sa.Column("accion", sa.Text(), nullable=False),
        sa.Column("permitido", sa.Boolean(), server_default="true", nullable=False),
        sa.ForeignKeyConstraint(
            ["rol_id"], ["roles.id"], name=op.f("fk_permisos_rol_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_permisos")),
        sa.UniqueConstraint(
            "rol_id", "modulo", "accion", name=op.f("uq_permisos_rol_id_modulo_accion")
        ),
    )
    op.create_table(
        "usuarios",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("nombre", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("rol_id", sa.BigInteger(), nullable=False),
        sa.Column("activo", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("2fa_activo", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("2fa_secret", sa.LargeBinary(), nullable=True),
        sa.Column("ultimo_acceso", sa.DateTime(timezone=True), nullable=True),
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
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["rol_id"], ["roles.id"], name=op.f("fk_usuarios_rol_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usuarios")),
    )
    op.create_index(
        "uq_usuarios_email", "usuarios", [sa.literal_column("lower(email)")], unique=True
    )
    op.create_table(
        "sesiones",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("usuario_id", sa.BigInteger(), nullable=False),
        sa.Column("token_jti", sa.Text(), nullable=False),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("activo", sa.Boolean(), server_default="true", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["usuario_id"], ["usuarios.id"], name=op.f("fk_sesiones_usuario_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sesiones")),
        sa.UniqueConstraint("token_jti", name=op.f("uq_sesiones_token_jti")),
    )
    op.create_index(op.f("ix_sesiones_usuario_id"), "sesiones", ["usuario_id"], unique=False)
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Take back."""
    for statement in DOWN:
        op.execute(statement)
    op.drop_index(op.f("ix_sesiones_usuario_id"), table_name="sesiones")
    op.drop_table("sesiones")
    op.drop_index("uq_usuarios_email", table_name="usuarios")
    op.drop_table("usuarios")
    op.drop_table("permisos")
    op.drop_index(op.f("ix_andes_job_attempts_job_id"), table_name="andes_job_attempts")
    op.drop_table("andes_job_attempts")
    op.drop_table("roles")
    op.drop_index("ix_audit_logs_usuario_id", table_name="audit_logs")
    op.drop_index("ix_audit_logs_objeto", table_name="audit_logs")
    op.drop_index("ix_audit_logs_created_at", table_name="audit_logs")
    op.drop_table("audit_logs")
    op.drop_table("andes_sequences")
    op.drop_table("andes_schedule_runs")
    op.drop_table("andes_remotes")
    op.drop_table("andes_preferences")
    op.drop_index(
        "uq_andes_jobs_name_key",
        table_name="andes_jobs",
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )
    op.drop_index(
        "ix_andes_jobs_parked",
        table_name="andes_jobs",
        postgresql_where=sa.text("status = 'parked'"),
    )
    op.drop_index(
        "ix_andes_jobs_lease",
        table_name="andes_jobs",
        postgresql_where=sa.text("status = 'running'"),
    )
    op.drop_index(
        "ix_andes_jobs_ended",
        table_name="andes_jobs",
        postgresql_where=sa.text("status IN ('done', 'cancelled')"),
    )
    op.drop_index(
        "ix_andes_jobs_due", table_name="andes_jobs", postgresql_where=sa.text("status = 'queued'")
    )
    op.drop_index(
        "ix_andes_jobs_deadline",
        table_name="andes_jobs",
        postgresql_where=sa.text("status = 'queued' AND deadline IS NOT NULL"),
    )
    op.drop_table("andes_jobs")
    op.drop_index(op.f("ix_andes_idempotency_keys_created_at"), table_name="andes_idempotency_keys")
    op.drop_table("andes_idempotency_keys")
    op.drop_table("andes_audit_seals")
    op.drop_table("andes_audit_chain")
    op.drop_table("andes_addons")
