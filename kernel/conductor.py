"""The conductor: takes a change of addons from state to state, until it is current or failed.

Every supervisor and every waiting command runs one; an advisory lock lets one of them act at a
time, and whoever dies is followed by another. Each step is a transaction, so that between two of
them the instance is in a state that says what comes next:

- ``requested``: a process that serves nobody loads the new generation whole, as a trial, and
  expands the tables. What raises or hangs there has changed nothing.
- ``rolling``: supervisors replace their processes. When each host that is alive serves the new
  generation alone, it goes on; when a process of it fails, all go back.
- ``contracting``: nobody uses what goes any more; it is dropped, and the generation is current.
- ``reverting``: when all are back, what the change made is taken away again.

The last two need the code of the addons. A host without it leaves them to another one. What fails
is tried again after growing pauses; what still fails then, or nobody can do, is ended in part, and
the generation says why: an instance always comes to rest.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.pool import NullPool

from kernel import addon_changes, apart, db, ending, generations, lifecycle, logging, rehearsal
from kernel.generations import SILENT, Generation
from kernel.settings import Settings

log = logging.get(__name__)

LOCK = 7_203_116
"""Advisory lock of whoever conducts."""

ROLL_SECONDS = 60.0
"""How long hosts may take to serve a new generation before it is given up."""

LEFT_SECONDS = 2 * ROLL_SECONDS
"""How long a host without the code leaves the end of a change to another one."""

BLIND_SECONDS = 5.0
"""How long after the database was away, or we stood still, nobody is taken for dead: all have to be
heard of first."""

TRIES = 8
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""How often the end of a change is tried, and the pauses between two tries."""

WORK_SECONDS = 300.0
BYTES_A_SECOND = 2**20
"""What a step may take at most: the first, and the time in which the whole database could be read
and written at the second; see ``Conductor.limit``."""

EXPAND = "expand"
"""The kind of process, and the command, that makes the tables of a generation."""

Send = Callable[[Generation, str, float], apart.Answer]
"""Has a process of a generation do something, in so many seconds at most."""

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


@dataclass(slots=True)
class Stage:
    """A change in one state, as this conductor has seen it."""

    number: int = 0
    state: str = ""
    since: float = field(default_factory=time.monotonic)
    tries: int = 0
    due: float = 0.0

    @property
    def seconds(self) -> float:
        """For how long."""
        return time.monotonic() - self.since

    def failed(self) -> None:
        """Count a try, and let the pauses grow."""
        self.due = time.monotonic() + min(LONGEST_PAUSE, FIRST_PAUSE * 2**self.tries)
        self.tries += 1


class Conductor:
    """Advances the change under way."""

    def __init__(
        self, settings: Settings, *, serving: bool = False, send: Send | None = None
    ) -> None:
        """``serving`` says that it is a supervisor's: a roll then needs one host at least.

        ``send`` has a process of a generation do something; else one of its own does.
        """
        self.settings = settings
        self._serving = serving
        self._send = send
        self._blind_until = 0.0
        self._stage = Stage()
        self._stepped = time.monotonic()
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
        if time.monotonic() - self._stepped > BLIND_SECONDS:  # we stood still, and know nothing
            self.interrupted()
            self._stage = Stage()
        try:
            return self._step()
        finally:
            self._stepped = time.monotonic()

    def _step(self) -> bool:
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
        if (self._stage.number, self._stage.state) != (going.number, going.state):
            self._stage = Stage(going.number, going.state)
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
        if lacking := addon_changes.lacking(connection, self.settings, going):
            error = f"{socket.gethostname()}: {lacking}"
            generations.move(connection, going.number, "requested", "failed", error)
            return
        generations.move(connection, going.number, "requested", "expanding")
        log.info("change_begun", generation=going.number, action=going.action)
        if self._send is not None:
            answer = self._send(going, EXPAND, self.limit(connection))
        else:
            answer = self._run(connection, EXPAND, going)
        if answer.code != 0:
            error = _fault(answer)
            log.error("change_failed", generation=going.number, error=error)
            rehearsal.sweep(self._engine)
            with self._engine.begin() as anew:  # the other may have been cut in so long a time
                generations.move(anew, going.number, "expanding", "failed", error)

    def _contract(self, connection: Connection, going: Generation) -> None:
        lacking = addon_changes.lacking(connection, self.settings, going)
        if lacking and self._leaves(connection):
            generations.note(connection, going.number, lacking)
        elif not lacking and not self._takes_away(connection, going):
            with self._engine.begin() as transaction:
                generations.finish(transaction, going.number)
            log.info("change_done", generation=going.number, action=going.action)
        elif fault := lacking or self._try("contract", connection, going):
            log.error("contracted_in_part", generation=going.number, error=fault)
            with lifecycle.owner(self.settings) as engine:
                ending.leave_rest(engine, going.number, fault)

    def _takes_away(self, connection: Connection, going: Generation) -> bool:
        if going.action in addon_changes.LEAVING:
            return going.action in addon_changes.REMOVING
        change = addon_changes.of(connection, self.settings, going)
        return any(step.phase == "contract" for step in change.steps())

    def _leaves(self, connection: Connection) -> bool:
        """Return whether what this host has no code for is left to others, for a while."""
        others = self._serving or bool(hosts(connection))
        return others and self._stage.seconds <= LEFT_SECONDS

    def _try(self, what: str, connection: Connection, going: Generation) -> str:
        """Run the end of a change; return why it failed, once there is no use in trying again."""
        if time.monotonic() < self._stage.due:
            return ""
        answer = self._run(connection, what, going)
        if answer.code == 0:
            log.info("change_ended", generation=going.number, action=going.action, step=what)
            return ""
        fault = _fault(answer)
        self._stage.failed()
        rehearsal.sweep(self._engine)
        log.error("step_failed", generation=going.number, step=what, error=fault)
        if self._stage.tries >= TRIES:
            return fault
        if what == "contract":  # the other one has its reason already
            with self._engine.begin() as anew:
                generations.note(anew, going.number, fault)
        return ""

    def _run(self, connection: Connection, what: str, going: Generation) -> apart.Answer:
        command = ["generation", what, str(going.number)]
        return apart.run(self.settings, command, self.limit(connection))

    def limit(self, connection: Connection) -> float:
        """Return the seconds after which a step is taken for hung.

        Twice what loading may take, and time to read and write the whole database once.
        """
        size = int(connection.scalar(text("SELECT pg_database_size(current_database())")) or 0)
        return 2 * self.settings.load_seconds + WORK_SECONDS + size / BYTES_A_SECOND

    def _watch_roll(self, connection: Connection, going: Generation) -> None:
        failure = connection.execute(FAILURES, {"number": going.number}).first()
        if failure is not None:
            self._revert(connection, going, f"{failure.host}, {failure.name}: {failure.error}")
            return
        late = self._late(connection, going.number)
        if not late:
            generations.move(connection, going.number, "rolling", "contracting")
            log.info("generation_acknowledged", generation=going.number)
        elif self._stage.seconds > ROLL_SECONDS:
            names = ", ".join(late)
            reason = f"En {ROLL_SECONDS:g} s no llegaron a servirla: {names}."
            self._revert(connection, going, reason)

    def _revert(self, connection: Connection, going: Generation, reason: str) -> None:
        log.error("generation_given_up", generation=going.number, reason=reason)
        generations.move(connection, going.number, "rolling", "reverting", reason)

    def _watch_return(self, connection: Connection, going: Generation) -> None:
        before = generations.current(connection)
        late = self._late(connection, before.number if before else 0)
        if late and self._stage.seconds <= ROLL_SECONDS:
            return
        lacking = addon_changes.lacking(connection, self.settings, going)
        if lacking and self._leaves(connection):
            return
        if fault := lacking or self._try("take-back", connection, going):
            log.error("taken_back_in_part", generation=going.number, error=fault)
            ending.take_back(self.settings, going.number, fault)

    def _late(self, connection: Connection, number: int) -> list[str]:
        """Return the hosts that do not serve a generation, and it alone."""
        found = hosts(connection)
        if time.monotonic() < self._blind_until or (self._serving and not found):
            return ["nadie dio señales todavía"]
        return [one.name for one in found if (one.generation, one.state) != (number, "ready")]


def _fault(answer: apart.Answer) -> str:
    lines = [line for line in answer.error.splitlines() if not line.startswith('{"')]  # no logs
    return "\n".join(lines) or f"El proceso terminó con el código {answer.code}."


class Conducting(threading.Thread):
    """A thread that conducts for as long as a supervisor lives.

    A supervisor in safe mode serves no generation, so it waits for no host of its own.
    """

    def __init__(self, settings: Settings, send: Send | None) -> None:
        """Without ``send``, it is the conductor of a safe mode."""
        super().__init__(name="conductor", daemon=True)
        self._conductor = Conductor(settings, serving=send is not None, send=send)
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
    """Conduct until a change has ended, telling of each state and of what stands in the way.

    Returns what became of it.
    """
    conductor = Conductor(settings)
    last = ("", "")
    try:
        while True:
            conductor.step()
            found = conductor.look(number)
            if (found.state, found.error) != last:
                tell(found)
                last = (found.state, found.error)
            if found.state not in generations.IN_FLIGHT:
                return found
            time.sleep(STEP_SECONDS)
    finally:
        conductor.close()
