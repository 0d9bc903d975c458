"""The main screens in English, in a real browser: no text of the Spanish source is left."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from kernel import texts, translations
from kernel.registry import Registry
from kernel.runtime import Runtime
from tests import live
from tests.web.chromium import Person, chromium, needs_chromium

pytestmark = [needs_chromium, pytest.mark.slow]

PATHS = (
    "/app/",
    "/app/ventas/",
    "/app/ventas/nuevo/",
    "/app/ventas/?_v=graph",
    "/app/ventas/?_v=pivot",
    "/app/ventas/?_v=calendar",
    "/app/ventas/?_por=estado",
    "/app/cotizaciones/?_v=kanban",
    "/app/clientes/1/",
    "/app/productos/?q=nada",
    "/app/cajas/?_acto=abrir",
    "/app/arqueos/",
    "/app/notificaciones/",
    "/app/ventas-offline/",
    "/app/inventario/stock/",
    "/app/facturacion/comprobantes/",
    "/app/usuarios/1/",
    "/app/permisos/",
    "/app/jobs/",
    "/app/audit-logs/",
    "/app/ajustes/",
    "/app/aplicaciones/",
    "/app/cuenta/",
    "/app/ayuda/",
    "/app/buscar/?q=producto",
    "/app/nada/",
    "/entrar/",
    "/olvide-clave/",
)
READ = """() => {
  const words = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) words.push(walker.currentNode.data);
  for (const name of ["aria-label", "placeholder", "title", "alt", "data-confirm", "data-guard"])
    for (const one of document.querySelectorAll(`[${name}]`)) words.push(one.getAttribute(name));
  return words.map((one) => one.trim()).filter(Boolean);
}"""
LEAST = 2
"""Letters of a text, at least: two may be the initials of a name."""
DATA = frozenset({"Base", "Cajero", "Contador", "Español", "Vendedor"})
"""Spanish words that are names here, or that of the language itself."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser that the tests of the module share."""
    with chromium() as made:
        yield made


def spanish(registry: Registry) -> set[str]:
    """Return the source texts whose English differs."""
    told = translations.catalogue("en").texts
    found = {key for mine in texts.gathered(registry).values() for key in mine}
    plain = {one for one in found if isinstance(one, str) and len(one) > LEAST}
    differing = {one for one in plain if told.get(one) != one and not re.search(r"\{\w+\}", one)}
    return differing - DATA - set(told.values())  # «Sale» is a word of both


def test_screens_in_english_hold_no_spanish_text(
    browser: Browser, shared_runtime: Runtime, registry: Registry
) -> None:
    source = spanish(registry)
    assert len(source) > 500
    with live.serving(shared_runtime.settings) as site:
        person = Person(browser, site, "admin")
        cookie = {"name": "idioma", "value": "en", "url": site}
        person.context.add_cookies([cookie])  # type: ignore[list-item]
        found = {}
        for path in PATHS:
            person.page.goto(path)
            read = person.page.evaluate(READ)
            assert person.page.get_attribute("html", "lang") == "en"
            if left := source.intersection(read):
                found[path] = left
        assert (found, person.complaints) == ({}, [])
