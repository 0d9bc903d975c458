"""An instance for a test: settings, runtime, and a database with addons and their small company."""

from __future__ import annotations

import base64
import importlib
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kernel import lifecycle, manifest, processes, solver
from kernel.context import Ctx
from kernel.manifest import Manifest
from kernel.registry import Registry
from kernel.runtime import Runtime
from kernel.settings import Settings, load

ADDON_VARIABLE = "ANDES_TEST_ADDON"
"""The addon under test; without it, all that this host has."""


def under_test() -> list[Manifest]:
    """Return the addons that tests find installed, in dependency order.

    Those of the addon under test are what it depends on, and itself.
    """
    roots = [Path(it) for it in os.environ.get("ADDON_ROOTS", "").split(",") if it]
    found = manifest.survey(roots)
    name = os.environ.get(ADDON_VARIABLE, "")
    return solver.solve(found.manifests, [name] if name else sorted(found.manifests), found.invalid)


def testing_modules(manifests: list[Manifest]) -> list[str]:
    """Return the ``testing`` modules of addons, which write and offer what tests begin with."""
    names = (f"{one.module}.testing" for one in manifests)
    return [name for name in names if find_spec(name) is not None]


def settings_of(owner_url: str, app_url: str, folder: Path, **more: Any) -> Settings:
    """Return settings for a test's database; passwords cost little, and much may be asked."""
    return load(
        _env_file=None,
        database_url=app_url,
        database_owner_url=owner_url,
        secret_key="test-only-" + "k" * 40,
        master_key=base64.b64encode(bytes(range(32))).decode(),
        data_dir=folder,
        password_cost=4,
        login_per_minute=1000,
        exports_per_minute=1000,
        **more,
    )


def runtime_of(settings: Settings, registry: Registry) -> Runtime:
    """Return the runtime of a test's instance."""
    return processes.make_runtime(settings, registry)


def build(settings: Settings, registry: Registry) -> None:
    """Install the addons into an empty database and open their small company."""
    runtime = runtime_of(settings, registry)
    try:
        lifecycle.migrate(runtime)
        runtime.transact(open_company)
    finally:
        runtime.close()


def open_company(ctx: Ctx) -> None:
    """Let each addon write what tests begin with: ``open_shop`` of its ``testing`` module."""
    for name in testing_modules(list(ctx.runtime.registry.manifests)):
        module = importlib.import_module(name)
        if hasattr(module, "open_shop"):
            module.open_shop(ctx)
