"""Where a request really comes from: X-Forwarded-* is believed only from trusted proxies."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from kernel.errors import ConfigurationError


class Proxies:
    """The networks of TRUSTED_PROXIES."""

    def __init__(self, networks: Sequence[str]) -> None:
        try:
            self.networks = [ip_network(text) for text in networks]
        except ValueError as error:
            raise ConfigurationError(f"TRUSTED_PROXIES: {error}; write 10.0.0.0/8.") from None

    def client(self, peer: str | None, forwarded: str) -> str | None:
        """Return the right-most address that is not a trusted proxy.

        ``peer`` is the other end of the socket, ``forwarded`` the header as received.
        """
        if peer is None or not self.networks or not self._trusted(_address(peer)):
            return peer
        for text in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
            address = _address(text)
            if address is None:
                return peer
            if not self._trusted(address):
                return str(address)
            peer = str(address)
        return peer

    def is_secure(self, peer: str | None, scheme: str, forwarded: str) -> bool:
        """Return whether the request came by https, to us or to the trusted proxy before us.

        ``forwarded`` is X-Forwarded-Proto; of a list, what the nearest proxy said counts.
        """
        if scheme == "https" or not forwarded or not self.networks or peer is None:
            return scheme == "https"
        nearest = forwarded.rpartition(",")[2].strip().lower()
        return nearest == "https" and self._trusted(_address(peer))

    def _trusted(self, address: IPv4Address | IPv6Address | None) -> bool:
        return address is not None and any(address in network for network in self.networks)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
