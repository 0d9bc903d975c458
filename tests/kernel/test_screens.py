"""Views: patched and checked when the registry is loaded; shown by permission."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from kernel.errors import ConfigurationError
from kernel.extensions import Extension, extended
from kernel.listing import Finish
from kernel.registry import Registry, gather
from kernel.screens import Screens, assemble
from kernel.views import (
    Button,
    Column,
    DashboardView,
    Field,
    Filter,
    Link,
    ListView,
    Menu,
    Patch,
    Section,
    StateBar,
    Tab,
    Tile,
)
from tests.conftest import Connect

LISTA = "sales.cajas.list"
VENTA = "sales.ventas.form"
CIERRE = Column("monto_esperado", "Esperado")
PANEL = Section("numeracion", fields=(Field("serie", "Serie"),))


def assembled(registry: Registry, *patches: Patch, menus: tuple[Menu, ...] = ()) -> Screens:
    """Return the screens of our addons with what an addon «otro» brings."""
    return assemble(
        gather(registry.plugins, "register_views"),
        [*gather(registry.plugins, "register_view_patches"), *(("otro", one) for one in patches)],
        [*gather(registry.plugins, "register_menus"), *(("otro", one) for one in menus)],
        (*registry.endpoints, *registry.pages),
        frozenset(one.name for one in registry.gather("register_widgets")),
    )


def alone(registry: Registry, view: Any) -> Screens:
    """Return the screens of one view alone."""
    return assemble([("otro", view)], [], [], (*registry.endpoints, *registry.pages))


def ids(owner: Any, slot: str) -> list[str]:
    return [one.id for one in getattr(owner, slot)]


# Patches ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ({"before": "estado"}, ["id", "monto_esperado", "estado"]),
        ({"after": "estado"}, ["id", "estado", "monto_esperado"]),
        ({"inside": "columns"}, ["id", "estado", "monto_esperado"]),
    ],
)
def test_patch_puts_a_column_in_its_place(
    registry: Registry, place: dict[str, str], expected: list[str]
) -> None:
    columns = (Column("id", "N.º"), Column("estado", "Estado"))
    view = ListView("sales.x.list", "Cajas", "cajas.ver", "/api/cajas/", columns)
    patch = Patch("sales.x.list", CIERRE, **place)
    screens = assemble([("sales", view)], [("otro", patch)], [], registry.endpoints)
    assert ids(screens.views["sales.x.list"], "columns") == expected


def test_patches_reach_every_kind_of_part(registry: Registry) -> None:
    screens = assembled(
        registry,
        Patch(LISTA, Filter("cerradas", "Cerradas", "estado=cerrada"), after="abiertas"),
        Patch(VENTA, Tab("otro", "Otro", (PANEL,)), inside="tabs"),
        Patch(VENTA, Field("numero", "Número"), after="serie"),
        Patch(VENTA, Button("cerrar", "Cerrar", "/api/cajas/cerrar/"), inside="buttons"),
        Patch(VENTA, Column("igv", "IGV"), inside="detalle"),
        Patch(VENTA, Link("caja", "Caja", "/app/cajas/{caja_id}/"), before="comprobantes"),
    )
    view: Any = screens.views[VENTA]
    assert ids(view, "buttons")[-1] == "cerrar"
    links = ids(view, "links")
    assert links[links.index("comprobantes") - 1] == "caja"
    (panel,) = view.tabs[-1].panels
    assert ids(panel, "fields") == ["serie", "numero"]
    (detalle,) = [one for one in view.panels if one.id == "detalle"]
    assert ids(detalle, "columns")[-1] == "igv"
    assert "cerradas" in ids(screens.views[LISTA], "filters")


def test_patch_leaves_the_owners_declaration_alone(registry: Registry) -> None:
    before = registry.screens.views[LISTA]
    assembled(registry, Patch(LISTA, Filter("f", "F", "estado=cerrada"), inside="filters"))
    assert registry.screens.views[LISTA] == before
    assert "f" not in ids(before, "filters")


@pytest.mark.parametrize(
    ("patch", "told"),
    [
        (Patch("sales.nada.list", CIERRE, after="id"), "«sales.nada.list»"),
        (Patch(LISTA, CIERRE, after="nada"), "after «nada»"),
        (Patch(LISTA, CIERRE, inside="filters"), "no Column"),
        (Patch(LISTA, CIERRE, after="abiertas"), "no Column"),
        (Patch(LISTA, CIERRE), "exactly one"),
        (Patch(LISTA, CIERRE, after="id", before="id"), "exactly one"),
        (Patch(LISTA, Column("id", "Otra vez"), after="id"), "«id» twice"),
        (Patch(LISTA, Column("nada", "Nada"), after="id"), "no field «nada»"),
        (Patch(VENTA, Field("total", "Otra vez"), inside="venta"), "«total» twice"),
        (Patch(VENTA, Column("nada", "Nada"), inside="detalle"), "no column «nada»"),
        (Patch(VENTA, Button("b", "B", "/api/nada/"), inside="buttons"), "/api/nada/"),
        (Patch(VENTA, Link("v", "V", "/app/nada/{id}/"), inside="links"), "/app/nada/"),
        (Patch(VENTA, Link("v", "V", "/api/ventas/"), inside="buttons"), "no Link"),
        (Patch(LISTA, Link("v", "V", "/api/ventas/"), inside="links"), "no Link"),
    ],
)
def test_patch_that_fits_nowhere_names_its_addon(
    registry: Registry, patch: Patch, told: str
) -> None:
    with pytest.raises(ConfigurationError, match="otro") as refused:
        assembled(registry, patch)
    assert told in str(refused.value)


# Views and menus --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"resource": "/api/nada/"}, "GET /api/nada/"),
        ({"columns": (Column("nada", "Nada"),)}, "«nada»"),
        ({"columns": (CIERRE, CIERRE)}, "twice"),
        ({"buttons": (Button("b", "B", "/api/nada/"),)}, "POST /api/nada/"),
    ],
)
def test_view_of_what_is_not_there_is_refused(
    registry: Registry, change: dict[str, Any], told: str
) -> None:
    view: Any = registry.screens.views[LISTA]
    with pytest.raises(ConfigurationError, match=r"otro: «sales\.cajas\.list»") as refused:
        alone(registry, replace(view, **change))
    assert told in str(refused.value)


def test_state_bar_of_no_field_is_refused(registry: Registry) -> None:
    view: Any = registry.screens.views[VENTA]
    with pytest.raises(ConfigurationError, match="«nada»"):
        alone(registry, replace(view, states=StateBar("nada", ()), links=()))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"links": (Link("l", "L", "/api/cajas/{id}/nada/"),)}, "link «l» names /api/cajas/{id}"),
        ({"links": (Link("l", "L", "/app/cajas/{id}/nada/"),)}, "which nothing serves"),
        ({"links": (Link("l", "L", "/api/ventas/{id}/anular/"),)}, "which nothing serves"),
        ({"links": (Link("l", "L", "/api/cajas/{nada}/"),)}, "no field «nada»"),
        ({"links": (Link("l", "L", "/api/ventas/?caja_id={nada}"),)}, "no field «nada»"),
        ({"links": (Link("l", "L", "/api/ventas/", when=("nada",)),)}, "no state «nada»"),
        ({"links": (Link("l", "L", "/api/ventas/"),) * 2}, "«l» twice among its links"),
        ({"locked": ("nada",)}, "no state «nada»"),
        ({"states": None, "locked": ("anulada",)}, "no state «anulada»"),
        ({"draft": "/api/nada/"}, "draft names GET /api/nada/"),
        ({"opens": "/app/nada/{id}/"}, "opens /app/nada/{id}/, which nothing serves"),
        ({"panels": (Section("s", "", (Field("cliente_id.nada", "N"),)),)}, "«cliente_id.nada»"),
    ],
)
def test_link_that_leads_nowhere_is_refused(
    registry: Registry, change: dict[str, Any], told: str
) -> None:
    view: Any = registry.screens.views[VENTA]
    with pytest.raises(ConfigurationError, match=r"otro: «sales\.ventas\.form»") as refused:
        alone(registry, replace(view, **{"links": (), **change}))
    assert told in str(refused.value)


def test_link_leads_to_the_api_to_pages_of_views_and_to_others(registry: Registry) -> None:
    view: Any = registry.screens.views[VENTA]
    paths = ("/api/cajas/{caja_id}/", "/app/cajas/{caja_id}/", "/app/cajas/", "/app/pos/?v={id}")
    links = tuple(Link(f"l{at}", "L", path) for at, path in enumerate(paths))
    near = ("sales.cajas.", "sales.arqueos.")
    cajas = [one for one in registry.screens.views.values() if one.id.startswith(near)]
    both = [("otro", one) for one in (replace(view, links=links), *cajas)]
    assemble(both, [], [], (*registry.endpoints, *registry.pages))


def test_tile_of_no_report_is_refused(registry: Registry) -> None:
    tile = Tile("t", "T", "/api/reportes/nada/")
    with pytest.raises(ConfigurationError, match="tile «t»"):
        alone(registry, DashboardView("otro.d.dashboard", "D", "ventas.ver", (tile,)))


@pytest.mark.parametrize(
    "menu",
    [
        Menu("otro.m", "M", "sales.nada.list"),
        Menu("otro.m", "M", LISTA, parent="otro.nada"),
        Menu("otro.m", "M", LISTA, page="/app/"),
    ],
)
def test_menu_that_leads_nowhere_names_its_addon(registry: Registry, menu: Menu) -> None:
    with pytest.raises(ConfigurationError, match=r"otro: menu «otro\.m»"):
        assembled(registry, menus=(menu,))


# Through the API --------------------------------------------------------------------------------


def test_view_comes_with_the_parts_of_others(admin: TestClient) -> None:
    view = admin.get("/api/views/sales.productos.list/").json()
    assert view["kind"] == "list"
    names = [one["name"] for one in view["columns"]]
    assert names.index("stock_actual") == names.index("precio") + 1


def test_view_hides_what_the_role_may_not_see(connect: Connect) -> None:
    def names(user: str) -> set[str]:
        view = connect(user).get("/api/views/sales.productos.list/").json()
        return {one["name"] for one in view["columns"]}

    assert names("admin") - names("cajero") == {"costo"}


def test_view_has_the_buttons_that_the_role_may_press(connect: Connect) -> None:
    def buttons(user: str) -> list[str]:
        view = connect(user).get("/api/views/sales.cajas.list/").json()
        return [one["id"] for one in view["buttons"]]

    assert buttons("cajero") == ["abrir"]
    assert buttons("contador") == []


def test_view_has_the_links_that_the_role_may_follow(connect: Connect) -> None:
    def links(user: str) -> list[str]:
        view = connect(user).get("/api/views/sales.productos.form/").json()
        return [one["id"] for one in view["links"]]

    assert links("almacen") == ["kardex"]
    assert links("cajero") == []


def test_view_without_permission_does_not_exist(connect: Connect) -> None:
    assert connect("cajero").get("/api/views/base.usuarios.list/").status_code == 404
    assert connect("cajero").get("/api/views/nada/").status_code == 404


def test_menu_groups_without_entries_are_not_shown(connect: Connect) -> None:
    entries = {one["id"] for one in connect("chofer").get("/api/menus/").json()}
    assert "base.usuarios" not in entries
    assert "base.tributario" not in entries
    admin = connect("admin").get("/api/menus/").json()
    assert {one["parent"] for one in admin} <= {"", *(one["id"] for one in admin)}
    assert [one["order"] for one in admin] == sorted(one["order"] for one in admin)


# Extensions of resources ------------------------------------------------------------------------


def test_extension_of_no_resource_names_its_addon(registry: Registry) -> None:
    routes = gather(registry.plugins, "register_routes")
    with pytest.raises(ConfigurationError, match="otro extends /api/nada/"):
        extended(routes, [("otro", Extension("/api/nada/"))])


def test_extension_by_a_field_that_is_there_is_refused(registry: Registry) -> None:
    routes = list(gather(registry.plugins, "register_routes"))
    with pytest.raises(
        ConfigurationError, match="sales y otro declaran ambos el campo «/api/productos/ nombre»"
    ):
        extended(routes, [("otro", Extension("/api/productos/", fields=("nombre",)))])


def test_extensions_of_several_addons_are_all_there(registry: Registry) -> None:
    def adding(name: str) -> Extension:
        def run(_ctx: Any, rows: list[dict[str, Any]]) -> None:
            for row in rows:
                row[name] = row["id"]

        return Extension("/api/productos/", finish=Finish(run, ("id",), {name: int}))

    routes = gather(registry.plugins, "register_routes")
    found = extended(routes, [("uno", adding("a")), ("dos", adding("b"))])
    (productos,) = [one for _, one in found if one.path == "/api/productos/"]
    row: dict[str, Any] = {"id": 7}
    productos.finish.run(None, [row])
    assert row == {"id": 7, "a": 7, "b": 7}
    assert {"a", "b"} <= set(productos.read_schema([]).model_fields)
