"""PDF from HTML: WeasyPrint, which may fetch nothing; in job processes, or one of its own.

Pictures, fonts and style sheets come inside the document, as ``data:`` addresses. Any other address
is refused before a socket or a file is opened, and the document is not made: what asks for it is
either a mistake of ours or somebody's attempt to read what lies behind the server.
Source: OWASP ASVS 5.0, 1.3.6, 5.2.6; WeasyPrint 70, "Security".
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from kernel import downloads, exports, filetypes, images
from kernel.answers import Outcome
from kernel.errors import ConfigurationError, Permanent, Unavailable
from kernel.uploads import MAX_PIXELS

if TYPE_CHECKING:
    from kernel.context import Ctx

MAX_HTML = 8 * 1024 * 1024
"""Characters of a document; pictures as data: count."""

CURE = (
    "Instale el extra «pdf» y la biblioteca Pango: "
    "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core"
)
MEDIA = "application/pdf"
STATUSES = exports.STATUSES
"""What ``download`` may answer besides the file."""
SECONDS = 60
"""How long a document of ``render_apart`` may take."""

_REFUSED, _LACKING = 3, 4
_STARTS = {b"\x89PNG": filetypes.PNG, b"\xff\xd8\xff": filetypes.JPEG}
_STARTS |= {b"GIF8": filetypes.GIF, b"RIFF": filetypes.WEBP}


class PdfRefused(Permanent):
    """The document asks for something outside of itself, or is too big."""


def render(html: str, *, css: str = "") -> bytes:
    """Return the PDF of an HTML document; ``css`` is added to its own styles.

    Takes seconds to import and up to some seconds to run: for job processes.

    Raises:
        PdfRefused: an address that is not ``data:``, an endless document or picture.
        ConfigurationError: WeasyPrint or Pango is not on this machine; the message has the cure.
    """
    if len(html) + len(css) > MAX_HTML:
        raise PdfRefused(f"El documento pasa de {MAX_HTML} caracteres.")
    weasyprint = _load()
    fetcher = _fetcher()
    try:
        styles = [weasyprint.CSS(string=css, url_fetcher=fetcher)] if css else []
        document = weasyprint.HTML(string=html, url_fetcher=fetcher)
        made: bytes = document.write_pdf(stylesheets=styles)
    except weasyprint.urls.FatalURLFetchingError as refusal:  # no Exception: it would end a worker
        raise PdfRefused(f"El documento pide algo de fuera: {_named(refusal)}") from None
    return made


def render_apart(html: str, *, css: str = "") -> bytes:
    """Return the PDF of an HTML document, made by a process that ends with it.

    For documents that somebody waits for: a web process neither loads WeasyPrint nor stands still
    while it works, and what a document takes of memory is given back. It takes a second or two.

    Raises:
        PdfRefused: see ``render``.
        Unavailable: it took too long, or this machine lacks what makes PDFs; the cure is told.
    """
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "kernel.pdf"],
            input=json.dumps([html, css]).encode(),
            capture_output=True,
            env=surroundings,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable("El documento tardó demasiado; pida menos.") from None
    if done.returncode == 0:
        return done.stdout
    told = done.stderr.decode(errors="replace").strip()
    if done.returncode == _REFUSED:
        raise PdfRefused(told)
    if done.returncode == _LACKING:
        raise Unavailable(f"No se pueden hacer PDF en este servidor. {told}", retry_after=3600)
    raise RuntimeError(f"kernel.pdf ended with {done.returncode}: {told[-2000:]}")


def download(ctx: Ctx, name: str, html: str, *, css: str = "") -> Outcome:
    """Return the PDF of a document as the answer of an endpoint; it counts as a user's export.

    Raises:
        PdfRefused, Unavailable: see ``render_apart``.
        TooManyAttempts: see ``exports.turn``.
    """
    with exports.turn(ctx):
        return Outcome(200, render_apart(html, css=css), MEDIA, downloads.headers(f"{name}.pdf"))


def main() -> int:
    """Make one PDF: HTML and CSS come in as JSON, the PDF goes out. The other end of the above."""
    html, css = json.loads(sys.stdin.buffer.read())
    try:
        sys.stdout.buffer.write(render(html, css=css))
    except (PdfRefused, ConfigurationError) as error:
        sys.stderr.write(str(error))
        return _REFUSED if isinstance(error, PdfRefused) else _LACKING
    return 0


def missing() -> str | None:
    """Return what this machine lacks to make PDFs; None where it lacks nothing."""
    try:
        _load()
    except ConfigurationError as error:
        return str(error)
    return None


def _load() -> Any:
    if find_spec("weasyprint") is None:
        raise ConfigurationError(f"WeasyPrint no está instalado. {CURE}")
    try:
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            import weasyprint  # it warns where HarfBuzz lacks what it doesn't need yet
            import weasyprint.urls
    except OSError as error:
        raise ConfigurationError(f"{str(error).partition(':')[0]}. {CURE}") from None
    return weasyprint


def _fetcher() -> Any:
    from weasyprint.urls import FatalURLFetchingError, URLFetcher

    class DataOnly(URLFetcher):  # type: ignore[misc]  # ships no types
        """Decodes ``data:`` addresses and refuses all others; pictures of too many pixels too."""

        def fetch(self, url: str, headers: dict[str, str] | None = None) -> Any:
            if url[:5].lower() != "data:":
                raise FatalURLFetchingError(url)
            response = super().fetch(url, headers)
            body = response.read()
            if _pixels(body) > MAX_PIXELS:
                raise FatalURLFetchingError("una imagen de demasiados puntos")
            return type(response)(url, body, response.headers)

    return DataOnly(allowed_protocols=("data",), allow_redirects=False, fail_on_errors=True)


def _pixels(body: bytes) -> int:
    for start, media in _STARTS.items():
        if body.startswith(start):
            try:
                width, height = images.size(media, io.BytesIO(body))
            except ValueError:
                return 0
            return width * height
    return 0


def _named(refusal: BaseException) -> str:
    return str(refusal)[:200]


if __name__ == "__main__":
    sys.exit(main())
