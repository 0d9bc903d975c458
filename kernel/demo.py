"""Demo data: what each installed addon puts into the demo company, in dependency order."""

from __future__ import annotations

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
LOADED = Statement("demo_loaded", "SELECT count(*) FROM usuarios WHERE email = 'admin@demo.pe'")


@dataclass(frozen=True, slots=True)
class DemoFacts:
    """What loaders are given: the same seed and day give the same rows."""

    seed: int
    password: str


@dataclass(frozen=True, slots=True)
class DemoData:
    """An addon's loader. ``load`` runs once; ``refresh`` on later starts with a new password."""

    name: str
    load: Callable[[Ctx, DemoFacts], None]
    refresh: Callable[[Ctx, DemoFacts], None] | None = None


def load(runtime: Runtime, password: str) -> None:
    """Load the demo of every installed addon, or refresh it where it is there already."""
    facts = DemoFacts(SEED, password)

    def work(ctx: Ctx) -> None:
        again = bool(ctx.sql(LOADED)[0][0])
        for data in ctx.runtime.registry.gather("register_demo"):
            act = data.refresh if again else data.load
            if act is not None:
                act(ctx, facts)

    runtime.transact(work)
