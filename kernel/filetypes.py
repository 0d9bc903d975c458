"""File types: what a file is, by its content; its name may only agree.

A short table instead of a library: it holds what a business keeps with its records, and everything
else is refused. What a browser would run (HTML, SVG, XML with a style sheet) is never accepted.
Source: OWASP ASVS 5.0, 5.2.2; WHATWG MIME Sniffing, 7.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import IO

from kernel import archives

PDF, ZIP, XML, PKCS12 = (
    "application/pdf",
    "application/zip",
    "application/xml",
    "application/x-pkcs12",
)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PNG, JPEG, GIF, WEBP = "image/png", "image/jpeg", "image/gif", "image/webp"
TEXT, CSV, JSON = "text/plain", "text/csv", "application/json"
IMAGES = frozenset({PNG, JPEG, GIF, WEBP})

SUFFIXES: Mapping[str, tuple[str, ...]] = {
    PDF: (".pdf",),
    PNG: (".png",),
    JPEG: (".jpg", ".jpeg"),
    GIF: (".gif",),
    WEBP: (".webp",),
    XLSX: (".xlsx",),
    DOCX: (".docx",),
    ZIP: (".zip",),
    XML: (".xml",),
    CSV: (".csv",),
    TEXT: (".txt",),
    JSON: (".json",),
    PKCS12: (".pfx", ".p12"),
}
"""Each known type and the names that it goes by."""

_SIGNATURES = (
    (b"%PDF-", PDF),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
)
_OFFICE = {"xl/workbook.xml": XLSX, "word/document.xml": DOCX}
_HEAD = 64
_CHUNK = 256 * 1024
_OVERLAP = 128
_UTF8_MARK = b"\xef\xbb\xbf"
_PKCS12 = re.compile(rb"\x30[\x82-\x84].{2,4}\x02\x01\x03", re.DOTALL)
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_ACTIVE_TEXT = re.compile(
    rb"<\s*(?:!doctype\s+html|html|script|iframe|object|embed|svg|applet|base)\b", re.IGNORECASE
)
_ACTIVE_XML = re.compile(
    rb"<!DOCTYPE|<!ENTITY|<\?xml-stylesheet|<(?:[\w.-]+:)?(?:html|svg|script|stylesheet)[\s/>]"
    rb"|<(?:iframe|embed|body|img|form)[\s/>]"
    rb"|www\.w3\.org/(?:1999/xhtml|2000/svg|1999/XSL/Transform)",
    re.IGNORECASE,
)


class TypeRefused(ValueError):
    """The content is nothing that is accepted; ``code`` is stable, the message Spanish."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


UNKNOWN = ("archivo_tipo", "El contenido no es de un tipo que se admita.")
ACTIVE = ("archivo_activo", "Contiene código que un navegador ejecutaría.")
MACROS = ("archivo_macros", "Contiene macros; guárdelo sin ellas.")
EMPTY = ("archivo_vacio", "El archivo está vacío.")


def identify(file: IO[bytes], name: str) -> str:
    """Return the media type of a file, as its content says and its name confirms.

    Raises:
        TypeRefused: nobody knows the content, it is active, or the name says otherwise.
        ArchiveRefused: it is an archive that is not safe to open.
    """
    suffix = PurePath(name).suffix.lower()
    found = _candidates(file)
    for media in found:
        if suffix in SUFFIXES[media]:
            return media
    raise TypeRefused(
        "archivo_nombre",
        f"El contenido es {' o '.join(found)}, y el nombre termina en «{suffix[:10]}».",
    )


def _candidates(file: IO[bytes]) -> tuple[str, ...]:
    file.seek(0)
    head = file.read(_HEAD)
    for signature, media in _SIGNATURES:
        if head.startswith(signature):
            return (media,)
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return (WEBP,)
    if head.startswith(b"PK"):
        return (_packed(file),)
    if _PKCS12.match(head):
        return (PKCS12,)
    return _written(file, head)


def _packed(file: IO[bytes]) -> str:
    names = archives.inspect(file)
    if any(name.rpartition("/")[2].lower() == "vbaproject.bin" for name in names):
        raise TypeRefused(*MACROS)
    return next((media for name, media in _OFFICE.items() if name in names), ZIP)


def _written(file: IO[bytes], head: bytes) -> tuple[str, ...]:
    """Return what a text may be; its characters must be ones that a person could have typed."""
    is_xml = head.removeprefix(_UTF8_MARK).lstrip().startswith(b"<")
    active = _ACTIVE_XML if is_xml else _ACTIVE_TEXT
    file.seek(0)
    before = b""
    while chunk := file.read(_CHUNK):
        if _CONTROL.search(chunk):
            raise TypeRefused(*UNKNOWN)
        if active.search(before + chunk):
            raise TypeRefused(*ACTIVE)
        before = chunk[-_OVERLAP:]
    if not head:
        raise TypeRefused(*EMPTY)
    return (XML,) if is_xml else (TEXT, CSV, JSON)
