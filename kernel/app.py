"""The web application: a value made from the endpoints of one generation.

An endpoint's work runs in a thread (``kernel.calls``). Around it: request ids, security headers,
the generation, metrics and one access-log line.
"""

from __future__ import annotations

import functools
import re
import secrets
import sys
import time
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, cast

from pydantic_core import to_json
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kernel import (
    answers,
    calls,
    logging,
    metrics,
    proxies,
    receiving,
    redaction,
    refusals,
    translations,
)
from kernel.answers import Outcome
from kernel.calls import Call
from kernel.context import RequestFacts
from kernel.cors import Cors
from kernel.errors import (
    DomainError,
    Forbidden,
    NotFound,
)
from kernel.headers import complete
from kernel.http import Endpoint
from kernel.receiving import NO_BODY
from kernel.refusals import Refused
from kernel.runtime import Runtime
from kernel.threads import Threads
from kernel.web_routes import web_pages

log = logging.get(__name__)

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
Found = tuple[dict[str, Endpoint], dict[str, str]]
"""The endpoints at a path, by method, and the path's parameters."""


class EndpointTable:
    """Finds an endpoint by its path: a dictionary, then patterns by number of segments."""

    def __init__(self, endpoints: Iterable[Endpoint], runtime: Runtime) -> None:
        self.runtime = runtime
        self.static: dict[str, dict[str, Endpoint]] = {}
        self.patterns: dict[int, list[tuple[re.Pattern[str], dict[str, Endpoint]]]] = {}
        self.threads = Threads(runtime.settings.request_threads)
        self.closed = [
            (_pattern(path), addon) for addon, paths in runtime.closed.items() for path in paths
        ]
        by_path: dict[str, dict[str, Endpoint]] = {}
        for one in endpoints:
            by_path.setdefault(one.path, {})[one.method] = one
        for path, methods in by_path.items():
            self._add(path, methods)

    def _add(self, path: str, methods: dict[str, Endpoint]) -> None:
        if "{" not in path:
            self.static[path] = methods
            return
        self.patterns.setdefault(path.count("/"), []).append((_pattern(path), methods))

    def find(self, path: str) -> Found | None:
        """Return the endpoints at a path, by method, and the path's parameters."""
        if not path.endswith("/"):
            path += "/"
        if (methods := self.static.get(path)) is not None:
            return methods, {}
        for pattern, methods in self.patterns.get(path.count("/"), ()):
            if (found := pattern.match(path)) is not None:
                return methods, found.groupdict()
        return None

    def closed_by(self, path: str) -> str | None:
        """Return the addon that has this address and is switched off."""
        path = path if path.endswith("/") else f"{path}/"
        return next((addon for pattern, addon in self.closed if pattern.match(path)), None)

    async def handle(self, found: Found, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request to a path of the table."""
        methods, path = found
        method = scope["method"]
        endpoint = methods.get("GET" if method == "HEAD" else method)
        if endpoint is None:
            refusal = await self.refuse(_method_refused(), scope)
            await _send(send, refusal, {"Allow": ", ".join(_allowed_methods(methods))})
            return
        scope["andes.endpoint"] = endpoint
        headers = dict(scope["headers"])
        facts: RequestFacts = scope["andes.facts"]
        call = Call(endpoint, path, scope["query_string"], headers, None, NO_BODY, facts)
        call.address = scope["path"]
        try:
            call.shown = calls.credential(self.runtime, endpoint, headers, facts)
            body = call.body = await receiving.body(
                endpoint, headers, receive, self.runtime.settings
            )
        except DomainError as error:
            await _send(send, await self.refuse(error, scope), head=method == "HEAD")
            return
        try:
            outcome = await self.threads.run(functools.partial(calls.respond, self.runtime, call))
        finally:
            body.close()
        if isinstance(outcome, Response):
            await outcome(scope, receive, send)
        else:
            await _send(send, outcome, head=method == "HEAD")

    async def refuse(self, error: DomainError, scope: Scope) -> Outcome:
        """Return what is answered instead; a page is drawn in a thread."""
        request = Refused.of(scope)
        if not request.by_a_person:
            return answers.problem(error, request.request_id)
        draw = functools.partial(refusals.answer, self.runtime, error, request)
        return await self.threads.run(draw)


def _pattern(path: str) -> re.Pattern[str]:
    """Return what matches the addresses of a path with parameters."""
    return re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path) + r"\Z")


def _allowed_methods(methods: Iterable[str]) -> list[str]:
    return sorted({*methods, *(["HEAD"] if "GET" in methods else [])})


async def _send(
    send: Send, outcome: Outcome, extra: Mapping[str, str] | None = None, *, head: bool = False
) -> None:
    headers = [
        (b"content-type", outcome.media_type.encode()),
        (b"content-length", str(len(outcome.body)).encode()),
    ]
    for name, value in {**outcome.headers, **(extra or {})}.items():
        headers.append((name.lower().encode(), value.encode()))
    await send({"type": "http.response.start", "status": outcome.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else outcome.body})


class Edge:
    """The outermost layer: request id, headers on every answer, metrics, access log.

    Endpoints are served from the table directly; every other path goes to the Starlette app.
    """

    def __init__(self, table: EndpointTable, app: ASGIApp, runtime: Runtime) -> None:
        self.table = table
        self.app = app
        self.runtime = runtime
        self.proxies = proxies.Proxies(runtime.settings.trusted_proxies)
        self.cors = Cors(runtime.settings.cors_origins)
        self.generation = str(runtime.generation).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._serve_other(scope, receive, send)
            return
        started = time.perf_counter()
        facts = scope["andes.facts"] = self._facts(scope)
        logging.clear()
        logging.bind(request_id=facts.request_id)
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(message, scope, facts)
            await send(message)

        try:
            found = self.table.find(scope["path"])
            if self.cors.origins and await self._preflight(scope, send_with_headers):
                return
            if found is not None:
                await self.table.handle(found, scope, receive, send_with_headers)
            elif (addon := self.table.closed_by(scope["path"])) is not None:
                refusal = await self.table.refuse(_switched_off(addon), scope)
                await _send(send_with_headers, refusal)
            else:
                await self.app(scope, receive, send_with_headers)
        except Exception as error:  # noqa: BLE001  # the edge of the process
            outcome = answers.of_exception(error, facts.request_id)
            if not status:
                await _send(send_with_headers, outcome)
        finally:
            self._account(scope, facts, status, time.perf_counter() - started)

    def _facts(self, scope: Scope) -> RequestFacts:
        given = agent = forwarded = forwarded_scheme = cookie = accepted = ""
        for name, value in scope["headers"]:
            if name == b"x-request-id":
                given = value.decode("latin-1")
            elif name == b"user-agent":
                agent = value.decode("latin-1")[:300]
            elif name == b"cookie":
                cookie = value.decode("latin-1")
            elif name == b"accept-language" and scope["path"].startswith("/api/"):
                accepted = value.decode("latin-1")  # pages have a language of their own
            elif name == b"x-forwarded-for":
                forwarded = f"{forwarded},{value.decode('latin-1')}"
            elif name == b"x-forwarded-proto":
                forwarded_scheme = value.decode("latin-1")
        translations.speak(translations.wanted(cookie, accepted))
        peer = scope["client"][0] if scope.get("client") else None
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        scheme = "https" if scope.get("scheme") in ("https", "wss") else "http"
        secure = self.proxies.is_secure(peer, scheme, forwarded_scheme)
        return RequestFacts(request_id, self.proxies.client(peer, forwarded), agent or None, secure)

    def _add_headers(
        self, message: MutableMapping[str, Any], scope: Scope, facts: RequestFacts
    ) -> None:
        headers = complete(message.get("headers", ()), secure=facts.secure)
        headers.append((b"x-request-id", facts.request_id.encode()))
        headers.append((b"x-generation", self.generation))
        if self.runtime.draining:
            headers.append((b"connection", b"close"))
        if self.cors.origins:
            headers.extend(self.cors.headers(dict(scope["headers"]).get(b"origin")))
        message["headers"] = headers

    async def _preflight(self, scope: Scope, send: Send) -> bool:
        """Answer a browser that asks whether a page of another site may call."""
        headers = self.cors.preflight(scope["method"], dict(scope["headers"]))
        if headers is not None:
            start = {"type": "http.response.start", "status": 204, "headers": list(headers)}
            await send(start)
            await send({"type": "http.response.body", "body": b""})
        return headers is not None

    async def _serve_other(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a WebSocket or the lifespan; a refused WebSocket is an answer like any other."""
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        facts = scope["andes.facts"] = self._facts(scope)
        accepted = False

        async def send_with_headers(message: Message) -> None:
            nonlocal accepted
            if message["type"] == "websocket.accept":
                accepted = True
            elif message["type"] == "websocket.close" and not accepted:
                await self._deny(scope, facts, send)
                return
            await send(message)

        await self.app(scope, receive, send_with_headers)

    async def _deny(self, scope: Scope, facts: RequestFacts, send: Send) -> None:
        """Refuse the handshake of a WebSocket with a problem document."""
        refusal = answers.problem(
            Forbidden("Esta conexión no está permitida.", code="websocket_rechazado"),
            facts.request_id,
        )

        async def send_denial(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add_headers(message, scope, facts)
            await send({**message, "type": f"websocket.{message['type']}"})

        await _send(send_denial, refusal)

    def _account(self, scope: Scope, facts: RequestFacts, status: int, seconds: float) -> None:
        endpoint = cast("Endpoint | None", scope.get("andes.endpoint"))
        path = endpoint.path if endpoint else "other"
        method = scope["method"] if scope["method"] in METHODS else "other"
        metrics.observe_request(method, path, status, seconds)
        if not scope["path"].startswith("/health/"):
            sys.stderr.write(_access_line(scope, facts, status, seconds))


def _access_line(scope: Scope, facts: RequestFacts, status: int, seconds: float) -> str:
    line = {
        "event": "request",
        "method": scope["method"],
        "path": redaction.clean(scope["path"]),
        "status": status,
        "ms": round(seconds * 1000, 2),
        "ip": facts.ip,
        "request_id": facts.request_id,
    }
    return to_json(line).decode() + "\n"


def build(runtime: Runtime, routes: Iterable[BaseRoute] = (), lifespan: Any = None) -> ASGIApp:
    """Return the application of one generation; ``routes`` are served besides the endpoints."""
    served = (*runtime.registry.endpoints, *runtime.registry.pages, *web_pages(runtime.registry))
    table = EndpointTable(served, runtime)
    inner = Starlette(
        routes=list(routes),
        exception_handlers={
            HTTPException: functools.partial(_refuse, table),
            DomainError: _break,
            Exception: _break,
        },
        lifespan=lifespan,
    )
    return Edge(table, inner, runtime)


async def _refuse(table: EndpointTable, request: Request, error: Exception) -> Response:
    """Return what is answered where Starlette refuses by itself."""
    missing = isinstance(error, HTTPException) and error.status_code == 404
    refusal = NotFound() if missing else _method_refused()
    return _response(await table.refuse(refusal, request.scope), getattr(error, "headers", None))


async def _break(request: Request, error: Exception) -> Response:
    """Return the problem document of a route that raised; the edge logs it."""
    request_id = request.scope["andes.facts"].request_id
    told = answers.explain(error) or answers.our_fault(request_id)
    return _response(answers.problem(told, request_id))


def _response(outcome: Outcome, headers: Mapping[str, str] | None = None) -> Response:
    together = {**outcome.headers, **(headers or {})}
    return Response(outcome.body, outcome.status, together, outcome.media_type)


def _switched_off(addon: str) -> DomainError:
    return NotFound(f"El addon «{addon}» está desactivado.", code="addon_disabled")


def _method_refused() -> DomainError:
    return DomainError("Este método no existe aquí.", code="metodo", status=405)
