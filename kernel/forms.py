"""Forms: bodies of ``multipart/form-data``, read piece by piece to a schema with files.

A body of this kind is a ``Form``; its files are ``kernel.uploads.Upload``. Small files stay in
memory, bigger ones go to a temporary file while they arrive; size and digest are counted on the
way. Every limit is checked before what exceeds it is kept. Source: RFC 7578; OWASP ASVS 5.0, 5.2.1.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import IO, Any, TypeVar, cast

from pydantic import ValidationError
from pydantic_core import to_json
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from kernel import bodies
from kernel.errors import FieldError, ValidationFailed
from kernel.messages import field_name, refused, validation_failed
from kernel.schemas import Schema
from kernel.uploads import Upload

BodyT = TypeVar("BodyT", bound="Form")

MAX_PARTS = 50
MAX_TEXT = 64 * 1024
"""Bytes of a field that is no file."""
_IN_MEMORY = 512 * 1024


class Form(Schema):
    """A body that a caller sends as multipart/form-data."""


@dataclass(slots=True)
class Received:
    """The parts of a form, in the order in which they came."""

    parts: list[tuple[str, str | Upload]] = field(default_factory=list)

    def digest(self) -> bytes:
        """Return what is equal for equal content, whatever boundary the sender chose."""
        facts = [
            (name, one if isinstance(one, str) else [one.nombre, one.size, one.sha256])
            for name, one in self.parts
        ]
        return to_json(facts)

    def close(self) -> None:
        """Let go of the temporary files."""
        for _, one in self.parts:
            if isinstance(one, Upload):
                one.file.close()


class Reader:
    """Takes a body piece by piece; ``finish`` gives the parts."""

    def __init__(self, content_type: bytes) -> None:
        """Begin with what Content-Type says.

        Raises:
            ValidationFailed: it names no boundary, or one that cannot be.
        """
        boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
        self._received = Received()
        self._part = _Part()
        self._header = [b"", b""]
        self._ended = False
        names = ("part_begin", "part_data", "part_end", "header_field", "header_value")
        callbacks: Any = {
            f"on_{name}": getattr(self, f"_on_{name}")
            for name in (*names, "header_end", "headers_finished", "end")
        }
        if not boundary:
            raise _malformed("Content-Type no dice el «boundary»")
        try:
            self._parser = MultipartParser(boundary, callbacks)
        except FormParserError:
            raise _malformed("el «boundary» es demasiado largo") from None

    def take(self, chunk: bytes) -> None:
        """Read the next piece.

        Raises:
            ValidationFailed: it is no form, or passes a limit.
        """
        try:
            self._parser.write(chunk)
        except FormParserError:
            raise _malformed("las partes no están bien separadas") from None

    def finish(self) -> Received:
        """Return the form, whole.

        Raises:
            ValidationFailed: the last boundary never came.
        """
        if not self._ended:
            raise _malformed("está incompleto")
        return self._received

    def close(self) -> None:
        """Let go of what was read of a form that was refused."""
        self._received.close()
        self._part.close()

    def _on_part_begin(self) -> None:
        self._part = _Part()
        if len(self._received.parts) >= MAX_PARTS:
            raise ValidationFailed(f"El formulario tiene más de {MAX_PARTS} partes.")

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header[0] += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1] += data[start:end]

    def _on_header_end(self) -> None:
        if self._header[0].lower() == b"content-disposition":
            self._part.disposition = self._header[1]
        self._header = [b"", b""]

    def _on_headers_finished(self) -> None:
        self._part.open()

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._part.write(data[start:end])

    def _on_part_end(self) -> None:
        self._received.parts.append((self._part.name, self._part.value()))
        self._part = _Part()

    def _on_end(self) -> None:
        self._ended = True


class _Part:
    """One part while it arrives."""

    def __init__(self) -> None:
        self.disposition = b""
        self.name = ""
        self.filename: str | None = None
        self.text = b""
        self.size = 0
        self.file: IO[bytes] | None = None
        self._hash = hashlib.sha256()

    def open(self) -> None:
        kind, options = parse_options_header(self.disposition)
        if kind != b"form-data" or not options.get(b"name"):
            raise _malformed("una parte no dice su nombre")
        self.name = _decoded(options[b"name"], "")
        if b"filename" in options:
            self.filename = _decoded(options[b"filename"], self.name)
            self.file = cast("IO[bytes]", SpooledTemporaryFile(max_size=_IN_MEMORY))  # noqa: SIM115

    def write(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if self.file is not None:
            self.file.write(chunk)
            self._hash.update(chunk)
        elif self.size > MAX_TEXT:
            raise refused([FieldError(field_name([self.name]), "string_too_long", "Es muy largo.")])
        else:
            self.text += chunk

    def value(self) -> str | Upload:
        if self.file is None:
            return _decoded(self.text, self.name)
        file, self.file = self.file, None
        return Upload(self.filename or "", file, self.size, self._hash.hexdigest())

    def close(self) -> None:
        if self.file is not None:
            self.file.close()


def _decoded(raw: bytes, name: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        fault = FieldError(field_name([name]), "string_unicode", "No está en UTF-8.")
        raise refused([fault]) from None


def _malformed(reason: str) -> ValidationFailed:
    return ValidationFailed(f"El formulario no es válido: {reason}.", code="formulario_invalido")


def parse(received: Received, schema: type[BodyT]) -> BodyT:
    """Return a received form as its schema.

    Raises:
        ValidationFailed: fields are wrong; all of them are listed.
    """
    faults = list(_unfit(received.parts))
    try:
        made = schema.model_validate(dict(received.parts))
    except ValidationError as error:
        named = {fault.field for fault in faults}
        others = validation_failed(error).errors
        raise refused([*faults, *(one for one in others if one.field not in named)]) from None
    if faults:
        raise refused(faults)
    return made


def _unfit(parts: Iterable[tuple[str, str | Upload]]) -> Iterable[FieldError]:
    """Yield the fields that were sent twice and the texts that cannot be stored."""
    for name, count in Counter(name for name, _ in parts).items():
        if count > 1:
            yield FieldError(field_name([name]), "repetido", "Este campo está dos veces.")
    for name, one in parts:
        reason = bodies.why_unstorable(one) if isinstance(one, str) else None
        if reason:
            yield FieldError(field_name([name]), *reason)
