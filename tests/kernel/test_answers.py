"""Answers: what each exception means to the caller, and that the document can always be written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError

from kernel import answers
from kernel.errors import (
    Conflict,
    DomainError,
    FieldError,
    Forbidden,
    NotAuthenticated,
    NotFound,
    Permanent,
    RemoteDown,
    TooLarge,
    Transient,
    Unavailable,
    Unprocessable,
    ValidationFailed,
)
from kernel.runtime import Runtime
from kernel.storage import FileMissing

PLAIN: list[tuple[Exception, int, str]] = [
    (DomainError("no"), 400, "error"),
    (ValidationFailed("no", field="a"), 400, "validacion"),
    (NotAuthenticated("no"), 401, "no_autenticado"),
    (Forbidden("no"), 403, "sin_permiso"),
    (NotFound(), 404, "no_encontrado"),
    (FileMissing("x"), 404, "no_encontrado"),
    (Conflict("no"), 409, "conflicto"),
    (StaleDataError(), 409, "version_obsoleta"),
    (TooLarge("no"), 413, "cuerpo_demasiado_grande"),
    (Unprocessable("no"), 422, "sin_sentido"),
    (Unavailable("no"), 503, "no_disponible"),
    (Transient("no"), 503, "no_disponible"),
    (RemoteDown("no"), 503, "no_disponible"),
    (PoolTimeout(), 503, "no_disponible"),
    (Permanent("secreto"), 500, "error_interno"),
    (KeyError("secreto"), 500, "error_interno"),
    (AssertionError("secreto"), 500, "error_interno"),
]


@pytest.mark.parametrize(
    ("error", "status", "code"), PLAIN, ids=[type(error).__name__ for error, _, _ in PLAIN]
)
def test_of_exception_any_kind_is_a_problem_document(
    error: Exception, status: int, code: str
) -> None:
    outcome = answers.of_exception(error, "abc12345")
    document = json.loads(outcome.body)
    assert (outcome.status, outcome.media_type) == (status, "application/problem+json")
    assert document.keys() == {
        "type",
        "title",
        "status",
        "code",
        "detail",
        "instance",
        "errors",
    }
    assert (document["status"], document["code"]) == (status, code)
    assert document["title"] == answers.TITLES[status]
    assert document["instance"] == "urn:andes:request:abc12345"


def test_of_exception_unknown_kind_tells_its_id_and_nothing_else() -> None:
    outcome = answers.of_exception(RuntimeError("postgresql://root:clave@db"), "abc12345")
    assert b"abc12345" in outcome.body
    assert b"clave" not in outcome.body


def test_problem_of_401_says_how_to_identify() -> None:
    outcome = answers.problem(NotAuthenticated("no"), "r")
    assert outcome.headers == {"WWW-Authenticate": "Bearer"}


def test_problem_of_503_says_when_to_try_again() -> None:
    assert answers.problem(Unavailable("no", retry_after=7), "r").headers == {"Retry-After": "7"}


def test_problem_lists_field_code_and_message_of_each_fault() -> None:
    error = ValidationFailed("no", errors=[FieldError("a.0.b", "missing", "Falta este campo.")])
    assert json.loads(answers.problem(error, "r").body)["errors"] == [
        {"field": "a.0.b", "code": "missing", "message": "Falta este campo."}
    ]


@dataclass
class Diagnosis:
    """What a server that speaks some language tells about a violated constraint."""

    constraint_name: str
    table_name: str
    message_detail: str
    column_name: str | None = None


def fields(error: DomainError) -> list[str]:
    return [fault.field for fault in error.errors]


@pytest.mark.parametrize(
    "detail",
    [
        "Key (rol_id)=(99) is not present in table «roles».",
        'La llave (rol_id)=(99) no está presente en la tabla "roles".',
        "Schlüssel (rol_id)=(99) ist nicht in Tabelle »roles« vorhanden.",
    ],
)
def test_reference_to_what_does_not_exist_names_the_field(detail: str) -> None:
    error = answers.BY_SQLSTATE["23503"](Diagnosis("fk_usuarios_rol_id", "usuarios", detail))
    assert (error.status, fields(error)) == (400, ["rol_id"])


@pytest.mark.parametrize(
    "detail",
    [
        'Key (id)=(1) is still referenced from table "usuarios".',
        "La llave (id)=(1) todavía es referida desde la tabla «usuarios».",
        "",
    ],
)
def test_reference_from_others_is_a_conflict(detail: str) -> None:
    error = answers.BY_SQLSTATE["23503"](Diagnosis("fk_usuarios_rol_id", "usuarios", detail))
    assert (error.status, error.code) == (409, "en_uso")


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ("Key (sku)=(a) already exists.", ["sku"]),
        (
            "Key (tipo_doc, numero_doc)=(6, )=() already exists.",
            ["tipo_doc", "numero_doc"],
        ),
        ("Key (lower(email))=(a@b.pe) already exists.", ["email"]),
        ("Key (lower(email::text))=(a@b.pe) already exists.", ["email"]),
        ('Ya existe la llave ("2fa_activo")=(1).', ["2fa_activo"]),
        ("", []),
    ],
)
def test_duplicate_names_each_column(detail: str, expected: list[str]) -> None:
    error = answers.BY_SQLSTATE["23505"](Diagnosis("uq_x", "x", detail))
    assert (error.status, fields(error)) == (409, expected)


STATEMENTS = {
    "INSERT INTO categorias (nombre) VALUES ('A'), ('A')": (409, "duplicado"),
    "INSERT INTO categorias (nombre) VALUES (NULL)": (400, "validacion"),
    "UPDATE productos SET precio = -1": (400, "validacion"),
    "UPDATE productos SET precio = 1e30": (400, "rango"),
    "UPDATE productos SET categoria_id = 999999": (400, "validacion"),
    "DELETE FROM productos": (409, "en_uso"),
    "SELECT pg_terminate_backend(pg_backend_pid())": (503, "no_disponible"),
    "SELECT 1/0": (500, "error_interno"),
    "SELECT nada": (500, "error_interno"),
    "UPDATE audit_logs SET accion = 'x'": (500, "error_interno"),
}


@pytest.mark.parametrize("driven", [False, True], ids=["sqlalchemy", "psycopg"])
def test_of_exception_each_fault_of_the_database_has_its_answer(
    runtime: Runtime, driven: bool
) -> None:
    for statement, expected in STATEMENTS.items():
        error = fault_of(runtime, statement, driven=driven)
        outcome = answers.of_exception(error, "r")
        assert (outcome.status, json.loads(outcome.body)["code"]) == expected, statement


def fault_of(runtime: Runtime, statement: str, *, driven: bool) -> Exception:
    """Return what a statement raises, through SQLAlchemy or on the driver."""
    with runtime.database.engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        run = raw.execute if driven else lambda sql: connection.execute(text(sql))
        with pytest.raises((DBAPIError, psycopg.Error)) as caught:
            run(statement)
    assert driven != isinstance(caught.value, DBAPIError)
    return caught.value
