"""Two addons that declare one thing: refused before anything is done, both named, with the cure.

Whatever loads a set of addons meets these refusals first: a plan, an installation, a process that
starts. So no statement has run yet and nobody is served by half of two addons.
"""

from __future__ import annotations

import re

from kernel.errors import ConfigurationError

KINDS = {
    "event": "el evento",
    "field": "el campo",
    "import": "la importación",
    "index": "el índice",
    "job": "el trabajo",
    "menu": "el menú",
    "page": "la página",
    "permission": "el permiso",
    "route": "la ruta",
    "row rule": "la regla de filas",
    "schedule": "el horario",
    "scope": "el ámbito",
    "sequence": "el correlativo",
    "table": "la tabla",
    "view": "la pantalla",
}
"""What addons declare by name, as people call it."""

PARAMETER = re.compile(r"\{[^}]*\}")


def conflict(kind: str, name: str, first: str, second: str) -> ConfigurationError:
    """Return the refusal of a thing that two addons declare, or one addon twice."""
    thing = f"{KINDS[kind]} «{name}»"
    if first == second:
        return ConfigurationError(f"El addon {first} declara {thing} dos veces: quite una.")
    return ConfigurationError(
        f"Los addons {first} y {second} declaran ambos {thing}: instale solo uno de los dos, o "
        f"pida a quien escribe {second} que le cambie el nombre o ponga "
        f'conflicts = ["{first}"] en su manifiesto.'
    )


def address(method: str, path: str) -> str:
    """Return what two routes have in common that answer the same requests."""
    return f"{method} {PARAMETER.sub('{}', path)}"
