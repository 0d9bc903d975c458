"""The registry: what the installed addons declare, gathered once when a process starts.

A registry is a value: it is built from the set of installed addons, checked, and never changes.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.util import find_spec
from typing import Any, TypeVar, cast

import pluggy

from kernel import hookspecs, model, own, reports, translations
from kernel.conflicts import address, conflict
from kernel.errors import ConfigurationError
from kernel.events import EventBus, EventType, Subscriber
from kernel.extensions import extended
from kernel.hosts import HostPolicy
from kernel.http import Endpoint
from kernel.imports import Import
from kernel.jobs import Job, Schedule
from kernel.manifest import Manifest
from kernel.places import destination
from kernel.rbac import FieldRule, Permission, Role, RowRule, Scope
from kernel.resource import Resource
from kernel.screens import Eyes, Screens, assemble
from kernel.sequences import Sequence as Correlativo

T = TypeVar("T")


@dataclass(frozen=True)
class Registry:
    """Everything that one generation of addons declares."""

    manifests: tuple[Manifest, ...]
    plugins: pluggy.PluginManager
    endpoints: tuple[Endpoint, ...]
    resources: tuple[Resource, ...]
    permissions: dict[str, Permission]
    scopes: dict[str, Scope]
    row_rules: tuple[RowRule, ...]
    field_rules: tuple[FieldRule, ...]
    jobs: dict[str, Job]
    schedules: dict[str, Schedule]
    events: EventBus
    sequences: dict[str, Correlativo]
    imports: dict[str, Import]
    screens: Screens
    pages: tuple[Endpoint, ...]
    """What answers HTML to a browser; no part of the API."""
    owners: dict[str, str] = field(default_factory=dict)
    """Name of each declared thing (``kind:name``) → the addon that declares it."""

    def job(self, name: str) -> Job:
        """Return a declared job.

        Raises:
            ConfigurationError: no installed addon declares it.
        """
        if name not in self.jobs:
            raise ConfigurationError(f"No installed addon declares the job «{name}».")
        return self.jobs[name]

    def host_policy(self, addon: str, allowed: Iterable[str]) -> HostPolicy:
        """Return where an addon may go: its manifest's hosts, and what the administrator allowed.

        Raises:
            ConfigurationError: it is not installed.
        """
        for manifest in self.manifests:
            if manifest.name == addon:
                return HostPolicy.of(addon, manifest.hosts, allowed)
        raise ConfigurationError(f"The addon «{addon}» is not installed.")

    def gather(self, hook: str) -> list[Any]:
        """Return the declarations of one ``register_*`` hook, in dependency order."""
        return [item for _, item in gather(self.plugins, hook)]

    def eyes(self, can: Callable[[str], bool]) -> Eyes:
        """Return what of the views somebody with these permissions may see."""

        def hidden(path: str) -> frozenset[str]:
            listed = self.addresses.get(("GET", path))
            asked = listed.protected if listed is not None else ()
            return frozenset(
                name.removeprefix("items.*.") for name, permission in asked if not can(permission)
            )

        def may_post(path: str) -> bool:
            permission = self.addresses["POST", path].permission
            return not permission or can(permission)

        def may_open(path: str) -> bool:
            permission = self.screens.places[destination(path)]
            return not permission or can(permission)

        return Eyes(can, hidden, may_post, may_open)

    @cached_property
    def addresses(self) -> dict[tuple[str, str], Endpoint]:
        """The endpoints by method and path."""
        return {(one.method, one.path): one for one in self.endpoints}

    @cached_property
    def memo(self) -> dict[Any, Any]:
        """What is worked out once from the declarations, by whoever does."""
        return {}

    def roles(self) -> list[Role]:
        """Return the role templates of the installed addons."""
        return cast("list[Role]", self.gather("register_roles"))


def load(manifests: Sequence[Manifest]) -> Registry:
    """Import the plugins of the addons, map their tables and return what they declare.

    Raises:
        ConfigurationError: a hook is misspelt, two addons declare one name, or a plugin is missing.
    """
    plugins = pluggy.PluginManager("andes")
    plugins.add_hookspecs(hookspecs)
    plugins.register(own, name="kernel")
    for name, module in import_plugins(manifests):
        plugins.register(module, name=name)
    plugins.check_pending()
    translations.declare(one.code for one in manifests)
    list(gather(plugins, "register_models"))
    model.map_models()
    return _build(tuple(manifests), plugins)


def import_plugins(manifests: Sequence[Manifest]) -> Iterator[tuple[str, Any]]:
    """Yield the plugin of each addon, and its glue to those beside it, imported by then.

    Raises:
        ConfigurationError: an addon has no plugin.
    """
    names = {manifest.name for manifest in manifests}
    for manifest in manifests:
        yield manifest.name, _import(f"{manifest.module}.plugin", manifest)
        for other in sorted(names & set(manifest.optional)):
            glue = f"{manifest.module}.plugin_{other}"
            if find_spec(glue) is not None:
                yield f"{manifest.name}+{other}", _import(glue, manifest)


def _import(module: str, manifest: Manifest) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise ConfigurationError(f"The addon «{manifest.name}» has no {module}.") from None


def gather(plugins: pluggy.PluginManager, hook: str) -> Iterable[tuple[str, Any]]:
    """Yield (addon, declaration) of one hook, the kernel first, then in dependency order."""
    for implementation in plugins.hook.__dict__[hook].get_hookimpls():
        for item in implementation.function():
            yield implementation.plugin_name, item


@dataclass(slots=True)
class _Names:
    """Refuses the second declaration of a name, naming both addons."""

    owners: dict[str, str] = field(default_factory=dict)

    def index(
        self, plugins: pluggy.PluginManager, hook: str, kind: str, name: Callable[[Any], str]
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for addon, item in gather(plugins, hook):
            self.claim(kind, name(item), addon)
            found[name(item)] = item
        return found

    def claim(self, kind: str, name: str, addon: str, *, shown: str = "") -> None:
        key = f"{kind}:{name}"
        if key in self.owners:
            raise conflict(kind, shown or name, self.owners[key], addon)
        self.owners[key] = addon


def _build(manifests: tuple[Manifest, ...], plugins: pluggy.PluginManager) -> Registry:
    names = _Names()

    def by_name(item: Any) -> str:
        return str(item.name)

    permissions = names.index(plugins, "register_permissions", "permission", by_name)
    event_types = names.index(plugins, "register_events", "event", by_name)
    subscribers = [
        replace(item, addon=addon) for addon, item in gather(plugins, "register_subscribers")
    ]
    endpoints, resources = _routes(plugins, names, permissions)
    pages = _pages(plugins, names, permissions)
    registry = Registry(
        manifests=manifests,
        plugins=plugins,
        endpoints=endpoints,
        resources=resources,
        permissions=permissions,
        scopes=names.index(plugins, "register_scopes", "scope", by_name),
        row_rules=tuple(names.index(plugins, "register_row_rules", "row rule", by_name).values()),
        field_rules=tuple(item for _, item in gather(plugins, "register_field_rules")),
        jobs=names.index(plugins, "register_jobs", "job", by_name),
        schedules=names.index(plugins, "register_schedules", "schedule", by_name),
        events=EventBus(
            cast("Iterable[EventType]", event_types.values()),
            cast("Iterable[Subscriber]", subscribers),
        ),
        sequences=names.index(plugins, "register_sequences", "sequence", by_name),
        imports=names.index(plugins, "register_imports", "import", by_name),
        screens=_screens(plugins, names, (*endpoints, *pages)),
        pages=pages,
        owners=names.owners,
    )
    _check_schedules(registry)
    return registry


def _screens(
    plugins: pluggy.PluginManager, names: _Names, endpoints: tuple[Endpoint, ...]
) -> Screens:
    for hook, kind in (("register_views", "view"), ("register_menus", "menu")):
        names.index(plugins, hook, kind, lambda one: str(one.id))
    return assemble(
        gather(plugins, "register_views"),
        gather(plugins, "register_view_patches"),
        gather(plugins, "register_menus"),
        endpoints,
        frozenset(names.index(plugins, "register_widgets", "widget", lambda one: str(one.name))),
    )


def _routes(
    plugins: pluggy.PluginManager, names: _Names, permissions: dict[str, Permission]
) -> tuple[tuple[Endpoint, ...], tuple[Resource, ...]]:
    field_rules = [item for _, item in gather(plugins, "register_field_rules")]
    endpoints: list[Endpoint] = []
    resources: list[Resource] = []
    for addon, item in extended(
        gather(plugins, "register_routes"), gather(plugins, "register_extensions")
    ):
        if isinstance(item, Resource):
            resources.append(item)
        made = item.endpoints(field_rules) if isinstance(item, Resource) else [item]
        endpoints.extend(endpoint.owned_by(addon) for endpoint in made)
    for addon, report in gather(plugins, "register_reports"):
        endpoints.append(reports.endpoint_of(report).owned_by(addon))
    for endpoint in endpoints:
        same = address(endpoint.method, endpoint.path)
        shown = f"{endpoint.method} {endpoint.path}"
        names.claim("route", same, endpoint.addon, shown=shown)
        _check_permission(endpoint, permissions)
    return tuple(endpoints), tuple(resources)


def _pages(
    plugins: pluggy.PluginManager, names: _Names, permissions: dict[str, Permission]
) -> tuple[Endpoint, ...]:
    found = [one.owned_by(addon) for addon, one in gather(plugins, "register_pages")]
    for one in found:
        same, shown = address(one.method, one.path), f"{one.method} {one.path}"
        names.claim("page", same, one.addon, shown=shown)
        _check_permission(one, permissions)
    return tuple(found)


def _check_permission(endpoint: Endpoint, permissions: dict[str, Permission]) -> None:
    if endpoint.permission and endpoint.permission not in permissions:
        raise ConfigurationError(
            f"{endpoint.addon}: {endpoint.method} {endpoint.path} asks for "
            f"«{endpoint.permission}», "
            "which no installed addon registers."
        )


def _check_schedules(registry: Registry) -> None:
    for schedule in registry.schedules.values():
        registry.job(schedule.job)
