"""Every error that Andes raises on purpose, and what it means to the caller.

A ``DomainError`` is an answer: status, stable code, Spanish message and, where one field is at
fault, its path. Outside systems raise ``Transient``, ``Permanent`` or ``CredentialsRefused``; only
the first is retried, and its kind ``RemoteDown`` spends no attempts.
Source: spec/erp-modules.md, "Control de errores y respuestas"; RFC 9457.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One bad field: its dotted path in the caller's document, a stable code, a Spanish message."""

    field: str
    code: str
    message: str


class DomainError(Exception):
    """A refusal that the caller can understand and act on.

    A request that is refused leaves nothing behind, unless the error's class says that its work
    ``stands``: an attempt that was counted, a session that was ended, are committed all the same.
    """

    status: int = 400
    code: str = "error"
    stands: bool = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        field: str | None = None,
        errors: Sequence[FieldError] = (),
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.status = status or type(self).status
        self.retry_after = retry_after
        self.errors = tuple(errors) or (
            (FieldError(field, self.code, message),) if field is not None else ()
        )


class ValidationFailed(DomainError):
    """400: the document is malformed; ``errors`` names every bad field."""

    status = 400
    code = "validacion"


class NotAuthenticated(DomainError):
    """401: the token is missing, expired, revoked or not ours."""

    status = 401
    code = "no_autenticado"


class Forbidden(DomainError):
    """403: the user is known and may not do this."""

    status = 403
    code = "sin_permiso"


class NotFound(DomainError):
    """404: absent or invisible; the answer never tells which."""

    status = 404
    code = "no_encontrado"

    def __init__(self, message: str = "No existe o no está a su alcance.", **facts: object) -> None:
        super().__init__(message, **facts)  # type: ignore[arg-type]  # same keywords as DomainError


class Conflict(DomainError):
    """409: the state of the record, or a unique value, forbids it."""

    status = 409
    code = "conflicto"


class TooLarge(DomainError):
    """413: the body exceeds what this route accepts."""

    status = 413
    code = "cuerpo_demasiado_grande"


class Unprocessable(DomainError):
    """422: well formed, but without meaning (an end before its start)."""

    status = 422
    code = "sin_sentido"


class Unavailable(DomainError):
    """503: the database or another needed service does not answer; try again."""

    status = 503
    code = "no_disponible"

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message, retry_after=retry_after)


class RemoteError(Exception):
    """Something outside Andes failed."""


class Transient(RemoteError):
    """It may work later; the job is retried with back-off."""


class RemoteDown(Transient):
    """The whole remote is out of reach: its jobs wait in order, and one tries now and then."""


class Permanent(RemoteError):
    """It will never work as it is; a person must look."""


class CredentialsRefused(RemoteError):
    """The remote refuses our credentials: everything to that remote stops until they change."""


class ConfigurationError(Exception):
    """A setting, manifest or declaration is wrong; the message names it and its cure."""
