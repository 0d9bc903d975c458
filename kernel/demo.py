"""Demo data: what each installed addon puts into the demo company, in dependency order."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kernel.db import Statement
from kernel.identity import Identity

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
USER = Statement(
    "demo_user",
    """
    SELECT u.id, u.nombre, r.id, r.nombre FROM usuarios u JOIN roles r ON r.id = u.rol_id
     WHERE lower(u.email) = %(email)s
    """,
    reads=True,
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
class DemoAct:
    """What a user of the demo does through the services, in a transaction of their own."""

    email: str
    do: Callable[[Ctx], object]


@dataclass(frozen=True, slots=True)
class DemoData:
    """An addon's loader. ``load`` runs once; ``refresh`` on later starts with a new password.

    ``acts`` are done once too, when all that was loaded is there.
    """

    name: str
    load: Callable[[Ctx, DemoFacts], None]
    refresh: Callable[[Ctx, DemoFacts], None] | None = None
    acts: tuple[DemoAct, ...] = ()


def loaded(runtime: Runtime) -> bool:
    """Return whether this instance has demo data."""
    return runtime.transact(lambda ctx: bool(ctx.sql(LOADED)))


def load(runtime: Runtime, password: str) -> None:
    """Load the demo of every installed addon; what is there already only gets the new password."""
    facts = DemoFacts(SEED, password)

    def work(ctx: Ctx) -> list[DemoAct]:
        acts: list[DemoAct] = []
        known = [row[0] for row in ctx.sql(LOADED)]
        for data in ctx.runtime.registry.gather("register_demo"):
            if data.name not in known:
                data.load(ctx, facts)
                known.append(data.name)
                acts += data.acts
            elif data.refresh is not None and password:
                data.refresh(ctx, facts)
        ctx.sql(KEEP, names=json.dumps(known))
        return acts

    for act in runtime.transact(work):
        runtime.transact(act.do, user=_user(runtime, act.email))


def _user(runtime: Runtime, email: str) -> Identity:
    [(one, nombre, rol_id, rol)] = runtime.transact(lambda ctx: ctx.sql(USER, email=email))
    return Identity(one, email, nombre, rol_id, rol, sesion_id=None)
