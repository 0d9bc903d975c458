"""What every addon of the tree must be, over all manifests. The rules: kernel/quality.py."""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest

from kernel import catalogue, hookspecs, manifest, migrations, words
from kernel.catalogue import Schema
from kernel.checks import examination, history
from kernel.checks.imports import addon_in
from kernel.checks.subject import Subject
from kernel.manifest import ROOT
from kernel.model import Model
from kernel.registry import Registry
from tests import source, specification
from tests.source import ADDONS, HEAVY

KERNEL = manifest.KERNEL.name
AVAILABLE = manifest.discover()

NOT_USED_YET = {"addon_upgraded": "no addon of the tree has a second version"}
"""Hooks that nothing here implements, each with its reason."""

ELSEWHERE = {
    "types": "make check",
    "hooks": "tests/typing",
    "loads": "the registry that all tests share",
}
"""Rules of bronze and silver that others judge for the whole tree at once."""

RULES = [it for it in examination.rules_of("bronze", "silver") if it not in ELSEWHERE]

each_addon = pytest.mark.parametrize("name", sorted(ADDONS))
Examine = Callable[[str], Subject]


@pytest.fixture(scope="module")
def subject(registry: Registry) -> Examine:
    """Return a function that gives an addon to examine; all of them are loaded."""
    return lambda name: Subject(ADDONS[name], AVAILABLE, registry)


# The quality scale ------------------------------------------------------------------------------


@each_addon
@pytest.mark.parametrize("rule", RULES)
def test_addon_fulfils_the_rules_of_silver(name: str, rule: str, subject: Examine) -> None:
    verdict = examination.judge(subject(name), rule)
    assert verdict.passes, "\n".join([*verdict.faults, f"→ {examination.RULES[rule].cure}"])


def test_rule_that_a_program_judges_has_its_function() -> None:
    judged = {name for name, rule in examination.RULES.items() if rule.judged}
    assert judged == set(examination.CHECKS)
    assert set(examination.LOADED) <= judged


# Folder and manifest ----------------------------------------------------------------------------


def test_folder_of_an_addon_has_a_manifest() -> None:
    homes = (ROOT / "addons", ROOT / "addons_contrib")
    folders = {path.name for home in homes for path in home.glob("*/") if _is_code(path.name)}
    assert folders == set(ADDONS)
    histories = {path.name for path in (ROOT / "migrations").glob("*/") if _is_code(path.name)}
    assert histories <= {KERNEL, *ADDONS}


def _is_code(name: str) -> bool:
    return not name.startswith((".", "__"))


# The kernel ------------------------------------------------------------------------------------


def test_kernel_imports_no_addon() -> None:
    for one in source.kernel_sources():
        found = [name for name in source.imports(one) if addon_in(name, ADDONS)[0]]
        assert not found, f"{one.place} imports {found}"


def test_sales_and_inventory_do_not_import_each_others_services() -> None:
    for name, other in (("sales", "inventory"), ("inventory", "sales")):
        for one in source.sources_of(ADDONS[name]):
            found = [it for it in source.imports(one) if it.startswith(f"addons.{other}.services")]
            assert not found, f"{one.place} imports {found}"


def test_kernel_loads_heavy_libraries_inside_functions_only() -> None:
    for one in source.kernel_sources():
        found = [it for it in source.imports(one, on_load=True) if it.split(".")[0] in HEAVY]
        assert not found, f"{one.place} imports {found} when it is loaded"


def test_kernel_reads_the_clock_in_the_runtime_only() -> None:
    code = source.kernel_sources()
    assert source.clock_readings(it for it in code if it.module != "kernel.runtime") == []


# Migrations -------------------------------------------------------------------------------------


def test_history_of_the_kernel_is_one_numbered_line_that_goes_up_and_down() -> None:
    assert list(history.line_faults(manifest.KERNEL)) == []
    with history.empty_database() as connection:
        assert list(history.up_down_up(connection, [], manifest.KERNEL)) == []


@pytest.fixture(scope="module")
def migrated(registry: Registry) -> tuple[Schema, list[str]]:
    """The schema that all migrations make, and what Alembic would change to fit the models."""
    changes = []
    with history.empty_database() as connection:
        histories = [manifest.KERNEL, *registry.manifests]
        history.upgrade(connection, histories)
        for one in histories:
            changes += [f"{one.name}: {it}" for it in history.changes_left(connection, one)]
        return catalogue.read(connection), changes


@pytest.fixture(scope="module")
def declared(registry: Registry) -> Schema:
    """The schema that the models say."""
    with history.empty_database() as connection:
        Model.metadata.create_all(connection)
        return catalogue.read(connection)


def test_migrations_of_all_addons_leave_alembic_nothing_to_change(
    migrated: tuple[Schema, list[str]],
) -> None:
    assert migrated[1] == []


@pytest.mark.parametrize("name", [KERNEL, *sorted(ADDONS)])
def test_migrations_of_an_addon_make_what_its_models_say(
    name: str, migrated: tuple[Schema, list[str]], declared: Schema
) -> None:
    tables = migrations.owned_tables(name)
    have, want = (
        {t: lines for t, lines in s.items() if t in tables} for s in (migrated[0], declared)
    )
    missing = [line for line in catalogue.difference(want, have) if " trigger " not in line]
    assert missing == []


# Permissions ------------------------------------------------------------------------------------


def test_route_is_public_only_where_the_specification_says_so(registry: Registry) -> None:
    public = {f"{it.method} {it.path}" for it in registry.endpoints if it.public}
    assert public == specification.PUBLIC & {f"{it.method} {it.path}" for it in registry.endpoints}


@pytest.mark.parametrize("rule", ["routes", "permissions", "fields"])
def test_kernel_fulfils_the_rules_of_declarations(rule: str, registry: Registry) -> None:
    kernel = Subject(manifest.KERNEL, AVAILABLE, registry)
    assert list(examination.CHECKS[rule](kernel)) == []


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


# Words -------------------------------------------------------------------------------------------


def test_job_says_in_words_what_it_does(registry: Registry) -> None:
    for job in registry.jobs.values():
        title = job.summary
        assert " " in title, f"{job.name} is called «{title}»"
        assert not title.endswith("."), f"{job.name}: a title has no full stop"
    titles = [job.summary for job in registry.jobs.values()]
    assert len(set(titles)) == len(titles)


def test_schedule_runs_a_job_that_has_words(registry: Registry) -> None:
    for schedule in registry.schedules.values():
        assert registry.jobs[schedule.job].summary, schedule.name


def test_module_of_permissions_is_called_by_words(registry: Registry) -> None:
    named = words.known(registry, words.MODULE)
    asked = {one.modulo for one in registry.permissions.values()}
    assert asked <= named.keys()


def test_act_of_the_audit_is_told_in_words(registry: Registry) -> None:
    told = words.known(registry, words.ACT)
    acts = {
        call.args[0].value
        for folder in [ROOT / "kernel", *(one.code for one in registry.manifests)]
        for path in folder.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "audit"
        and isinstance(call.args[0], ast.Constant)
    }
    assert len(acts) > 30
    assert acts <= told.keys()
