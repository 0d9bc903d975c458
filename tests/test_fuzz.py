"""Every address of the OpenAPI document, with data that it allows and data that it forbids.

No answer is a 5xx, none has a status, content type or shape that the document lacks, and nothing
that breaks the document is accepted. Bounded and seeded; ``ANDES_FUZZ=long`` goes deeper, with
``ANDES_FUZZ_SEED`` to walk elsewhere.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import Any

import httpx
import pytest
import schemathesis
from schemathesis.engine import events, from_schema

from kernel import passwords
from kernel.context import Ctx
from kernel.identity import Permiso, Rol, Usuario
from kernel.runtime import Runtime
from tests.live import serving
from tests.shop import PASSWORD

LONG = os.environ.get("ANDES_FUZZ") == "long"
SEED = int(os.environ.get("ANDES_FUZZ_SEED", "20260728"))
EMAIL = "fuzz@tienda.pe"

ENDS_THE_LOGIN = ("/api/auth/logout/", "/api/auth/sesiones/{id}/")

CHANGES_THE_ADDONS = re.compile(r"/api/addons/\{name\}/\w+/")
NOBODY = "ninguno"
"""The addon that the fuzz asks to change: with one that is there, what it documents would go."""

# A list has up to forty filters, which tests/kernel/test_filters.py tries as well.
WITHOUT_EACH_FILTER = {
    "include-method": "GET",
    "exclude-path-regex": r"\{",
    "phases": {"coverage": {"enabled": False}},
}


def add_user(ctx: Ctx) -> None:
    """Add a user who may do everything and whom the fuzz will hardly meet by id."""
    rol = Rol(nombre="FUZZ", descripcion="")
    ctx.session.add(rol)
    ctx.session.flush()
    for name in ctx.runtime.registry.permissions:
        modulo, _, accion = name.rpartition(".")
        ctx.session.add(Permiso(rol_id=rol.id, modulo=modulo, accion=accion, permitido=True))
    stored = passwords.hash_password(PASSWORD, cost=4)
    ctx.session.add(Usuario(nombre="Fuzz", email=EMAIL, rol_id=rol.id, password_hash=stored))


def sign_in(address: str) -> str:
    """Return an access token."""
    body = {"email": EMAIL, "password": PASSWORD}
    answer = httpx.post(f"{address}/api/auth/login/", json=body)
    return str(answer.json()["access"])


def document_of(address: str) -> dict[str, Any]:
    """Return the OpenAPI document without Idempotency-Key, nor what would end the fuzz's own login.

    A key that is sent twice gets the stored answer, and the handler would see little of the fuzz.
    """
    headers = {"Authorization": f"Bearer {sign_in(address)}"}
    document: dict[str, Any] = httpx.get(f"{address}/api/openapi.json", headers=headers).json()
    for path in ENDS_THE_LOGIN:
        del document["paths"][path]
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["parameters"] = [
                one for one in operation["parameters"] if one["name"] != "Idempotency-Key"
            ]
    spare_the_addons(document)
    return document


def spare_the_addons(document: dict[str, Any]) -> None:
    """Let every order to an addon, among those of the document, go to one that isn't there."""
    found = [one for path, one in document["paths"].items() if CHANGES_THE_ADDONS.fullmatch(path)]
    orders = [one["post"] for one in found if "post" in one]
    assert orders
    for order in orders:
        (name,) = [one for one in order["parameters"] if one["name"] == "name"]
        name["schema"] = {"type": "string", "enum": [NOBODY]}


PATIENCE = 60
"""Seconds that an answer is waited for; a machine with much to do takes its time."""


def configuration(address: str) -> schemathesis.Config:
    """Return how far the fuzz goes."""
    return schemathesis.Config.from_dict(
        {
            "seed": SEED,
            "base-url": address,
            "headers": {"Authorization": f"Bearer {sign_in(address)}"},
            "continue-on-failure": True,
            "request-timeout": PATIENCE,
            "generation": {
                "max-examples": 200 if LONG else 4,
                "deterministic": not LONG,
                "database": "none",
                "no-shrink": not LONG,
            },
            "phases": {"stateful": {"enabled": LONG}},
            # What is well formed may still name a cliente or a caja that doesn't exist.
            "checks": {"positive_data_acceptance": {"enabled": False}},
            "operations": [] if LONG else [WITHOUT_EACH_FILTER],
        }
    )


@pytest.mark.slow(seconds=120)
def test_fuzz_of_the_openapi_finds_nothing_undocumented(runtime: Runtime) -> None:
    runtime.transact(add_user)
    found: list[str] = []
    statuses: Counter[int] = Counter()
    with serving(runtime.settings) as address:
        schema = schemathesis.openapi.from_dict(document_of(address), config=configuration(address))
        for event in from_schema(schema).execute():
            if isinstance(event, events.NonFatalError | events.FatalError):
                found.append(repr(event))
            elif isinstance(event, events.ScenarioFinished):
                found.extend(failures_of(event))
                statuses.update(statuses_of(event))
    assert not found, "\n\n".join(dict.fromkeys(found))
    assert {200, 201, 204, 400, 401, 404, 405, 409, 415} <= set(statuses), statuses


def failures_of(event: events.ScenarioFinished) -> list[str]:
    """Return what the checks say against the answers, with the request of each."""
    return [
        f"{node.name}: {event.recorder.label}: {info.failure.message}\n{info.code_sample}"
        for nodes in event.recorder.checks.values()
        for node in nodes
        if (info := node.failure_info) is not None
    ]


def statuses_of(event: events.ScenarioFinished) -> list[int]:
    """Return the statuses of a scenario's answers."""
    answers = (one.response for one in event.recorder.interactions.values())
    return [answer.status_code for answer in answers if answer is not None]
