"""Carrying calls to a sandbox: inside this process, or on a port of loopback."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import dumps
from typing import Any

from addons.sunat.client import LIMITES
from addons.sunat.sandbox.rest import SunatRest
from addons.sunat.sandbox.servicio import Corte, Sunat
from kernel.errors import RemoteDown
from kernel.outbound import AnswerLost, Limits, Reply


class EnProceso:
    """Carries calls to a sandbox without a socket."""

    def __init__(self, sunat: Sunat) -> None:
        self.sunat = sunat

    def post(
        self,
        url: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        limits: Limits = LIMITES,
    ) -> Reply:
        """Return the reply, or fail as the network would."""
        try:
            estado, cuerpo = self.sunat.atender(content or b"")
        except Corte as corte:
            if corte.falla == "rechazar_conexion":
                raise RemoteDown("No se pudo conectar con el sistema remoto.") from None
            if corte.falla == "error_503":
                return Reply(503, {}, b"<html>503 Service Unavailable</html>", url)
            raise AnswerLost("El sistema remoto no respondió a tiempo o cortó.") from None
        return Reply(estado, {"content-type": "text/xml"}, cuerpo, url)


class EnProcesoRest:
    """Carries calls to the REST services of a sandbox without a socket."""

    def __init__(self, rest: SunatRest) -> None:
        self.rest = rest

    def request(
        self,
        method: str,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        limits: Limits = LIMITES,
    ) -> Reply:
        """Return the reply, or fail as the network would."""
        try:
            estado, dicho = self.rest.atender(method, url, form, json, headers)
        except Corte as corte:
            raise _como_la_red(corte) from None
        return Reply(estado, {"content-type": "application/json"}, _json(dicho), url)


def _json(dicho: Mapping[str, Any]) -> bytes:
    return dumps(dicho).encode()


def _como_la_red(corte: Corte) -> RemoteDown | AnswerLost:
    if corte.falla == "rechazar_conexion":
        return RemoteDown("No se pudo conectar con el sistema remoto.")
    return AnswerLost("El sistema remoto no respondió a tiempo o cortó.")


@contextmanager
def servir(sunat: Sunat, puerto: int = 0) -> Iterator[str]:
    """Answer on loopback for the length of the block; gives ``http://127.0.0.1:port``."""

    class Atencion(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            cuerpo = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            with suppress(OSError):
                _responder(self, sunat, cuerpo)

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    servidor = ThreadingHTTPServer(("127.0.0.1", puerto), Atencion)
    servidor.daemon_threads = True
    hilo = threading.Thread(target=servidor.serve_forever, args=(0.01,), daemon=True)
    hilo.start()
    try:
        yield f"http://127.0.0.1:{servidor.server_port}"
    finally:
        servidor.shutdown()
        servidor.server_close()
        hilo.join()


def _responder(pedido: BaseHTTPRequestHandler, sunat: Sunat, cuerpo: bytes) -> None:
    try:
        estado, dentro = sunat.atender(cuerpo)
    except Corte as corte:
        if corte.falla == "error_503":
            estado, dentro = 503, b"<html>503 Service Unavailable</html>"
        else:
            if corte.falla == "cortar":
                pedido.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n<soap-env:Env")
            if corte.falla == "demorar":
                time.sleep(1.0)
            pedido.close_connection = True
            with suppress(OSError):
                pedido.connection.shutdown(socket.SHUT_RDWR)
            return
    pedido.send_response(estado)
    pedido.send_header("Content-Type", "text/xml; charset=utf-8")
    pedido.send_header("Content-Length", str(len(dentro)))
    pedido.end_headers()
    pedido.wfile.write(dentro)
