"""What an addon declares, once it is loaded: routes, permissions, tables, jobs, events."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from kernel import migrations, model
from kernel.checks import source
from kernel.checks.subject import Subject
from kernel.http import Endpoint
from kernel.manifest import KERNEL
from kernel.model import Model, addon_of, table_of
from kernel.registry import Registry


def check_loads(subject: Subject) -> Iterator[str]:
    """Yield why the addon does not load with what it depends on."""
    if subject.fault:
        yield subject.fault


def check_routes(subject: Subject) -> Iterator[str]:
    """Yield routes that don't say who may call them."""
    for one in _endpoints(subject):
        where = f"{one.method} {one.path}"
        if one.public == (one.permission is not None):
            yield f"{where} names neither a permission nor that it is public"
        elif one.permission not in ("", None, *subject.loaded.permissions):
            yield f"{where} asks for «{one.permission}», which nobody registers"


def _endpoints(subject: Subject) -> list[Endpoint]:
    return [one for one in subject.loaded.endpoints if one.addon == subject.name]


def check_tables(subject: Subject) -> Iterator[str]:
    """Yield tables that are not registered, and extensions of tables out of reach."""
    plugin = subject.loaded.plugins.get_plugin(subject.name)
    registered = {table_of(it).name for it in declared_by(plugin, "register_models")}
    owned = migrations.owned_tables(subject.name)
    yield from (f"«{it}» is not returned by register_models" for it in sorted(owned - registered))
    yield from (f"«{it}» is registered, and another's" for it in sorted(registered - owned))
    reachable = {KERNEL.name, *(one.name for one in subject.closure)}
    reachable |= set(subject.manifest.optional)
    owners = {table_of(it.class_).name: addon_of(it.class_.__module__) for it in _mappers()}
    for table, column in model.extension_columns(subject.name):
        if owners[table] not in reachable:
            yield f"{table}.{column} is added to a table of {owners[table]}"


def declared_by(plugin: Any, hook: str) -> list[Any]:
    """Return what a plugin declares by a hook."""
    return list(getattr(plugin, hook)()) if hasattr(plugin, hook) else []


def _mappers() -> list[Any]:
    return list(Model.registry.mappers)


def check_permissions(subject: Subject) -> Iterator[str]:
    """Yield permissions of the addon that nothing asks for."""
    registry = subject.loaded
    asked = {it.permission for it in registry.endpoints} | _asked_in_code(subject)
    asked |= {rule.permission for rule in registry.field_rules}
    asked |= {permission for it in registry.endpoints for _, permission in it.protected}
    for name in sorted(registry.permissions.keys() - asked):
        if registry.owners[f"permission:{name}"] == subject.name:
            yield f"«{name}» is declared and never asked for"


def _asked_in_code(subject: Subject) -> set[str]:
    """Return the permissions that code names; another addon may ask for ours."""
    manifests = {one.name: one for one in (*subject.loaded.manifests, subject.manifest)}
    code = [
        *source.kernel_sources(),
        *(one for it in manifests.values() for one in source.sources_of(it)),
    ]
    return {
        text
        for one in code
        for call in source.calls(one, "can", "require", "Protected")
        for text in source.texts(one, call)
    }


def check_fields(subject: Subject) -> Iterator[str]:
    """Yield answers that show a column under a field rule without marking it."""
    ruled = {rule.field: rule for rule in subject.loaded.field_rules}
    for endpoint in _endpoints(subject):
        marked = {path for path, _ in endpoint.protected}
        shown = {path for path in _paths(endpoint) if path.rpartition(".")[2] in ruled}
        for path in sorted(shown - marked):
            yield f"{endpoint.method} {endpoint.path} shows {path}"


def _paths(endpoint: Endpoint) -> Iterator[str]:
    """Yield the fields of an answer as ``kernel.fields`` names them: ``items.*.costo``."""
    if endpoint.adapter is None:
        return
    document = endpoint.adapter.json_schema(mode="serialization")
    yield from _walk(document, document.get("$defs", {}), (), ())


def _walk(
    part: Mapping[str, Any], known: Mapping[str, Any], path: tuple[str, ...], above: tuple[str, ...]
) -> Iterator[str]:
    reference = part.get("$ref", "").rpartition("/")[2]
    if reference in above:
        return
    if reference:
        part, above = known[reference], (*above, reference)
    for name, member in part.get("properties", {}).items():
        yield ".".join([*path, name])
        yield from _walk(member, known, (*path, name), above)
    for key in ("items", "additionalProperties"):
        if isinstance(part.get(key), dict):
            yield from _walk(part[key], known, (*path, "*"), above)
    for member in part.get("anyOf", ()):
        yield from _walk(member, known, path, above)


def check_used(subject: Subject) -> Iterator[str]:
    """Yield jobs, events and sequences that are declared and that nothing uses."""
    registry = subject.loaded
    plugin = registry.plugins.get_plugin(subject.name)
    named = _texts(subject)
    for hook, kind in (("register_jobs", "job"), ("register_sequences", "sequence")):
        for one in declared_by(plugin, hook):
            if named[one.name] < 2 and one.name not in _scheduled(registry):
                yield f"the {kind} «{one.name}» is declared and never used"
    published = _constructed(subject)
    for one in declared_by(plugin, "register_events"):
        if one.payload.__name__ not in published:
            yield f"the event «{one.name}» is declared and never published"


def _scheduled(registry: Registry) -> set[str]:
    return {one.job for one in registry.schedules.values()}


def _texts(subject: Subject) -> Counter[str]:
    """Return how often the addon writes each text: once to declare a name, again to use it."""
    nodes = (node for one in subject.sources for node in ast.walk(one.tree))
    return Counter(
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _constructed(subject: Subject) -> set[str]:
    """Return the names of the classes that the addon makes instances of."""
    calls = (node for one in subject.sources for node in ast.walk(one.tree))
    return {source.last_name(node.func) for node in calls if isinstance(node, ast.Call)}
