"""Hosts: which outside hosts an addon may talk to, and which addresses are public.

An addon names the hosts it talks to in its manifest, ``hosts = ["api.nubefact.com"]``: public ones,
over TLS. Private ones are the administrator's to allow, in ``OUTBOUND_ALLOW``. What neither names
is refused before a packet leaves. An address counts as public only if it is ordinary unicast of the
Internet; everything that IANA set aside is not.
Source: IANA IPv4 and IPv6 Special-Purpose Address Registries; OWASP ASVS 5.0, 1.3.6, 13.2.4.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Self

from kernel.errors import ConfigurationError

Address = IPv4Address | IPv6Address

PLAIN = "http"
SECURE = "https"
DEFAULT_PORTS = {PLAIN: 80, SECURE: 443}
ANY = "*"

_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PATTERN = re.compile(rf"(?P<plain>http://)?(?P<host>\*|(\*\.)?{_NAME.pattern})(:(?P<port>\d+))?")
_PERMISSION = re.compile(r"((?P<addon>[a-z]\w*)=)?(?P<host>\[[^\]]*\]|[^:\[\]=]+)(:(?P<port>\d+))?")

_SET_ASIDE = [
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "2620:4f:8000::/48",
        "3fff::/20",
    )
]
_INTERNET_6 = ip_network("2000::/3")
_NAT64 = ip_network("64:ff9b::/96")

_PRIVATE = [
    ip_network(text)
    for text in (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::1/128",
        "fc00::/7",
    )
]


def is_public(address: Address) -> bool:
    """Return whether an address is ordinary unicast of the Internet.

    One of NAT64 is what it stands for; mapped, 6to4 and Teredo addresses are never public.
    """
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
        if address not in _INTERNET_6:
            return False
    return not any(address in network for network in _SET_ASIDE)


def is_private(address: Address) -> bool:
    """Return whether an address may be allowed: a company's own networks and this machine.

    Link-local ones, where clouds keep the credentials of a machine, are never to be reached.
    """
    return any(address in network for network in _PRIVATE)


def literal(host: str) -> Address | None:
    """Return the address that a host is, or None for a name.

    Raises:
        ValueError: it is neither: an address in another spelling (decimal, hex, short), a zone.
    """
    host = host.lower()
    if ":" in host:
        if "%" in host:
            raise ValueError("una dirección con zona")
        return IPv6Address(host)
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        return IPv4Address(host)
    if len(host) > 253 or not _NAME.fullmatch(host):
        raise ValueError("no es un nombre de host")
    return None


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes: scheme, host as written in lower case, port."""

    scheme: str
    host: str
    port: int

    @property
    def place(self) -> str:
        """The host and port, as messages show them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A line of a manifest's ``hosts``: ``host``, ``*.host``, ``*``; ``:port``; ``http://``."""

    scheme: str
    host: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the pattern of a line.

        Raises:
            ValueError: it is none; the message says what one looks like.
        """
        found = _PATTERN.fullmatch(text)
        if found is None or _NUMBER.fullmatch(found["host"].rpartition(".")[2]):
            raise ValueError(
                f"{text!r} is no host: write api.example.com, *.example.com, *, "
                "api.example.com:8443, or http://api.example.com where it has no TLS"
            )
        scheme = PLAIN if found["plain"] else SECURE
        port = int(found["port"]) if found["port"] else None
        if port is None and found["host"] != ANY:
            port = DEFAULT_PORTS[scheme]
        return cls(scheme, found["host"], port)

    def covers(self, target: Target) -> bool:
        """Return whether a call falls under it."""
        if target.scheme != self.scheme or self.port not in (None, target.port):
            return False
        if self.host.startswith("*."):
            return target.host.endswith(self.host[1:])
        return self.host in (ANY, target.host)


@dataclass(frozen=True, slots=True)
class Permission:
    """A line of ``OUTBOUND_ALLOW``: ``host``, ``host:port``, ``addon=host:port``."""

    addon: str
    host: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the permission of a line.

        Raises:
            ValueError: it is none; the message says what one looks like.
        """
        found = _PERMISSION.fullmatch(text.strip().lower())
        try:
            if found is None:
                raise ValueError
            host = found["host"].strip("[]")
            address = literal(host)
        except ValueError:
            raise ValueError(
                f"{text!r} is no host: write erp.lan:8069, 10.0.0.5, [fd00::5]:8069 or "
                "addon=host:port, comma separated"
            ) from None
        if address is not None and not (is_private(address) or is_public(address)):
            raise ValueError(f"{text!r} is an address that is never to be reached")
        port = int(found["port"]) if found["port"] else None
        return cls(found["addon"] or "", str(address or host), port)

    def covers(self, addon: str, target: Target) -> bool:
        """Return whether an addon's call falls under it."""
        ports = (self.port,) if self.port else tuple(DEFAULT_PORTS.values())
        return self.addon in ("", addon) and self.host == target.host and target.port in ports


@dataclass(frozen=True, slots=True)
class HostPolicy:
    """Where one addon may go."""

    addon: str
    patterns: tuple[Pattern, ...]
    permissions: tuple[Permission, ...]

    @classmethod
    def of(cls, addon: str, hosts: Iterable[str], allowed: Iterable[str]) -> Self:
        """Return the policy of a manifest's ``hosts`` and of ``OUTBOUND_ALLOW``.

        Raises:
            ConfigurationError: a line of either is wrong.
        """
        try:
            permissions = tuple(Permission.parse(text) for text in allowed)
            return cls(addon, tuple(Pattern.parse(text) for text in hosts), permissions)
        except ValueError as error:
            raise ConfigurationError(f"{addon}: {error}.") from None

    def allows(self, target: Target) -> bool:
        """Return whether the administrator allowed this host, private or not, TLS or not."""
        return any(one.covers(self.addon, target) for one in self.permissions)

    def declares(self, target: Target) -> bool:
        """Return whether the addon's manifest names this host."""
        return any(one.covers(target) for one in self.patterns)
