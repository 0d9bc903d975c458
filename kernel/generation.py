"""The generation of a process: which addons it serves, from birth to death.

Nothing is reloaded in a living process. What the database says is to be served must be what this
host's code is: a host with other versions refuses and says which.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, Engine

from kernel import generations, hostcode, installed, registry
from kernel.errors import ConfigurationError
from kernel.generations import Generation
from kernel.manifest import KERNEL, Manifest
from kernel.registry import Registry
from kernel.settings import Settings

EMPTY = "The database is empty: run «server.py migrate --install base,sales,inventory»."
BEHIND = "The tables are of an earlier version of Andes: run «server.py migrate»."


def load(settings: Settings, names: Iterable[str]) -> Registry:
    """Return the registry of these addons and what they depend on."""
    return registry.load(hostcode.solve(settings, names))


def served(source: Engine | Connection) -> Generation:
    """Return what processes are to serve now.

    Raises:
        ConfigurationError: nothing is installed yet, or the tables are older than this code.
    """
    if isinstance(source, Engine):
        with source.connect() as connection:
            return served(connection)
    found = generations.target(source)
    if found is None:
        raise ConfigurationError(BEHIND if installed.versions(source) else EMPTY)
    return found


def load_served(settings: Settings, found: Generation) -> Registry:
    """Return the registry of a generation.

    Raises:
        ConfigurationError: an addon's code is missing on this host, or it is another version.
    """
    return registry.load(check_host(settings, found))


def check_host(settings: Settings, found: Generation) -> list[Manifest]:
    """Return the manifests of a generation, dependencies first, without importing anything.

    Raises:
        ConfigurationError: an addon's code is missing on this host, or it is another version.
    """
    manifests = hostcode.solve(settings, (name for name in found.addons if name != KERNEL.name))
    hostcode.check(manifests, found.addons)
    return manifests
