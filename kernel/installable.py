"""Installable pages: one that a browser installs like a program and opens without a connection.

An addon declares an ``Installable``, registers its ``pages`` and draws the page itself with
``draw``; templates extend ``installable.html``. The kernel adds the manifest, the icons, and a
service worker whose scope is the page's address. Its version is the digest of every file that the
page needs, so that a browser never mixes files of two versions. What a page keeps of the company's
data lies in the cache ``<address> datos``, which whoever signs in next finds empty.
Source: W3C, Web Application Manifest; Service Workers; CSP Level 3; Trusted Types.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kernel import static, translations
from kernel.answers import JSON, Outcome
from kernel.context import Ctx
from kernel.headers import PERMISSIONS, policy
from kernel.http import Endpoint
from kernel.page import Asked, page

SCRIPT = "text/javascript; charset=utf-8"
WORKER = "worker.js"
BASE = ("andes.css", "app.css", "installable.js")
PLAIN = ("/static/andes.svg", "/static/vendor/inter/inter-latin-wght-normal.woff2")
"""Files of every page whose address carries no digest."""
ICONS = ((192, "any"), (512, "any"), (512, "maskable"))
COLOUR = "#0c1a1e"
POLICY = "Content-Security-Policy"
TRUSTED = "andes-worker"
"""The Trusted Types policy in place of that of htmx, which such a page does not load."""


@dataclass(frozen=True, slots=True)
class Installable:
    """A page with a script of its own. Files are named as ``asset`` names them.

    ``modules`` are what the script imports, by the name that it imports them under.
    """

    address: str
    title: str
    short: str
    script: str
    modules: Mapping[str, str] = field(default_factory=dict)
    styles: Sequence[str] = ()
    camera: bool = False
    """Whether the page may ask for the camera."""

    def files(self) -> list[str]:
        """Return the addresses of all that the page needs."""
        named = (*BASE, *self.styles, *self.modules.values(), self.script)
        return [*map(static.asset, named), static.sprite_address(), *PLAIN]

    def version(self) -> str:
        """Return the digest of what the page needs, the worker included."""
        told = "\n".join([*self.files(), static.asset(WORKER)])
        return hashlib.sha256(told.encode()).hexdigest()[:12]

    def pages(self) -> list[Endpoint]:
        """Return the pages that a browser asks for by itself. They hold no data."""

        @page("GET", f"{self.address}manifest.json/", public=True)
        def show_manifest(_ctx: Ctx, asked: Asked) -> Outcome:
            """Cómo se instala la página."""
            return Outcome(200, json.dumps(self.manifest()).encode(), JSON)

        @page("GET", f"{self.address}{WORKER}/", public=True)
        def show_worker(_ctx: Ctx, asked: Asked) -> Outcome:
            """Lo que abre la página sin conexión."""
            return Outcome(200, self.worker().encode(), SCRIPT, _WORKER_HEADERS)

        return [show_manifest, show_worker]

    def manifest(self) -> dict[str, Any]:
        """Return the manifest that browsers install the page by."""
        return {
            "id": self.address,
            "name": f"Andes · {translations.translate(self.title)}",
            "short_name": self.short,
            "lang": translations.spoken(),
            "start_url": self.address,
            "scope": self.address,
            "display": "standalone",
            "background_color": COLOUR,
            "theme_color": COLOUR,
            "icons": [
                {
                    "src": static.asset(_icon(size, purpose)),
                    "sizes": f"{size}x{size}",
                    "type": "image/png",
                    "purpose": purpose,
                }
                for size, purpose in ICONS
            ],
        }

    def worker(self) -> str:
        """Return the service worker: the kernel's, with what this page needs on top."""
        facts = {"address": self.address, "version": self.version(), "files": self.files()}
        source = (static.STATIC / WORKER).read_text(encoding="utf-8")
        return f"const APP = {json.dumps(facts)};\n{source}"

    def draw(self, ctx: Ctx, asked: Asked, template: str, /, **values: Any) -> Outcome:
        """Return the page, drawn by a template of the addon; ``style`` writes its numbers."""
        from kernel import cells, web  # Jinja, once somebody asks

        shown: dict[str, Any] = {
            "app": self,
            "version": self.version(),
            "worker": f"{self.address}{WORKER}",
            "style": cells.style(ctx),
        }
        outcome = web.render(ctx, asked, template, **shown, **values)
        headers = dict(outcome.headers)
        headers[POLICY] = headers[POLICY].replace("trusted-types htmx", f"trusted-types {TRUSTED}")
        if self.camera:
            headers["Permissions-Policy"] = PERMISSIONS.replace("camera=()", "camera=(self)")
        return replace(outcome, headers=headers)


_WORKER_HEADERS = {
    "Cache-Control": "no-cache",
    POLICY: policy("connect-src 'self'"),
}


def _icon(size: int, purpose: str) -> str:
    return f"icons/app-{size}{'-maskable' if purpose == 'maskable' else ''}.png"
