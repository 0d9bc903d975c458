"""Throttling that survives restarts and counts for all processes: attempts kept in PostgreSQL.

An attempt is counted before the work that it asks for, in a transaction of its own: a refused
login rolls its work back, and its count must stand. ``Throttle`` has two connections of its own for
that, so that a request which already holds one can never wait for itself.

Two measures. ``Limit``: so many attempts from one address in any stretch of so many seconds; an
attempt takes one of as many places, each free again when its time is over, so no edge of a window
lets more through. ``attempt``: a delay that grows with the failures of one account; it ends by
itself, and there is no lock that a person would have to open.
Source: spec/erp-modules.md, "Seguridad mínima obligatoria"; OWASP ASVS 5.0, 6.1.1, 6.3.1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Mapped, mapped_column

from kernel import db
from kernel.db import Database, Statement
from kernel.errors import DomainError
from kernel.jobs import Job, Schedule
from kernel.model import Model

if TYPE_CHECKING:
    from kernel.context import Ctx

FREE_FAILURES = 5
"""Failures of an account that cost no delay."""

LONGEST_DELAY = timedelta(minutes=15)
FORGET = timedelta(days=1)
"""After so long without an attempt, an account starts again from none."""


class Intentos(Model):
    """Recent attempts of one kind from one origin; ``clave`` names both."""

    __tablename__ = "andes_intentos"
    __audited__ = False

    clave: Mapped[str] = mapped_column(primary_key=True)
    cuenta: Mapped[int]
    desde: Mapped[datetime]
    hasta: Mapped[datetime | None]
    """Until when further attempts are refused, where that is more than the window."""


class TooManyAttempts(DomainError):
    """429: come back after ``retry_after`` seconds; nothing was looked at."""

    status = 429
    code = "demasiados_intentos"


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests of one ``kind`` from one address in any ``seconds`` seconds.

    Without ``times`` the setting LOGIN_PER_MINUTE counts: for all that somebody who guesses a
    password, a code or a link would ask for.
    """

    kind: str
    times: int | None = None
    seconds: int = 60


LOCK = Statement("throttle_lock", "SELECT pg_advisory_xact_lock(hashtextextended(%(clave)s, 0))")
_PLACES = "(SELECT %(clave)s || '#' || n AS clave, n FROM generate_series(1, %(times)s::int) n)"
TAKE = Statement(
    "throttle_take",
    f"""
    INSERT INTO andes_intentos AS i (clave, cuenta, desde, hasta)
    SELECT p.clave, 1, %(now)s, %(until)s
      FROM {_PLACES} p LEFT JOIN andes_intentos taken ON taken.clave = p.clave
     WHERE taken.hasta IS NULL OR taken.hasta <= %(now)s
     ORDER BY p.n LIMIT 1
    ON CONFLICT (clave) DO UPDATE
       SET cuenta = i.cuenta + 1, desde = excluded.desde, hasta = excluded.hasta
    RETURNING 1
    """,  # noqa: S608  # our own pieces
)
NEXT_PLACE = Statement(
    "throttle_next_place",
    f"SELECT min(hasta) FROM andes_intentos JOIN {_PLACES} p USING (clave)",  # noqa: S608  # our own
)

_FAILURES = "CASE WHEN i.desde < %(forget)s THEN 1 ELSE i.cuenta + 1 END"
FAIL = Statement(
    "throttle_fail",
    f"""
    INSERT INTO andes_intentos AS i (clave, cuenta, desde, hasta)
    VALUES (%(clave)s, 1, %(now)s, %(now)s)
    ON CONFLICT (clave) DO UPDATE
       SET cuenta = {_FAILURES}, desde = excluded.desde,
           hasta = excluded.desde + CASE WHEN {_FAILURES} < %(free)s THEN interval '0'
             ELSE least(2 ^ least({_FAILURES} - %(free)s, 30) * interval '1 second', %(longest)s)
             END
     WHERE i.hasta <= %(now)s
    RETURNING 1
    """,  # noqa: S608  # our own pieces
)
DELAYED = Statement("throttle_delayed", "SELECT hasta FROM andes_intentos WHERE clave = %(clave)s")
FORGIVE = Statement("throttle_forgive", "DELETE FROM andes_intentos WHERE clave = %(clave)s")
CLEAN = Statement(
    "throttle_clean",
    "DELETE FROM andes_intentos WHERE greatest(desde, hasta) < %(forget)s",
)


class Throttle:
    """Counts attempts, or refuses them, each in a transaction of its own."""

    def __init__(self, url: str, clock: Callable[[], datetime], login_per_minute: int) -> None:
        self.database = Database(url, pool=2, application="andes_throttle")
        self.clock = clock
        self.login_per_minute = login_per_minute

    def admit(self, limit: Limit, ip: str | None) -> None:
        """Count a request from an address, or from whom a text names that is none.

        Raises:
            TooManyAttempts: there were as many as the limit allows.
        """
        now = self.clock()
        given = {
            "clave": f"{limit.kind}:{origin(ip)}",
            "times": limit.times or self.login_per_minute,
            "now": now,
            "until": now + timedelta(seconds=limit.seconds),
        }
        self._take([(LOCK, given), (TAKE, given), (NEXT_PLACE, given)], now)

    def attempt(self, clave: str) -> None:
        """Count an attempt as failed before it is made; ``forgive`` what succeeds.

        Raises:
            TooManyAttempts: the delay after earlier failures is not over.
        """
        now = self.clock()
        given = {
            "clave": clave,
            "now": now,
            "forget": now - FORGET,
            "free": FREE_FAILURES,
            "longest": LONGEST_DELAY,
        }
        self._take([(FAIL, given), (DELAYED, given)], now)

    def _take(self, calls: list[tuple[Statement, dict[str, Any]]], now: datetime) -> None:
        *_, taken, wait = self.database.run(lambda one: [db.execute(one, *call) for call in calls])
        if not taken:
            raise _refusal(wait[0][0] - now)

    def forget(self, clave: str) -> None:
        """Forget the failures of an account."""
        self.apart(FORGIVE, clave=clave)

    def apart(self, statement: Statement, **given: Any) -> Sequence[tuple[Any, ...]]:
        """Return the rows of a statement that stands even if the caller's transaction doesn't."""
        return self.database.run(lambda one: db.execute(one, statement, given))

    def close(self) -> None:
        """Give the connections back."""
        self.database.dispose()


def _refusal(wait: timedelta) -> TooManyAttempts:
    seconds = max(1, math.ceil(wait.total_seconds()))
    return TooManyAttempts(
        f"Demasiados intentos; espere {seconds} s y vuelva a intentarlo.", retry_after=seconds
    )


def forgive(ctx: Ctx, clave: str) -> None:
    """Forget the failures of an account once what ``ctx`` writes is committed.

    Not in the same transaction: its lock would hold up whoever counts on the account meanwhile.
    """
    ctx.after_commit(lambda: ctx.runtime.throttle.forget(clave))


def origin(ip: str | None) -> str:
    """Return what counts as one place: an IPv4 address, or the /64 that one customer is given."""
    try:
        address = ip_address(ip or "")
    except ValueError:
        return ip or "unknown"
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), 64), strict=False))


def clean(ctx: Ctx) -> None:
    """Delete what counts no longer."""
    ctx.sql(CLEAN, forget=ctx.now - FORGET)


JOBS = (Job("kernel.clean_attempts", clean, "Borra intentos de ingreso de ayer"),)
SCHEDULES = (Schedule("kernel.clean_attempts", "27 * * * *", "kernel.clean_attempts"),)
