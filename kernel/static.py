"""Static files: addresses with the digest of their content, so that browsers may keep them.

The icons that pages use are gathered from lucide into one file; a page refers to them by name.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path

from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

from kernel.manifest import Manifest

ADDONS = "addons"
STATIC = Path(__file__).parent / "web" / "static"
ICONS = STATIC / "vendor" / "lucide"
FOREVER = "public, max-age=31536000, immutable"
_INNER = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)
_NAME = re.compile(r"[a-z0-9-]+")
_QUOTED = re.compile(r"[\"']([a-z][a-z0-9-]*)[\"']")
TEMPLATES = STATIC.parent / "templates"
ROOT = STATIC.parents[2]
_declared: set[str] = set()


class Files(StaticFiles):
    """Static files: kept for good under an address with a digest, else asked about each time.

    Those of an addon, in its folder ``static``, are at ``/static/addons/<name>/``.
    """

    def __init__(self, addons: Mapping[str, Path]) -> None:
        super().__init__(directory=STATIC)
        self._addons = {name: StaticFiles(directory=folder) for name, folder in addons.items()}

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Return the file at a path, of the kernel or of an addon."""
        first, _, rest = path.partition(os.sep)
        name, _, inner = rest.partition(os.sep)
        if first != ADDONS:
            return super().lookup_path(path)
        return self._addons[name].lookup_path(inner) if name in self._addons else ("", None)

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """Return the file, or 304 where the browser has it."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        digested = scope["query_string"].startswith(b"v=")
        response.headers["Cache-Control"] = FOREVER if digested else "no-cache"
        return response


def files(manifests: Iterable[Manifest]) -> ASGIApp:
    """Return the application of ``/static``, with the files of these addons."""
    folders = {one.name: one.code / "static" for one in manifests}
    there = {name: folder for name, folder in folders.items() if folder.is_dir()}
    return GZipMiddleware(Files(there), minimum_size=1024, compresslevel=6)


@functools.cache
def asset(name: str) -> str:
    """Return the address of a static file, with the digest of its content.

    The kernel's are named by their path, those of an addon ``package:path``.
    """
    package, _, inner = name.rpartition(":")
    folder = _folder(package) if package else STATIC
    place = f"{ADDONS}/{package.rpartition('.')[2]}/{inner}" if package else name
    digest = hashlib.sha256((folder / inner).read_bytes()).hexdigest()[:12]
    return f"/static/{place}?v={digest}"


def _folder(package: str) -> Path:
    """Return the folder of static files of an addon's package."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(package)
    return Path(spec.origin).parent / "static"


def declare_icons(names: Iterable[str]) -> None:
    """Say which icons declarations name, besides those of the templates."""
    _declared.update(names)


def sprite_address() -> str:
    """Return the address of the file with all icons."""
    return f"/static/icons.svg?v={_sprite()[1]}"


async def show_sprite(request: Request) -> Response:
    """Serve the file with all icons."""
    body, digest = _sprite()
    kept = FOREVER if request.query_params.get("v") == digest else "no-cache"
    return Response(body, media_type="image/svg+xml", headers={"Cache-Control": kept})


@functools.cache
def _sprite() -> tuple[bytes, str]:
    """Return the icons that pages use as one SVG, and its digest."""
    symbols = [
        f'<symbol id="{name}" viewBox="0 0 24 24">{drawn}</symbol>'
        for name in sorted({*_used(), *_declared})
        if (drawn := _drawing(name))
    ]
    body = f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>'.encode()
    return body, hashlib.sha256(body).hexdigest()[:12]


def _used() -> set[str]:
    """Return the names of icons in templates, in the code that fills them, and in manifests."""
    files = [*TEMPLATES.glob("*.html"), *Path(__file__).parent.glob("web*.py")]
    addons = [*ROOT.glob("addons*/*/templates/*.html"), *ROOT.glob("manifests/*.toml")]
    texts = [one.read_text(encoding="utf-8") for one in [*files, *addons]]
    return {name for text in texts for name in _QUOTED.findall(text)}


def _drawing(name: str) -> str:
    """Return what stands inside the ``<svg>`` of an icon; nothing where there is no such icon."""
    path = ICONS / f"{name}.svg"
    if not _NAME.fullmatch(name) or not path.is_file():
        return ""
    found = _INNER.search(path.read_text(encoding="utf-8"))
    return re.sub(r"\s+", " ", found[1]).strip() if found else ""
