"""Addresses that are no endpoints: health, metrics, OpenAPI, its documentation page, WebSocket."""

from __future__ import annotations

import functools
import hmac
import time
from collections.abc import Callable
from typing import Any

import anyio.to_thread
from pydantic_core import to_json
from sqlalchemy import text
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.websockets import WebSocket

from kernel import credentials, identity, metrics, openapi, static, violations
from kernel.answers import JSON
from kernel.credentials import Credential
from kernel.errors import NotAuthenticated
from kernel.runtime import Runtime
from kernel.sockets import websocket_route

LOOPBACK = frozenset({"127.0.0.1", "::1", None})


def routes(runtime: Runtime) -> list[BaseRoute]:
    """Return the kernel's own routes."""

    @functools.cache
    def document() -> dict[str, Any]:
        return openapi.document(runtime.registry)

    @functools.cache
    def page() -> tuple[bytes, str]:
        from kernel import docs  # Jinja, once somebody asks

        return docs.render(document(), runtime.settings.site_url).encode(), docs.POLICY

    async def live(_request: Request) -> Response:
        return Response(b'{"status":"ok"}', media_type=JSON)

    async def ready(_request: Request) -> Response:
        checks = await anyio.to_thread.run_sync(readiness, runtime)
        well = all(value in ("ok", "degraded") for value in checks.values())
        answer = {"status": "ok" if well else "unavailable", "checks": checks}
        return Response(to_json(answer), 200 if well else 503, media_type=JSON)

    async def show_metrics(request: Request) -> Response:
        if not _may_scrape(runtime, request):
            return Response(b"", 401, {"WWW-Authenticate": "Bearer"})
        return Response(metrics.exposition(), media_type="text/plain; version=0.0.4")

    async def show_openapi(request: Request) -> Response:
        await anyio.to_thread.run_sync(_require_reader, runtime, request)
        body = await anyio.to_thread.run_sync(lambda: to_json(document()))
        return Response(body, media_type=JSON)

    async def show_docs(request: Request) -> Response:
        await anyio.to_thread.run_sync(_require_reader, runtime, request)
        body, policy = await anyio.to_thread.run_sync(page)
        headers = {"Content-Security-Policy": policy}
        return Response(body, media_type="text/html; charset=utf-8", headers=headers)

    return [
        Route("/health/live", live),
        Route("/health/ready", ready),
        Route("/metrics", show_metrics),
        Route("/api/openapi.json", show_openapi),
        Route("/api/docs", show_docs),
        Route("/api/docs/", show_docs),
        Route(
            "/static/icons.svg",
            static.show_sprite,
            middleware=[Middleware(GZipMiddleware, minimum_size=1024)],
        ),
        Mount("/static", static.files(runtime.registry.manifests)),
        violations.route(),
        websocket_route(
            runtime.realtime, _authorizer(runtime), origins=runtime.settings.cors_origins
        ),
    ]


def readiness(runtime: Runtime) -> dict[str, str]:
    """Return what a load balancer must know: database, Redis (its loss only degrades), disk."""
    return {
        "database": _attempt(lambda: _ask_database(runtime), "unavailable"),
        "redis": _attempt(lambda: _ask_redis(runtime), "degraded"),
        "storage": _attempt(lambda: _touch(runtime), "unavailable"),
    }


def _attempt(check: Callable[[], object], otherwise: str) -> str:
    try:
        check()
    except Exception:  # noqa: BLE001  # whatever is wrong, the answer is the same word
        return otherwise
    return "ok"


def _ask_database(runtime: Runtime) -> None:
    if runtime.standing is not None:
        runtime.standing.require()
    with runtime.database.engine.connect() as connection:
        connection.execute(text("SELECT 1"))


def _ask_redis(runtime: Runtime) -> None:
    if runtime.settings.redis_url:
        import redis

        redis.Redis.from_url(runtime.settings.redis_url, socket_timeout=1).ping()


def _touch(runtime: Runtime) -> None:
    folder = runtime.settings.data_dir
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".ready").write_text(str(time.time()), encoding="utf-8")


def _may_scrape(runtime: Runtime, request: Request) -> bool:
    """Without a token, only this machine may, and not for somebody else."""
    token = runtime.settings.metrics_token.get_secret_value()
    if not token:
        relayed = "x-forwarded-for" in request.headers
        return request.scope["andes.facts"].ip in LOOPBACK and not relayed
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    return hmac.compare_digest(given.encode(), token.encode())


def _require_reader(runtime: Runtime, request: Request) -> None:
    """Let the documentation be read by who is signed in, or by all where a setting says so.

    Raises:
        NotAuthenticated: nobody that we know asks.
    """
    if not runtime.settings.docs_public:
        shown = credentials.read(dict(request.scope["headers"]), runtime.signer)
        if _known(runtime, shown) is None:
            raise NotAuthenticated("Inicie sesión para leer la documentación.")


def _known(runtime: Runtime, shown: Credential) -> identity.Known | None:
    idle = runtime.settings.session_idle_seconds
    return runtime.database.run(
        lambda session: runtime.identifier.identify(session, shown, "", None, idle=idle)
    )


def _authorizer(runtime: Runtime) -> Callable[[WebSocket], Any]:
    """Return who may listen: a signed-in user, to the topics of what they may see.

    A cookie counts only for a page of our own, also where ``CORS_ORIGINS`` lists its site.
    """

    def authorize(websocket: WebSocket) -> set[str] | None:
        headers = dict(websocket.scope["headers"])
        try:
            shown = credentials.read(headers, runtime.signer)
        except NotAuthenticated:
            return None
        secure = websocket.scope["andes.facts"].secure
        credentials.require_own_page(shown, headers, secure=secure)
        known = _known(runtime, shown)
        return None if known is None else _topics(runtime, known.identity)

    return authorize


def _topics(runtime: Runtime, user: identity.Identity) -> set[str]:
    permissions = runtime.database.run(lambda session: identity.permissions_of(session, user))
    seen = {name.partition(".")[0] for name in permissions if name.endswith(".ver")}
    return seen | {f"{modulo}.*" for modulo in seen} | {f"usuario.{user.id}"}
