"""Preferences: what an administrator set, defaults for the rest, at once for everybody."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import preferences
from kernel.audit import AuditLog
from kernel.context import Ctx
from kernel.preferences import Preference, Regional
from kernel.runtime import Runtime


class Avisos(BaseModel):
    """Settings of a test."""

    correo: bool = True
    copias: int = 3


def test_read_of_nothing_stored_gives_the_defaults(runtime: Runtime) -> None:
    assert runtime.transact(lambda ctx: ctx.config(Avisos)) == Avisos()
    assert runtime.transact(lambda ctx: ctx.time_zone) == ZoneInfo("America/Lima")


def test_write_stores_only_what_differs(runtime: Runtime) -> None:
    def stored(ctx: Ctx) -> object:
        return ctx.session.scalars(select(Preference.data)).one()

    def write(value: Avisos) -> None:
        runtime.transact(lambda ctx: runtime.preferences.write(ctx.session, value))

    write(Avisos(copias=5))
    assert runtime.transact(stored) == {"copias": 5}
    assert runtime.transact(lambda ctx: ctx.config(Avisos)) == Avisos(copias=5)
    write(Avisos(correo=False))
    assert runtime.transact(stored) == {"correo": False}


def test_write_leaves_an_audit_row(runtime: Runtime) -> None:
    for copies in (5, 6):
        value = Avisos(copias=copies)
        runtime.transact(lambda ctx, v=value: runtime.preferences.write(ctx.session, v))
    query = (
        select(AuditLog).where(AuditLog.objeto_tipo == "andes_preferences").order_by(AuditLog.id)
    )
    rows = runtime.transact(lambda ctx: list(ctx.session.scalars(query)))
    assert [row.accion for row in rows] == ["crear", "editar"]
    assert rows[1].datos_anteriores_json == {"data": {"copias": 5}}
    assert rows[1].datos_nuevos_json == {"data": {"copias": 6}}


def test_write_in_a_transaction_that_fails_leaves_nothing(runtime: Runtime) -> None:
    def fail(ctx: Ctx) -> None:
        runtime.preferences.write(ctx.session, Avisos(copias=9))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        runtime.transact(fail)
    assert runtime.transact(lambda ctx: ctx.config(Avisos)) == Avisos()


def test_time_zone_that_changed_counts_once_the_old_one_is_forgotten(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def zone() -> str:
        return runtime.transact(lambda ctx: ctx.time_zone.key)

    monkeypatch.setattr("kernel.runtime.REGIONAL_SECONDS", -1)
    assert zone() == "America/Lima"
    value = Regional(zona_horaria="America/Santiago")
    runtime.transact(lambda ctx: runtime.preferences.write(ctx.session, value))
    assert zone() == "America/Santiago"


@pytest.mark.parametrize("zone", ["", "Lima", "America/Nada", "../../etc/passwd", "UTC+5"])
def test_regional_of_no_known_zone_is_refused(zone: str) -> None:
    with pytest.raises(ValidationError):
        Regional(zona_horaria=zone)


def test_name_of_a_group_is_its_addons() -> None:
    assert preferences.name_of(Regional) == "kernel.Regional"
    assert preferences.name_of(Avisos) == "tests.Avisos"


def test_read_in_a_session_of_its_own_sees_what_was_committed(runtime: Runtime) -> None:
    moment = datetime(2026, 7, 28, tzinfo=UTC)
    with runtime.database.session() as session:
        assert isinstance(session, Session)
        assert runtime.preferences.read(session, Regional).moneda == "PEN"
        zone = runtime.time_zone(session)
    assert moment.astimezone(zone).hour == 19
