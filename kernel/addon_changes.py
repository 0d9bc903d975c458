"""Changes: what an administrator asks of the addons, checked before anything is done.

A change names an action and addons, and says which addons are served afterwards and which steps
their histories take. Everything that forbids it is said at once, in sentences.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, cast, get_args

from sqlalchemy import Connection, text

from kernel import generations, hostcode, installed, manifest, revisions, solver
from kernel.errors import ConfigurationError, Conflict, NotFound, Unprocessable
from kernel.generations import Generation
from kernel.manifest import KERNEL, Manifest, Survey
from kernel.revisions import Step
from kernel.settings import Settings

Action = Literal[
    "install", "upgrade", "enable", "disable", "archive", "import", "purge", "migrate", "quarantine"
]
ACTIONS: tuple[Action, ...] = get_args(Action)
REMOVING = ("archive", "purge")
LEAVING = ("disable", "quarantine", *REMOVING)


class ChangeRefused(Unprocessable):
    """The addons cannot be changed so; the message says why and what to do."""

    code = "cambio_rechazado"


class ChangeUnderWay(Conflict):
    """Another change of addons has not ended."""

    code = "cambio_en_curso"


@dataclass(frozen=True, slots=True)
class Change:
    """A change that may be made."""

    action: Action
    targets: tuple[str, ...]
    """The addons that it is about, dependencies first."""
    manifests: tuple[Manifest, ...]
    """What is served afterwards, dependencies first."""
    histories: tuple[Manifest, ...]
    """All whose tables are in play: the kernel's, those served afterwards, those removed."""
    present: Mapping[str, str | None] = field(default_factory=dict)
    """Addon → the revision that the database has."""
    archive: str = ""

    @property
    def facts(self) -> dict[str, dict[str, str]]:
        """What the generation keeps of each served addon."""
        return hostcode.facts_of(self.manifests)

    def steps(self) -> list[Step]:
        """Return what happens to the tables, in order."""
        return [*self._growing(), *self._shrinking()]

    def strangers(self) -> list[str]:
        """Return why this host's code cannot do it: tables of which it does not know how they are.

        Those of addons that the change is not about matter only where something is migrated.
        """
        if self.action in ("disable", "quarantine"):
            return []
        moved = bool(self.steps())
        concerned = [one for one in self.histories if moved or one.name in self.targets]
        return revisions.strangers(concerned, self.present)

    def _growing(self) -> Iterable[Step]:
        if self.action in LEAVING:
            return
        for one in (KERNEL, *self.manifests):
            before = self.present.get(one.name)
            after = revisions.expanded(one, before)
            if after != before:
                yield Step(one.name, before, after)

    def _shrinking(self) -> Iterable[Step]:
        if self.action in REMOVING:
            for one in reversed(self.histories):
                if one.name in self.targets and self.present.get(one.name) is not None:
                    yield Step(one.name, self.present[one.name], None, "contract")
        elif self.action not in LEAVING:
            for one in (KERNEL, *self.manifests):
                present = self.present.get(one.name)
                reached = revisions.expanded(one, present)
                if reached != revisions.head(one) and revisions.knows(one, present):
                    yield Step(one.name, reached, revisions.head(one), "contract")


class _Asking:
    """The instance as it is, and the reasons against a change."""

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self.connection = connection
        self.settings = settings
        self.survey: Survey = manifest.survey(settings.addon_roots)
        self.rows = {row.name: row for row in installed.rows(connection)}
        found = generations.current(connection)
        self.served: Mapping[str, Mapping[str, str]] = found.addons if found else {}
        self.reasons: list[str] = []

    @property
    def active(self) -> list[str]:
        """The addons that are served, without the kernel."""
        return [name for name in self.served if name != KERNEL.name]

    def state(self, name: str) -> str:
        """Return ``enabled``, ``disabled``, ``archived``, or nothing for what is not installed."""
        return str(self.rows[name].state) if name in self.rows else ""

    def known(self, name: str) -> Manifest:
        """Return the manifest of an addon.

        Raises:
            NotFound: nobody here knows it.
        """
        if name in self.survey.invalid:
            raise ChangeRefused(self.survey.invalid[name].reason)
        if name not in self.survey.manifests:
            if name in self.rows:
                raise ChangeRefused(
                    f"El código de «{name}» no está en este equipo: instale su paquete primero."
                )
            raise NotFound(f"No hay ningún addon «{name}» en este equipo.")
        return self.survey.manifests[name]

    def solve(self, names: Iterable[str]) -> list[Manifest]:
        """Return manifests in order, or note why they do not go together."""
        try:
            return solver.solve(self.survey.manifests, names, self.survey.invalid)
        except ConfigurationError as error:
            self.reasons.append(str(error))
            return []

    def who_needs(self, name: str, among: Iterable[str]) -> list[str]:
        """Return the addons that depend on one."""
        found = self.survey.manifests
        return sorted(other for other in among if other in found and name in found[other].depends)


def prepare(
    connection: Connection,
    settings: Settings,
    action: Action,
    names: Sequence[str],
    *,
    archive: str = "",
    confirm: str | None = None,
) -> Change:
    """Return the change, checked.

    ``confirm`` is the name that a person typed to purge; None where a program decided.

    Raises:
        NotFound: an addon is not known here.
        ChangeRefused: something forbids it; the message has a line for each reason.
        ChangeUnderWay: another change has not ended.
    """
    refuse_second(connection)
    asking = _Asking(connection, settings)
    for name in names:
        if action not in ("disable", "quarantine"):
            asking.known(name)
        elif name not in asking.rows:
            raise NotFound(f"El addon «{name}» no está instalado.")
    for name in names:
        _check_state(asking, action, name)
        if action in LEAVING:
            _check_leaving(asking, action, name, names)
    if action == "purge":
        _check_purge(asking, names, confirm)
    change = _resulting(asking, action, names, archive)
    asking.reasons += change.strangers()
    if asking.reasons:
        raise ChangeRefused("\n".join(dict.fromkeys(asking.reasons)))
    return change


def of(connection: Connection, settings: Settings, found: Generation) -> Change:
    """Return the change that leads to a generation, as it was asked for.

    Raises:
        ConfigurationError: this host's code is not what it was asked with.
    """
    asking = _Asking(connection, settings)
    wanted = [name for name in found.addons if name != KERNEL.name]
    manifests = hostcode.solve(settings, wanted)
    hostcode.check(manifests, found.addons)
    together = manifests
    if found.action in REMOVING:
        present = [name for name in found.targets if asking.state(name) != "archived"]
        together = hostcode.solve(settings, [*wanted, *present])
    change = _change(
        connection, cast("Action", found.action), found.targets, manifests, together, found.archive
    )
    if strangers := change.strangers():
        raise ConfigurationError("\n".join(strangers))
    return change


def lacking(connection: Connection, settings: Settings, found: Generation) -> str:
    """Return why this host's code cannot end a change; nothing where it can."""
    try:
        if found.state == "reverting":
            fresh = generations.made(connection, found.number).get("addons", ())
            manifests = [one for one in hostcode.solve(settings, fresh) if one.name in fresh]
            hostcode.check(manifests, found.addons)
        elif found.action in REMOVING or found.action not in LEAVING:
            of(connection, settings, found)
    except ConfigurationError as error:
        return str(error)
    return ""


def _change(
    connection: Connection,
    action: Action,
    targets: Sequence[str],
    manifests: Sequence[Manifest],
    together: Sequence[Manifest],
    archive: str,
) -> Change:
    histories = (KERNEL, *manifests, *(one for one in together if one not in manifests))
    present = {one.name: installed.revision(connection, one.name) for one in histories}
    return Change(action, tuple(targets), tuple(manifests), histories, present, archive)


def refuse_second(connection: Connection) -> None:
    """Raise ChangeUnderWay while another change has not ended."""
    if (going := generations.in_flight(connection)) is not None:
        what = f"{going.action} {', '.join(going.targets)}"
        raise ChangeUnderWay(
            f"La generación {going.number} ({what}) está en curso ({going.state}): espere a que "
            "termine."
        )


ALLOWED: dict[str, tuple[str, ...]] = {
    "install": ("", "archived"),
    "import": ("", "archived", "enabled", "disabled"),
    "upgrade": ("enabled",),
    "enable": ("disabled",),
    "disable": ("enabled",),
    "quarantine": ("enabled",),
    "archive": ("enabled", "disabled"),
    "purge": ("enabled", "disabled", "archived"),
}
STATES = {
    "": "no está instalado",
    "enabled": "ya está instalado y activo",
    "disabled": "está desactivado: actívelo",
    "archived": "está archivado: instálelo o importe su archivo",
}


def _check_state(asking: _Asking, action: Action, name: str) -> None:
    state = asking.state(name)
    if action in ALLOWED and state not in ALLOWED[action]:
        asking.reasons.append(f"El addon «{name}» {STATES[state]}.")
    elif action == "upgrade":
        one = asking.survey.manifests[name]
        facts = {"version": one.version, "revision": revisions.head(one) or ""}
        there = installed.revision(asking.connection, name)
        if dict(asking.served.get(name, {})) == facts and (there or "") == facts["revision"]:
            asking.reasons.append(f"«{name}» ya está en la versión de este equipo, {one.version}.")


def _check_leaving(asking: _Asking, action: Action, name: str, together: Sequence[str]) -> None:
    one = asking.survey.manifests.get(name)
    if one is not None and one.required:
        asking.reasons.append(f"«{name}» es parte de toda instalación y no se puede quitar.")
    removing = action in REMOVING
    among = [it for it, row in asking.rows.items() if row.state != "archived"]
    needed_by = asking.who_needs(name, among if removing else asking.active)
    left = [other for other in needed_by if other not in together]
    if left:
        verb = "quite" if removing else "desactive"
        asking.reasons.append(
            f"{', '.join(left)} depende de {name}: {verb} primero "
            f"{'ese addon' if len(left) == 1 else 'esos addons'}, o todos a la vez."
        )


def _check_purge(asking: _Asking, names: Sequence[str], confirm: str | None) -> None:
    if confirm is not None and sorted(re.split(", ?", confirm)) != sorted(names):
        what = "el nombre del addon" if len(names) == 1 else "los nombres de los addons"
        asking.reasons.append(
            f"Para purgar escriba {what}, «{', '.join(names)}»: sus datos se borran."
        )
    for name in names:
        until = retained_until(asking.connection, asking.survey.manifests[name])
        if asking.state(name) != "archived" and until is not None and until > _today(asking):
            asking.reasons.append(
                f"La ley pide conservar los datos de «{name}» hasta el {until.isoformat()}; "
                "archívelo: el archivo los conserva."
            )


def _today(asking: _Asking) -> date:
    found: date = asking.connection.scalar(text("SELECT current_date"))
    return found


def retained_until(connection: Connection, one: Manifest) -> date | None:
    """Return until when the rows of an addon must be kept; None where no law asks for it.

    Counted from the day on which it last was served, be it by some processes of a change that was
    given up: until then rows may have been written. What never was needs not be kept.
    """
    if not one.retention_years:
        return None
    until: date | None = connection.scalar(
        RETAINED, {"name": one.name, "years": one.retention_years}
    )
    return until


RETAINED = text(
    """
    WITH served AS (
      SELECT id, state, coalesce(finished_at, created_at) AS at, addons ? :name AS it
        FROM andes_generations WHERE state IN ('past', 'current')),
    until AS (
      SELECT CASE WHEN bool_or(it AND state = 'current') THEN now()
                  ELSE min(at) FILTER (WHERE id > (SELECT max(id) FROM served WHERE it)) END AS at
        FROM served
      UNION ALL
      SELECT max(finished_at) FROM andes_generations
       WHERE state = 'failed' AND addons ? :name AND made <> '{}')
    SELECT (max(at) + make_interval(years => :years))::date FROM until
    """
)
"""A change has made something, or nothing as well, once its processes may have begun to serve."""


def _resulting(asking: _Asking, action: Action, names: Sequence[str], archive: str) -> Change:
    leaving = action in LEAVING
    wanted = [it for it in asking.active if not leaving or it not in names]
    if not leaving:
        wanted += [it for it in names if it not in wanted]
    manifests = asking.solve(wanted)
    present = [name for name in names if asking.state(name) != "archived"]
    removed = asking.solve([*wanted, *present]) if action in REMOVING else []
    new = [one.name for one in manifests if one.name not in asking.active]
    targets = list(names)
    if not leaving:
        targets = [one.name for one in manifests if one.name in names or one.name in new]
    if action != "migrate":
        _check_others(asking, manifests, set(targets))
    return _change(asking.connection, action, targets, manifests, removed or manifests, archive)


def _check_others(asking: _Asking, manifests: Iterable[Manifest], targets: set[str]) -> None:
    """Note what this host's code would change besides: one change at a time."""
    here = hostcode.facts_of(manifests)
    for name, facts in here.items():
        served: Any = asking.served.get(name)
        if name not in targets and served is not None and dict(served) != facts:
            cure = "server.py migrate" if name == KERNEL.name else f"server.py addon upgrade {name}"
            asking.reasons.append(
                f"«{name}» está en este equipo en la versión {facts['version']} "
                f"({facts['revision']}) y en la base en la {served['version']} "
                f"({served['revision']}): primero «{cure}»."
            )
