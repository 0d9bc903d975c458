"""Quarantine: an addon that keeps breaking the acts of others is switched off.

A subscriber that raises undoes the act it hears of: a faulty addon could stop every sale. What such
a subscriber raises, other than a refusal, is counted; too often within a while, and a change
disables the addon and what depends on it, with the traceback as the reason that administrators see.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections import defaultdict, deque
from typing import TYPE_CHECKING

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from kernel import addon_changes, db, generations, logging, manifest, prepared
from kernel.errors import DomainError

if TYPE_CHECKING:
    from kernel.runtime import Runtime

log = logging.get(__name__)

FAULTS = 5
WITHIN_SECONDS = 60.0
"""So many faults of an addon within so many seconds, in one process, are too many."""

AGAIN_SECONDS = 5.0
"""How long a process waits before it asks for the same once more."""


class Quarantine:
    """Counts the faults of this process's addons."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._faults: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=FAULTS))
        self._asked: dict[str, float] = {}
        self._lock = threading.Lock()

    def note(self, addon: str, error: Exception) -> None:
        """Take note of a fault; returns at once."""
        if not _is_fault(error) or not self._runtime.generation:
            return
        now = time.monotonic()
        with self._lock:
            faults = self._faults[addon]
            faults.append(now)
            too_many = len(faults) == FAULTS and now - faults[0] < WITHIN_SECONDS
            if not too_many or now - self._asked.get(addon, -AGAIN_SECONDS) < AGAIN_SECONDS:
                return
            self._asked[addon] = now
        reason = "".join(traceback.format_exception(error))
        threading.Thread(target=self._ask, args=(addon, reason), daemon=True).start()

    def _ask(self, addon: str, reason: str) -> None:
        try:
            with self._runtime.database.engine.begin() as connection:
                number = ask(connection, self._runtime, addon, reason)
            log.error("addon_quarantined", addon=addon, generation=number)
        except (DomainError, IntegrityError) as refusal:
            log.warning("addon_not_quarantined", addon=addon, reason=str(refusal))
        except Exception:  # a guard must not fail who is guarded
            log.exception("addon_not_quarantined")


def _is_fault(error: Exception) -> bool:
    """Return whether an error is the addon's own, and no refusal and no trouble of the database.

    One of a statement that was sent before the addon was asked comes with the addon's first.
    """
    if isinstance(error, DomainError) or prepared.went_ahead(error):
        return False
    return not (db.is_retryable(error) or db.is_disconnect(error))


def ask(connection: Connection, runtime: Runtime, addon: str, reason: str) -> int:
    """Ask for the change that disables an addon and what depends on it; return its generation.

    Raises:
        DomainError: it cannot be left out, or another change is under way.
    """
    found = manifest.discover(runtime.settings.addon_roots)
    names = [addon]
    for one in runtime.registry.manifests:
        if any(name in found[one.name].depends for name in names if one.name in found):
            names.append(one.name)
    change = addon_changes.prepare(connection, runtime.settings, "quarantine", names)
    return generations.insert(
        connection,
        action="quarantine",
        targets=change.targets,
        addons=change.facts,
        state="requested",
        error=reason,
    )
