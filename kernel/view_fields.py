"""Fields of views: what the addresses of a resource take and answer, by name, with types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel

from kernel.errors import ConfigurationError
from kernel.http import Endpoint
from kernel.views import FormView, Records


def served(
    address: tuple[str, str], addresses: Mapping[tuple[str, str], Endpoint], where: str
) -> Endpoint:
    """Return the endpoint at an address.

    Raises:
        ConfigurationError: nobody serves it.
    """
    if address not in addresses:
        raise ConfigurationError(f"{where} names {' '.join(address)}, which nothing serves.")
    return addresses[address]


def fields_by_name(
    view: Records, addresses: Mapping[tuple[str, str], Endpoint], where: str
) -> dict[str, list[Any]]:
    """Return the fields that the addresses of a view's resource take and answer, with types."""
    listed = served(("GET", view.resource), addresses, where)
    kinds = [(listed.answer, "items")]
    if isinstance(view, FormView):
        near = [(method, f"{view.resource}{{id}}/") for method in ("GET", "PUT")]
        for address in [*near, ("POST", view.resource)]:
            one = addresses.get(address)
            kinds.append((one and (one.answer if address[0] == "GET" else one.body), ""))
    found: dict[str, list[Any]] = {}
    for kind, inside in kinds:
        for name, annotation in members(kind, inside).items():
            found.setdefault(name, []).append(annotation)
    return found


def fields_of(addresses: Mapping[tuple[str, str], Endpoint], path: str) -> dict[str, Any]:
    """Return the fields that a resource's addresses answer and take, each with its type."""
    found: dict[str, Any] = {}
    for address, inside in (
        (("POST", path), ""),
        (("PUT", f"{path}{{id}}/"), ""),
        (("GET", f"{path}{{id}}/"), ""),
        (("GET", path), "items"),
    ):
        one = addresses.get(address)
        if one is not None:
            found |= members(one.answer if address[0] == "GET" else one.body, inside)
    return found


def kind_of(kinds: Mapping[str, Any], name: str) -> Any:
    """Return the type of a field, or of a field of a document."""
    first, _, rest = name.partition(".")
    return members(kinds.get(first), "").get(rest) if rest else kinds.get(first)


def line_fields(
    addresses: Mapping[tuple[str, str], Endpoint], path: str, name: str
) -> dict[str, Any]:
    """Return the fields of the lines of a resource's record, each with its type."""
    found: dict[str, Any] = {}
    near = [("POST", path), ("PUT", f"{path}{{id}}/"), ("GET", f"{path}{{id}}/")]
    for address in near:
        one = addresses.get(address)
        kind = one and (one.answer if address[0] == "GET" else one.body)
        found |= members(members(kind, "").get(name), "")
    return found


def members(kind: Any, inside: str) -> dict[str, Any]:
    """Return the fields of an answer, or of the items of one that is a page, with their types."""
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):  # list[X], X | None
        return {
            name: annotation
            for one in get_args(kind)
            for name, annotation in members(one, "").items()
        }
    if inside in kind.model_fields:
        return members(kind.model_fields[inside].annotation, "")
    return {name: one.annotation for name, one in kind.model_fields.items()}
