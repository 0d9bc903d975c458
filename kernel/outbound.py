"""Outbound: the one HTTP client, for every call that Andes makes to the outside.

``ctx.runtime.outbound("sunat")`` returns an addon's client. It goes where ``kernel.hosts`` lets the
addon go, by connections of ``kernel.dialing``, always verifies TLS, follows redirects only when
asked and checks each hop again, waits no longer and reads no more than its ``Limits``, keeps no
cookies and reads no proxies from the environment.

What may go wrong is told apart by what it means: ``AddressRefused`` and ``Permanent`` will never
work as they are; ``RemoteDown``: nothing was sent, the whole remote is out of reach;
``AnswerLost``: the request may have arrived and its outcome is unknown, so ask before sending it
again.
Source: OWASP ASVS 5.0, 1.3.6, 12.3.2, 13.2.4, 13.2.5.
"""

from __future__ import annotations

import json
import ssl
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from email.message import Message
from typing import Any, Self

import certifi
import httpcore
import httpx

from kernel import logging
from kernel.dialing import AddressRefused, Dialer, deadline
from kernel.errors import CredentialsRefused, Permanent, RemoteDown, Transient
from kernel.hosts import DEFAULT_PORTS, PLAIN, SECURE, HostPolicy, Target, literal
from kernel.manifest import KERNEL_VERSION

log = logging.get(__name__)

CONNECTIONS = 32
KEPT = 8
KEPT_SECONDS = 10.0
LONGEST_SECONDS = 600.0
LARGEST = 256 * 1024 * 1024

REDIRECTS = frozenset({301, 302, 303, 307, 308})
REFUSED_CREDENTIALS = frozenset({401, 403})
LATER = frozenset({408, 425, 429})
OURS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"}
    | {"accept-encoding", "expect", "proxy-authorization", "proxy-connection", "keep-alive"}
)
"""Headers that only this module writes."""

_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32


class AnswerLost(Transient):
    """The request may have arrived, but no whole answer came: its outcome is unknown."""


class AnswerRefused(Permanent):
    """The answer is larger than allowed, or in a form that nobody asked for."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a call may take and how much it may bring: seconds, bytes."""

    connect: float = 5.0
    read: float = 20.0
    total: float = 60.0
    size: int = 8 * 1024 * 1024

    def __post_init__(self) -> None:
        times = (self.connect, self.read, self.total)
        if not all(0 < one <= LONGEST_SECONDS for one in times) or not 0 < self.size <= LARGEST:
            raise ValueError("limits are positive: seconds up to 600, size up to 256 MiB")


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Reply:
    """What a remote answered; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    place: str

    @property
    def text(self) -> str:
        """The content as text, in the character set that its type names."""
        kind = Message()
        kind["content-type"] = self.headers.get("content-type", "")
        try:
            return self.content.decode(kind.get_content_charset("utf-8"), "replace")
        except LookupError:
            return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the content, read as JSON; numbers with a point are ``Decimal``.

        Raises:
            AnswerLost: it is no JSON: whatever answered is not the remote.
        """
        try:
            return json.loads(self.content, parse_float=Decimal)
        except (ValueError, ArithmeticError, RecursionError):
            raise AnswerLost(f"{self.place} respondió algo que no es JSON.") from None

    def require_ok(self) -> Self:
        """Return the reply if its status is 2xx.

        Raises:
            CredentialsRefused: 401, 403.
            Transient: 408, 425, 429, 5xx.
            Permanent: any other.
        """
        if 200 <= self.status < 300:
            return self
        message = f"{self.place} respondió {self.status}."
        if self.status in REFUSED_CREDENTIALS:
            raise CredentialsRefused(message)
        raise (Transient if self.status in LATER or self.status >= 500 else Permanent)(message)


class Outbound:
    """The HTTP client of one addon; used by all threads of a process."""

    def __init__(self, policy: HostPolicy, authorities: str = "") -> None:
        """Prepare connections; ``authorities`` are trusted besides the public ones (PEM)."""
        self._policy = policy
        self._pool = httpcore.ConnectionPool(
            ssl_context=_tls(authorities),
            max_connections=CONNECTIONS,
            max_keepalive_connections=KEPT,
            keepalive_expiry=KEPT_SECONDS,
            network_backend=Dialer(policy),
        )

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        limits: Limits = DEFAULT_LIMITS,
        redirects: int = 0,
    ) -> Reply:
        """Return the reply to a GET; up to ``redirects`` redirects are followed.

        A redirect never leads from TLS to plain text, and to another host it takes no header of
        the caller's along.

        Raises:
            RemoteError: see the module.
        """
        with deadline(limits.total), _told_apart():
            request = _build("GET", url, headers, params=params)
            for _ in range(redirects + 1):
                reply = self._send(request, limits)
                if not redirects or reply.status not in REDIRECTS:
                    return reply
                request = _follow(request, reply)
        raise Permanent(f"{reply.place} redirige demasiadas veces.")

    def post(
        self,
        url: str,
        *,
        content: bytes | None = None,
        form: Mapping[str, str] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Reply:
        """Return the reply to a POST of bytes, of a form, or of JSON."""
        return self.request(
            "POST", url, content=content, form=form, json=json, headers=headers, limits=limits
        )

    def request(
        self,
        method: str,
        url: str,
        *,
        content: bytes | None = None,
        form: Mapping[str, str] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Reply:
        """Return the reply to one request of any method; redirects are not followed.

        Raises:
            RemoteError: see the module.
        """
        with deadline(limits.total), _told_apart():
            request = _build(method, url, headers, content=content, data=form, json=json)
            return self._send(request, limits)

    def close(self) -> None:
        """Close the connections that are kept."""
        self._pool.close()

    def _send(self, request: httpx.Request, limits: Limits) -> Reply:
        target = self._checked(request.url)
        started = time.perf_counter()
        waits = {"connect": limits.connect, "pool": limits.connect}
        waits |= {"read": limits.read, "write": limits.read}
        outgoing = httpcore.Request(
            request.method,
            httpcore.URL(
                scheme=target.scheme.encode(),
                host=target.host.encode(),
                port=target.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.read(),
            extensions={"timeout": waits},
        )
        answer = self._pool.handle_request(outgoing)
        try:
            content = _content(answer, target, limits)
        finally:
            answer.close()
        log.info(
            "outbound",
            addon=self._policy.addon,
            host=target.place,
            method=request.method,
            status=answer.status,
            ms=round((time.perf_counter() - started) * 1000),
        )
        return Reply(answer.status, _headers(answer), content, target.place)

    def _checked(self, url: httpx.URL) -> Target:
        """Return where a request goes.

        Raises:
            AddressRefused: the address is malformed, or neither manifest nor settings name it.
        """
        target = target_of(url)
        if self._policy.allows(target) or self._policy.declares(target):
            return target
        raise AddressRefused(
            f"El addon «{self._policy.addon}» no tiene permiso para hablar con "
            f"{target.scheme}://{target.place}; el administrador lo da en OUTBOUND_ALLOW."
        )


def target_of(url: httpx.URL) -> Target:
    """Return the scheme, host and port of an address.

    Raises:
        AddressRefused: another scheme, credentials in it, or a host in no usual spelling.
    """
    if url.scheme not in DEFAULT_PORTS:
        raise AddressRefused("La dirección debe empezar con https://.")
    if url.userinfo:
        raise AddressRefused("La dirección no debe llevar usuario ni contraseña.")
    host = url.raw_host.decode("ascii").lower()
    try:
        address = literal(host)
    except ValueError:
        raise AddressRefused("El host de la dirección no está escrito como es usual.") from None
    port = DEFAULT_PORTS[url.scheme] if url.port is None else url.port
    if not 0 < port < 65536:
        raise AddressRefused("El puerto de la dirección no existe.")
    return Target(url.scheme, str(address or host), port)


def _build(method: str, url: str, headers: Mapping[str, str] | None, **body: Any) -> httpx.Request:
    given = {name.lower(): value for name, value in (headers or {}).items()}
    if wrong := sorted(OURS & set(given)):
        raise Permanent(f"Estas cabeceras no se pueden dar: {', '.join(wrong)}.")
    own = {"user-agent": f"Andes/{KERNEL_VERSION}", "accept": "*/*"}
    try:
        return httpx.Request(method, url, headers=own | given | {"accept-encoding": "gzip"}, **body)
    except (httpx.InvalidURL, UnicodeEncodeError):  # the latter: a header beyond ASCII
        raise AddressRefused("La dirección o una cabecera está mal escrita.") from None


def _follow(request: httpx.Request, reply: Reply) -> httpx.Request:
    """Return the request of the next hop."""
    try:
        url = request.url.join(reply.headers.get("location", ""))
    except httpx.InvalidURL:
        raise AddressRefused(f"{reply.place} redirige a una dirección mal escrita.") from None
    if request.url.scheme == SECURE and url.scheme == PLAIN:
        raise AddressRefused(f"{reply.place} redirige a una dirección sin TLS.")
    same = (url.scheme, url.host, url.port) == (
        request.url.scheme,
        request.url.host,
        request.url.port,
    )
    given = {name: value for name, value in request.headers.items() if name not in OURS}
    return _build("GET", str(url), given if same else None)


def _content(answer: httpcore.Response, target: Target, limits: Limits) -> bytes:
    """Return the content, unpacked.

    Raises:
        AnswerRefused: it is larger than allowed, packed or not, or packed in another way.
    """
    packing = dict(_lower(answer)).get("content-encoding", "identity").strip().lower()
    if packing not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise AnswerRefused(f"{target.place} respondió comprimido en «{packing[:20]}».")
    unpack = None if packing in ("", "identity") else zlib.decompressobj(_GZIP_OR_ZLIB)
    parts: list[bytes] = []
    room = limits.size
    for part in answer.iter_stream():
        parts.append(part if unpack is None else _unpacked(unpack, part, room, target))
        room -= len(parts[-1])
        if room < 0:
            raise AnswerRefused(f"{target.place} respondió más de {limits.size} bytes.")
    if unpack is not None and parts and (not unpack.eof or unpack.unused_data):
        raise AnswerLost(f"La respuesta de {target.place} llegó incompleta o con restos.")
    return b"".join(parts)


def _unpacked(unpack: Any, part: bytes, room: int, target: Target) -> bytes:
    """Return a part unpacked, at most one byte more than there is room for."""
    try:
        unpacked: bytes = unpack.decompress(part, room + 1)
    except zlib.error:
        raise AnswerLost(f"La respuesta de {target.place} llegó dañada.") from None
    return unpacked


def _lower(answer: httpcore.Response) -> Iterator[tuple[str, str]]:
    for name, value in answer.headers:
        yield name.decode("latin-1").lower(), value.decode("latin-1")


def _headers(answer: httpcore.Response) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, value in _lower(answer):
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _tls(authorities: str) -> ssl.SSLContext:
    """Return what decides whom to believe; it verifies always."""
    context = ssl.create_default_context(cafile=certifi.where())
    if authorities:
        context.load_verify_locations(cafile=authorities)
    return context


@contextmanager
def _told_apart() -> Iterator[None]:
    """Turn a failure of the line into what it means to the caller."""
    try:
        yield
    except (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout) as error:
        raise RemoteDown(_why_down(error)) from error
    except (httpcore.TimeoutException, httpcore.NetworkError) as error:
        raise AnswerLost("El sistema remoto no respondió a tiempo o cortó.") from error
    except httpcore.RemoteProtocolError as error:
        raise AnswerLost("El sistema remoto no respondió como un servidor HTTP.") from error
    except (httpcore.LocalProtocolError, httpcore.UnsupportedProtocol) as error:
        raise Permanent("La llamada lleva algo que HTTP no admite.") from error


def _why_down(error: Exception) -> str:
    cause = error.args[0] if error.args else None  # httpcore wraps what failed
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"El certificado del sistema remoto no es válido: {cause.verify_message}."
    if isinstance(cause, ssl.SSLError):
        return "No se pudo acordar TLS con el sistema remoto."
    return "No se pudo conectar con el sistema remoto."
