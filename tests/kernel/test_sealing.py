"""The audit chain: what is sealed, and that every way of tampering is named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import make_url

from kernel import audit, chain, sealing
from kernel.audit import AuditLog
from kernel.chain import AuditLink, AuditSeal
from kernel.context import Ctx
from kernel.heads import Head, HeadLog
from kernel.runtime import Runtime
from kernel.sealing import Verdict
from kernel.settings import Settings
from kernel.verification import verify_chain
from tests import cluster

Tamper = Callable[..., None]


def connect(settings: Settings) -> psycopg.Connection[tuple[Any, ...]]:
    """Return a connection of the cluster's superuser."""
    database = make_url(settings.database_owner_url).database
    address = cluster.server().admin.set(drivername="postgresql", database=database)
    return psycopg.connect(address.render_as_string(hide_password=False))


def plain(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    """Return a connection of a role of the settings."""
    return psycopg.connect(url.replace("+psycopg", ""))


def tamper_with(
    connection: psycopg.Connection[tuple[Any, ...]], *statements: LiteralString
) -> None:
    """Run statements as a superuser who takes the triggers away first."""
    for table in audit.APPEND_ONLY:
        connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL".encode())
    for statement in statements:
        connection.execute(statement)
    for table in audit.APPEND_ONLY:
        connection.execute(
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_append_only".encode()
        )


def tampered(settings: Settings, *statements: LiteralString) -> Verdict:
    """Return the verdict on what statements do, which is then undone."""
    with connect(settings) as connection:
        tamper_with(connection, *statements)
        verdict = verify_chain(connection, HeadLog(settings.data_dir))
        connection.rollback()
    return verdict


@pytest.fixture
def tamper(settings: Settings) -> Tamper:
    """Return a function that runs statements as a superuser, committed."""

    def run(*statements: LiteralString) -> None:
        with connect(settings) as connection:
            tamper_with(connection, *statements)

    return run


def act(runtime: Runtime, number: int = 1, **despues: Any) -> None:
    """Leave audit rows, each of a transaction of its own."""
    for one in range(number):
        runtime.transact(
            lambda ctx, one=one: ctx.audit("probar", "prueba", one, despues={"n": one, **despues})
        )


def verify(runtime: Runtime) -> Verdict:
    return runtime.transact(sealing.verify)


def ids(settings: Settings) -> list[int]:
    with connect(settings) as connection:
        rows = connection.execute("SELECT id FROM audit_logs ORDER BY id").fetchall()
    return [row[0] for row in rows]


def count(settings: Settings, table: str) -> int:
    with connect(settings) as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
def sealed(runtime: Runtime, settings: Settings) -> list[int]:
    """Ids of the audit rows of a database whose audit was sealed."""
    act(runtime, 5)
    sealing.seal(runtime.database)
    return ids(settings)


# Sealing -----------------------------------------------------------------------------------------


def test_seal_committed_rows_chains_all(runtime: Runtime, settings: Settings) -> None:
    act(runtime, 3)

    number = sealing.seal(runtime.database)

    verdict = verify(runtime)
    assert number == len(ids(settings)) == count(settings, "andes_audit_chain")
    assert (verdict.intact, verdict.checked, verdict.unsealed) == (True, number, 0)


def test_seal_again_adds_what_is_new(runtime: Runtime, sealed: list[int]) -> None:
    assert sealing.seal(runtime.database) == 0
    act(runtime, 2)
    assert sealing.seal(runtime.database) == 2
    assert verify(runtime).intact


def test_seal_nothing_at_all_leaves_no_seal(runtime: Runtime, tamper: Tamper) -> None:
    tamper("TRUNCATE audit_logs")
    assert sealing.seal(runtime.database) == 0
    assert verify(runtime) == Verdict(
        True, "La auditoría no tiene filas selladas; 0 esperan su sello.", 0, 0, 0
    )


def test_seal_in_small_batches_ends_with_a_seal(runtime: Runtime, settings: Settings) -> None:
    act(runtime, 7)
    told: list[int] = []

    sealing.seal(runtime.database, batch=2, tell=told.append)

    verdict = verify(runtime)
    assert verdict.intact
    assert told[-1] == verdict.sealed == len(ids(settings))
    assert count(settings, "andes_audit_seals") == 1


def test_seal_stopped_half_way_goes_on_later(runtime: Runtime) -> None:
    act(runtime, 7)

    def stop(sealed: int) -> None:
        if sealed > 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        sealing.seal(runtime.database, batch=2, tell=stop)
    assert verify(runtime).intact
    sealing.seal(runtime.database, batch=2)
    assert (verify(runtime).intact, verify(runtime).unsealed) == (True, 0)


@contextmanager
def open_transaction(settings: Settings) -> Iterator[psycopg.Connection[Any]]:
    """A business transaction that wrote its audit row and has not committed."""
    with plain(settings.database_url) as connection:
        connection.execute(
            "INSERT INTO audit_logs (modulo, accion, objeto_tipo) VALUES ('x', 'tardar', 'prueba')"
        )
        yield connection


def test_seal_row_that_commits_late_is_sealed_later(runtime: Runtime, settings: Settings) -> None:
    with open_transaction(settings) as late:
        act(runtime, 2)
        sealing.seal(runtime.database)
        assert verify(runtime).intact
        late.commit()
    verdict = verify(runtime)
    assert (verdict.intact, verdict.unsealed) == (True, 1)

    assert sealing.seal(runtime.database) == 1
    verdict = verify(runtime)
    assert (verdict.intact, verdict.unsealed) == (True, 0)


def test_seal_late_rows_over_several_seals_finds_each(runtime: Runtime, settings: Settings) -> None:
    with open_transaction(settings) as first:
        act(runtime)
        sealing.seal(runtime.database)
        with open_transaction(settings) as second:
            act(runtime)
            sealing.seal(runtime.database)
            first.commit()
            assert sealing.seal(runtime.database) == 1
            second.commit()
    assert sealing.seal(runtime.database) == 1
    assert (verify(runtime).intact, verify(runtime).unsealed) == (True, 0)


def test_seal_under_concurrent_writers_loses_and_accuses_nobody(
    runtime: Runtime, settings: Settings
) -> None:
    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(act, runtime, 40) for _ in range(3)]
        while not all(writer.done() for writer in writers):
            sealing.seal(runtime.database, batch=7)
            assert verify(runtime).intact
    sealing.seal(runtime.database)
    verdict = verify(runtime)
    assert (verdict.intact, verdict.unsealed) == (True, 0)
    assert verdict.sealed == len(ids(settings))


def test_seal_while_another_seals_leaves(runtime: Runtime, settings: Settings) -> None:
    act(runtime)
    with connect(settings) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [sealing.LOCK])
        assert sealing.seal(runtime.database) == 0
    assert sealing.seal(runtime.database) > 0


def test_seal_audit_job_keeps_the_head_once(runtime: Runtime) -> None:
    act(runtime)
    runtime.transact(sealing.seal_audit)
    act(runtime)
    runtime.transact(sealing.seal_audit)

    heads = HeadLog(runtime.settings.data_dir).read()
    assert list(heads) == [1]
    verdict = verify(runtime)
    assert verdict.intact
    assert "coincide con las cabezas guardadas" in verdict.message


def test_jobs_and_schedules_fit_together() -> None:
    jobs = {job.name: job for job in sealing.JOBS}
    assert {schedule.job for schedule in sealing.SCHEDULES} == jobs.keys()
    for job in jobs.values():
        job.check({})


# Protection --------------------------------------------------------------------------------------

CHANGES: tuple[LiteralString, ...] = (
    "UPDATE audit_logs SET accion = 'nada'",
    "DELETE FROM audit_logs",
    "TRUNCATE audit_logs",
    "UPDATE andes_audit_chain SET position = position + 1",
    "DELETE FROM andes_audit_chain",
    "TRUNCATE andes_audit_chain",
    "UPDATE andes_audit_seals SET top = 0",
    "DELETE FROM andes_audit_seals",
    "TRUNCATE andes_audit_seals",
)


@pytest.mark.parametrize("role", ["application", "owner", "superuser", "replica"])
def test_change_of_what_was_written_is_refused_to_everybody(settings: Settings, role: str) -> None:
    urls = {"application": settings.database_url, "owner": settings.database_owner_url}
    with plain(urls[role]) if role in urls else connect(settings) as connection:
        connection.autocommit = True
        if role == "replica":
            connection.execute("SET session_replication_role = replica")
        for statement in CHANGES:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_insert_of_the_databases_own_columns_is_refused(settings: Settings) -> None:
    values = {"id": "1", "tx_id": "1", "created_at": "now()"}
    with plain(settings.database_url) as connection:
        connection.autocommit = True
        for column, value in values.items():
            statement = (
                f"INSERT INTO audit_logs (modulo, accion, objeto_tipo, {column}) "
                f"VALUES ('x', 'x', 'x', {value})"
            )
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


# Verification ------------------------------------------------------------------------------------

FIELDS: dict[str, LiteralString] = {
    "usuario_id": "UPDATE audit_logs SET usuario_id = coalesce(usuario_id, 0) + 1 WHERE id = 3",
    "modulo": "UPDATE audit_logs SET modulo = modulo || '.' WHERE id = 3",
    "accion": "UPDATE audit_logs SET accion = 'ver' WHERE id = 3",
    "objeto_tipo": "UPDATE audit_logs SET objeto_tipo = '' WHERE id = 3",
    "objeto_id": "UPDATE audit_logs SET objeto_id = objeto_id || '0' WHERE id = 3",
    "antes": "UPDATE audit_logs SET datos_anteriores_json = '{}' WHERE id = 3",
    "despues": "UPDATE audit_logs SET datos_nuevos_json = NULL WHERE id = 3",
    "ip": "UPDATE audit_logs SET ip = '10.0.0.1' WHERE id = 3",
    "user_agent": "UPDATE audit_logs SET user_agent = '' WHERE id = 3",
    "request_id": "UPDATE audit_logs SET request_id = 'x' WHERE id = 3",
    "tx_id": "UPDATE audit_logs SET tx_id = tx_id + 1 WHERE id = 3",
    "created_at": "UPDATE audit_logs SET created_at = created_at - '1us'::interval WHERE id = 3",
    "infinite": "UPDATE audit_logs SET created_at = '-infinity' WHERE id = 3",
}


def test_verify_field_altered_names_the_row(settings: Settings, sealed: list[int]) -> None:
    for field, statement in FIELDS.items():
        verdict = tampered(settings, statement)
        assert (verdict.intact, verdict.audit_id) == (False, 3), field
        assert "La fila 3 de audit_logs" in verdict.message
        assert "alterada" in verdict.message
    assert tampered(settings).intact


def test_verify_several_altered_names_the_first(
    runtime: Runtime, sealed: list[int], tamper: Tamper
) -> None:
    tamper("UPDATE audit_logs SET accion = 'nada' WHERE id IN (2, 4, 5)")
    assert verify(runtime).audit_id == 2
    assert verify(runtime).checked == 1


def test_verify_row_deleted_names_it(runtime: Runtime, sealed: list[int], tamper: Tamper) -> None:
    tamper("DELETE FROM audit_logs WHERE id = 4")
    verdict = verify(runtime)
    assert (verdict.intact, verdict.audit_id) == (False, 4)
    assert "eliminada" in verdict.message


def test_verify_last_row_deleted_names_it(
    runtime: Runtime, sealed: list[int], tamper: Tamper
) -> None:
    tamper("DELETE FROM audit_logs WHERE id = (SELECT max(id) FROM audit_logs)")
    verdict = verify(runtime)
    assert (verdict.intact, verdict.audit_id) == (False, sealed[-1])


def test_verify_table_emptied_names_the_first_row(
    runtime: Runtime, sealed: list[int], tamper: Tamper
) -> None:
    tamper("TRUNCATE audit_logs")
    assert verify(runtime).audit_id == sealed[0]


def test_verify_identifiers_swapped_names_the_first(
    runtime: Runtime, sealed: list[int], tamper: Tamper
) -> None:
    tamper("UPDATE audit_logs SET id = -id WHERE id IN (3, 4)",
           "UPDATE audit_logs SET id = 7 + id WHERE id IN (-3, -4)")  # fmt: skip
    assert verify(runtime).audit_id == 3


INSERT = "INSERT INTO audit_logs (id, modulo, accion, objeto_tipo, tx_id, created_at) "
INSERTED: dict[str, LiteralString] = {
    "old id": INSERT + "VALUES (-1, 'x', 'x', 'x', pg_current_xact_id()::text::bigint, now())",
    "old transaction": INSERT + "VALUES (1000000, 'x', 'x', 'x', 100, now())",
    "everything old": INSERT + "VALUES (-1, 'x', 'x', 'x', 100, now() - '9 days'::interval)",
    "transaction of another row": INSERT
    + "VALUES (1000000, 'x', 'x', 'x', (SELECT max(tx_id) FROM audit_logs), now())",
    "transaction to come": INSERT + "VALUES (1000000, 'x', 'x', 'x', 99999999999999, now())",
}


def test_verify_row_inserted_by_hand_is_named(settings: Settings, sealed: list[int]) -> None:
    for how, statement in INSERTED.items():
        verdict = tampered(settings, statement)
        assert verdict.audit_id in (-1, 1_000_000), how
        assert not verdict.intact
        assert "insertada" in verdict.message


def test_verify_row_inserted_into_a_gap_of_ids_is_named(
    runtime: Runtime, settings: Settings, tamper: Tamper
) -> None:
    act(runtime)
    with open_transaction(settings) as undone:
        undone.rollback()
    act(runtime)
    sealing.seal(runtime.database)
    (gap,) = set(range(1, max(ids(settings)))) - set(ids(settings))
    tamper("INSERT INTO audit_logs (id, modulo, accion, objeto_tipo) "
           "SELECT min(a.id) + 1, 'x', 'x', 'x' FROM audit_logs a WHERE NOT EXISTS "
           "(SELECT FROM audit_logs b WHERE b.id = a.id + 1)")  # fmt: skip
    assert verify(runtime).audit_id == gap


def test_seal_row_inserted_by_hand_stays_outside_the_chain(
    runtime: Runtime, sealed: list[int], tamper: Tamper
) -> None:
    tamper(INSERTED["old id"])
    act(runtime)
    assert sealing.seal(runtime.database) == 1
    verdict = verify(runtime)
    assert (verdict.intact, verdict.audit_id) == (False, -1)


def test_verify_hash_edited_names_its_row(
    runtime: Runtime, sealed: list[int], tamper: Tamper
) -> None:
    tamper("UPDATE andes_audit_chain SET hash = sha256(hash) WHERE audit_id = 4")
    assert verify(runtime).audit_id == 4


def test_verify_link_removed_names_its_row(
    runtime: Runtime, sealed: list[int], tamper: Tamper
) -> None:
    tamper("DELETE FROM andes_audit_chain WHERE audit_id = 4")
    verdict = verify(runtime)
    assert (verdict.intact, verdict.audit_id) == (False, 4)


def test_verify_row_with_a_link_of_its_own_is_noticed(
    settings: Settings, sealed: list[int]
) -> None:
    for position in (-5, 0, 1_000_000_000):
        link: Any = (
            f"INSERT INTO andes_audit_chain (position, audit_id, hash) VALUES ({position}, -1, '')"
        )
        assert not tampered(settings, INSERTED["old id"], link).intact, position


def test_verify_row_and_link_removed_names_the_next_row(
    runtime: Runtime, sealed: list[int], tamper: Tamper
) -> None:
    tamper(
        "DELETE FROM audit_logs WHERE id = 4", "DELETE FROM andes_audit_chain WHERE audit_id = 4"
    )
    verdict = verify(runtime)
    assert (verdict.intact, verdict.audit_id) == (False, 5)
    assert "Hasta la fila 3" in verdict.message


def test_verify_row_and_link_removed_and_gap_closed_is_noticed(
    runtime: Runtime, sealed: list[int], tamper: Tamper
) -> None:
    tamper(
        "DELETE FROM audit_logs WHERE id = 4",
        "DELETE FROM andes_audit_chain WHERE audit_id = 4",
        "UPDATE andes_audit_chain SET position = -position WHERE audit_id > 4",
        "UPDATE andes_audit_chain SET position = -position - 1 WHERE position < 0",
    )
    assert verify(runtime).audit_id == 5


def test_verify_tail_of_both_removed_is_noticed(
    runtime: Runtime, sealed: list[int], tamper: Tamper
) -> None:
    tamper(
        "DELETE FROM andes_audit_chain WHERE audit_id > 4", "DELETE FROM audit_logs WHERE id > 4"
    )
    verdict = verify(runtime)
    assert not verdict.intact
    assert "Hasta la fila 4" in verdict.message


SEAL_CHANGES = (
    "position = position - 1", "position = position + 5", "top = 0", "next = next + 9",
    "running = '{7}'", "number = 9", "sealed_at = now()", "system = 0", "hash = '\\x00'",
)  # fmt: skip


def test_verify_seal_altered_is_noticed(
    runtime: Runtime, settings: Settings, sealed: list[int]
) -> None:
    act(runtime)
    sealing.seal(runtime.database)
    assert count(settings, "andes_audit_seals") == 2
    for change in SEAL_CHANGES:
        statement: Any = f"UPDATE andes_audit_seals SET {change} WHERE number = 1"
        assert not tampered(settings, statement).intact, change


def test_verify_seal_removed_is_noticed(
    runtime: Runtime, sealed: list[int], tamper: Tamper
) -> None:
    act(runtime)
    sealing.seal(runtime.database)
    tamper("DELETE FROM andes_audit_seals WHERE number = 1")
    assert not verify(runtime).intact


# Heads outside the database ----------------------------------------------------------------------


def rewrite(runtime: Runtime, tamper: Tamper) -> None:
    """Do what a superuser can do best: throw the chain away and seal everything anew."""
    tamper("TRUNCATE andes_audit_chain, andes_audit_seals")
    sealing.seal(runtime.database)


def test_verify_chain_rewritten_is_noticed_by_the_head_outside(
    runtime: Runtime, tamper: Tamper
) -> None:
    act(runtime, 5)
    runtime.transact(sealing.seal_audit)
    tamper("UPDATE audit_logs SET accion = 'nada' WHERE id = 3")
    rewrite(runtime, tamper)

    verdict = verify(runtime)
    assert not verdict.intact
    assert "reescrita" in verdict.message


def test_verify_everything_emptied_is_noticed_by_the_head_outside(
    runtime: Runtime, tamper: Tamper
) -> None:
    act(runtime, 5)
    runtime.transact(sealing.seal_audit)
    tamper("TRUNCATE audit_logs, andes_audit_chain, andes_audit_seals")
    assert not verify(runtime).intact


def test_verify_rewritten_after_a_head_names_where(
    runtime: Runtime, settings: Settings, tamper: Tamper
) -> None:
    act(runtime, 2)
    runtime.transact(sealing.seal_audit)
    good = ids(settings)[-1]
    act(runtime, 2)
    sealing.seal(runtime.database)
    heads = HeadLog(settings.data_dir)
    sealing.keep_head(runtime.database, heads, datetime.now(UTC) + timedelta(hours=2))
    tamper(
        "DELETE FROM audit_logs WHERE id = (SELECT max(id) FROM audit_logs)",
        "DELETE FROM andes_audit_chain WHERE position > "
        "(SELECT position FROM andes_audit_seals WHERE number = 1)",
        "DELETE FROM andes_audit_seals WHERE number = 2",
    )
    # The superuser seals what remains as the sealer would, which must take it for new.
    sealing.seal(runtime.database)

    verdict = verify(runtime)
    assert not verdict.intact
    assert verdict.audit_id == good + 1


def test_verify_head_log_damaged_is_noticed(runtime: Runtime, sealed: list[int]) -> None:
    heads = HeadLog(runtime.settings.data_dir)
    sealing.keep_head(runtime.database, heads, datetime.now(UTC))
    heads.path.write_text("nada\n")
    assert "head.log:1" in verify(runtime).message


def test_heads_kept_within_the_hour_are_one(tmp_path: Path) -> None:
    heads, now = HeadLog(tmp_path), datetime(2026, 1, 1, tzinfo=UTC)
    assert heads.keep(Head(1, 10, b"a"), now)
    assert not heads.keep(Head(2, 20, b"b"), now + timedelta(minutes=59))
    assert heads.keep(Head(3, 30, b"c"), now + timedelta(minutes=60))
    assert not heads.keep(Head(3, 30, b"c"), now + timedelta(minutes=180))
    assert list(heads.read()) == [1, 3]


def copy_of(heads: HeadLog, folder: Path) -> Path:
    """Return a copy of the file as a backup would hold it."""
    return Path(shutil.copyfile(heads.path, folder / "copy.log"))


def test_heads_restored_voids_the_later_ones(tmp_path: Path) -> None:
    heads, now = HeadLog(tmp_path), datetime(2026, 1, 1, tzinfo=UTC)
    for number in (1, 2, 3):
        heads.keep(Head(number, number, b"a"), now, every=timedelta(0))
    heads.replace(copy_of(heads, tmp_path), Head(2, 2, b"a"), now)
    heads.keep(Head(3, 3, b"z"), now, every=timedelta(0))
    assert {n: kept.head.hash for n, kept in heads.read().items()} == {1: b"a", 2: b"a", 3: b"z"}
    assert len(list(heads.path.parent.glob("head-*.log"))) == 1


def test_heads_line_cut_by_a_power_failure_is_left_out(tmp_path: Path) -> None:
    heads, now = HeadLog(tmp_path), datetime(2026, 1, 1, tzinfo=UTC)
    heads.keep(Head(1, 1, b"a"), now)
    with heads.path.open("a") as file:
        file.write("2026-01-0")
    assert list(heads.read()) == [1]


# Another cluster ---------------------------------------------------------------------------------


def test_seal_in_another_cluster_begins_a_new_era(
    runtime: Runtime, settings: Settings, sealed: list[int], tamper: Tamper
) -> None:
    """Transaction numbers of the old cluster mean nothing in the new one."""
    with connect(settings) as connection:
        last = f"SELECT {chain.SEAL_FIELDS} FROM andes_audit_seals s"
        facts = list(connection.execute(last.encode()).fetchall()[0])
        row = connection.execute(
            "SELECT hash FROM andes_audit_chain ORDER BY position DESC LIMIT 1"
        ).fetchone()
    assert row is not None
    facts[3], facts[4], facts[5] = 12345, 10**12, 10**12
    digest = chain.seal_hash(row[0], facts).hex()
    statement: Any = (
        "UPDATE andes_audit_seals SET system = 12345, oldest = 10^12, next = 10^12, "
        f"hash = '\\x{digest}'"
    )
    tamper(statement)
    act(runtime, 2)
    assert verify(runtime).intact

    assert sealing.seal(runtime.database) == 2
    tamper(INSERTED["old id"])
    assert verify(runtime).audit_id == -1


# Serialisation -----------------------------------------------------------------------------------

GOLDEN_ROW = (
    7, 5_000_000_000, None, "ventas", "crear", "ventas", "12",
    None, '{"z": 1.10, "a": [true, null, "ñ\\n"], "áé": {"b": 1e2}}', "10.0.0.1", "", None,
    "1763679600.123456",
)  # fmt: skip
GOLDEN_HASH = "6a99d95fc7c18154711166583e4d173297c3a9231f62f1a4d358cc9152a6e24e"


def test_link_hash_of_a_known_row_never_changes() -> None:
    """Chains that exist must verify with every later version of the code."""
    assert chain.link_hash(chain.GENESIS, GOLDEN_ROW).hex() == GOLDEN_HASH


def test_fields_of_a_known_row_are_read_alike_by_every_server(settings: Settings) -> None:
    query = f"""
    SELECT {chain.FIELDS} FROM (VALUES (7::bigint, 5000000000::bigint, NULL::bigint, 'ventas',
      'crear', 'ventas', '12', NULL::jsonb, %s::jsonb, '10.0.0.1', '', NULL::text,
      '2025-11-20 23:00:00.123456+00'::timestamptz)) AS a (id, tx_id, usuario_id, modulo, accion,
      objeto_tipo, objeto_id, datos_anteriores_json, datos_nuevos_json, ip, user_agent, request_id,
      created_at)
    """
    with connect(settings) as connection:
        connection.execute("SET timezone = 'America/Lima'")
        connection.execute("SET datestyle = 'German'")
        row = connection.execute(query.encode(), [GOLDEN_ROW[8]]).fetchone()
    assert row is not None
    assert (
        chain.link_hash(chain.GENESIS, row).hex()
        == chain.link_hash(
            chain.GENESIS, [*GOLDEN_ROW[:8], GOLDEN_ROW[8].replace("1e2", "100"), *GOLDEN_ROW[9:]]
        ).hex()
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_characters="\0")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON)
def test_canonical_json_does_not_depend_on_the_spelling(data: Any) -> None:
    plain = chain.canonical_json(json.dumps(data))
    assert plain == chain.canonical_json(json.dumps(data, indent=3, ensure_ascii=False))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", '"1"'), ("1", "1.0"), ("1.10", "1.1"), ("null", '"null"'), ("[]", "{}"),
        ('{"a":1}', '{"a":"1"}'), ("123456789012345678901", "123456789012345678902"),
        ("0.1", "0.10000000000000000555"),
    ],
)  # fmt: skip
def test_canonical_json_differs_where_values_differ(one: str, other: str) -> None:
    assert chain.canonical_json(one) != chain.canonical_json(other)


def test_canonical_json_deep_nesting_is_taken_as_it_is() -> None:
    deep = "[" * 5000 + "]" * 5000
    assert chain.canonical_json(deep) == deep


def test_serialise_values_that_touch_stay_apart() -> None:
    made = {
        chain.serialise(b"x", values)
        for values in (["ab", "c"], ["a", "bc"], ["abc", ""], ["abc", None], ["-", "-"], [None])
    }
    assert len(made) == 6


def test_models_are_not_audited_themselves() -> None:
    for model in (AuditLog, AuditLink, AuditSeal):
        assert not model.__audited__


def test_verify_is_part_of_a_transaction(runtime: Runtime, sealed: list[int]) -> None:
    def work(ctx: Ctx) -> Verdict:
        ctx.audit("probar", "prueba", 1)
        return sealing.verify(ctx)

    assert runtime.transact(work).intact
