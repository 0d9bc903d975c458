"""A real browser for tests: Chromium of the system, driven by playwright."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from kernel import assets
from tests.shop import PASSWORD

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
VENDOR = Path(__file__).parent / "vendor"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PATIENCE_MS = 120_000
"""For what a page is waited for; a machine with much to do takes its time."""
HOW = "Tests of pages need Chromium: apt-get install chromium"

needs_chromium = pytest.mark.skipif(not CHROMIUM and os.environ.get("CI") != "true", reason=HOW)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser for the length of the block."""
    assert CHROMIUM, HOW
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


def axe() -> str:
    """Return axe-core, fetched and verified like the libraries of pages."""
    assets.fetch(vendor=VENDOR, section="devAssets")
    return (VENDOR / "axe" / "axe.min.js").read_text(encoding="utf-8")


class Person:
    """Somebody at a page, who notices what the browser complains about."""

    def __init__(self, browser: Browser, site: str, name: str = "", **how: Any) -> None:
        self.site = site
        size = how.pop("size", (1280, 800))
        viewport = {"width": size[0], "height": size[1]}
        self.context = browser.new_context(viewport=viewport, base_url=site, **how)
        self.context.set_default_timeout(PATIENCE_MS)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", self._fail)
        self.page.on("dialog", self.dismiss)
        if name:
            self.sign_in(name)

    def _hear(self, message: Any) -> None:
        if message.type == "error" and "status of 4" not in message.text:
            self.complaints.append(message.text)

    def _fail(self, error: Any) -> None:
        if "ViewTransition" not in str(error):  # an animation that was left out
            self.complaints.append(str(error))

    def dismiss(self, dialog: Any) -> None:
        """Answer no to whatever the page asks."""
        dialog.dismiss()

    def sign_in(self, name: str) -> None:
        """Come in as a user of the shop."""
        self.page.goto("/entrar/")
        self.page.fill("#email", f"{name}@tienda.pe")
        self.page.fill("#password", PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/app/**")

    def violations(self, script: str) -> list[str]:
        """Return what axe finds wrong with the page."""
        self.page.evaluate(script)
        found = self.page.evaluate("(rules) => axe.run(document, {runOnly: rules})", RULES)
        assert found["passes"]
        return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found["violations"]]
