"""Devices of sessions, called as people know them."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from addons.base.documents import equipo
from tests.web.pages import Browser

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "dicho"),
    [
        (f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} Chrome/156.0 Safari/537.36", "Chrome · Linux"),
        (
            f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/156.0 Safari/537.36 Edg/156.0",
            "Edge · Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari/604",
            "Safari · iPhone",
        ),
        ("Mozilla/5.0 (Android 16; Mobile; rv:150.0) Firefox/150.0", "Firefox · Android"),
        ("Mozilla/5.0 (nada)", "Mozilla/5.0 (nada)"),
        ("Andes para Android 3", "Andes para Android 3"),
        ("", ""),
    ],
)
def test_equipo_is_browser_and_system(user_agent: str, dicho: str) -> None:
    assert equipo(user_agent) == dicho


def test_sessions_of_ones_account_are_called_so(http: TestClient) -> None:
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"
    http.headers["User-Agent"] = firefox
    person = Browser(http, "cajero")
    person.get("/app/cuenta/")
    (mine,) = person.page.cssselect(".timeline b")
    assert mine.text_content() == "Firefox · Linux"
    assert mine.get("title") == firefox
