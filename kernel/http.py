"""Endpoints: a typed function becomes an address.

``@endpoint`` reads the function's signature: ``ctx`` first, then path parameters by name, then one
schema, which is the body of a POST, PUT or PATCH and the query of a GET or DELETE. A body whose
parameter has a default may be left out; then it counts as ``{}``. What the function returns is
written as JSON by its annotated type. ``kernel.app`` serves the endpoints.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import ModuleType, NoneType
from typing import Any, cast, get_type_hints

from pydantic import BaseModel, TypeAdapter
from starlette.responses import Response

from kernel.errors import ConfigurationError
from kernel.forms import Form
from kernel.rbac import protected_paths
from kernel.throttle import Limit

WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_PARAMETER = re.compile(r"{(\w+)}")


@dataclass(frozen=True)
class Endpoint:
    """An address, what it takes, what it answers and who may call it."""

    method: str
    path: str
    handler: Callable[..., Any]
    permission: str | None = None
    public: bool = False
    status: int = 200
    summary: str = ""
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    schema_name: str = ""
    path_types: Mapping[str, Any] = field(default_factory=dict)
    answer: Any = None
    statuses: tuple[int, ...] = ()
    addon: str = ""
    files: tuple[str, ...] = ()
    """Media types, where the answer is a file or may be one."""
    fresh: bool = False
    """Whether the caller must have proved who they are within the last ten minutes."""
    body_optional: bool = False
    keys: bool = True
    """Whether an API key that has the permission may call it."""
    secret: bool = False
    """Whether the answer holds a secret: it is never stored, so no Idempotency-Key is honoured."""
    presumes: bool = False
    """Whether the work may begin before it is known again who asks (``kernel.presumption``): it
    reads, or does nothing outside of its transaction."""
    page: bool = False
    """Whether it answers HTML to a browser (``kernel.page``) and is no part of the API."""
    throttle: Limit | None = None
    """How often one address may ask; counted before anything is read or looked up."""

    def owned_by(self, addon: str) -> Endpoint:
        """Return the endpoint marked with the addon that declares it."""
        return replace(self, addon=addon)

    @property
    def name(self) -> str:
        """Stable name for OpenAPI and metrics."""
        return f"{self.addon}_{self.handler.__name__}"

    @cached_property
    def adapter(self) -> TypeAdapter[Any] | None:
        """Writes the answer; None where the handler returns a Response or nothing."""
        if self.answer in (None, NoneType):
            return None
        if isinstance(self.answer, type) and issubclass(self.answer, Response):
            return None
        return TypeAdapter(self.answer)

    @cached_property
    def protected(self) -> tuple[tuple[str, str], ...]:
        """(path, permission) of the answer's fields that need a permission of their own."""
        return protected_paths(self.answer) if self.adapter is not None else ()

    @property
    def takes_files(self) -> bool:
        """Whether the body is a form with files instead of JSON."""
        return self.body is not None and issubclass(self.body, Form)

    @property
    def form(self) -> type[Form]:
        """The body of an endpoint that takes files."""
        return cast("type[Form]", self.body)

    @property
    def creates(self) -> bool:
        """Whether an Idempotency-Key is honoured."""
        return self.method == "POST" and not (self.public or self.secret or self.page)

    @property
    def for_keys(self) -> bool:
        """Whether an API key may call it at all: a key can do what its list names, and no more."""
        return bool(self.permission) and self.keys and not self.fresh


def endpoint(
    method: str,
    path: str,
    *,
    permission: str | None = None,
    public: bool = False,
    status: int = 200,
    statuses: tuple[int, ...] = (),
    files: tuple[str, ...] = (),
    fresh: bool = False,
    throttle: Limit | None = None,
    keys: bool = True,
    secret: bool = False,
    presumes: bool = False,
) -> Callable[[Callable[..., Any]], Endpoint]:
    """Declare a function as an endpoint.

    Every route names a permission (``modulo.accion``), says ``permission=""`` for any signed-in
    user, or is ``public``. ``statuses`` lists answers beyond the usual ones, for OpenAPI.
    ``fresh`` asks for a login or re-authentication of the last ten minutes; no API key has one.
    ``throttle`` says how often one address may ask; beyond it the answer is 429. ``keys=False``
    refuses API keys, as ``permission=""`` does. ``secret=True`` keeps the answer out of the
    database: it is not repeated for an Idempotency-Key. ``presumes=True`` saves a hot address one
    wait for PostgreSQL: its work begins as if the caller were who they were a moment ago.

    Raises:
        ConfigurationError: the signature doesn't fit the path, or nothing says who may call it.
    """
    if permission is None and not public:
        raise ConfigurationError(f"{method} {path}: say permission=… or public=True.")
    if fresh and public:
        raise ConfigurationError(f"{method} {path}: nobody is known there, so nobody is fresh.")

    def declare(handler: Callable[..., Any]) -> Endpoint:
        return describe(
            Endpoint(
                method,
                path,
                handler,
                permission,
                public,
                status,
                statuses=statuses,
                files=files,
                fresh=fresh,
                throttle=throttle,
                keys=keys,
                secret=secret,
                presumes=presumes,
            )
        )

    return declare


def describe(bare: Endpoint) -> Endpoint:
    """Return the endpoint completed from its handler's signature."""
    hints = get_type_hints(bare.handler, include_extras=True)
    names = list(inspect.signature(bare.handler).parameters)
    in_path = _PARAMETER.findall(bare.path)
    schemas = [
        name
        for name in names[1:]
        if name not in in_path
        and inspect.isclass(hints.get(name))
        and issubclass(hints[name], BaseModel)
    ]
    unknown = set(names[1:]) - set(in_path) - set(schemas)
    if unknown or set(in_path) - set(names) or len(schemas) > 1:
        raise ConfigurationError(
            f"{bare.method} {bare.path}: parameters of {bare.handler.__qualname__} must be ctx, "
            "those of the path, and at most one schema."
        )
    schema = hints[schemas[0]] if schemas else None
    takes_body = bare.method in WITH_BODY
    return replace(
        bare,
        summary=(inspect.getdoc(bare.handler) or "").partition("\n")[0],
        body=schema if takes_body else None,
        body_optional=takes_body and bool(schemas) and _has_default(bare.handler, schemas[0]),
        query=None if takes_body else schema,
        schema_name=schemas[0] if schemas else "",
        path_types={name: hints[name] for name in in_path},
        answer=hints.get("return"),
    )


def _has_default(handler: Callable[..., Any], name: str) -> bool:
    return inspect.signature(handler).parameters[name].default is not inspect.Parameter.empty


def endpoints_in(*modules: ModuleType) -> list[Endpoint]:
    """Return the endpoints that ``routes`` modules declare, in order."""
    return [one for module in modules for one in _endpoints(module)]


def _endpoints(module: ModuleType) -> Iterator[Endpoint]:
    for value in vars(module).values():
        if isinstance(value, Endpoint):
            yield value
