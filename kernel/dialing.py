"""Dialing: connections that go where they were checked to go, and end in time.

A name is resolved once; the addresses that were checked are the ones that are dialled, so an answer
of DNS that changes in between changes nothing. TLS still verifies the name. Every wait on a
connection ends with the deadline of the call it serves, however slowly the other side drips.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ipaddress import ip_address
from typing import Any

import httpcore
from httpcore import SOCKET_OPTION

from kernel import logging
from kernel.errors import Permanent
from kernel.hosts import Address, HostPolicy, Target, is_private, is_public, literal

log = logging.get(__name__)

_deadline: ContextVar[float] = ContextVar("outbound_deadline")


class AddressRefused(Permanent):
    """Andes does not talk to this address; the message says why and who may change that."""


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """End every wait inside the block within so many seconds, all together."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def _left(timeout: float | None, error: type[Exception]) -> float:
    """Return how long a wait may last.

    Raises:
        error: the time of the call is over.
    """
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise error("the time of the call is over")
    return left if timeout is None else min(left, timeout)


class Dialer(httpcore.NetworkBackend):
    """Opens the connections of one addon."""

    def __init__(self, policy: HostPolicy) -> None:
        self._policy = policy
        self._tcp = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Return a connection to the first checked address of a host that answers.

        Raises:
            AddressRefused: one of its addresses is not to be reached.
            httpcore.ConnectError, httpcore.ConnectTimeout: none of them answers.
        """
        until = time.monotonic() + _left(timeout, httpcore.ConnectTimeout)
        addresses = resolve(host, port, until - time.monotonic())
        self._check(host, port, addresses)
        return self._first(addresses, port, until, socket_options)

    def _check(self, host: str, port: int, addresses: list[Address]) -> None:
        allowed = self._policy.allows(Target("", host, port))
        for address in addresses:
            if is_public(address) or (allowed and is_private(address)):
                continue
            log.warning("outbound_refused", addon=self._policy.addon, host=host, ip=str(address))
            raise AddressRefused(
                f"{host} no está en Internet sino en una red interna. Si es un equipo de la "
                "empresa, el administrador lo permite en OUTBOUND_ALLOW."
            )

    def _first(
        self,
        addresses: list[Address],
        port: int,
        until: float,
        socket_options: Iterable[SOCKET_OPTION] | None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError("the name has no address")
        for index, address in enumerate(addresses):
            share = (until - time.monotonic()) / (len(addresses) - index)
            if share <= 0:
                raise httpcore.ConnectTimeout("the time to connect is over")
            try:
                stream = self._tcp.connect_tcp(
                    str(address), port, timeout=share, socket_options=socket_options
                )
                return TimedStream(stream)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class TimedStream(httpcore.NetworkStream):
    """A connection whose every wait ends with the call's deadline."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what arrives next."""
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes."""
        self._stream.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Return the connection under TLS."""
        left = _left(timeout, httpcore.ConnectTimeout)
        return TimedStream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        """Return a fact of the connection below."""
        return self._stream.get_extra_info(info)


def resolve(host: str, port: int, seconds: float) -> list[Address]:
    """Return the addresses of a host, as the system orders them, each once.

    Raises:
        httpcore.ConnectError: there is no such name.
        httpcore.ConnectTimeout: nobody knew in time.
    """
    address = literal(host)
    if address is not None:
        return [address]
    answers: queue.SimpleQueue[list[Address] | OSError] = queue.SimpleQueue()
    asking = threading.Thread(target=_look_up, args=(host, port, answers), daemon=True)
    asking.start()  # the system's resolver knows no time-out
    try:
        found = answers.get(timeout=max(seconds, 0.001))
    except queue.Empty:
        raise httpcore.ConnectTimeout("the name was not resolved in time") from None
    if isinstance(found, OSError):
        raise httpcore.ConnectError("the name is not known") from found
    return found


def _look_up(host: str, port: int, answers: queue.SimpleQueue[list[Address] | OSError]) -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        answers.put(list(dict.fromkeys(ip_address(row[4][0]) for row in found)))
    except OSError as error:
        answers.put(error)
    except ValueError as error:  # an address with a zone, a name that IDNA refuses
        answers.put(OSError(str(error)))
