"""The record of every resource with a form, in a real browser: accessible, and fit for a phone."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Browser
from sqlalchemy import Column, String, select, text
from sqlalchemy.exc import DBAPIError

from addons.base.models import Sucursal
from addons.sunat.models import ResumenDiario, ValidezConsultada
from addons.sunat.services.borradores import Traslado, anotar_traslado
from kernel.context import Ctx
from kernel.registry import Registry
from kernel.resource import Resource
from kernel.runtime import Runtime
from kernel.view_slots import parts_of
from kernel.views import FormView, ListView
from kernel.web_routes import address
from tests import cluster, live
from tests.addons import test_demo
from tests.conftest import runtime_of, settings_of
from tests.web.chromium import Person, axe, chromium, needs_chromium
from tests.web.test_pages import XSS

pytestmark = [needs_chromium, pytest.mark.slow]

FIRST = """async (path) => {
  const answer = await (await fetch(`${path}?limit=1`)).json();
  return (Array.isArray(answer) ? answer : answer.items)[0]?.id ?? 0;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser that the tests of the module share."""
    with chromium() as made:
        yield made


@pytest.fixture(scope="module")
def company(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """The demo company, which has records of nearly everything."""
    folder = tmp_path_factory.mktemp("company")
    cluster.ensure_template("demo", lambda url: test_demo.build(url, registry, folder, "demo"))
    database = cluster.create_database("demo")
    made = runtime_of(settings_of(database.owner_url, database.app_url, folder), registry)
    yield made
    made.close()
    cluster.drop_database(database.name)


@pytest.fixture(scope="module")
def site(company: Runtime) -> Iterator[str]:
    """The address of the running company."""
    with live.serving(company.settings) as address:
        yield address


@pytest.fixture(scope="module")
def person(browser: Browser, site: str, company: Runtime) -> Person:
    """The administrator of the company, who also makes what it has none of."""
    made = Person(browser, site, color_scheme="light")
    made.sign_in("admin@demo.pe", test_demo.PASSWORD)
    lista = made.send("/api/listas-precio/", {"nombre": "Mayorista"})["id"]
    producto = made.page.evaluate(FIRST, "/api/productos/")
    precio = {"producto_id": producto, "cantidad_minima": "3", "precio": "9.50"}
    made.send("/api/precios/", {"lista_id": lista, **precio})
    company.transact(add_what_jobs_make)
    return made


def add_what_jobs_make(ctx: Ctx) -> None:
    """Add what no request writes: a resumen diario, the draft of a guía, an answer of SUNAT."""
    day = ctx.now.date()
    resumen = ResumenDiario(
        tipo="RC",
        fecha=day,
        correlativo=1,
        fecha_referencia=day,
        cantidad_documentos=1,
        hash="",
        nombre_archivo="resumen",
        limite_envio=day,
    )
    sucursal = ctx.session.scalars(select(Sucursal.id).order_by(Sucursal.id)).first() or 0
    traslado = Traslado("transferencia:0", "Centro → Surco", sucursal, sucursal, [])
    validez = ValidezConsultada(
        ruc="20695120436",
        tipo="01",
        serie="F001",
        numero=1,
        fecha_emision=day,
        monto=Decimal("118.00"),
        valido=True,
        estado_cp="1",
        estado="Aceptado",
        estado_ruc="Activo",
        condicion_domicilio="Habido",
        observaciones=[],
    )
    ctx.session.add_all([resumen, validez])
    anotar_traslado(ctx, traslado)


def forms(registry: Registry) -> list[str]:
    """Return the resources with a form."""
    views = registry.screens.views.values()
    return list(dict.fromkeys(one.resource for one in views if isinstance(one, FormView)))


@pytest.mark.parametrize("part", range(2))
def test_record_of_every_form_is_accessible_in_both_themes_and_fits_a_phone(
    person: Person, registry: Registry, part: int
) -> None:
    script, page = axe(), person.page
    found: dict[str, list[str]] = {}
    for path in forms(registry)[part::2]:
        number = page.evaluate(FIRST, path)
        if not number:
            found[path] = ["the company has no record of it"]
            continue
        page.goto(f"{address(path)}{number}/")
        assert page.locator("#record-name").count(), path
        found[path] = person.faults(script)
    assert {where: wrong for where, wrong in found.items() if wrong} == {}
    assert person.complaints == []


# What somebody stored -----------------------------------------------------------------------------

TRACES = """[...document.querySelectorAll("*")].filter((one) =>
    [...one.attributes].some((it) => it.name.startsWith("on"))
    || /^(javascript|data):/i.test(one.getAttribute("href") ?? "")
    || one.matches("iframe, object, embed, math, img[src='x']")
    || (one.matches("script") && !one.nonce)
).map((one) => one.outerHTML.slice(0, 120))"""
"""What would be on a page that took a text for markup."""


def poison(runtime: Runtime, registry: Registry) -> set[str]:
    """Write markup into the texts of every record that is shown; return where that was taken."""
    chosen = {
        part.name
        for view in registry.screens.views.values()
        for part in parts_of(view)
        if getattr(part, "choices", ())
    }
    return {
        f"{resource.path} {name}"
        for resource in shown(registry)
        for name in resource.columns
        if name not in chosen and _write(runtime, resource, name)
    }


def shown(registry: Registry) -> list[Resource]:
    """Return the resources with a list; what the kernel itself wrote is nobody's text."""
    views = registry.screens.views.values()
    paths = {one.resource for one in views if isinstance(one, ListView)}
    found = [one for one in registry.resources if one.path in paths]
    return [one for one in found if not one.model.__tablename__.startswith("andes_")]


def _write(runtime: Runtime, resource: Resource, name: str) -> bool:
    """Return whether a column took the texts; where the database checks it, it stays as it is."""
    table: Any = resource.model.__table__
    column: Column[Any] | None = table.columns.get(name)
    if column is None or not isinstance(column.type, String):
        return False
    some, longest = f"SELECT id FROM {table.name} ORDER BY id", column.type.length or 200
    statement = f"""
        UPDATE {table.name} SET "{name}" =
               left(((:texts)::text[])[1 + id % {len(XSS)}] || ' ' || id, {longest})
         WHERE id IN ({some} LIMIT 50) OR id IN ({some} DESC LIMIT 50)
    """
    try:
        with runtime.database.engine.begin() as connection:
            return bool(connection.execute(text(statement), {"texts": list(XSS)}).rowcount)
    except DBAPIError:
        return False


def test_markup_stored_in_every_text_is_text_on_every_list_and_record(
    browser: Browser, site: str, company: Runtime, registry: Registry
) -> None:
    person = Person(browser, site)
    person.sign_in("admin@demo.pe", test_demo.PASSWORD)
    page, alerts = person.page, list[str]()
    page.on("dialog", lambda dialog: alerts.append(dialog.message))
    assert len(poison(company, registry)) > 30
    read = 0
    for path in [one.path for one in shown(registry)]:
        number = page.evaluate(FIRST, path) if path in forms(registry) else 0
        places = [address(path), *([f"{address(path)}{number}/"] if number else [])]
        for place in places:
            answer = page.goto(place)
            assert answer is not None
            assert answer.status == 200, place
            assert page.evaluate(TRACES) == [], place
            read += "alert(1)" in page.content()
    page.keyboard.press("Control+k")
    page.keyboard.type("alert")
    page.locator("#found a").first.wait_for()
    assert page.evaluate(TRACES) == []
    assert read > 15
    assert (alerts, person.complaints) == ([], [])
