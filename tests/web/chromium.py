"""A real browser for tests: Chromium of the system, driven by playwright."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect, sync_playwright

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
AXE = """async ([runOnly, without]) => {
  const rules = Object.fromEntries(without.map((one) => [one, { enabled: false }]));
  const options = { runOnly, rules, resultTypes: ["violations"], preload: false };
  const found = await axe.run(document, options);
  const told = found.violations.map((one) => `${one.id}: ${one.nodes[0].html.slice(0, 200)}`);
  return [found.passes.length, told];
}"""
SEND = """async ([path, body]) => {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}"""
OPEN = """(open) => {
  for (const one of document.querySelectorAll("details")) one.open = open;
}"""
PHONE: ViewportSize = {"width": 412, "height": 860}
PATIENCE_MS = 120_000
"""For what a page is waited for; a machine with much to do takes its time."""
HOW = "Tests of pages need Chromium: apt-get install chromium"

needs_chromium = pytest.mark.skipif(not CHROMIUM and os.environ.get("CI") != "true", reason=HOW)


@contextlib.contextmanager
def chromium(language: str = "en") -> Iterator[Browser]:
    """Run a browser for the length of the block; ``language`` is that of its own words.

    Another one than English needs Debian's ``chromium-l10n``.
    """
    assert CHROMIUM, HOW
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM, args=list(FLAGS), env={**os.environ, "LANGUAGE": language}
        )
        yield browser
        browser.close()


def axe() -> str:
    """Return axe-core, fetched and verified like the libraries of pages."""
    assets.fetch(vendor=VENDOR, section="devAssets")
    return (VENDOR / "axe" / "axe.min.js").read_text(encoding="utf-8")


def field(page: Page, label: str) -> Locator:
    """Return what is typed or chosen under a label of the record that is open."""
    named = page.get_by_label(re.compile(rf"^{re.escape(label)}\s*\*?$"))
    seen = ", ".join(f"#record {it}:visible" for it in ("input", "select", "textarea"))
    return page.locator(seen).and_(named)


def options(page: Page) -> Locator:
    """Return the records that the field in which somebody types offers."""
    return page.locator("#record [role=option]:visible")


class Person:
    """Somebody at a page, who notices what the browser complains about."""

    def __init__(self, browser: Browser, site: str, name: str = "", **how: Any) -> None:
        self.site = site
        size = how.pop("size", (1280, 800))
        viewport: ViewportSize = {"width": size[0], "height": size[1]}
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

    def sign_in(self, name: str, password: str = PASSWORD) -> None:
        """Come in as a user of the shop, or of another company by the whole address."""
        self.page.goto("/entrar/")
        self.page.fill("#email", name if "@" in name else f"{name}@tienda.pe")
        self.page.fill("#password", password)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/app/**")

    def violations(self, script: str, *without: str) -> list[str]:
        """Return what axe finds wrong with the page, some of its rules left out."""
        if not self.page.evaluate("typeof axe === 'object'"):
            self.page.evaluate(script)
        passed, found = self.page.evaluate(AXE, [RULES, without])
        assert passed
        told: list[str] = found
        return told

    def send(self, path: str, body: Mapping[str, Any]) -> Any:
        """Return what the API answers to who is signed in here, on whatever page they are."""
        return self.page.evaluate(SEND, [path, body])

    def faults(self, script: str) -> list[str]:
        """Return what is wrong with the page: for axe in both themes, and on a phone.

        What opens is closed in the light and open in the dark, so that axe sees both; open all at
        once, some of it covers the rest.
        """
        page, size = self.page, self.page.viewport_size
        found = [f"light: {one}" for one in self.violations(script)]
        page.emulate_media(color_scheme="dark")
        page.evaluate(OPEN, True)
        found += [f"dark: {one}" for one in self.violations(script, "target-size")]
        page.evaluate(OPEN, False)
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(PHONE)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append("wider than a phone")
        if size:
            page.set_viewport_size(size)
        return found
