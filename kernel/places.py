"""Where links lead: addresses of the API and pages, with fields of a record in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from kernel.http import Endpoint
from kernel.views import FormView, Records, View

_IN_BRACES = re.compile(r"\{(\w+)\}")


def page_of(resource: str) -> str:
    """Return where the views of a resource are: ``/api/ventas/`` → ``/app/ventas/``."""
    return f"/app{resource.removeprefix('/api')}"


def destination(path: str) -> str:
    """Return what a path leads to: without its query, whatever the fields in it are called."""
    return _IN_BRACES.sub("{}", path.partition("?")[0])


def fields_in(path: str) -> list[str]:
    """Return the names of the fields in a path and its query."""
    return _IN_BRACES.findall(path)


def filled(path: str, data: Mapping[str, Any]) -> str:
    """Return a path with a record's fields in it; nothing where one of them is blank."""
    if any(data.get(name) in (None, "") for name in fields_in(path)):
        return ""
    return _IN_BRACES.sub(lambda found: quote(str(data[found[1]]), safe=""), path)


def openable(views: Iterable[View], endpoints: Iterable[Endpoint]) -> dict[str, str]:
    """Return what a GET opens, by its ``destination``, with the permission that it asks for.

    The pages of views are among it, of which nobody declares an endpoint.
    """
    endpoints = list(endpoints)
    found = {
        destination(one.path): one.permission or "" for one in endpoints if one.method == "GET"
    }
    makes = {one.path: one.permission or "" for one in endpoints if one.method == "POST"}
    first: dict[str, str] = {}
    for view in (one for one in views if isinstance(one, Records)):
        page = page_of(view.resource)
        permission = first.setdefault(page, view.permission)
        found.setdefault(f"{page}{{}}/" if isinstance(view, FormView) else page, permission)
        if isinstance(view, FormView) and view.resource in makes:
            found.setdefault(f"{page}nuevo/", makes[view.resource])
    return found
