"""Sealed columns: a secret of a row, encrypted with the row's identity as associated data.

::

    class Certificado(Model):
        __tablename__ = "certificados"
        id: Mapped[Id]
        clave_sellada: Mapped[bytes | None] = mapped_column(LargeBinary)
        clave = Sealed("clave_sellada")

The blob is bound to its table, column and primary key: moved to another row it doesn't open. So the
row must have its key (be flushed) before a secret is set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, overload

from sqlalchemy import inspect
from sqlalchemy.orm import object_session

from kernel.errors import ConfigurationError
from kernel.model import Model, table_of

if TYPE_CHECKING:
    from kernel.secrets import Vault


class Sealed:
    """A text attribute whose stored form, in the named binary attribute, is sealed."""

    def __init__(self, stored: str) -> None:
        self.stored = stored

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> Self: ...

    @overload
    def __get__(self, instance: Model, owner: type[Any]) -> str | None: ...

    def __get__(self, instance: Model | None, owner: type[Any]) -> Self | str | None:
        """Return the secret in clear, or None where there is none.

        Raises:
            SecretUnreadable: the blob was altered, moved, or its key retired.
        """
        if instance is None:
            return self
        blob = getattr(instance, self.stored)
        if blob is None:
            return None
        return _vault(instance).open(bytes(blob), self.identity(instance)).decode()

    def __set__(self, instance: Model, value: str | None) -> None:
        """Seal the secret into the stored attribute."""
        blob = None
        if value is not None:
            blob = _vault(instance).seal(value.encode(), self.identity(instance))
        setattr(instance, self.stored, blob)

    def identity(self, instance: Model) -> bytes:
        """Return what the blob is bound to: ``table:column:primary key``.

        Raises:
            ConfigurationError: the row has no primary key yet.
        """
        mapper = inspect(type(instance))
        key = mapper.primary_key_from_instance(instance)
        if None in key:
            raise ConfigurationError(f"Flush {type(instance).__name__} before setting a secret.")
        column = mapper.columns[self.stored].name
        return f"{table_of(type(instance)).name}:{column}:{':'.join(map(str, key))}".encode()


def _vault(instance: Model) -> Vault:
    session = object_session(instance)
    if session is None or "ctx" not in session.info:
        raise ConfigurationError("A secret is read and set within a Ctx's session.")
    vault: Vault = session.info["ctx"].runtime.vault
    return vault
