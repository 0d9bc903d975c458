"""Parsing XML from outside: what documents need is read, everything else is refused."""

from __future__ import annotations

import ast
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.answers import explain
from kernel.errors import ConfigurationError
from kernel.xml import XmlRefused, parse_xml, read_schema
from tests import source

DECLARED = b'<?xml version="1.0" encoding="UTF-8"?>'
LAUGHS = b"".join(
    b'<!ENTITY l%d "%s">' % (level, b"&l%d;" % (level - 1) * 10) for level in range(1, 10)
)
DEEP_ATTRIBUTES = b'<a b="&l9;"/>'


@pytest.fixture(scope="module")
def asked() -> Iterator[tuple[int, list[str]]]:
    """A server that must not be asked: its port, and the paths asked for."""
    paths: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'<!ENTITY x "leaked">')

        def log_message(self, *_: object) -> None:
            """Keep the test output clean."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.server_port, paths
    server.shutdown()
    server.server_close()
    thread.join()


CORPUS = {
    "doctype alone": b"<!DOCTYPE a><a/>",
    "doctype of HTML": b"<!DOCTYPE html><html/>",
    "doctype in small letters": b"<!doctype a><a/>",
    "local file": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file://{file}">]><a>&x;</a>',
    "local file, no scheme": b'<!DOCTYPE a [<!ENTITY x SYSTEM "{file}">]><a>&x;</a>',
    "local file, public": b'<!DOCTYPE a [<!ENTITY x PUBLIC "x" "file://{file}">]><a>&x;</a>',
    "address": b'<!DOCTYPE a [<!ENTITY x SYSTEM "{url}/x">]><a>&x;</a>',
    "external DTD": b'<!DOCTYPE a SYSTEM "{url}/a.dtd"><a>&x;</a>',
    "external DTD, public": b'<!DOCTYPE a PUBLIC "-//X//Y" "{url}/a.dtd"><a/>',
    "parameter entity": b'<!DOCTYPE a [<!ENTITY % x SYSTEM "{url}/x.dtd"> %x;]><a/>',
    "blind, out of band": (
        b'<!DOCTYPE a [<!ENTITY % f SYSTEM "file://{file}">'
        b'<!ENTITY % d SYSTEM "{url}/d.dtd"> %d;]><a/>'
    ),
    "php filter": b'<!DOCTYPE a [<!ENTITY x SYSTEM "php://filter/read=x/{file}">]><a>&x;</a>',
    "internal entity": b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    "internal entity in an attribute": b'<!DOCTYPE a [<!ENTITY x "y">]><a b="&x;"/>',
    "billion laughs": b'<!DOCTYPE a [<!ENTITY l0 "ja">' + LAUGHS + b"]><a>&l9;</a>",
    "billion laughs in an attribute": (
        b'<!DOCTYPE a [<!ENTITY l0 "ja">' + LAUGHS + b"]>" + DEEP_ATTRIBUTES
    ),
    "quadratic blow-up": (
        b'<!DOCTYPE a [<!ENTITY x "' + b"A" * 50_000 + b'">]><a>' + b"&x;" * 50_000 + b"</a>"
    ),
    "recursive entity": b'<!DOCTYPE a [<!ENTITY x "&y;"><!ENTITY y "&x;">]><a>&x;</a>',
    "default attribute": b'<!DOCTYPE a [<!ATTLIST a b CDATA "mal">]><a/>',
    "after a declaration": DECLARED + b"\n<!DOCTYPE a><a/>",
    "after a BOM": b"\xef\xbb\xbf" + DECLARED + b"<!DOCTYPE a><a/>",
    "after comments": b"<!-- --><!-- <a> -->\n<!DOCTYPE a><a/>",
    "after an instruction": b"<?xml-stylesheet href='x'?><!DOCTYPE a><a/>",
    "after a comment that seems to start the document": b"<!-- <a/> --><!DOCTYPE a><a/>",
    "in UTF-16": '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a><a/>'.encode("utf-16"),
    "in UTF-16 without BOM": "<!DOCTYPE a><a/>".encode("utf-16-le"),
    "in UTF-16, the other end first": "<!DOCTYPE a><a/>".encode("utf-16-be"),
    "in UTF-32": "<!DOCTYPE a><a/>".encode("utf-32"),
    "in UTF-7": b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE a+AD4-<a/>',
    "in UTF-7, spaced": b'<?xml version="1.0" encoding = "UTF-7" ?>+ADwAIQ-DOCTYPE a+AD4-<a/>',
    "in EBCDIC": '<?xml version="1.0" encoding="cp037"?><!DOCTYPE a><a/>'.encode("cp037"),
    "in Shift-JIS": b'<?xml version="1.0" encoding="Shift_JIS"?><a/>',
    "in GB18030": b"<?xml version='1.0' encoding='GB18030'?><a/>",
    "entity that nobody declares": b"<a>&x;</a>",
    "doctype inside": b"<a><!DOCTYPE b></a>",
    "doctype behind": b"<a/><!DOCTYPE a>",
    "too deep": b"<a>" * 65 + b"</a>" * 65,
    "much too deep": b"<a>" * 300_000,
    "empty": b"",
    "white space": b" \n",
    "only a comment": b"<!-- a -->",
    "only a declaration": DECLARED,
    "text": b"hola",
    "JSON": b'{"a": 1}',
    "HTML": b"<p>uno<br>dos",
    "cut off": b"<a><b></b>",
    "two roots": b"<a/><b/>",
    "tags crossed": b"<a><b></a></b>",
    "attribute twice": b'<a b="1" b="2"/>',
    "prefix of nobody": b"<x:a/>",
    "NUL": b"<a>\x00</a>",
    "control character": b"<a>\x01</a>",
    "control character by number": b"<a>&#1;</a>",
    "no UTF-8": b"<a>\xf1</a>",
    "declaration late": b" " + DECLARED + b"<a/>",
    "comments without end": b"<!--" * 100_000,
    "instructions without end": b"<?a" * 100_000,
    "a name of a megabyte": b"<" + b"a" * 1_000_000 + b"/>",
}


@pytest.mark.parametrize("name", CORPUS)
def test_hostile_document_is_refused_and_nothing_is_fetched(
    name: str, asked: tuple[int, list[str]], tmp_path: Path
) -> None:
    port, paths = asked
    secret = tmp_path / "secreto.txt"
    secret.write_text("clave-de-prueba")
    data = CORPUS[name].replace(b"{url}", f"http://127.0.0.1:{port}".encode())
    data = data.replace(b"{file}", str(secret).encode())
    with pytest.raises(XmlRefused) as refusal:
        parse_xml(data)
    assert paths == []
    assert "clave-de-prueba" not in refusal.value.message
    known = explain(refusal.value)
    assert known is not None
    assert (known.status, known.code) == (400, "xml_no_valido")


def test_refusal_says_what_is_wrong() -> None:
    for data, words in (
        (b"<!DOCTYPE a><a/>", "DOCTYPE"),
        (b"<a>\n<b></a>", "línea 2"),
        (b"hola", "no empieza con un elemento"),
        (b"<a>" * 65 + b"</a>" * 65, "64 niveles"),
        (b'<?xml version="1.0" encoding="UTF-7"?><a/>', "«utf-7»"),
    ):
        with pytest.raises(XmlRefused, match=words):
            parse_xml(data)


def test_limits_are_exact() -> None:
    assert parse_xml(b"<a>xx</a>", limit=9).text == "xx"
    with pytest.raises(XmlRefused, match="8 bytes"):
        parse_xml(b"<a>xx</a>", limit=8)
    assert len(parse_xml(b"<a>" * 64 + b"</a>" * 64)) == 1
    with pytest.raises(XmlRefused, match="3 niveles"):
        parse_xml(b"<a><b><c><d/></c></b></a>", depth=3)


@pytest.mark.parametrize("encoding", ["UTF-8", "utf-8", "ISO-8859-1", "windows-1252"])
def test_document_of_an_authority_is_read_in_its_encoding(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n<!-- DTE --><a><b>Ñandú &amp; Cía</b></a>'
    assert parse_xml(text.encode(encoding)).findtext("b") == "Ñandú & Cía"


def test_what_looks_like_a_doctype_inside_of_text_is_text() -> None:
    inner = "<!DOCTYPE html><p>&x;</p>"
    data = f"<a><!-- <!DOCTYPE b> --><![CDATA[{inner}]]></a>".encode()
    assert "".join(parse_xml(data).itertext(with_tail=True)).endswith(inner)
    assert parse_xml(b'<a b="&lt;!DOCTYPE&gt;"/>').get("b") == "<!DOCTYPE>"


def test_includes_and_schemas_are_not_followed(asked: tuple[int, list[str]]) -> None:
    port, paths = asked
    url = f"http://127.0.0.1:{port}/x"
    root = parse_xml(
        f"""<?xml-stylesheet href="{url}"?>
        <a xmlns:xi="http://www.w3.org/2001/XInclude"
           xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a {url}">
          <xi:include href="{url}"/><xi:include href="/etc/passwd" parse="text"/>
        </a>""".encode()
    )
    assert paths == []
    assert len(root) == 2
    assert "root:" not in "".join(root.itertext())


@given(
    st.binary(max_size=200) | st.text(alphabet="<>!?&;-[]\"'/=ax \n", max_size=80).map(str.encode)
)
def test_any_bytes_are_an_element_or_refused(data: bytes) -> None:
    try:
        root: Any = parse_xml(data)
    except XmlRefused:
        return
    assert root.getroottree().docinfo.doctype == ""


# Schemas ----------------------------------------------------------------------------------------

SCHEMA = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{0}
    <xs:element name="a" type="xs:int"/></xs:schema>"""


def test_schema_of_the_server_is_read_with_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "otro.xsd").write_text(SCHEMA.format(""))
    schema = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{0}</xs:schema>'
    path = tmp_path / "uno.xsd"
    path.write_text(schema.format('<xs:include schemaLocation="otro.xsd"/>'))
    assert read_schema(path).validate(parse_xml(b"<a>7</a>"))
    assert not read_schema(path).validate(parse_xml(b"<a>siete</a>"))


def test_schema_fetches_nothing_from_a_network(
    asked: tuple[int, list[str]], tmp_path: Path
) -> None:
    port, paths = asked
    path = tmp_path / "uno.xsd"
    away = f'<xs:import namespace="urn:x" schemaLocation="http://127.0.0.1:{port}/x.xsd"/>'
    path.write_text(SCHEMA.format(away))
    assert read_schema(path).validate(parse_xml(b"<a>7</a>"))
    assert paths == []


@pytest.mark.parametrize("data", [None, b"<a", b"<a/>"])
def test_what_is_no_schema_is_said_with_its_path(data: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "uno.xsd"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(ConfigurationError, match=r"uno\.xsd is not a schema"):
        read_schema(path)


# Nothing else parses XML ------------------------------------------------------------------------

PARSERS = frozenset(
    {"XML", "XMLID", "HTML", "XMLParser", "XMLPullParser", "HTMLParser", "iterparse"}
    | {"fromstring", "fromstringlist", "set_default_parser", "xinclude", "XSLT"}
)
LIBRARIES = ("xml.", "defusedxml", "lxml.html", "lxml.objectify", "xmltodict", "bs4", "pyexpat")


def test_no_other_module_parses_xml() -> None:
    addons = [one for it in source.ADDONS.values() for one in source.sources_of(it)]
    for one in [*source.kernel_sources(), *addons]:
        imported = source.imports(one)
        assert not [it for it in imported if it.startswith(LIBRARIES)], one.place
        if one.module == "kernel.xml" or not any(it.startswith("lxml") for it in imported):
            continue
        used = {it.rpartition(".")[2] for it in imported} & PARSERS
        used |= {ast.unparse(it.func) for it in source.calls(one, *PARSERS, "parse")}
        assert not used, f"{one.place} uses {used}: kernel.xml.parse_xml is for that"
