"""PDF from HTML, in job processes: WeasyPrint, which may fetch nothing.

Pictures, fonts and style sheets come inside the document, as ``data:`` addresses. Any other address
is refused before a socket or a file is opened, and the document is not made: what asks for it is
either a mistake of ours or somebody's attempt to read what lies behind the server.
Source: OWASP ASVS 5.0, 1.3.6, 5.2.6; WeasyPrint 70, "Security".
"""

from __future__ import annotations

import io
import warnings
from importlib.util import find_spec
from typing import Any

from kernel import filetypes, images
from kernel.errors import ConfigurationError, Permanent
from kernel.uploads import MAX_PIXELS

MAX_HTML = 8 * 1024 * 1024
"""Characters of a document; pictures as data: count."""

CURE = (
    "Instale el extra «pdf» y la biblioteca Pango: "
    "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core"
)
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
