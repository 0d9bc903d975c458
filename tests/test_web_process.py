"""A web process loads nothing heavy, and works while an addon that it could have is disabled."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from kernel import filetypes
from kernel.http import Endpoint
from kernel.manifest import ROOT
from kernel.registry import Registry
from kernel.settings import Settings
from tests.shop import PASSWORD
from tests.source import ADDONS, HEAVY

each_removable = pytest.mark.parametrize(
    "name", sorted(name for name, one in ADDONS.items() if not one.required)
)


def web_process(settings: Settings, addons: list[str], get: list[str]) -> dict[str, Any]:
    """Return what ``tests.web_process`` finds in a process of its own."""
    facts = {name: getattr(settings, name) for name in ("database_url", "database_owner_url")}
    secrets = {
        name: getattr(settings, name).get_secret_value() for name in ("secret_key", "master_key")
    }
    order = {
        "addons": addons,
        "settings": {**facts, **secrets, "data_dir": str(settings.data_dir), "password_cost": 4},
        "login": {"email": "admin@tienda.pe", "password": PASSWORD},
        "get": get,
    }
    run = subprocess.run(
        [sys.executable, "-m", "tests.web_process", json.dumps(order)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


def test_web_process_loads_no_heavy_library(settings: Settings) -> None:
    found = web_process(settings, list(ADDONS), [])
    assert found["login"] == 200
    assert {it for it in found["modules"] if it.split(".")[0] in HEAVY} == set()


@each_removable
def test_rest_works_while_an_addon_is_disabled(
    name: str, settings: Settings, registry: Registry
) -> None:
    gone = _dependents(name)
    rest = [it for it in ADDONS if it not in gone]
    lists = {it.path: it.addon for it in registry.endpoints if it.method == "GET" and _plain(it)}
    found = web_process(settings, rest, list(lists))
    assert set(found["addons"]) == set(rest)
    assert (found["ready"], found["login"]) == (200, 200)
    expected = {path: 404 if addon in gone else 200 for path, addon in lists.items()}
    assert found["answers"] == expected
    assert not {path for path, addon in lists.items() if addon in gone} & set(found["paths"])


def _plain(endpoint: Endpoint) -> bool:
    """Return whether an address answers with data, without parameters.

    A ZIP of nothing doesn't, nor does the one thing that a new company has not got (404).
    """
    fields = endpoint.query.model_fields.values() if endpoint.query else ()
    return (
        endpoint.status == 200
        and not endpoint.path_types
        and filetypes.ZIP not in endpoint.files
        and 404 not in endpoint.statuses
        and not any(it.is_required() for it in fields)
    )


def _dependents(name: str) -> set[str]:
    """Return the addon and all that need it."""
    found = {name}
    while more := {it for it, one in ADDONS.items() if found & set(one.depends)} - found:
        found |= more
    return found
