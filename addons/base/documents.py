"""Pictures and words of base, made without touching anything."""

import io

import segno


def qr_svg(text: str) -> str:
    """Return the QR code of a text as SVG: two paths, nothing that runs or is fetched."""
    out = io.BytesIO()
    segno.make_qr(text, error="m").save(
        out,
        kind="svg",
        dark="#000",
        light="#fff",
        xmldecl=False,
        svgclass=None,
        lineclass=None,
        omitsize=True,
        nl=False,
    )
    return out.getvalue().decode("utf-8")


NAVEGADORES = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Version/", "Safari"),
)
"""What a User-Agent holds, and whose it is; the first counts, as most name others besides."""
SISTEMAS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)


def equipo(user_agent: str) -> str:
    """Return a User-Agent as a person knows their device: Chrome · Windows; else as it came."""
    if not user_agent.startswith("Mozilla/"):
        return user_agent
    partes = [
        next((nombre for rasgo, nombre in conocidos if rasgo in user_agent), "")
        for conocidos in (NAVEGADORES, SISTEMAS)
    ]
    return " · ".join(filter(None, partes)) or user_agent
