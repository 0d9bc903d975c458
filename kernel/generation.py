"""The generation: which addons a process serves, from birth to death."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Engine

from kernel import installed, manifest, registry, solver
from kernel.errors import ConfigurationError
from kernel.registry import Registry
from kernel.settings import Settings


def load(settings: Settings, names: Iterable[str]) -> Registry:
    """Return the registry of these addons and what they depend on."""
    found = manifest.survey(settings.addon_roots)
    return registry.load(solver.solve(found.manifests, names, found.invalid))


def load_installed(settings: Settings, engine: Engine) -> Registry:
    """Return the registry of what the database says is installed.

    Raises:
        ConfigurationError: nothing is installed yet, or an addon's code is missing on this host.
    """
    names = installed.versions(engine)
    if not names:
        raise ConfigurationError(
            "The database is empty: run «server.py migrate --install base,sales,inventory»."
        )
    return load(settings, names)
