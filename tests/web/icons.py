"""``python -m tests.web.icons``: the icons of installable pages, drawn from the logo."""

from __future__ import annotations

from kernel.installable import ICONS
from kernel.static import STATIC
from tests.web.chromium import chromium

FOLDER = STATIC / "icons"
PAGE = """<!doctype html><style>
body {{ margin: 0; width: {size}px; height: {size}px; background: {ground}; }}
svg {{ display: block; width: 100%; height: 100%; }}
</style>{logo}"""
GROUND = "linear-gradient(135deg, #2dd4bf, #0d9488)"


def main() -> None:
    """Draw every icon; one that a system cuts to a shape of its own has no corners."""
    logo = (STATIC / "andes.svg").read_text(encoding="utf-8")
    FOLDER.mkdir(exist_ok=True)
    with chromium() as browser:
        for size, purpose in ICONS:
            whole = purpose == "maskable"
            page = browser.new_page(viewport={"width": size, "height": size})
            ground = GROUND if whole else "transparent"
            page.set_content(PAGE.format(size=size, ground=ground, logo=logo))
            name = f"app-{size}{'-maskable' if whole else ''}.png"
            page.screenshot(path=FOLDER / name, omit_background=True)
            page.close()


if __name__ == "__main__":
    main()
