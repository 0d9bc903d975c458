"""The web server of a process: uvicorn, which leaves no request unanswered when it ends.

A client may be sending its next request on an open connection at the moment at which the process is
asked to drain. So it first stops accepting, answers on what is open and says ``Connection: close``
with each answer, and closes connections by itself only once they rested for a while.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

LINGER_SECONDS = 2.0
"""How long open connections may rest before a draining process closes them."""

LOOK_SECONDS = 0.02


class Server(uvicorn.Server):
    """uvicorn on a shared listening socket."""

    def __init__(
        self, app: ASGIApp, ready: Callable[[], None], draining: Callable[[], None]
    ) -> None:
        """``ready`` is called once connections are accepted, ``draining`` once no more are."""
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=10,
                h11_max_incomplete_event_size=64 * 1024,
            )
        )
        self._ready = ready
        self._draining = draining

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept connections and say so."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, then end."""
        for server in self.servers:
            server.close()
        for one in sockets or []:
            one.close()
        self._draining()
        deadline = time.monotonic() + LINGER_SECONDS
        while self.server_state.connections and time.monotonic() < deadline:
            await asyncio.sleep(LOOK_SECONDS)
        await super().shutdown()
