"""The conductor: takes a change of addons from state to state, until it is current or failed.

Every supervisor and every waiting command runs one; an advisory lock lets one of them act at a
time, and whoever dies is followed by another. Each step is a transaction, so that between two of
them the instance is in a state that says what comes next:

- ``requested``: a process of its own loads the new generation whole, as a trial, and expands the
  tables. What raises or hangs there has changed nothing.
- ``rolling``: supervisors replace their processes. When each host that is alive serves the new
  generation alone, it goes on; when a process of it fails, all go back.
- ``contracting``: nobody uses what goes any more; it is dropped, and the generation is current.
- ``reverting``: when all are back, what the change made is taken away again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.pool import NullPool

from kernel import addon_changes, apart, db, generations, logging
from kernel.generations import SILENT, Generation
from kernel.settings import Settings

log = logging.get(__name__)

LOCK = 7_203_116
"""Advisory lock of whoever conducts."""

ROLL_SECONDS = 60.0
"""How long hosts may take to serve a new generation before it is given up."""

BLIND_SECONDS = 5.0
"""How long after the database was away nobody is taken for dead: all have to be heard of first."""

STEP_SECONDS = 0.25
REST_SECONDS = 1.0

ALIVE = f"seen_at > now() - interval '{SILENT.total_seconds():g} seconds'"
HOSTS = text(
    f"SELECT host, generation, state FROM andes_processes WHERE kind = 'host' AND {ALIVE}"  # noqa: S608
    " AND state <> 'failed'"
)
FAILURES = text(
    "SELECT host, name, error FROM andes_processes"
    " WHERE generation = :number AND state = 'failed' ORDER BY seen_at LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Host:
    """What a supervisor told last: which generation it serves, and whether it serves it alone."""

    name: str
    generation: int
    state: str


def hosts(connection: Connection) -> list[Host]:
    """Return the supervisors that are alive."""
    return [Host(*row) for row in connection.execute(HOSTS)]


class Conductor:
    """Advances the change under way."""

    def __init__(self, settings: Settings, *, serving: bool = False) -> None:
        """``serving`` says that it is a supervisor's: a roll then needs one host at least."""
        self.settings = settings
        self._serving = serving
        self._blind_until = 0.0
        self._rolling_since: tuple[int, str, float] = (0, "", 0.0)
        self._engine: Engine = create_engine(
            settings.owner_url,
            poolclass=NullPool,
            connect_args={
                "application_name": "andes-conductor", "connect_timeout": 5, **db.CONNECT
            },
        )  # fmt: skip

    def interrupted(self) -> None:
        """Take note that the database was away."""
        self._blind_until = time.monotonic() + BLIND_SECONDS

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def look(self, number: int) -> Generation:
        """Return a generation as it is now.

        Raises:
            LookupError: there is none of this number.
        """
        with self._engine.connect() as connection:
            found = generations.by_number(connection, number)
        if found is None:
            raise LookupError(number)
        return found

    def step(self) -> bool:
        """Advance the change under way, if it is our turn; return whether there is one."""
        with self._engine.connect() as plain:
            connection = plain.execution_options(isolation_level="AUTOCOMMIT")
            if generations.in_flight(connection) is None:
                return False
            given = {"key": LOCK}
            if not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), given):
                return True
            try:
                going = generations.in_flight(connection)
                if going is not None:
                    self._advance(connection, going)
                return going is not None
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), given)

    def _advance(self, connection: Connection, going: Generation) -> None:
        if going.state == "requested":
            self._expand(connection, going)
        elif going.state == "expanding":
            # Nobody holds the lock, so who expanded died; its transaction left nothing.
            reason = "El proceso que hacía el cambio murió; no se cambió nada. Pídalo otra vez."
            generations.move(connection, going.number, "expanding", "failed", reason)
        elif going.state == "rolling":
            self._watch_roll(connection, going)
        elif going.state == "contracting":
            self._contract(connection, going)
        else:
            self._watch_return(connection, going)

    def _expand(self, connection: Connection, going: Generation) -> None:
        generations.move(connection, going.number, "requested", "expanding")
        log.info("change_begun", generation=going.number, action=going.action)
        answer = self._run("expand", going)
        if answer.code != 0:
            error = answer.error or f"El proceso terminó con el código {answer.code}."
            log.error("change_failed", generation=going.number, error=error)
            with self._engine.begin() as anew:  # the other may have been cut in so long a time
                generations.move(anew, going.number, "expanding", "failed", error)

    def _contract(self, connection: Connection, going: Generation) -> None:
        change = addon_changes.of(connection, self.settings, going)
        if not any(step.phase == "contract" for step in change.steps()):
            with self._engine.begin() as transaction:
                generations.finish(transaction, going.number)
            log.info("change_done", generation=going.number, action=going.action)
            return
        answer = self._run("contract", going)
        if answer.code != 0:  # what is left over harms nobody; the next round tries again
            log.error("contract_failed", generation=going.number, error=answer.error)
            connection.execute(
                text("UPDATE andes_generations SET error = :error WHERE id = :number"),
                {"error": answer.error, "number": going.number},
            )
            time.sleep(REST_SECONDS)
        else:
            log.info("change_done", generation=going.number, action=going.action)

    def _run(self, what: str, going: Generation) -> apart.Answer:
        return apart.run(self.settings, ["generation", what, str(going.number)])

    def _watch_roll(self, connection: Connection, going: Generation) -> None:
        failure = connection.execute(FAILURES, {"number": going.number}).first()
        if failure is not None:
            self._revert(connection, going, f"{failure.host}, {failure.name}: {failure.error}")
            return
        late = self._late(connection, going, going.number)
        if not late:
            generations.move(connection, going.number, "rolling", "contracting")
            log.info("generation_acknowledged", generation=going.number)
        elif self._seconds(going) > ROLL_SECONDS:
            names = ", ".join(late)
            reason = f"En {ROLL_SECONDS:g} s no llegaron a servirla: {names}."
            self._revert(connection, going, reason)

    def _revert(self, connection: Connection, going: Generation, reason: str) -> None:
        log.error("generation_given_up", generation=going.number, reason=reason)
        generations.move(connection, going.number, "rolling", "reverting", reason)

    def _watch_return(self, connection: Connection, going: Generation) -> None:
        before = generations.current(connection)
        late = self._late(connection, going, before.number if before else 0)
        if not late or self._seconds(going) > ROLL_SECONDS:
            answer = self._run("take-back", going)
            if answer.code != 0:
                log.error("take_back_failed", generation=going.number, error=answer.error)
                time.sleep(REST_SECONDS)

    def _late(self, connection: Connection, going: Generation, number: int) -> list[str]:
        """Return the hosts that do not serve a generation, and it alone."""
        self._seconds(going)
        found = hosts(connection)
        if time.monotonic() < self._blind_until or (self._serving and not found):
            return ["nadie dio señales todavía"]
        return [one.name for one in found if (one.generation, one.state) != (number, "ready")]

    def _seconds(self, going: Generation) -> float:
        """Return for how long this conductor has seen a change in its present state."""
        number, state, since = self._rolling_since
        if (number, state) != (going.number, going.state):
            since = time.monotonic()
            self._rolling_since = (going.number, going.state, since)
        return time.monotonic() - since


class Conducting(threading.Thread):
    """A thread that conducts for as long as a supervisor lives.

    A supervisor in safe mode serves no generation, so it waits for no host of its own.
    """

    def __init__(self, settings: Settings, *, safe: bool) -> None:
        super().__init__(name="conductor", daemon=True)
        self._conductor = Conductor(settings, serving=not safe)
        self._over = threading.Event()

    def run(self) -> None:
        """Conduct until told to stop."""
        while not self._over.is_set():
            busy = False
            try:
                busy = self._conductor.step()
            except Exception as error:  # noqa: BLE001  # the database is away: next round
                log.warning("conductor_interrupted", reason=str(error).partition("\n")[0])
                self._conductor.interrupted()
            self._over.wait(STEP_SECONDS if busy else REST_SECONDS)

    def stop(self) -> None:
        """Begin nothing more."""
        self._over.set()


def wait(
    settings: Settings, number: int, tell: Callable[[Generation], None] = lambda _: None
) -> Generation:
    """Conduct until a change has ended, telling of each state, and return what became of it."""
    conductor = Conductor(settings)
    last = ""
    try:
        while True:
            conductor.step()
            found = conductor.look(number)
            if found.state != last:
                tell(found)
                last = found.state
            if found.state not in generations.IN_FLIGHT:
                return found
            time.sleep(STEP_SECONDS)
    finally:
        conductor.close()
