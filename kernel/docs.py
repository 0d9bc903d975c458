"""The documentation page of the API: one static HTML page, no script, made from the OpenAPI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from kernel.headers import policy

POLICY = policy("style-src 'self'", "font-src 'self'", "img-src 'self'")
MAX_ID = 2**63 - 1
MAX_DEPTH = 3
JSON = "application/json"
PAGING = frozenset({"fields", "formato", "limit", "next", "q", "sort"})
"""Parameters of every list; what else is in its query filters."""

TYPES = {
    "array": "lista",
    "boolean": "sí o no",
    "integer": "entero",
    "number": "número",
    "object": "objeto",
    "string": "texto",
}
LIMITS = (
    ("minimum", "≥ {}"),
    ("ge", "≥ {}"),
    ("exclusiveMinimum", "> {}"),
    ("gt", "> {}"),
    ("maximum", "≤ {}"),
    ("minLength", "desde {} caracteres"),
    ("maxLength", "hasta {} caracteres"),
    ("minItems", "desde {}"),
    ("maxItems", "hasta {}"),
)

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a body, or a parameter."""

    name: str
    type: str
    limits: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """An address with its method."""

    id: str
    method: str
    path: str
    summary: str
    permission: str
    public: bool
    parameters: list[Field]
    filters: list[tuple[str, str]]
    """Column and the comparisons that it allows beyond equality."""
    body: list[Field]
    answer: list[Field]
    answer_kind: str
    responses: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Group:
    """What an addon offers: its operations by the noun of their path."""

    name: str
    title: str
    nouns: dict[str, list[Operation]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many operations there are."""
        return sum(len(operations) for operations in self.nouns.values())


def render(document: Json, address: str) -> str:
    """Return the page of an OpenAPI document; its example asks the server at ``address``."""
    templates = Environment(
        loader=PackageLoader("kernel", "web/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found = groups(document)
    total = sum(group.count for group in found)
    page = templates.get_template("docs.html")
    return page.render(info=document["info"], address=address, groups=found, total=total)


def groups(document: Json) -> list[Group]:
    """Return the operations of a document by addon, those of the kernel last."""
    schemas = document["components"]["schemas"]
    found = {tag["name"]: Group(tag["name"], tag["description"]) for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, facts in methods.items():
            group = found[facts["tags"][0]]
            operations = group.nouns.setdefault(path.split("/")[2], [])
            operations.append(_operation(method.upper(), path, facts, schemas))
    return sorted((group for group in found.values() if group.nouns), key=_is_kernel)


def _is_kernel(group: Group) -> bool:
    return group.name == "kernel"


def _operation(method: str, path: str, facts: Json, schemas: Json) -> Operation:
    bodies = facts.get("requestBody", {}).get("content", {}).values()
    body = next((one["schema"] for one in bodies), None)
    success = next(iter(facts["responses"].values())).get("content", {})
    answer = success.get(JSON, {}).get("schema")
    return Operation(
        id=facts["operationId"],
        method=method,
        path=path,
        summary=facts["summary"],
        permission=facts.get("description", "").partition("`")[2].partition("`")[0],
        public="security" not in facts,
        parameters=[_parameter(one) for one in facts["parameters"] if not _is_filter(one)],
        filters=_filters(one["name"] for one in facts["parameters"] if _is_filter(one)),
        body=list(_fields(body, schemas)),
        answer=list(_fields(answer, schemas)),
        answer_kind=JSON if answer else next(iter(success), ""),
        responses=[(code, one["description"]) for code, one in facts["responses"].items()],
    )


def _is_filter(parameter: Json) -> bool:
    return parameter["in"] == "query" and parameter["name"] not in PAGING


def _parameter(parameter: Json) -> Field:
    schema = parameter["schema"]
    return Field(parameter["name"], _type(schema), _limits(schema), parameter["required"])


def _filters(names: Iterator[str]) -> list[tuple[str, str]]:
    """Return each column once, with its comparisons: ``fecha``, ``gte gt lte lt``."""
    found: dict[str, list[str]] = {}
    for name in names:
        column, _, comparison = name.partition("__")
        found.setdefault(column, []).extend([comparison] if comparison else [])
    return [(column, " ".join(comparisons)) for column, comparisons in found.items()]


def _fields(
    schema: Json | None, schemas: Json, prefix: str = "", depth: int = 0
) -> Iterator[Field]:
    """Yield a field for each member of a body, inner ones with a dotted path."""
    if schema is None or depth > MAX_DEPTH:
        return
    schema = _resolve(schema, schemas)
    if schema.get("type") == "array":
        yield from _fields(schema["items"], schemas, f"{prefix}[].", depth + 1)
    required = schema.get("required", [])
    for name, facts in schema.get("properties", {}).items():
        resolved = _resolve(facts, schemas)
        yield Field(prefix + name, _type(resolved), _limits(resolved), name in required)
        is_list = resolved.get("type") == "array"
        inner = resolved.get("items") if is_list else resolved
        mark = "[]." if is_list else "."
        yield from _fields(inner, schemas, f"{prefix}{name}{mark}", depth + 1)


def _resolve(schema: Json, schemas: Json) -> Json:
    reference = schema.get("$ref", "")
    found: Json = schemas[reference.rpartition("/")[2]] if reference else schema
    return found


def _type(schema: Json) -> str:
    if "max_digits" in schema:
        places = schema.get("decimal_places", 0)
        return f"decimal ({schema['max_digits']}, {places})"
    if "enum" in schema:
        return " · ".join(str(value) for value in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    if "anyOf" in schema:
        kinds = [_type(one) for one in schema["anyOf"] if one.get("type") != "null"]
        return " o ".join(dict.fromkeys(kinds))
    formats = {"date": "fecha", "date-time": "fecha y hora"}
    kind = schema.get("type", "object")
    return formats.get(schema.get("format", ""), TYPES.get(kind, str(kind)))


def _limits(schema: Json) -> str:
    sources = [schema, *schema.get("anyOf", [])]
    found = [
        text.format(one[name])
        for one in sources
        for name, text in LIMITS
        if name in one and one[name] != MAX_ID
    ]
    default = schema.get("default")
    if default not in (None, "", []):
        found.append(f"por defecto {_shown(default)}")
    return ", ".join(dict.fromkeys(found))


def _shown(value: Any) -> str:
    return {True: "sí", False: "no"}[value] if isinstance(value, bool) else str(value)
