"""XML from outside: one function parses it, and refuses what no document of an authority needs.

A DOCTYPE is refused before the parser sees it, and with it every entity but the five of XML itself,
every external file and every address. Only encodings that contain ASCII are read, so that nothing
hides in another one. Size and depth are bounded; the bounds of libxml2 itself stay on. Schemas come
from files of the server, which may name each other: another function reads those.
Source: OWASP ASVS 5.0, 1.5.1; XML 1.0, 2.8 (prolog) and 4.3.3 (encodings).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kernel.errors import ConfigurationError, ValidationFailed

if TYPE_CHECKING:
    from pathlib import Path

    from lxml.etree import XMLParser, XMLSchema, _Element

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 64

ENCODINGS = frozenset(
    {"utf-8", "us-ascii", "ascii", "iso-8859-1", "latin1", "iso-8859-15", "windows-1252"}
)
_BOM = b"\xef\xbb\xbf"
_DECLARATION = re.compile(rb"<\?xml\s(?P<facts>[^<>]*?)\?>")
_ENCODING = re.compile(rb"""\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_PASSED_OVER = re.compile(rb"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_ROOT = re.compile(rb"<[^!?/<>\s]")


class XmlRefused(ValidationFailed):
    """400: the document is no XML that Andes reads; the message says what is wrong with it."""

    code = "xml_no_valido"


def parse_xml(data: bytes, *, limit: int = MAX_BYTES, depth: int = MAX_DEPTH) -> _Element:
    """Return the root element of a document; ``limit`` in bytes, ``depth`` in nested elements.

    Raises:
        XmlRefused: it has a DOCTYPE, an entity of its own, another encoding than ``ENCODINGS``,
            is too large or too deep, or is not well-formed.
    """
    if len(data) > limit:
        raise XmlRefused(f"El XML pasa de {limit} bytes.")
    _check_encoding(data)
    _check_prolog(data)
    root = _parse(data)
    if root.getroottree().docinfo.internalDTD is not None:
        raise _doctype()
    _check_depth(root, depth)
    return root


def read_schema(path: Path) -> XMLSchema:
    """Return an XSD from a file of the server, with those that it includes; never from a network.

    Never for a file that arrived: a schema names others by path, and they are read.

    Raises:
        ConfigurationError: there is no such file, or what is in it is no schema.
    """
    parser = _parser()
    from lxml import etree

    try:
        return etree.XMLSchema(etree.parse(path, parser))
    except (OSError, etree.LxmlError) as error:
        raise ConfigurationError(f"{path} is not a schema that can be read: {error}.") from None


def _check_encoding(data: bytes) -> None:
    """Refuse what is not certainly a superset of ASCII, in which a DOCTYPE could hide."""
    if b"\x00" in data or data.startswith((b"\xff\xfe", b"\xfe\xff", b"\x4c\x6f\xa7\x94")):
        raise XmlRefused("El XML debe estar en UTF-8 o ISO-8859-1.")
    declaration = _DECLARATION.match(data.removeprefix(_BOM))
    found = _ENCODING.search(b" " + declaration["facts"]) if declaration else None
    name = found[1].decode().lower() if found else "utf-8"
    if name not in ENCODINGS:
        raise XmlRefused(f"El XML está en «{name[:40]}»; debe estar en UTF-8 o ISO-8859-1.")


def _check_prolog(data: bytes) -> None:
    """Refuse anything but white space, comments and instructions before the root element."""
    place = len(_BOM) if data.startswith(_BOM) else 0
    while passed := _PASSED_OVER.match(data, place):
        place = passed.end()
    if data[place : place + 9].upper() == b"<!DOCTYPE":
        raise _doctype()
    if not _ROOT.match(data, place):
        raise XmlRefused("Esto no es XML: no empieza con un elemento.")


def _doctype() -> XmlRefused:
    return XmlRefused("El XML declara un DOCTYPE; quítelo: no se admiten DTD ni entidades.")


def _parser() -> XMLParser:
    try:
        from lxml import etree  # the extra «fiscal»; a tenth of a second, for those who need it
    except ModuleNotFoundError:
        raise ConfigurationError("XML needs lxml; install the extra «fiscal».") from None
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        recover=False,
    )


def _parse(data: bytes) -> _Element:
    parser = _parser()
    from lxml import etree

    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise XmlRefused(_why_malformed(error)) from None


def _why_malformed(error: SyntaxError) -> str:
    if error.lineno:
        return f"El XML no está bien formado: línea {error.lineno}, columna {error.offset or 0}."
    return "El XML no está bien formado."


def _check_depth(root: _Element, limit: int) -> None:
    """Refuse what is nested deeper than documents are; a walk without recursion."""
    level = [root]
    for _ in range(limit):
        level = [child for element in level for child in element]
        if not level:
            return
    raise XmlRefused(f"El XML está anidado a más de {limit} niveles.")
