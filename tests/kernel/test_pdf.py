"""PDF: made without asking anybody for anything."""

from __future__ import annotations

import base64
import os
import threading
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from kernel import doctor_host, pdf
from kernel.errors import ConfigurationError, Permanent
from kernel.findings import Finding
from kernel.pdf import PdfRefused
from kernel.settings import Settings
from tests import payloads

NEEDED = os.environ.get("CI") == "true" and os.geteuid() == 0
"""Where ``.ci/run`` can fetch Pango, its absence is a failure."""


@pytest.fixture(scope="module", autouse=True)
def pango() -> None:
    """Leave these tests out where Pango is not installed and cannot be."""
    lack = pdf.missing()
    if lack is not None and not NEEDED:
        pytest.skip(lack)
    assert lack is None, lack


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    """A web server on this machine, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(302)
            self.send_header("Location", "file:///etc/passwd")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    made = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}", asked
    made.shutdown()
    made.server_close()
    thread.join()


def data_url(content: bytes, media: str) -> str:
    return f"data:{media};base64,{base64.b64encode(content).decode()}"


def unpacked(document: bytes) -> bytes:
    """Return the streams of a PDF, decompressed where they are compressed."""
    found = []
    for piece in document.split(b"stream\n")[1:]:
        content = piece.partition(b"\nendstream")[0]
        try:
            found.append(zlib.decompress(content))
        except zlib.error:
            found.append(content)
    return b"\n".join(found)


def test_render_makes_a_pdf_with_its_pictures_and_styles() -> None:
    picture = data_url(payloads.png(), "image/png")
    page = f"<h1>Boleta N.º 1 — Ñandú</h1><img src='{picture}'>"
    made = pdf.render(page, css="h1 { color: #123456 }")
    assert made.startswith(b"%PDF-")
    assert b"/Image" in made
    assert made.rstrip().endswith(b"%%EOF")
    assert len(made) > len(pdf.render("<p></p>"))


OUTSIDE = [
    "<img src='{url}'>",
    "<link rel='stylesheet' href='{url}'>",
    "<link rel='attachment' href='{url}'>",
    "<style>@import url({url});</style>",
    "<style>@font-face {{ font-family: x; src: url({url}) }} * {{ font-family: x }}</style>a",
    "<p style='background: url({url})'>a</p>",
    "<style>li {{ list-style-image: url({url}) }}</style><ul><li>a</li></ul>",
    "<style>p::before {{ content: url({url}) }}</style><p>a</p>",
    "<object data='{url}'></object>",
    "<embed src='{url}'>",
    "<base href='{url}'><img src='x.png'>",
    "<style>@import 'data:text/css,@import url({url})';</style>",
]


@pytest.mark.parametrize("page", OUTSIDE)
def test_render_of_an_outside_address_is_refused_and_asks_nobody(
    server: tuple[str, list[str]], tmp_path: Path, page: str
) -> None:
    url, asked = server
    secret = tmp_path / "secreto.png"
    secret.write_bytes(payloads.png())
    for address in (f"{url}/x.png", secret.as_uri(), "ftp://127.0.0.1/x", "http://[::1]:1/x"):
        with pytest.raises(PdfRefused, match="fuera"):
            pdf.render(page.format(url=address))
    assert asked == []


SVG = (
    "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' "
    "width='9' height='9'><image width='9' height='9' xlink:href='{url}' href='{url}'/>"
    "<use href='{url}#a'/></svg>"
)
QUIET = [
    "{svg}",
    "<img src='{svg_data}'>",
    "<iframe src='{url}'></iframe>",
    "<script src='{url}'></script>",
    "<a href='{url}'>un enlace</a>",
    "<img src='secreto.png'><img src='/etc/passwd'><img src='//127.0.0.1/x'>",
    "<video src='{url}' poster='{url}'></video>",
    "<meta http-equiv='refresh' content='0; url={url}'>",
    "<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='{url}'/>",
]


@pytest.mark.parametrize("page", QUIET)
def test_render_of_what_is_not_fetched_shows_nothing_of_it(
    server: tuple[str, list[str]], tmp_path: Path, page: str
) -> None:
    url, asked = server
    secret = tmp_path / "secreto.png"
    secret.write_bytes(payloads.png())
    for address in (f"{url}/x.png", secret.as_uri()):
        svg = SVG.format(url=address)
        svg_data = data_url(svg.encode(), "image/svg+xml")
        try:
            made = pdf.render(page.format(url=address, svg=svg, svg_data=svg_data))
        except PdfRefused:
            continue
        assert b"/Subtype /Image" not in made
        assert b"root:" not in unpacked(made)
    assert asked == []


def test_render_of_a_picture_of_too_many_pixels_is_refused() -> None:
    bomb = data_url(payloads.png(60_000, 60_000), "image/png")
    with pytest.raises(PdfRefused, match="puntos"):
        pdf.render(f"<img src='{bomb}'>")


def test_render_of_an_endless_document_is_refused() -> None:
    with pytest.raises(PdfRefused):
        pdf.render("x" * (pdf.MAX_HTML + 1))


def test_refusal_is_an_exception_that_a_worker_takes_to_a_person() -> None:
    with pytest.raises(Exception, match="file:///etc/passwd") as refusal:
        pdf.render("<img src='file:///etc/passwd'>")
    assert isinstance(refusal.value, Permanent)


def test_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "find_spec", lambda _name: None)
    with pytest.raises(ConfigurationError, match="libpango"):
        pdf.render("<p>a</p>")
    assert "libpango" in (pdf.missing() or "")


def test_doctor_says_whether_documents_can_be_made(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found() -> Finding:
        (finding,) = [one for one in doctor_host.run(settings) if one.name == "PDF"]
        return finding

    assert found().well
    monkeypatch.setattr(pdf, "missing", lambda: f"cannot load library libpango. {pdf.CURE}")
    assert (found().well, found().message) == (False, "cannot load library libpango")
    assert "apt-get install libpango" in found().cure


def test_render_apart_is_the_same_document_and_the_same_refusals() -> None:
    assert pdf.render_apart("<p>Hola</p>", css="p { color: red }").startswith(b"%PDF-")
    with pytest.raises(PdfRefused, match="algo de fuera"):
        pdf.render_apart('<img src="file:///etc/passwd">')
