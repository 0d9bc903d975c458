"""The runtime: what one process holds for its whole life.

Built once from the settings and the registry; requests, jobs and commands open their transactions
here.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from kernel import audit, logging, rbac
from kernel.context import Ctx, RequestFacts
from kernel.db import Database
from kernel.identity import Identifier, Identity
from kernel.preferences import Preferences, Regional
from kernel.quarantine import Quarantine
from kernel.realtime import Hub
from kernel.registry import Registry
from kernel.rules import RuleBook
from kernel.secrets import Vault
from kernel.settings import Settings
from kernel.storage import Storage
from kernel.throttle import Throttle
from kernel.tokens import TokenSigner
from kernel.waking import Queue

if TYPE_CHECKING:
    from kernel.mail import Mailer
    from kernel.outbound import Outbound
    from kernel.standing import Standing

T = TypeVar("T")
log = logging.get(__name__)

REGIONAL_SECONDS = 60


def utc_now() -> datetime:
    """Return the present instant; the only clock of the product, replaceable in a ``Runtime``."""
    return datetime.now(UTC)


@dataclass
class Runtime:
    """Settings, registry, database and the engines around them."""

    settings: Settings
    registry: Registry
    database: Database
    queue: Queue
    realtime: Hub
    generation: int = 0
    """Number of the generation; 0 outside of any: a command, a test."""
    closed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Addresses of addons that are switched off: addon → paths."""
    draining: bool = False
    """Whether the process ends soon and tells its clients to connect elsewhere."""
    standing: Standing | None = None
    """Whether this process may still answer; None for one that no supervisor has."""
    clock: Callable[[], datetime] = utc_now
    _regional: tuple[Regional, float] | None = None
    _outbound: dict[str, Outbound] = field(default_factory=dict)

    @cached_property
    def rule_book(self) -> RuleBook:
        """The row and field rules of the generation."""
        return RuleBook(self.registry.row_rules, self.registry.field_rules)

    @cached_property
    def identifier(self) -> Identifier:
        """Finds out who is calling."""
        scopes = self.registry.scopes.values()
        return Identifier({one.name: one.statement for one in scopes if one.statement is not None})

    @cached_property
    def preferences(self) -> Preferences:
        """The addons' settings, as stored."""
        return Preferences()

    @cached_property
    def quarantine(self) -> Quarantine:
        """Notes addons that break the acts of others."""
        return Quarantine(self)

    @cached_property
    def vault(self) -> Vault:
        """Seals and opens stored secrets."""
        return Vault.from_settings(self.settings.master_key.get_secret_value())

    @cached_property
    def storage(self) -> Storage:
        """Files: local, S3 or Azure."""
        return Storage.from_url(self.settings.files_url)

    @cached_property
    def mailer(self) -> Mailer:
        """Outgoing mail."""
        from kernel.mail import Mailer  # smtplib and email, for jobs only

        sender = self.settings.mail_sender
        return Mailer.from_url(self.settings.mail_url, sender=sender, clock=self.clock)

    def outbound(self, addon: str) -> Outbound:
        """Return the HTTP client of an installed addon, which goes where that addon may go."""
        if addon not in self._outbound:
            from kernel.outbound import Outbound  # httpx, for what talks to the outside only

            self._outbound[addon] = Outbound(
                self.registry.host_policy(addon, self.settings.outbound_allow),
                self.settings.outbound_authorities,
            )
        return self._outbound[addon]

    @cached_property
    def signer(self) -> TokenSigner:
        """Issues and reads tokens."""
        secrets = self.settings.secret_key.get_secret_value().split(",")
        return TokenSigner.from_secrets(
            secrets,
            issuer="andes",
            audience="andes",
            clock=lambda: self.clock().timestamp(),
        )

    @cached_property
    def digest_keys(self) -> tuple[bytes, ...]:
        """Keys of the digests by which repeated requests are known; the first makes new ones."""
        secrets = self.settings.secret_key.get_secret_value().split(",")
        return tuple(hmac.digest(one.encode(), b"andes requests", "sha256") for one in secrets)

    @cached_property
    def throttle(self) -> Throttle:
        """Counts attempts to sign in."""
        times = self.settings.login_per_minute
        clock = lambda: self.clock()  # noqa: E731, PLW0108  # a test may replace the clock later
        return Throttle(self.settings.database_url, clock, times)

    def ctx(
        self, session: Session, user: Identity | None = None, request: RequestFacts | None = None
    ) -> Ctx:
        """Return the context of a transaction; row rules and audit are attached to its session."""
        ctx = Ctx(session, self, self.clock(), user, request or RequestFacts())
        audit.watch(session, ctx)
        rbac.guard(session, ctx)
        return ctx

    def transact(
        self,
        work: Callable[[Ctx], T],
        *,
        user: Identity | None = None,
        request: RequestFacts | None = None,
    ) -> T:
        """Return what ``work`` returns, in one committed transaction of the given user."""
        return self.database.run(
            lambda session: work(self.ctx(session, user, request)), finish=finish
        )

    def regional(self, session: Session) -> Regional:
        """Return where the company is; a change counts within a minute."""
        now = time.monotonic()
        if self._regional is None or now > self._regional[1]:
            self._regional = (self.preferences.read(session, Regional), now + REGIONAL_SECONDS)
        return self._regional[0]

    def time_zone(self, session: Session) -> ZoneInfo:
        """Return the company's time zone."""
        return ZoneInfo(self.regional(session).zona_horaria)

    def check_settings(self) -> None:
        """Make what is otherwise made on first use, so that a wrong setting stops the start.

        Raises:
            ConfigurationError: a setting is wrong; the message names it and its cure.
        """
        for name in ("vault", "signer", "storage", "mailer"):
            getattr(self, name)

    def drain(self) -> None:
        """Have clients connect to another process, WebSockets at once; on the event loop."""
        self.draining = True
        self.realtime.hand_over()

    def close(self) -> None:
        """Give every connection back; the end of a process's or a test's runtime."""
        for client in self._outbound.values():
            client.close()
        self.queue.close()
        self.realtime.close()
        self.database.dispose()
        if "throttle" in self.__dict__:
            self.throttle.close()

    def committed(self, job_ids: list[int], acts: Iterable[Callable[[], None]]) -> None:
        """Wake the workers and run what may be lost; nothing here can hurt the commit."""
        if job_ids:
            self._attempt(lambda: self.queue.wake(job_ids))
        for act in acts:
            self._attempt(act)

    def _attempt(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception:  # the commit stands; the sweeper or the next push repairs it
            log.exception("after_commit_failed")


def finish(session: Session) -> None:
    """Commit a session's context; what ``Database.run`` calls last."""
    ctx: Ctx = session.info["ctx"]
    ctx.finish()
