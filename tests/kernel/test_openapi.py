"""The OpenAPI document: valid, complete, and true to what the endpoints are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator, meta
from starlette.testclient import TestClient

from kernel import exports, openapi, pdf
from kernel.registry import Registry


@pytest.fixture(scope="module")
def document(registry: Registry) -> dict[str, Any]:
    """The document of our addons."""
    return openapi.document(registry)


DRAFT = "https://json-schema.org/draft/2020-12/schema"
Operation = dict[str, Any]


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, Operation]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for member in value.values():
            yield from references(member)
    elif isinstance(value, list):
        for member in value:
            yield from references(member)


def test_document_has_every_endpoint_once(document: dict[str, Any], registry: Registry) -> None:
    assert {(method, path) for method, path, _ in operations(document)} == {
        (one.method, one.path) for one in registry.endpoints
    }
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))


def test_document_schemas_are_json_schema_and_every_reference_leads_somewhere(
    document: dict[str, Any],
) -> None:
    assert document["openapi"] == "3.1.0"
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        meta.validate({"$schema": DRAFT, **schema})
        assert name.isidentifier(), name
    for reference in references(document):
        assert reference.removeprefix("#/components/schemas/") in schemas, reference


def test_operations_say_who_may_call_them(document: dict[str, Any], registry: Registry) -> None:
    for one in registry.endpoints:
        operation = document["paths"][one.path][one.method.lower()]
        if one.public:
            assert "security" not in operation
            assert ("403" in operation["responses"]) == (403 in one.statuses)
        else:
            assert operation["security"] == [{"bearer": []}, {"cookie": []}]
            assert {"401", "403"} <= operation["responses"].keys()
        if one.permission:
            assert f"`{one.permission}`" in operation["description"]
        assert operation["summary"].endswith(".") or one.path.startswith("/api/reportes/")
        assert operation["tags"] == [one.addon]


def test_operations_refuse_with_problem_documents(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                assert list(answer["content"]) == ["application/problem+json"], (method, path)


def test_operations_with_a_body_say_what_else_it_can_lead_to(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        has_body = "requestBody" in operation
        assert has_body <= {"413", "415"}.issubset(operation["responses"]), (method, path)
        assert ("{" in path) <= ("404" in operation["responses"])


def test_creating_posts_take_an_idempotency_key(
    document: dict[str, Any], registry: Registry
) -> None:
    secret = {one.path for one in registry.endpoints if one.secret}
    for method, path, operation in operations(document):
        names = [one["name"] for one in operation["parameters"]]
        creates = method == "POST" and "security" in operation and path not in secret
        assert ("Idempotency-Key" in names) == creates, path


def test_exports_and_reports_name_their_files(document: dict[str, Any]) -> None:
    export = document["paths"]["/api/clientes/exportar/"]["get"]["responses"]["200"]["content"]
    assert set(export) == {exports.CSV, exports.XLSX}
    report = document["paths"]["/api/reportes/ventas-diarias/"]["get"]["responses"]["200"]
    assert set(report["content"]) == {"application/json", exports.CSV, exports.XLSX, pdf.MEDIA}


def test_list_parameters_are_never_null_and_know_their_limits(document: dict[str, Any]) -> None:
    parameters = {
        one["name"]: one for one in document["paths"]["/api/ventas/"]["get"]["parameters"]
    }
    assert parameters["limit"]["schema"]["maximum"] == 500
    assert parameters["limit"]["schema"]["default"] == 50
    assert set(parameters["sort"]["schema"]["enum"]) == {"-id", "id", "fecha", "-fecha"}
    assert {"cliente_id", "fecha__gte", "total__lt", "estado", "next", "fields"} <= set(parameters)
    for _, _, operation in operations(document):
        for one in operation["parameters"]:
            assert "null" not in str(one["schema"]), one


def test_money_enters_as_number_or_text_and_leaves_as_text(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    entered = schemas["PagoNuevo"]["properties"]["monto"]
    assert {one["type"] for one in entered["anyOf"]} == {"number", "string"}
    assert schemas["VentaLeida"]["properties"]["total"]["type"] == "string"


def test_served_document_and_page_are_that_of_the_registry(
    admin: TestClient, document: dict[str, Any]
) -> None:
    assert admin.get("/api/openapi.json").json() == document
    page = admin.get("/api/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for _, path, _ in operations(document):
        assert path in page.text
    assert "<script" not in page.text


def test_every_list_answers_as_its_schema_says(
    admin: TestClient, document: dict[str, Any], registry: Registry
) -> None:
    for resource in registry.resources:
        answer = admin.get(resource.path, params={"limit": 5})
        operation = document["paths"][resource.path]["get"]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        whole = {"components": document["components"], **schema}
        Draft202012Validator(whole).validate(answer.json())


def test_field_that_a_role_may_not_see_is_not_required(document: dict[str, Any]) -> None:
    row = document["components"]["schemas"]["ProductoFila"]
    assert "costo" in row["properties"]
    assert set(row["properties"]) - set(row["required"]) == {"costo"}
