"""Uploads: a file that somebody sends, and the rule of what is accepted where.

::

    class CertificadoNuevo(Form):
        archivo: Annotated[Upload, FileRule(types={PKCS12}, max_bytes=100_000)]

What the sender says about the type is ignored; the content decides (``kernel.filetypes``). The name
is kept as data, cleaned, and never becomes a path (``kernel.storage.new_key``).
Source: OWASP ASVS 5.0, 5.2, 5.3.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import IO, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

from kernel import filetypes, images
from kernel.archives import ArchiveRefused
from kernel.filetypes import TypeRefused

MAX_NAME = 150
MAX_PIXELS = 50_000_000
_CHUNK = 1024 * 1024
_UNPRINTABLE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_UNFIT = re.compile(r'[<>:"|?*]')


class Upload:
    """A file as it arrived: what it was called, its size in bytes, the SHA-256 of its content."""

    def __init__(self, nombre: str, file: IO[bytes], size: int, sha256: str) -> None:
        self.nombre = clean_name(nombre)
        self.file = file
        self.size = size
        self.sha256 = sha256

    @cached_property
    def tipo(self) -> str:
        """The media type, by content.

        Raises:
            TypeRefused, ArchiveRefused: it is nothing that is accepted anywhere.
        """
        return filetypes.identify(self.file, self.nombre)

    def read(self) -> bytes:
        """Return the whole content."""
        self.file.seek(0)
        return self.file.read()

    def chunks(self) -> Iterator[bytes]:
        """Yield the content piece by piece."""
        self.file.seek(0)
        while chunk := self.file.read(_CHUNK):
            yield chunk

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: Any, _handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """An upload is taken as it is; a text in its place is a fault of that field."""
        return core_schema.custom_error_schema(
            core_schema.is_instance_schema(cls), "archivo", custom_error_message=_NO_FILE
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """OpenAPI's way to write a file."""
        return {"type": "string", "format": "binary"}


_NO_FILE = "Debe ser un archivo."


@dataclass(frozen=True)
class FileRule:
    """What is accepted in one place; annotates the field of a ``Form``."""

    types: frozenset[str]
    max_bytes: int = 10 * 1024 * 1024
    max_pixels: int = MAX_PIXELS

    def check(self, upload: Upload) -> Upload:
        """Return the upload if it keeps the rule, else a fault that names why."""
        if upload.size > self.max_bytes:
            text = f"Pesa más de {_readable(self.max_bytes)}."
            raise PydanticCustomError("archivo_grande", _literal(text))
        try:
            media = upload.tipo
        except (TypeRefused, ArchiveRefused) as refusal:
            raise PydanticCustomError(_literal(refusal.code), _literal(refusal.message)) from None
        if media not in self.types:
            text = f"Se admite: {', '.join(sorted(self.suffixes()))}."
            raise PydanticCustomError("archivo_tipo", _literal(text))
        if media in filetypes.IMAGES:
            self._check_pixels(media, upload)
        return upload

    def suffixes(self) -> list[str]:
        """Return the endings of names that are accepted."""
        return [suffix for media in self.types for suffix in filetypes.SUFFIXES[media]]

    def _check_pixels(self, media: str, upload: Upload) -> None:
        try:
            width, height = images.size(media, upload.file)
        except ValueError:
            raise PydanticCustomError("archivo_danado", "La imagen está dañada.") from None
        if width * height > self.max_pixels:
            text = f"La imagen tiene {width} × {height} puntos; son demasiados."
            raise PydanticCustomError("imagen_grande", _literal(text))

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Check after the field is known to be an upload."""
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Say in OpenAPI what is accepted."""
        accepted = ", ".join(sorted(self.suffixes()))
        described = f"{accepted}; hasta {_readable(self.max_bytes)}."
        return {**handler(schema), "description": described}


def clean_name(text: str) -> str:
    """Return a file's name as data: no folders, no characters that hide or control, not endless.

    ``C:\\fotos\\..\\guía\\u202egpj.exe`` is ``guíagpj.exe``: what it says is what it is.
    """
    last = unicodedata.normalize("NFC", text).replace("\\", "/").rpartition("/")[2]
    shown = "".join(one for one in last if unicodedata.category(one) not in _UNPRINTABLE)
    name = re.sub(r"\s+", " ", _UNFIT.sub("_", shown)).strip(" .")
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix) > 10:
        return name[:MAX_NAME].strip() or "archivo"
    return f"{stem[: MAX_NAME - len(suffix) - 1].strip() or 'archivo'}.{suffix}"


def _readable(count: int) -> str:
    return f"{count // (1024 * 1024)} MB" if count >= 1024 * 1024 else f"{count // 1024} KB"


def _literal(text: str) -> Any:
    """pydantic types its codes and templates as literals; braces would be its placeholders."""
    return text.replace("{", "(").replace("}", ")")
