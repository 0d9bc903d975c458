"""Demo data: what each installed addon puts into the demo company, in dependency order."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kernel.db import Statement

if TYPE_CHECKING:
    from kernel.context import Ctx
    from kernel.runtime import Runtime

SEED = 20_260_728
USERS = {
    "admin@demo.pe": "administra todo",
    "cajero@demo.pe": "vende en caja",
    "vendedor@demo.pe": "vende y cotiza",
    "almacen@demo.pe": "cuida el almacén",
    "contador@demo.pe": "lleva los libros",
    "caja2@demo.pe": "vende en caja y ya tiene una abierta",
}
LOADED = Statement(
    "demo_loaded",
    "SELECT jsonb_array_elements_text(data) FROM andes_preferences WHERE name = 'demo'",
)
KEEP = Statement(
    "demo_keep",
    """
    INSERT INTO andes_preferences (name, data) VALUES ('demo', %(names)s::jsonb)
    ON CONFLICT (name) DO UPDATE SET data = excluded.data, updated_at = now()
    """,
)


@dataclass(frozen=True, slots=True)
class DemoFacts:
    """What loaders are given: the same seed and day give the same rows.

    Without ``password`` the demo users keep theirs.
    """

    seed: int
    password: str


@dataclass(frozen=True, slots=True)
class DemoData:
    """An addon's loader. ``load`` runs once; ``refresh`` on later starts with a new password."""

    name: str
    load: Callable[[Ctx, DemoFacts], None]
    refresh: Callable[[Ctx, DemoFacts], None] | None = None


def loaded(runtime: Runtime) -> bool:
    """Return whether this instance has demo data."""
    return runtime.transact(lambda ctx: bool(ctx.sql(LOADED)))


def load(runtime: Runtime, password: str) -> None:
    """Load the demo of every installed addon; what is there already only gets the new password."""
    facts = DemoFacts(SEED, password)

    def work(ctx: Ctx) -> None:
        known = [row[0] for row in ctx.sql(LOADED)]
        for data in ctx.runtime.registry.gather("register_demo"):
            if data.name not in known:
                data.load(ctx, facts)
                known.append(data.name)
            elif data.refresh is not None and password:
                data.refresh(ctx, facts)
        ctx.sql(KEEP, names=json.dumps(known))

    runtime.transact(work)
