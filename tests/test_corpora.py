"""Hostile content through the whole application: refused, or harmless wherever it comes out again.

The files are in ``tests/payloads.py``; what each module makes of them alone is in its own test.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from openpyxl import load_workbook
from starlette.testclient import TestClient

from kernel import openapi, storage
from kernel.errors import ValidationFailed
from kernel.http import Endpoint
from kernel.registry import Registry
from kernel.runtime import Runtime
from kernel.storage import KeyRefused, Storage, is_key
from kernel.substitution import Value, fill
from tests import payloads
from tests.kernel.test_exports import FORMULAS

# Files ------------------------------------------------------------------------------------------

BOMBS = {
    **payloads.ZIP_BOMBS,
    **payloads.TRAVERSALS,
    **payloads.DAMAGED,
    "encrypted": payloads.encrypted(),
}


@pytest.mark.parametrize("suffix", ["zip", "xlsx", "docx"])
def test_archive_corpus_is_refused_whole(admin: TestClient, suffix: str) -> None:
    for name, content in BOMBS.items():
        answer = admin.post("/api/adjuntos/", files={"archivo": (f"a.{suffix}", content)})
        assert answer.status_code == 400, name
        (error,) = answer.json()["errors"]
        assert (error["field"], error["code"][:8]) == ("archivo", "archivo_"), name
    assert admin.get("/api/adjuntos/").json()["items"] == []


def test_active_content_corpus_is_refused_under_any_name(admin: TestClient) -> None:
    for name, content in payloads.ACTIVE.items():
        for suffix in ("", ".txt", ".xml", ".pdf", ".png", ".csv", ".json", ".zip"):
            answer = admin.post("/api/adjuntos/", files={"archivo": (name + suffix, content)})
            assert answer.status_code == 400, (name, suffix)


# Paths ------------------------------------------------------------------------------------------

PATHS = [
    "../../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "..%252f..%252fetc%252fpasswd",
    "..\\..\\..\\etc\\passwd",
    "..%5c..%5cetc%5cpasswd",
    "%c0%ae%c0%ae/etc/passwd",
    "....//....//etc/passwd",
    "/etc/passwd",
    "//etc/passwd",
    "andes.css/../../templates/docs.html",
    "andes.css%00.png",
    "./../static/../templates/docs.html",
    "file:///etc/passwd",
    "C:\\Windows\\win.ini",
    "~root/.ssh/id_rsa",
    ".digest",
    "vendor/../../../kernel/app.py",
    "\u2025/\u2025/etc/passwd",
]


@pytest.mark.parametrize("path", PATHS)
def test_path_corpus_leads_out_of_no_folder(admin: TestClient, path: str) -> None:
    for address in ("/static/", "/api/adjuntos/1/descargar/", "/api/settings/", "/api/views/"):
        answer = admin.get(f"{address}{path}")
        assert answer.status_code in (404, 405), (address, path)
        assert "root:" not in answer.text
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", PATHS)
def test_path_corpus_is_no_storage_key(path: str, runtime: Runtime) -> None:
    for key in (path, f"adjuntos/{path}", f"{path}/x", f"adjuntos/ab/{path}.pdf"):
        if is_key(key):  # harmless: plain segments only
            assert ".." not in key.split("/")
            assert not key.startswith("/")
            continue
        for act in (
            lambda given: runtime.storage.put(given, b"x", content_type="text/plain"),
            runtime.storage.get,
            runtime.storage.delete,
            runtime.storage.exists,
        ):
            with pytest.raises(KeyRefused):
                act(key)
    made = storage.new_key("adjuntos", path)
    assert is_key(made)
    assert isinstance(runtime.storage, Storage)


@pytest.mark.parametrize("path", PATHS)
def test_path_corpus_as_a_name_is_data_only(admin: TestClient, runtime: Runtime, path: str) -> None:
    answer = admin.post("/api/adjuntos/", files={"archivo": (f"{path}.txt", b"hola")})
    assert answer.status_code == 201, answer.text
    (key,) = runtime.storage.list("adjuntos")
    assert key.count("/") == 3
    sent = admin.get(f"/api/adjuntos/{answer.json()['id']}/descargar/")
    disposition = sent.headers["content-disposition"]
    assert disposition.startswith("attachment; filename=")
    assert not set("/\\") & set(disposition.partition("filename=")[2])


# Texts ------------------------------------------------------------------------------------------

XSS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<svg/onload=alert(1)>",
    "javascript:alert(1)",
    "';alert(1);//",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "{{constructor.constructor('alert(1)')()}}",
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    '<math><mi//xlink:href="javascript:alert(1)">',
    "</title><script>alert(1)</script>",
    "<b hx-get=/api/x hx-trigger=load>x</b>",
    "\u202e<script>\u202c",
    "<!--<script>-->",
    '=HYPERLINK("javascript:alert(1)")',
]


def of(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without references and without null."""
    while True:
        name = schema.get("$ref", "").rpartition("/")[2]
        if name:
            schema = document["components"]["schemas"][name]
        elif "anyOf" in schema:
            schema = next(one for one in schema["anyOf"] if one.get("type") != "null")
        else:
            return schema


def filled(document: dict[str, Any], schema: dict[str, Any], text: str, serial: int) -> Any:
    """Return a value for a schema, with the text in every place that takes one."""
    schema = of(document, schema)
    if "enum" in schema or "const" in schema:
        return schema.get("const", next(iter(schema.get("enum", ())), None))
    kind = schema.get("type")
    if kind == "object":
        fields = schema.get("properties", {})
        return {name: filled(document, one, text, serial) for name, one in fields.items()}
    if kind == "array":
        return [filled(document, schema["items"], text, serial)]
    if kind == "string" and schema.get("format") in ("date", "date-time"):
        return "2026-01-31" if schema["format"] == "date" else "2026-01-31T00:00:00Z"
    if kind == "string":
        return f"{text[: schema.get('maxLength', 250) - 6]} {serial:05}"
    return {"integer": 1, "number": "1.00", "boolean": False}.get(str(kind))


def creators(registry: Registry) -> Iterator[Endpoint]:
    """Yield the addresses that make something of what they are sent, sign-in left out."""
    for one in registry.endpoints:
        takes = one.body is not None and not one.takes_files
        if takes and one.method in ("POST", "PUT") and not one.path.startswith("/api/auth/"):
            yield one


def check_harmless(answer: Any) -> None:
    """Assert that a browser makes nothing of an answer but data."""
    assert answer.headers["content-type"] in ("application/json", "application/problem+json")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    json.loads(answer.text)


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from texts(one)


def test_xss_corpus_in_every_text_field_is_stored_as_typed_and_read_as_data(
    admin: TestClient, registry: Registry
) -> None:
    document = openapi.document(registry)
    made = 0
    for endpoint in creators(registry):
        operation = document["paths"][endpoint.path][endpoint.method.lower()]
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        for serial, text in enumerate(XSS):
            body = filled(document, schema, text, serial)
            path = endpoint.path.replace("{id}", "1").replace("{name}", "kernel.Regional")
            answer = admin.request(endpoint.method, path, json=body)
            assert answer.status_code < 500, (path, answer.text)
            if answer.status_code == 400:  # some fields take no such text: leave them out
                wrong = {one["field"].partition(".")[0] for one in answer.json()["errors"]}
                body = {name: one for name, one in body.items() if name not in wrong}
                check_harmless(answer)
                answer = admin.request(endpoint.method, path, json=body)
            if answer.content:
                check_harmless(answer)
            if answer.status_code == 201 and text in " ".join(texts(answer.json())):
                made += 1
                kept = set(texts(answer.json()))
                typed = {one for one in texts(body) if text in one}
                assert typed & kept, (path, typed)
    assert made >= 3 * len(XSS)
    for resource in registry.resources:
        answer = admin.get(resource.path, params={"limit": 100})
        check_harmless(answer)
    page = admin.get("/api/docs")
    assert "<script" not in page.text


@pytest.fixture
def clientes(admin: TestClient) -> list[str]:
    """Names of clientes that are formulas in disguise."""
    names = [text for text in FORMULAS if text.strip() == text]
    for number, name in enumerate(names):
        body = {"tipo_doc": "7", "numero_doc": f"F{number:05}", "razon_social": name}
        answer = admin.post("/api/clientes/", json=body)
        assert answer.status_code == 201, answer.text
    return names


def test_formula_corpus_comes_out_of_an_export_as_text(
    admin: TestClient, clientes: list[str]
) -> None:
    query = "/api/clientes/exportar/?tipo_doc=7&sort=id&formato="
    rows = list(csv.DictReader(io.StringIO(admin.get(f"{query}csv").content.decode("utf-8-sig"))))
    assert sorted(row["razon_social"] for row in rows) == sorted(f"'{one}" for one in clientes)
    book = load_workbook(io.BytesIO(admin.get(f"{query}xlsx").content))
    cells = [cell for row in book.worksheets[0].iter_rows(min_row=2) for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d", "b"}
    assert set(clientes) <= {cell.value for cell in cells}


SSTI = [
    "{{7*7}}",
    "{{ 7*'7' }}",
    "${7*7}",
    "#{7*7}",
    "<%= 7*7 %>",
    "{% for c in [].__class__.__base__.__subclasses__() %}{{ c }}{% endfor %}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ config }}",
    "{{ self._TemplateReference__context }}",
    "{{ request.application.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ cliente.__class__ }}",
    "{{ cliente|attr('__class__') }}",
    "{{ cliente.password_hash }}",
    "{{ cliente[0] }}",
    "{{ cliente.format() }}",
    "{{ 'a' * 50000000 }}",
    "{{ range(10**9)|list }}",
    "{{cliente.__init__.__globals__['os']}}",
    "{0.__class__.__init__.__globals__}",
    "%(cliente)s %s %n",
    "$cliente ${cliente}",
    "{{=cliente}}",
    "{{{cliente}}}",
    "{{> partial}}",
    "{{#each cliente}}x{{/each}}",
    "{!cliente!}",
    "@{cliente}",
    "{{ cliente }}{{ otro }}",
    "{#",
    "{{ __import__('os').system('id') }}",
    "{{ CLIENTE }}",
    "{{ ｃliente }}",
    "{{ cliente\u200b }}",
]


@pytest.mark.parametrize("template", SSTI)
def test_template_corpus_runs_nothing(template: str) -> None:
    values: dict[str, Value] = {"cliente": "{{ otro }} ${7*7} Ana"}
    try:
        made = fill(template, values, "text")
    except ValidationFailed as refusal:
        assert refusal.errors  # noqa: PT017  # either is right: refused by name, or plain text
        return
    assert made == template.replace("{{cliente}}", str(values["cliente"]))
    assert "49" not in made


def test_template_corpus_typed_into_a_record_comes_back_as_it_was(admin: TestClient) -> None:
    for text in SSTI:
        made = admin.post("/api/categorias/", json={"nombre": text})
        assert made.status_code == 201, made.text
        shown = admin.get(f"/api/categorias/{made.json()['id']}/").json()
        assert shown["nombre"] == text
