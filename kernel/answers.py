"""Answers: the one table that turns an exception into a problem document (RFC 9457).

``{"type", "title", "status", "code", "detail", "instance", "errors": [{field, code, message}]}``
Texts are in the language of the request; the codes are stable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import psycopg
from pydantic_core import to_json
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError

from kernel import db, logging, translations
from kernel.errors import (
    Conflict,
    DomainError,
    FieldError,
    NotFound,
    Transient,
    Unavailable,
    ValidationFailed,
)
from kernel.storage import FileMissing
from kernel.translations import later

log = logging.get(__name__)

JSON = "application/json"
PROBLEM = "application/problem+json"
FORM = "multipart/form-data"

TITLES: Mapping[int, str] = later(
    {
        400: "Datos no válidos",
        401: "Sin identificar",
        403: "Sin permiso",
        404: "No encontrado",
        405: "Método no permitido",
        409: "Conflicto",
        413: "Demasiado grande",
        415: "Tipo de contenido no admitido",
        422: "Sin sentido",
        429: "Demasiadas solicitudes",
        500: "Error interno",
        503: "No disponible",
    }
)

OF_ACCESS = frozenset({401, 403, 429})
"""Refusals of who asks, not of what is asked. ASVS 16.3.1, 16.3.2."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Status, body and headers of an answer, ready to be sent."""

    status: int
    body: bytes
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


def note(error: DomainError) -> None:
    """Leave a line in the log of a refusal of access."""
    if error.status in OF_ACCESS:
        log.info("access_refused", status=error.status, code=error.code)


def problem(error: DomainError, request_id: str) -> Outcome:
    """Return the problem document of a refusal, in the language that is spoken.

    One of access leaves a line in the log.
    """
    note(error)
    headers: dict[str, str] = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    document = {
        "type": "about:blank",
        "title": translations.translate(TITLES.get(error.status, "Error")),
        "status": error.status,
        "code": error.code,
        "detail": translations.message(error.message),
        "instance": f"urn:andes:request:{request_id}",
        "errors": [
            {
                "field": fault.field,
                "code": fault.code,
                "message": translations.message(fault.message),
            }
            for fault in error.errors
        ],
    }
    return Outcome(error.status, to_json(document, inf_nan_mode="null"), PROBLEM, headers)


def of_exception(error: Exception, request_id: str) -> Outcome:
    """Return the answer for any exception; an unknown one is logged and told by its id only."""
    return problem(told(error, request_id), request_id)


def told(error: Exception, request_id: str) -> DomainError:
    """Return what the caller is told of an exception; an unknown one is logged."""
    known = explain(error)
    if known is None:
        log.error("request_failed", exc_info=error)
        known = our_fault(request_id)
    return known


def our_fault(request_id: str) -> DomainError:
    """Return the refusal of what went wrong on our side, which tells nothing but an id."""
    return DomainError(
        "Ocurrió un error inesperado y no se guardó nada. Al pedir ayuda, indique el "
        f"identificador {request_id}.",
        code="error_interno",
        status=500,
    )


def explain(error: Exception) -> DomainError | None:
    """Return the refusal that an exception means to the caller, or None when it is our fault."""
    if isinstance(error, DomainError):
        return error
    if isinstance(error, StaleDataError):
        return Conflict(
            "Otra persona cambió este registro mientras usted lo editaba; vuelva a abrirlo.",
            code="version_obsoleta",
        )
    if isinstance(error, FileMissing):
        return NotFound()
    if isinstance(error, Transient):
        return Unavailable("Un servicio externo no responde; vuelva a intentarlo.")
    if isinstance(error, PoolTimeout):
        return Unavailable("Hay demasiadas solicitudes a la vez; vuelva a intentarlo.")
    if isinstance(error, DBAPIError | psycopg.Error):
        return _of_database(error)
    return None


def _of_database(error: DBAPIError | psycopg.Error) -> DomainError | None:
    if db.is_disconnect(error) or db.is_retryable(error):
        return Unavailable("La base de datos está ocupada o no responde; vuelva a intentarlo.")
    diagnosis = _diagnosis(error)
    maker = BY_SQLSTATE.get(db.sqlstate(error))
    return maker(diagnosis) if maker else None


def _diagnosis(error: DBAPIError | psycopg.Error) -> Any:
    origin = error.orig if isinstance(error, DBAPIError) else error
    return getattr(origin, "diag", None)


def _columns(diagnosis: Any) -> list[str]:
    """Return the columns of ``Key (a, b)=(1, 2) …``, in whatever language the server speaks."""
    found = re.search(r"\((.+?)\)=\(", diagnosis.message_detail or "")
    names = re.sub(r"lower\((\w+)(?:::text)?\)", r"\1", found.group(1)) if found else ""
    return [name.strip(' "') for name in names.split(",") if name]


def _duplicate(diagnosis: Any) -> DomainError:
    columns = _columns(diagnosis)
    return Conflict(
        f"Ya existe un registro con el mismo valor de {', '.join(columns) or 'esos campos'}.",
        code="duplicado",
        errors=[FieldError(name, "duplicado", "Este valor ya está en uso.") for name in columns],
    )


def _reference(diagnosis: Any) -> DomainError:
    """A missing record names our own columns; one in use, those that others refer to."""
    columns = _columns(diagnosis)
    own = "_".join(["fk", diagnosis.table_name or "", *columns])
    if diagnosis.constraint_name != own:
        return Conflict("No se puede eliminar: otros registros lo usan.", code="en_uso")
    return ValidationFailed(
        "Un registro indicado no existe.",
        errors=[
            FieldError(name, "no_existe", "No existe un registro con este id.") for name in columns
        ],
    )


def _check(diagnosis: Any) -> DomainError:
    name = (diagnosis.constraint_name or "").removeprefix(f"ck_{diagnosis.table_name}_")
    return ValidationFailed(
        f"Los datos no cumplen la regla «{name}».",
        errors=[FieldError(name, "regla", "El valor no cumple la regla de la tabla.")],
    )


def _absent(diagnosis: Any) -> DomainError:
    name = diagnosis.column_name or ""
    return ValidationFailed(
        f"Falta {name}.", errors=[FieldError(name, "missing", "Falta este campo.")]
    )


def _range(_diagnosis: Any) -> DomainError:
    return ValidationFailed("Un número está fuera del rango que se puede guardar.", code="rango")


BY_SQLSTATE = {
    "23505": _duplicate,
    "23503": _reference,
    "23514": _check,
    "23502": _absent,
    "22003": _range,
}
