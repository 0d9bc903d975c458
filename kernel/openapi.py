"""OpenAPI 3.1 of the installed set, made from the endpoints' own types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from kernel.answers import FORM, JSON, PROBLEM, TITLES
from kernel.credentials import COOKIE
from kernel.http import Endpoint
from kernel.manifest import KERNEL_VERSION
from kernel.registry import Registry

REF = "#/components/schemas/{model}"
_Input = tuple[Any, JsonSchemaMode]

PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "instance", "errors"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {
                    "field": {"type": "string"},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}


def document(registry: Registry) -> dict[str, Any]:
    """Return the OpenAPI document of the registry's endpoints."""
    schemas = _Schemas(registry.endpoints)
    paths: dict[str, Any] = {}
    for endpoint in registry.endpoints:
        operations = paths.setdefault(endpoint.path, {})
        operations[endpoint.method.lower()] = _operation(endpoint, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Andes",
            "version": KERNEL_VERSION,
            "description": "Negocios de América Latina: una API por addon instalado.",
        },
        "tags": [
            *({"name": one.name, "description": one.title} for one in registry.manifests),
            {"name": "kernel", "description": "Sistema"},
        ],
        "paths": paths,
        "components": {
            "schemas": {**schemas.definitions, "Problema": PROBLEM_SCHEMA},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE},
            },
        },
    }


class _Schemas:
    """JSON schemas of every body and answer, each named once."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        inputs: list[_Input] = []
        for endpoint in endpoints:
            if endpoint.body is not None:
                inputs.append((endpoint.body, "validation"))
            if _is_model(endpoint.answer):
                inputs.append((endpoint.answer, "serialization"))
        unique = list(dict.fromkeys(inputs))
        self._refs, top = models_json_schema(unique, ref_template=REF)
        self.definitions: dict[str, Any] = top.get("$defs", {})

    def of_model(self, model: Any, mode: JsonSchemaMode) -> Mapping[str, Any]:
        return self._refs[(model, mode)]

    def of_answer(self, endpoint: Endpoint) -> Mapping[str, Any]:
        if _is_model(endpoint.answer):
            return self.of_model(endpoint.answer, "serialization")
        if endpoint.adapter is None:
            return {}
        schema = endpoint.adapter.json_schema(mode="serialization", ref_template=REF)
        self.definitions.update(schema.pop("$defs", {}))
        return schema


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _operation(endpoint: Endpoint, schemas: _Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "tags": [endpoint.addon],
        "parameters": [*_path_parameters(endpoint), *_query_parameters(endpoint)],
        "responses": _responses(endpoint, schemas),
    }
    if not endpoint.public:
        operation["security"] = [{"bearer": []}, {"cookie": []}]
    if facts := _who_may(endpoint):
        operation["description"] = facts
    if endpoint.creates:
        operation["parameters"].append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "La misma clave y cuerpo reciben la misma respuesta.",
                "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,200}$"},
            }
        )
    if endpoint.body is not None:
        body = schemas.of_model(endpoint.body, "validation")
        kind = FORM if endpoint.takes_files else JSON
        operation["requestBody"] = {
            "required": not endpoint.body_optional,
            "content": {kind: {"schema": body}},
        }
    return operation


def _who_may(endpoint: Endpoint) -> str:
    permission = f"Permiso: `{endpoint.permission}`." if endpoint.permission else ""
    fresh = "Pide haber confirmado quién es en los últimos 10 minutos." if endpoint.fresh else ""
    return " ".join(filter(None, [permission, fresh]))


def _path_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string"}
            if kind is str
            else {"type": "integer", "minimum": 1, "maximum": 2**63 - 1},
        }
        for name, kind in endpoint.path_types.items()
    ]


def _query_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    if endpoint.query is None:
        return []
    schema = endpoint.query.model_json_schema(schema_generator=GenerateJsonSchema)
    definitions = schema.get("$defs", {})
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "schema": _plain(facts, definitions),
        }
        for name, facts in schema.get("properties", {}).items()
    ]


def _plain(facts: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter's schema without null, which a query string cannot carry."""
    kinds = [one for one in facts.get("anyOf", []) if one.get("type") != "null"]
    if len(kinds) == 1:
        facts = {**{k: v for k, v in facts.items() if k not in ("anyOf", "default")}, **kinds[0]}
    reference = facts.get("$ref", "")
    return definitions[reference.rpartition("/")[2]] if reference else facts


def _responses(endpoint: Endpoint, schemas: _Schemas) -> dict[str, Any]:
    found: dict[str, Any] = {str(endpoint.status): _success(endpoint, schemas)}
    for status in sorted(_statuses(endpoint)):
        found[str(status)] = {
            "description": TITLES[status],
            "content": {PROBLEM: {"schema": {"$ref": REF.format(model="Problema")}}},
        }
    return found


def _success(endpoint: Endpoint, schemas: _Schemas) -> dict[str, Any]:
    if endpoint.status == 204:
        return {"description": "Hecho."}
    content: dict[str, Any] = {
        media: {"schema": {"type": "string", "format": "binary"}} for media in endpoint.files
    }
    if endpoint.adapter is not None:
        content[JSON] = {"schema": schemas.of_answer(endpoint)}
    return {"description": "Hecho.", "content": content}


def _statuses(endpoint: Endpoint) -> set[int]:
    found = {400, 405, 500, 503, *endpoint.statuses}
    if not endpoint.public:
        found |= {401, 403}
    if endpoint.path_types:
        found.add(404)
    if endpoint.body is not None:
        found |= {413, 415}
    if endpoint.method != "GET":
        found |= {409}
    if endpoint.creates:
        found |= {422}
    if endpoint.throttle is not None:
        found |= {429}
    return found
