"""Where a request comes from: X-Forwarded-For counts only from those we trust."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import ConfigurationError
from kernel.proxies import Proxies

TRUSTED = ["10.0.0.0/8", "127.0.0.1", "fd00::/8"]


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "1.2.3.4", "203.0.113.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "1.2.3.4,198.51.100.7, 10.0.0.2 ,127.0.0.1", "198.51.100.7"),
        ("127.0.0.1", "10.9.9.9", "10.9.9.9"),
        ("10.0.0.1", "no-address", "10.0.0.1"),
        ("10.0.0.1", "1.2.3.4, basura, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", ",,, ,", "10.0.0.1"),
        ("10.0.0.1", "1.2.3.4:5678", "10.0.0.1"),
        ("fd00::1", "2001:db8::7", "2001:db8::7"),
        ("testclient", "1.2.3.4", "testclient"),
        (None, "1.2.3.4", None),
    ],
)
def test_client_is_the_rightmost_address_that_is_no_trusted_proxy(
    peer: str | None, forwarded: str, client: str | None
) -> None:
    assert Proxies(TRUSTED).client(peer, forwarded) == client


@given(st.text(), st.text())
def test_client_without_trusted_proxies_is_always_the_peer(peer: str, forwarded: str) -> None:
    assert Proxies([]).client(peer, forwarded) == peer


@given(st.text())
def test_client_of_any_header_is_never_made_up(forwarded: str) -> None:
    found = Proxies(TRUSTED).client("10.0.0.1", forwarded)
    assert found == "10.0.0.1" or found in [part.strip() for part in forwarded.split(",")]


def test_proxies_of_what_is_no_network_names_the_setting() -> None:
    with pytest.raises(ConfigurationError, match="TRUSTED_PROXIES"):
        Proxies(["10.0.0.0/99"])
