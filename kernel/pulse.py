"""The pulse of a supervisor: it asks the database what to serve, and tells it what it has.

A thread of its own, so that a database that is away never holds up the processes of the host. It
hears at once that a generation changed (``LISTEN``) and looks every second in any case.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import psycopg
from pydantic_core import to_json
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from kernel import db, generations, logging
from kernel.beats import Beat
from kernel.generations import CHANNEL, Aims, Generation
from kernel.settings import Settings
from kernel.standing import Note

log = logging.get(__name__)

LISTEN_SECONDS = 0.2
LOOK_SECONDS = 1.0
TELL_SECONDS = 2.0
"""How often a host that has nothing new says that it is alive."""

TELL = text(
    """
    WITH told AS (
      SELECT :host || '/' || b.name || '#' || b.pid AS id, b.*
        FROM jsonb_to_recordset(CAST(:beats AS jsonb))
             AS b (name text, kind text, pid bigint, generation bigint, state text, error text)),
    gone AS (
      DELETE FROM andes_processes p
       WHERE (p.host = :host AND p.id NOT IN (SELECT id FROM told))
          OR p.seen_at < now() - interval '10 minutes')
    INSERT INTO andes_processes (id, host, name, kind, pid, generation, state, error)
    SELECT DISTINCT ON (id) id, :host, name, kind, pid, generation, state, error FROM told
     ORDER BY id, state
    ON CONFLICT (id) DO UPDATE
       SET generation = excluded.generation, state = excluded.state, error = excluded.error,
           kind = excluded.kind, seen_at = now()
    """
)
LEAVE = text("DELETE FROM andes_processes WHERE host = :host")


class DatabasePulse:
    """The link between a supervisor and the database."""

    def __init__(self, settings: Settings, note: Note, fixed: Generation | None = None) -> None:
        """With ``fixed``, that is served whatever the database says: safe mode."""
        self._note = note
        self.host = f"{socket.gethostname()}:{os.getpid()}"
        self.fixed = fixed
        self._settings = settings
        self._aims: Aims = (fixed, None)
        self._beats: list[Beat] = []
        self._told: list[Beat] = []
        self._told_at = 0.0
        self._looked_at = 0.0
        self._stop = threading.Event()
        self._wake: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)
        self._engine = create_engine(
            settings.database_url,
            poolclass=NullPool,
            connect_args={"application_name": "andes-pulse", "connect_timeout": 5, **db.CONNECT},
        )

    def start(self, wake: Callable[[], None]) -> None:
        """Begin; ``wake`` is called when ``aims`` have changed."""
        self._wake = wake
        self._thread.start()

    def aims(self) -> Aims:
        """Return what to serve, None as long as the database could not be asked, and what comes."""
        return self._aims

    def tell(self, beats: Sequence[Beat]) -> None:
        """Have the state of this host published soon."""
        self._beats = list(beats)

    def stop(self) -> None:
        """Take this host out of the table and end."""
        self._stop.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with self._engine.connect() as plain:
                    connection = plain.execution_options(isolation_level="AUTOCOMMIT")
                    self._follow(connection)
                    connection.execute(LEAVE, {"host": self.host})
            except Exception as error:  # noqa: BLE001  # the database is away: the host goes on
                log.warning("pulse_lost", reason=str(error).partition("\n")[0])
                self._stop.wait(LOOK_SECONDS)
        self._engine.dispose()

    def _follow(self, connection: Connection) -> None:
        driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]  # psycopg's
        driver.execute(f"LISTEN {CHANNEL}".encode())
        self._looked_at = self._told_at = 0.0
        while not self._stop.is_set():
            now = time.monotonic()
            if now - self._looked_at >= LOOK_SECONDS:
                self._look(connection)
            if self._beats and (self._beats != self._told or now - self._told_at >= TELL_SECONDS):
                answering, _ = generations.answering(connection)
                self._publish(connection)
                self._note.write(now, answering)  # the host was heard of after now
            for _ in driver.notifies(timeout=LISTEN_SECONDS, stop_after=1):
                self._looked_at = 0.0

    def _look(self, connection: Connection) -> None:
        self._looked_at = time.monotonic()
        if self.fixed is None and (found := generations.aims(connection)) != self._aims:
            self._aims = found
            self._wake()

    def _publish(self, connection: Connection) -> None:
        beats = self._beats
        shown = [_cleaned(beat) for beat in beats]
        if self.fixed is not None:  # no host of the roll: nobody waits for it
            shown = [{**one, "kind": "safe"} for one in shown]
        connection.execute(TELL, {"host": self.host, "beats": to_json(shown).decode()})
        if beats != self._told:
            generations.announce(connection)
        self._told, self._told_at = beats, time.monotonic()


def _cleaned(beat: Beat) -> dict[str, Any]:
    return {**asdict(beat), "error": beat.error.replace("\x00", "")}
