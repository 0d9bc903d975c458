"""What every addon of the tree must be, over all manifests. The shape: docs/addons.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory

from kernel import hookspecs, migrations, model
from kernel.fields import Protected
from kernel.http import Endpoint
from kernel.manifest import ROOT, Manifest
from kernel.model import Model, addon_of, table_of
from kernel.registry import Registry
from tests import schema, source, specification
from tests.schema import Schema
from tests.source import ADDONS, BESIDES, HEAVY, PACKAGES, RANKS, TOGETHER, Source

KERNEL = migrations.KERNEL.name
HISTORIES = [KERNEL, *ADDONS]

NOT_USED_YET = {
    "addon_upgraded": "no addon of the tree has a second version",
    "register_extensions": "no addon of the tree extends another's table",
}
"""Hooks that nothing here implements, each with its reason."""

each_addon = pytest.mark.parametrize("name", sorted(ADDONS))
each_history = pytest.mark.parametrize("name", HISTORIES)


# Folder and manifest ----------------------------------------------------------------------------


@each_addon
def test_manifest_of_an_addon_has_code_and_migrations(name: str) -> None:
    one = ADDONS[name]
    assert (source.folder_of(one) / "plugin.py").is_file()
    assert one.migrations.is_dir() or not migrations.owned_tables(name)
    assert set(one.summary) == {"es", "en"}
    assert one.title


def test_folder_of_an_addon_has_a_manifest() -> None:
    homes = (ROOT / "addons", ROOT / "addons_contrib")
    folders = {path.name for home in homes for path in home.glob("*/") if _is_code(path.name)}
    assert folders == set(ADDONS)
    histories = {path.name for path in (ROOT / "migrations").glob("*/") if _is_code(path.name)}
    assert histories <= {KERNEL, *ADDONS}


def _is_code(name: str) -> bool:
    return not name.startswith((".", "__"))


# The one shape ----------------------------------------------------------------------------------


@each_addon
def test_files_of_an_addon_have_the_one_shape(name: str) -> None:
    one = ADDONS[name]
    glue = {f"plugin_{other}" for other in one.optional}
    for path in source.folder_of(one).iterdir():
        if path.suffix == ".py":
            assert path.stem in {"__init__", *RANKS, *glue}, f"{path}: no file of this name"
        elif _is_code(path.name):
            assert path.name in PACKAGES | BESIDES, f"{path}: no folder of this name"


@each_addon
def test_init_of_an_addon_names_its_purpose_and_imports_nothing(name: str) -> None:
    start = source.read(source.folder_of(ADDONS[name]) / "__init__.py", ADDONS[name].module)
    assert source.imports(start) == []
    assert len(start.tree.body) == 1, "a docstring and nothing else"


@each_addon
def test_plugin_of_an_addon_has_only_hooks_of_three_lines(name: str) -> None:
    for one in source.sources_of(ADDONS[name]):
        for function in source.functions(one) if one.part == "plugin" else ():
            where = f"{one.place}: {function.name}"
            assert source.decorated(function, "hookimpl"), f"{where} is no hook"
            assert source.body_lines(function) <= 3, f"{where} has logic; move it to a service"


@each_addon
def test_readme_of_an_addon_names_its_tables_and_dependencies(
    name: str, registry: Registry
) -> None:
    readme = (source.folder_of(ADDONS[name]) / "README.md").read_text(encoding="utf-8")
    named = migrations.owned_tables(name) | set(ADDONS[name].depends)
    assert [it for it in sorted(named) if f"`{it}`" not in readme] == []


# Imports ----------------------------------------------------------------------------------------


def test_kernel_imports_no_addon() -> None:
    for one in source.kernel_sources():
        found = [name for name in source.imports(one) if _addon_in(name)]
        assert not found, f"{one.place} imports {found}"


@each_addon
def test_imports_of_an_addon_are_its_dependencies(name: str) -> None:
    for one in source.sources_of(ADDONS[name]):
        for imported in source.imports(one):
            other = _addon_in(imported)
            if other not in ("", name):
                assert other in _allowed(ADDONS[name], one), f"{one.place} imports {imported}"
                part = imported.split(".")[2]
                assert part not in ("plugin", "routes", "views", "jobs"), (
                    f"{one.place} imports {imported}: use services, models, schemas or an event"
                )


def _allowed(one: Manifest, code: Source) -> set[str]:
    """Return the addons that a file may import: glue also the optional one that it is named for."""
    glue = code.path.stem.removeprefix("plugin_")
    return {*one.depends, *({glue} & set(one.optional))}


def _addon_in(module: str) -> str:
    words = module.split(".")
    for name, one in ADDONS.items():
        package = one.module.split(".")
        if words[: len(package)] == package:
            return name
    return words[1] if words[0] in ("addons", "addons_contrib") and len(words) > 2 else ""


@each_addon
def test_imports_inside_an_addon_point_down(name: str) -> None:
    package = f"{ADDONS[name].module}."
    for one in source.sources_of(ADDONS[name]):
        for imported in source.imports(one):
            if imported.startswith(package) and one.part != "__init__":
                part = imported.removeprefix(package).split(".")[0]
                part = "plugin" if part.startswith("plugin_") else part
                assert _points_down(one.part, part), f"{one.place} imports {imported}"


def _points_down(part: str, imported: str) -> bool:
    together = any({part, imported} <= pair for pair in TOGETHER)
    return part == imported or together or RANKS[imported] < RANKS[part]


def test_sales_and_inventory_do_not_import_each_others_services() -> None:
    for name, other in (("sales", "inventory"), ("inventory", "sales")):
        for one in source.sources_of(ADDONS[name]):
            found = [it for it in source.imports(one) if it.startswith(f"addons.{other}.services")]
            assert not found, f"{one.place} imports {found}"


@pytest.mark.parametrize("name", [KERNEL, *sorted(ADDONS)])
def test_heavy_libraries_are_imported_inside_functions_only(name: str) -> None:
    for one in source.kernel_sources() if name == KERNEL else source.sources_of(ADDONS[name]):
        found = [it for it in source.imports(one, on_load=True) if it.split(".")[0] in HEAVY]
        assert not found, f"{one.place} imports {found} when it is loaded"


# What belongs to the kernel alone ---------------------------------------------------------------


@each_addon
def test_services_of_an_addon_never_commit_nor_write_sql_text(name: str) -> None:
    for one in source.sources_of(ADDONS[name]):
        for call in source.calls(one, "commit", "rollback"):
            pytest.fail(f"{one.place}:{call.lineno}: transactions belong to the unit of work")
        for call in source.calls(one, "text") if one.part != "models" else ():
            pytest.fail(f"{one.place}:{call.lineno}: SQL text; use kernel.db.Statement")


@pytest.mark.parametrize("name", [KERNEL, *sorted(ADDONS)])
def test_clock_is_read_in_the_runtime_only(name: str) -> None:
    code = source.kernel_sources() if name == KERNEL else source.sources_of(ADDONS[name])
    assert source.clock_readings(it for it in code if it.module != "kernel.runtime") == []


# Migrations -------------------------------------------------------------------------------------


@each_history
def test_history_of_an_addon_is_one_numbered_line(name: str) -> None:
    one = migrations.KERNEL if name == KERNEL else ADDONS[name]
    revisions = list(ScriptDirectory.from_config(migrations.config(one)).walk_revisions())
    numbers = [f"{number:04d}" for number in range(len(revisions), 0, -1)]
    assert [it.revision for it in revisions] == numbers
    assert [it.down_revision for it in revisions] == [*numbers[1:], None][: len(numbers)]
    assert all(it.path.rpartition("/")[2].startswith(it.revision) for it in revisions)


@each_history
def test_migrations_up_down_up_leave_the_same_schema(name: str) -> None:
    *others, own = schema.with_dependencies(name)
    with schema.empty_database() as connection:
        schema.upgrade(connection, others)
        before = schema.read(connection)
        schema.upgrade(connection, [own])
        first = schema.read(connection)
        migrations.downgrade(connection, own)
        assert schema.difference(before, schema.read(connection)) == []
        schema.upgrade(connection, [own])
        assert schema.difference(first, schema.read(connection)) == []


@pytest.fixture(scope="module")
def migrated(registry: Registry) -> tuple[Schema, list[str]]:
    """The schema that all migrations make, and what Alembic would change to fit the models."""
    changes = []
    with schema.empty_database() as connection:
        histories = [migrations.KERNEL, *registry.manifests]
        schema.upgrade(connection, histories)
        for one in histories:
            try:
                command.check(migrations.config(one, connection))
            except Exception as difference:  # noqa: BLE001  # Alembic has no narrower class
                changes.append(f"{one.name}: {difference}")
        return schema.read(connection), changes


@pytest.fixture(scope="module")
def declared(registry: Registry) -> Schema:
    """The schema that the models say."""
    with schema.empty_database() as connection:
        Model.metadata.create_all(connection)
        return schema.read(connection)


def test_migrations_of_all_addons_leave_alembic_nothing_to_change(
    migrated: tuple[Schema, list[str]],
) -> None:
    assert migrated[1] == []


@each_history
def test_migrations_of_an_addon_make_what_its_models_say(
    name: str, migrated: tuple[Schema, list[str]], declared: Schema
) -> None:
    tables = migrations.owned_tables(name)
    have, want = (
        {t: lines for t, lines in s.items() if t in tables} for s in (migrated[0], declared)
    )
    missing = [line for line in schema.difference(want, have) if " trigger " not in line]
    assert missing == []


@each_addon
def test_models_of_an_addon_are_all_registered(name: str, registry: Registry) -> None:
    plugin = registry.plugins.get_plugin(name)
    known = {table_of(it).name for it in _declared_by(plugin, "register_models")}
    assert known == migrations.owned_tables(name)


def _declared_by(plugin: Any, hook: str) -> list[Any]:
    return list(getattr(plugin, hook)()) if hasattr(plugin, hook) else []


# Permissions ------------------------------------------------------------------------------------


def test_route_says_who_may_call_it(registry: Registry) -> None:
    public = {f"{it.method} {it.path}" for it in registry.endpoints if it.public}
    assert public == specification.PUBLIC & {f"{it.method} {it.path}" for it in registry.endpoints}
    for endpoint in registry.endpoints:
        assert endpoint.public != (endpoint.permission is not None), endpoint.path
        assert endpoint.permission in ("", None, *registry.permissions), endpoint.path


@pytest.mark.parametrize("name", [KERNEL, *sorted(ADDONS)])
def test_permission_of_an_addon_is_asked_for_somewhere(name: str, registry: Registry) -> None:
    asked = {it.permission for it in registry.endpoints} | _asked_in_code()
    asked |= {rule.permission for rule in registry.field_rules}
    asked |= {permission for it in registry.endpoints for _, permission in it.protected}
    own = {it for it in registry.permissions if registry.owners[f"permission:{it}"] == name}
    assert own - asked == set()


def _asked_in_code() -> set[str]:
    code = [
        *source.kernel_sources(),
        *(s for one in ADDONS.values() for s in source.sources_of(one)),
    ]
    return {
        text
        for one in code
        for call in source.calls(one, "can", "require", Protected.__name__)
        for text in source.texts(one, call)
    }


def test_answer_marks_every_column_under_a_field_rule(registry: Registry) -> None:
    ruled = {rule.field: rule for rule in registry.field_rules}
    for endpoint in registry.endpoints:
        marked = {path for path, _ in endpoint.protected}
        shown = {path for path in _paths(endpoint) if path.rpartition(".")[2] in ruled}
        assert shown <= marked, f"{endpoint.method} {endpoint.path} shows {shown - marked}"


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


# The contract -----------------------------------------------------------------------------------


def test_hook_is_implemented_by_the_kernel_or_an_addon(registry: Registry) -> None:
    hooks = {name for name, it in vars(hookspecs).items() if hasattr(it, "andes_spec")}
    callers = registry.plugins.hook
    unused = {name for name in hooks if not getattr(callers, name).get_hookimpls()}
    assert unused == set(NOT_USED_YET), "take a used hook off the list, give a new one its use"


@each_addon
def test_tables_of_the_specification_exist(name: str, migrated: tuple[Schema, list[str]]) -> None:
    for table, columns in specification.TABLES.get(name, {}).items():
        have = {
            line.split()[1].strip('"') for line in migrated[0][table] if line.startswith("column")
        }
        assert set(columns) <= have, f"{table} lacks {set(columns) - have}"
    for table, indexes in specification.INDEXES.get(name, {}).items():
        lines = [line for line in migrated[0][table] if line.startswith("index")]
        for index in indexes:
            assert any(index in line for line in lines), f"{table} has no index {index}"


@each_addon
def test_paths_of_the_specification_exist(name: str, registry: Registry) -> None:
    have = {f"{endpoint.method} {endpoint.path}" for endpoint in registry.endpoints}
    assert set(specification.PATHS.get(name, ())) <= have


def test_specification_names_present_addons_only() -> None:
    named = {*specification.TABLES, *specification.INDEXES, *specification.PATHS}
    assert named <= set(ADDONS)


@each_addon
def test_extension_of_a_table_is_by_an_addon_that_depends_on_its_owner(
    name: str, registry: Registry
) -> None:
    reachable = {KERNEL, *(one.name for one in schema.with_dependencies(name))}
    reachable |= set(ADDONS[name].optional)
    owners = {table_of(it.class_).name: addon_of(it.class_.__module__) for it in _mappers()}
    for table, column in model.extension_columns(name):
        assert owners[table] in reachable, f"{name} adds {table}.{column}"


def _mappers() -> list[Any]:
    return list(Model.registry.mappers)
