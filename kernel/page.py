"""Pages: endpoints that answer HTML to a browser, through the same gate as the API.

A handler takes ``ctx``, ``asked`` (what the browser sends: query, form, which part of a page) and
the parameters of its path; it gets what it shows by calling endpoints of the API inside its own
transaction (``fetch``, ``send``), so that nothing is reachable here that is not reachable there. A
refused page is a page that says what to do; one for who is signed in sends others to sign in.
"""

from __future__ import annotations

import functools
import gzip
import inspect
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from http.cookies import CookieError, SimpleCookie
from typing import Any, get_type_hints
from urllib.parse import parse_qsl, urlencode, urlsplit

import psycopg
from pydantic_core import to_json
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.exc import StaleDataError

from kernel import answers, bodies, forms, queries, rbac, translations
from kernel.answers import Outcome
from kernel.context import Ctx
from kernel.errors import ConfigurationError, DomainError, Forbidden, NotFound, ValidationFailed
from kernel.forms import Received
from kernel.http import Endpoint
from kernel.throttle import Limit
from kernel.uploads import Upload
from kernel.view_parts import Choice

HTML = "text/html; charset=utf-8"
URLENCODED = b"application/x-www-form-urlencoded"
LOGIN = "/entrar/"
HOME = "/app/"
SMALL = 1024
"""Bytes below which a page is not compressed."""

Value = str | Upload


class Pairs:
    """The pairs of a query or form, in order; a name may come more than once."""

    def __init__(self, pairs: Iterable[tuple[str, Value]] = ()) -> None:
        self.pairs = tuple(pairs)

    def __iter__(self) -> Iterator[tuple[str, Value]]:
        return iter(self.pairs)

    def __contains__(self, name: str) -> bool:
        return any(one == name for one, _ in self.pairs)

    def get(self, name: str, otherwise: str = "") -> str:
        """Return the first text of a name."""
        return next((v for n, v in self.pairs if n == name and isinstance(v, str)), otherwise)

    def all(self, name: str) -> list[str]:
        """Return the texts of a name."""
        return [v for n, v in self.pairs if n == name and isinstance(v, str)]

    def texts(self) -> dict[str, str]:
        """Return the last text of each name."""
        return {n: v for n, v in self.pairs if isinstance(v, str)}

    def encoded(self, *without: str, **changes: str | None) -> str:
        """Return the query text with some names left out, replaced or added; None leaves out."""
        skipped = {*without, *changes}
        kept = [(n, v) for n, v in self.pairs if n not in skipped and v and isinstance(v, str)]
        return urlencode([*kept, *((n, v) for n, v in changes.items() if v)])


@dataclass(frozen=True, slots=True)
class Asked:
    """What a browser asks of a page."""

    path: str = "/"
    query: Pairs = field(default_factory=Pairs)
    form: Pairs = field(default_factory=Pairs)
    target: str = ""
    """The id of the element that the answer goes into; "" for a whole page."""
    theme: str = ""
    language: str = ""
    open_groups: str = ""
    """The groups of the menu that stay open, each after a ``~``; "" where none was chosen."""
    dense: bool = False
    """Whether rows stand close together."""
    came_from: str = ""
    """The page of ours that one comes from, with its query; "" for another site's, or none."""

    @property
    def here(self) -> str:
        """The address, with its query."""
        query = self.query.encoded()
        return f"{self.path}?{query}" if query else self.path


Handler = Callable[..., Outcome]


def page(
    method: str,
    path: str,
    *,
    permission: str | None = None,
    public: bool = False,
    throttle: Limit | None = None,
) -> Callable[[Handler], Endpoint]:
    """Declare a function as a page; who may see it is said as for ``@endpoint``.

    Raises:
        ConfigurationError: nothing says who may see it, or a parameter is not in the path.
    """
    if permission is None and not public:
        raise ConfigurationError(f"{method} {path}: say permission=… or public=True.")

    def declare(handler: Handler) -> Endpoint:
        hints = get_type_hints(handler, include_extras=True)
        names = list(inspect.signature(handler).parameters)[2:]
        if any(f"{{{name}}}" not in path for name in names):
            raise ConfigurationError(f"{method} {path}: {names} must be in the path.")

        @functools.wraps(handler)
        def speaking(ctx: Ctx, asked: Asked, **in_path: Any) -> Outcome:
            translations.speak(asked.language or ctx.runtime.regional(ctx.session).idioma)
            return handler(ctx, asked, **in_path)

        return Endpoint(
            method,
            path,
            speaking,
            permission,
            public,
            summary=(inspect.getdoc(handler) or "").partition("\n")[0],
            path_types={name: hints[name] for name in names},
            throttle=throttle,
            keys=False,
            page=True,
        )

    return declare


def asked(
    path: str, query: bytes, headers: Mapping[bytes, bytes], form: Iterable[tuple[str, Value]]
) -> Asked:
    """Return what a browser asks."""
    cookies = _cookies(headers.get(b"cookie", b""))
    target = headers.get(b"hx-target", b"").decode("latin-1").partition("#")[2]
    return Asked(
        path,
        Pairs(_pairs(query)),
        Pairs(form),
        target if headers.get(b"hx-request") else "",
        cookies.get("tema", ""),
        cookies.get("idioma", ""),
        cookies.get("menu", ""),
        cookies.get("filas", "") == "juntas",
        _page_before(headers, path),
    )


def _page_before(headers: Mapping[bytes, bytes], path: str) -> str:
    """Return the page that a browser says it comes from, where it is another one of this host."""
    try:
        before = urlsplit(headers.get(b"referer", b"").decode("ascii"))
    except ValueError:
        return ""
    host = headers.get(b"host", b"").decode("latin-1")
    if before.netloc != host or before.path == path:
        return ""
    return own_address(f"{before.path}?{before.query}".rstrip("?"), "")


def _pairs(raw: bytes) -> list[tuple[str, str]]:
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise ValidationFailed("La dirección no es válida.", code="consulta_invalida") from None
    return [(name, value) for name, value in pairs if "\x00" not in value]


def _cookies(raw: bytes) -> dict[str, str]:
    try:
        return {name: one.value for name, one in SimpleCookie(raw.decode("latin-1")).items()}
    except CookieError:
        return {}


# Inside the transaction of a page ---------------------------------------------------------------


def _endpoint(ctx: Ctx, method: str, path: str) -> Endpoint:
    """Return an endpoint of the API that the user may call.

    Raises:
        NotFound: nothing serves it.
        Forbidden: the user may not.
    """
    found = ctx.runtime.registry.addresses.get((method, path))
    if found is None:
        raise NotFound
    if found.permission and not ctx.can(found.permission):
        raise Forbidden(f"Su rol no tiene el permiso «{found.permission}».")
    if found.fresh and not ctx.fresh:
        raise Forbidden(
            "Confirme quién es: vuelva a escribir su contraseña.", code="reautenticacion_requerida"
        )
    return found


def fetch(ctx: Ctx, path: str, query: str = "", **in_path: Any) -> Any:
    """Return what a GET of the API answers to the user, as JSON data."""
    endpoint = _endpoint(ctx, "GET", path)
    arguments = _in_path(endpoint, in_path)
    if endpoint.query is not None:
        arguments[endpoint.schema_name] = queries.parse(query.encode(), endpoint.query)
    return _data(ctx, endpoint, endpoint.handler(ctx, **arguments))


def send(ctx: Ctx, method: str, path: str, body: Mapping[str, Any], **in_path: Any) -> Any:
    """Return what a POST, PUT or DELETE of the API answers, as JSON data.

    It is undone if it is refused, whatever the page does then.
    """
    endpoint = _endpoint(ctx, method, path)
    arguments = _in_path(endpoint, in_path)
    if endpoint.takes_files:
        received = Received([(name, value) for name, value in body.items() if value])
        arguments[endpoint.schema_name] = forms.parse(received, endpoint.form)
    elif endpoint.body is not None:
        arguments[endpoint.schema_name] = bodies.parse(to_json(body), endpoint.body)
    return _data(ctx, endpoint, attempt(ctx, lambda: endpoint.handler(ctx, **arguments)))


def prove(ctx: Ctx, password: str) -> None:
    """Take a password as proof of who is there, for an act that asks for it.

    Raises:
        DomainError: it is not theirs, or none was given.
    """
    if password:
        send(ctx, "POST", "/api/auth/reautenticar/", {"password": password})
        ctx.fresh = True


def attempt(ctx: Ctx, act: Callable[[], Any]) -> Any:
    """Return what an act returns; a refused one leaves nothing behind, unless its work stands."""
    mark = ctx.mark()
    savepoint = ctx.session.begin_nested()
    try:
        result = act()
        savepoint.commit()
    except (DomainError, DBAPIError, psycopg.Error, StaleDataError) as error:
        refusal = answers.explain(error)
        if refusal is None or refusal.status == 503:  # the whole page fails, or is tried again
            raise
        if refusal.stands:
            savepoint.commit()
        else:
            savepoint.rollback()
            ctx.forget_since(mark)
        raise refusal from None
    return result


def _in_path(endpoint: Endpoint, given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: queries.path_value(kind, str(given[name]))
        for name, kind in endpoint.path_types.items()
    }


def _data(ctx: Ctx, endpoint: Endpoint, result: Any) -> Any:
    if isinstance(result, Outcome):
        return json.loads(result.body or b"null")
    if endpoint.adapter is None or result is None:
        return None
    data = endpoint.adapter.dump_python(result, mode="json", by_alias=True)
    return rbac.prune(ctx, endpoint.protected, data) if endpoint.protected else data


# Answers ----------------------------------------------------------------------------------------


def redirect(ctx: Ctx | None, address: str, asked: Asked | None = None) -> Outcome:
    """Return the answer that leads elsewhere; htmx is told in a header of its own."""
    headers = dict(ctx.headers) if ctx is not None else {}
    if asked is not None and asked.target:
        return Outcome(200, b"", HTML, {**headers, "HX-Redirect": address})
    return Outcome(303, b"", HTML, {**headers, "Location": address})


def own_address(given: str, otherwise: str = HOME) -> str:
    """Return an address of this site that somebody gave, or the first page."""
    plain = given.startswith("/") and not given.startswith(("//", "/\\")) and given.isprintable()
    return given if plain else otherwise


def packed(outcome: Outcome, headers: Mapping[bytes, bytes]) -> Outcome:
    """Return a page compressed where the browser takes that."""
    if len(outcome.body) < SMALL or b"gzip" not in headers.get(b"accept-encoding", b""):
        return outcome
    body = gzip.compress(outcome.body, 5, mtime=0)
    more = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return replace(outcome, body=body, headers={**outcome.headers, **more})


def choices(ctx: Ctx, view: str, column: str) -> dict[str, Choice]:
    """Return the values of a list's column as people read them, with the tones of their badges."""
    listed: Any = ctx.runtime.registry.screens.views[view]
    return {it.value: it for one in listed.columns if one.name == column for it in one.choices}


def draw(ctx: Ctx | None, asked: Asked, template: str, /, **values: Any) -> Outcome:
    """Return a page drawn by a template: the kernel's by name, an addon's as ``package:name``."""
    from kernel import web  # Jinja, once somebody asks

    return web.render(ctx, asked, template, **values)
