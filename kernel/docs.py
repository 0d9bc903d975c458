"""The documentation page of the API: one static HTML page, no script, made from the OpenAPI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


def render(document: Mapping[str, Any]) -> str:
    """Return the page of an OpenAPI document."""
    templates = Environment(
        loader=PackageLoader("kernel", "web/templates"), autoescape=True, undefined=StrictUndefined
    )
    groups = {tag["name"]: tag for tag in document["tags"]}
    operations: dict[str, list[dict[str, Any]]] = {}
    for operation in _operations(document):
        operations.setdefault(operation["tag"], []).append(operation)
    return templates.get_template("docs.html").render(
        document=document, groups=groups, operations=operations
    )


def _operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    schemas = document["components"]["schemas"]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            body = operation.get("requestBody", {}).get("content", {})
            yield {
                "tag": operation["tags"][0],
                "id": operation["operationId"],
                "method": method.upper(),
                "path": path,
                "summary": operation["summary"],
                "permission": operation.get("description", ""),
                "public": "security" not in operation,
                "parameters": operation["parameters"],
                "fields": list(_fields(body.get("application/json", {}).get("schema"), schemas)),
                "responses": operation["responses"],
            }


def _fields(
    schema: Mapping[str, Any] | None, schemas: Mapping[str, Any], prefix: str = "", depth: int = 0
) -> Iterator[dict[str, Any]]:
    """Yield a row per field of a body: path, type, whether it is required."""
    if schema is None or depth > 3:
        return
    schema = _resolve(schema, schemas)
    for name, facts in schema.get("properties", {}).items():
        resolved = _resolve(facts, schemas)
        yield {
            "name": prefix + name,
            "type": _type(resolved),
            "required": name in schema.get("required", []),
        }
        inner = resolved.get("items") if resolved.get("type") == "array" else resolved
        mark = "[]." if resolved.get("type") == "array" else "."
        if inner:
            yield from _fields(inner, schemas, f"{prefix}{name}{mark}", depth + 1)


def _resolve(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref", "")
    found: Mapping[str, Any] = schemas[reference.rpartition("/")[2]] if reference else schema
    return found


def _type(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_type(one) for one in schema["anyOf"]))
    return str(schema.get("type", "objeto"))
