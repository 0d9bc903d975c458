"""Settings on pages: those that an addon declares a view for, and each addon's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pydantic import BaseModel, Field
from sqlalchemy import text
from starlette.testclient import TestClient

from kernel import preferences
from kernel.hookspecs import hookimpl
from kernel.registry import Registry
from kernel.runtime import Runtime
from tests.conftest import Connect
from tests.web.pages import Browser

Open = Callable[[str], Browser]


@pytest.fixture
def browser(connect: Connect) -> Open:
    """Return a function that gives the browser of a user of the shop."""
    return lambda name: Browser(connect(""), name)


def test_settings_are_changed_and_wrong_ones_told_at_their_field(
    browser: Open, admin: TestClient
) -> None:
    person = browser("admin")
    person.get("/app/ajustes/base.empresa/")
    person.submit("main form", nombre_comercial="La Esquina")
    assert person.texts(".alert.good p") == ["Guardado."]
    assert admin.get("/api/configuracion/").json()["nombre_comercial"] == "La Esquina"
    person.submit("main form", ruc="20100070971")
    assert person.status == 400
    assert "RUC" in person.texts(".fault")[0]
    person.get("/app/ajustes/kernel.Regional/")
    person.submit("main form", zona_horaria="Marte/Olimpo")
    assert person.status == 400
    assert "America/Lima" in person.texts(".fault")[0]
    assert person.page.cssselect("#i-zona_horaria")[0].get("value") == "Marte/Olimpo"


class Reparto(BaseModel):
    """From where goods leave."""

    almacen_id: int | None = Field(default=None, description="De qué almacén sale.")


class Repartidor:
    """An addon that has settings, one of them a record."""

    @staticmethod
    @hookimpl
    def register_settings() -> list[type[BaseModel]]:
        """Return the settings."""
        return [Reparto]


@pytest.fixture
def repartidor(registry: Registry) -> Iterator[str]:
    """The page of the settings of such an addon."""
    registry.plugins.register(Repartidor(), "repartidor")
    yield f"/app/ajustes/{preferences.name_of(Reparto)}/"
    registry.plugins.unregister(name="repartidor")


def test_settings_that_are_records_are_typed_by_name(
    repartidor: str, browser: Open, runtime: Runtime
) -> None:
    with runtime.database.engine.begin() as connection:
        query = "SELECT id, nombre FROM almacenes ORDER BY id"
        (_, first), (number, second) = connection.execute(text(query)).all()
    person = browser("admin")
    person.get(repartidor)
    (name,) = person.page.cssselect("#i-almacen_id")
    typed = name.get("name")
    person.submit("main form", **{typed: "almacén de la luna"})
    assert person.status == 400
    assert person.texts(".fault") == ["No hay ninguno con este nombre."]
    assert person.page.cssselect("#i-almacen_id")[0].get("value") == "almacén de la luna"
    person.submit("main form", **{typed: second.upper()})
    assert person.texts(".alert.good p") == ["Guardado."]
    assert person.page.cssselect("[name=almacen_id]")[0].get("value") == str(number)
    assert person.page.cssselect("#i-almacen_id")[0].get("value") == second
    person.submit("main form", **{typed: ""})
    assert person.page.cssselect("[name=almacen_id]")[0].get("value") == ""
    assert first != second


def test_settings_are_for_who_may_see_them(browser: Open) -> None:
    person = browser("chofer")
    person.get("/app/ajustes/kernel.Regional/")
    assert person.status == 404
    person.get("/app/ajustes/base.empresa/")
    assert person.status == 200
    assert not person.page.cssselect("main button, main input")
    person.post("/app/ajustes/base.empresa/", {"nombre_comercial": "Otra"})
    assert person.status == 403
