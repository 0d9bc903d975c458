"""The solver: which addons go together, in which order, and in a sentence why they do not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from kernel.errors import ConfigurationError
from kernel.manifest import KERNEL_VERSION, Invalid, Manifest


def solve(
    available: Mapping[str, Manifest],
    wanted: Iterable[str],
    invalid: Mapping[str, Invalid] | None = None,
) -> list[Manifest]:
    """Return the wanted addons and all that they depend on, dependencies first.

    Raises:
        ConfigurationError: they do not go together; the message has a line for each reason.
    """
    search = _Search(available, invalid or {})
    required = [name for name, manifest in available.items() if manifest.required]
    for name in dict.fromkeys([*required, *wanted]):
        search.visit(name, ())
    search.look_for_conflicts()
    if search.reasons:
        raise ConfigurationError("\n".join(dict.fromkeys(search.reasons)))
    return search.order


class _Search:
    def __init__(self, available: Mapping[str, Manifest], invalid: Mapping[str, Invalid]) -> None:
        self.order: list[Manifest] = []
        self.reasons: list[str] = []
        self._available = available
        self._invalid = invalid
        self._seen: set[str] = set()

    def visit(self, name: str, path: tuple[str, ...]) -> None:
        """Take an addon and what it depends on; ``path`` is who needs it, from the wanted one."""
        if name in path:
            circle = " → ".join([*path[path.index(name) :], name])
            self.reasons.append(f"Estos addons dependen uno del otro en círculo: {circle}.")
        if name in self._seen or name in path:
            return
        manifest = self._available.get(name)
        if manifest is None:
            self.reasons.append(self._absent(name, path[-1] if path else ""))
            return
        self._check_kernel(manifest)
        for other, versions in manifest.depends.items():
            self.visit(other, (*path, name))
            self._check_version(manifest, other, versions)
        self._seen.add(name)
        self.order.append(manifest)

    def look_for_conflicts(self) -> None:
        """Note each pair that cannot stand beside one another."""
        for manifest in self.order:
            for other in self._seen.intersection(manifest.conflicts):
                self.reasons.append(
                    f"{manifest.name} y {other} no pueden estar instalados a la vez: elija uno."
                )

    def _absent(self, name: str, needed_by: str) -> str:
        needs = f", que {needed_by} necesita," if needed_by else ""
        if name in self._invalid:
            reason = self._invalid[name].reason
            return f"El addon «{name}»{needs} tiene un manifiesto inválido: {reason}"
        return f"El addon «{name}»{needs} no está en este equipo: instale su paquete."

    def _check_kernel(self, manifest: Manifest) -> None:
        if Version(KERNEL_VERSION) not in SpecifierSet(manifest.kernel):
            self.reasons.append(
                f"{manifest.name} {manifest.version} necesita el núcleo {manifest.kernel} y este "
                f"es {KERNEL_VERSION}: actualice {manifest.name} o Andes."
            )

    def _check_version(self, manifest: Manifest, other: str, versions: str) -> None:
        found = self._available.get(other)
        if found is not None and Version(found.version) not in SpecifierSet(versions):
            self.reasons.append(
                f"{manifest.name} {manifest.version} necesita {other} {versions} y en este equipo "
                f"está {other} {found.version}: actualice uno de los dos."
            )
