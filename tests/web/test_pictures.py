"""Every screen has its pictures: each menu entry, each page without parameters, in both themes."""

from __future__ import annotations

import pytest

from kernel import web
from kernel.http import Endpoint
from kernel.registry import Registry
from tests.web.pictures import FOLDER, PHONES, SCREENS, TILL, TILL_PHONE

NO_SCREENS = (
    "/",
    "/app/insignias/",
    "/app/opciones/",
    "/app/pos/manifest.json/",
    "/app/pos/worker.js/",
    "/aceptar-invitacion/",
    "/primer-admin/",
    "/restablecer-clave/",
)
"""Pages that lead elsewhere, answer no HTML, or open by the link of a mail."""

NOT_IN_THE_DEMO = "loyalty."


def shown() -> set[str]:
    """Return the addresses of the pictures, without what is asked there."""
    return {"/app/pos/", *(path.partition("?")[0] for path in SCREENS.values())}


def records(registry: Registry) -> set[str]:
    """Return the lists of which a record is shown."""
    return {path.rstrip("0123456789/") + "/" for path in shown() if path[-2].isdigit()}


def test_every_menu_entry_has_a_picture(registry: Registry) -> None:
    views = registry.screens.views.values()
    resources = {one.id: getattr(one, "resource", "") or f"/{one.id}/" for one in views}
    menus = [
        one
        for one in registry.screens.menus
        if (one.view or one.page) and not one.id.startswith(NOT_IN_THE_DEMO)
    ]
    addresses = {web.address_of(one, resources) for one in menus}
    assert len(addresses) > 40
    assert sorted(addresses - shown() - records(registry)) == []


def test_every_page_of_an_addon_has_a_picture(registry: Registry) -> None:
    def is_screen(one: Endpoint) -> bool:
        return one.method == "GET" and "{" not in one.path and one.path not in NO_SCREENS

    pages = {one.path for one in registry.pages if is_screen(one)}
    assert sorted(pages - shown()) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pictures_are_there_and_no_others(theme: str) -> None:
    names = {*SCREENS, *PHONES, *TILL, *TILL_PHONE}
    there = {path.stem.removesuffix(f"-{theme}") for path in FOLDER.glob(f"*-{theme}.webp")}
    assert there == names
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 6 * 2**20
