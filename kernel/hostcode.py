"""The code of this host: which addons it has, and whether it is what a generation was made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kernel import manifest, revisions, solver
from kernel.errors import ConfigurationError
from kernel.manifest import KERNEL, Manifest
from kernel.settings import Settings


def solve(settings: Settings, names: Iterable[str]) -> list[Manifest]:
    """Return the manifests of these addons and what they depend on, dependencies first.

    Raises:
        ConfigurationError: they do not go together; the message says why.
    """
    found = manifest.survey(settings.addon_roots)
    return solver.solve(found.manifests, names, found.invalid)


def facts_of(manifests: Iterable[Manifest]) -> dict[str, dict[str, str]]:
    """Return what a generation keeps of the code of each addon: its version and last revision."""
    return {
        one.name: {"version": one.version, "revision": revisions.head(one) or ""}
        for one in (KERNEL, *manifests)
    }


def check(manifests: Iterable[Manifest], wanted: Mapping[str, Mapping[str, str]]) -> None:
    """Compare the code of this host with what a generation was made of.

    Raises:
        ConfigurationError: something differs; each is named.
    """
    here = facts_of(manifests)
    faults = [
        f"{name} {_said(mine)} y la base espera {_said(wanted.get(name, {}))}"
        for name, mine in here.items()
        if dict(wanted.get(name, {})) != mine
    ]
    if faults:
        raise ConfigurationError(
            "El código de este equipo no es el de la base de datos: "
            f"{'; '.join(faults)}. Instale aquí la misma versión, o ejecute «server.py migrate»."
        )


def _said(facts: Mapping[str, str]) -> str:
    if not facts:
        return "nada"
    return f"{facts['version']} ({facts['revision'] or 'sin tablas'})"
