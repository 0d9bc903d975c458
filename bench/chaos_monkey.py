"""The monkey: kills processes, crashes PostgreSQL, makes Redis forget, by a seeded plan."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil
import psycopg
import redis

from kernel.embedded import EmbeddedPostgres

Harm = Callable[[random.Random], None]

KILL_SECONDS = 1.0
ZYGOTES = 0.15
"""How often the victim is a zygote, of all kills."""
CRASH_SECONDS = 10.0
FLUSH_SECONDS = 2.0

PROCESSES = "SELECT pid, kind FROM andes_processes WHERE kind IN ('web', 'worker')"


@dataclass
class Monkey:
    """Does harm in threads of its own until told to stop; only to what the benchmark started."""

    supervisor: int
    postgres: EmbeddedPostgres
    database: str
    redis_url: str | None
    seed: int
    done: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    _kinds: dict[int, str] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin."""
        plans: list[tuple[Harm, float]] = [(self._kill, KILL_SECONDS), (self._crash, CRASH_SECONDS)]
        if self.redis_url:
            plans.append((self._flush, FLUSH_SECONDS))
        for act, seconds in plans:
            chance = random.Random(f"{self.seed}:{act.__name__}")
            thread = threading.Thread(target=self._repeat, args=(act, seconds, chance), daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Stop, once what is under way has ended; PostgreSQL runs afterwards."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self.postgres.start()

    def _repeat(self, act: Harm, seconds: float, chance: random.Random) -> None:
        while not self._stop.wait(seconds * chance.uniform(0.6, 1.4)):
            try:
                act(chance)
            except Exception as error:  # noqa: BLE001  # told in the report; chaos goes on
                self.faults.append(f"{act.__name__}: {error}")

    def _kill(self, chance: random.Random) -> None:
        """Kill -9 one process of the instance, whatever it is doing; sometimes a zygote."""
        victims = self._victims()
        zygotes = [one for one in victims if one[1] == "zygote"]
        serving = [one for one in victims if one[1] != "zygote"]
        among = zygotes if zygotes and chance.random() < ZYGOTES else serving
        if among:
            pid, kind = chance.choice(among)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.done[f"{kind} processes killed"] += 1

    def _victims(self) -> list[tuple[int, str]]:
        """Return (pid, kind) of all that lives below the supervisor.

        Forks have their zygote's command line, so that the supervisor's own words in the database
        tell them apart; the last ones, while PostgreSQL is away.
        """
        with (
            contextlib.suppress(psycopg.OperationalError),
            psycopg.connect(self.postgres.dsn(self.database), connect_timeout=2) as connection,
        ):
            self._kinds = dict(connection.execute(PROCESSES).fetchall())
        below = psutil.Process(self.supervisor)
        alive = {one.pid for one in below.children(recursive=True)}
        found = {(pid, kind) for pid, kind in self._kinds.items() if pid in alive}
        for child in below.children():
            with contextlib.suppress(psutil.Error):
                if child.pid not in self._kinds and "zygote" in child.cmdline():
                    found.add((child.pid, "zygote"))
        return sorted(found)

    def _crash(self, _chance: random.Random) -> None:
        """Stop PostgreSQL as if the machine had failed, and start it again."""
        began = time.monotonic()
        self.postgres.restart("immediate")
        self.done["PostgreSQL crashes"] += 1
        self.done["PostgreSQL away, ms"] += round((time.monotonic() - began) * 1000)

    def _flush(self, _chance: random.Random) -> None:
        """Empty Redis."""
        with redis.Redis.from_url(self.redis_url or "") as client:
            client.flushall()
        self.done["Redis flushes"] += 1
