"""Ventas and cajas by a text: their number, and who and where. Source: módulo 1."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from tests.conftest import Connect
from tests.shop import Shop, abrir_caja
from tests.web.pages import Browser

VENTAS, CAJAS = "/api/ventas/", "/api/cajas/"


def found(client: TestClient, path: str, text: str) -> list[int]:
    """Return the ids that a text finds, the newest first."""
    answer = client.get(path, params={"q": text, "fields": "id"})
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


@pytest.fixture
def ventas(connect: Connect, admin: TestClient, shop: Shop) -> list[int]:
    """Three sales: two of the cashier's caja, the second to Rosa Quispe, one of the manager's."""
    rosa = {"tipo_doc": "1", "numero_doc": "45678912", "razon_social": "Rosa Quispe"}
    cliente = admin.post("/api/clientes/", json=rosa).json()["id"]
    cajero, gerente = connect("cajero"), connect("gerente")
    caja, otra = abrir_caja(cajero, shop), abrir_caja(gerente, shop)
    bodies = [
        (cajero, shop.venta(caja)),
        (cajero, shop.venta(caja, cliente_id=cliente)),
        (gerente, shop.venta(otra)),
    ]
    return [client.post(VENTAS, json=body).json()["id"] for client, body in bodies]


def caja_of(client: TestClient, venta: int) -> int:
    caja: int = client.get(f"{VENTAS}{venta}/").json()["caja_id"]
    return caja


def test_sale_is_found_by_its_number_and_by_whom_it_concerns(
    admin: TestClient, ventas: list[int], shop: Shop
) -> None:
    una, dos, tres = ventas
    caja = caja_of(admin, una)
    assert found(admin, VENTAS, f"{caja}-2") == [dos]
    assert found(admin, VENTAS, "2") == [dos]
    assert found(admin, VENTAS, f"{caja_of(admin, tres)}-1") == [tres]
    assert found(admin, VENTAS, "quispe") == [dos]
    assert found(admin, VENTAS, "45678") == [dos]
    assert found(admin, VENTAS, "gerente") == [tres]
    assert found(admin, VENTAS, "Sucursal 001") == [tres, dos, una]
    for text in ("Sucursal 002", "nadie", f"{caja}-9", "1-2-3", "9" * 30, "-"):
        assert found(admin, VENTAS, text) == [], text
    exported = admin.get(f"{VENTAS}exportar/", params={"q": "quispe", "formato": "csv"})
    assert len(exported.text.strip().splitlines()) == 2


def test_caja_is_found_by_its_number_its_user_and_its_sucursal(
    admin: TestClient, ventas: list[int]
) -> None:
    caja, otra = caja_of(admin, ventas[0]), caja_of(admin, ventas[2])
    assert found(admin, CAJAS, str(otra)) == [otra]
    assert found(admin, CAJAS, "cajero") == [caja]
    assert found(admin, CAJAS, "sucursal") == [otra, caja]


def test_what_a_user_may_not_see_finds_nothing(
    connect: Connect, admin: TestClient, ventas: list[int]
) -> None:
    cajero = connect("cajero")
    assert found(cajero, VENTAS, "quispe") == [ventas[1]]
    assert found(cajero, VENTAS, "gerente") == [ventas[2]]  # as the sale itself says
    assert found(cajero, VENTAS, "gerente@tienda.pe") == []  # addresses of users it doesn't
    assert connect("almacen").get(VENTAS, params={"q": "quispe"}).status_code == 403


def test_field_that_refers_to_a_sale_offers_it_with_whom_it_concerns(
    http: TestClient, admin: TestClient, ventas: list[int]
) -> None:
    person = Browser(http, "admin")
    caja = caja_of(admin, ventas[1])
    person.get("/app/opciones/?de=/api/ventas/&q=quispe")
    (option,) = person.answer.json()
    assert option[0] == ventas[1]
    assert option[1].startswith(f"{caja}-2 · Rosa Quispe · ")
    otra = caja_of(admin, ventas[2])
    person.get(f"/app/opciones/?de=/api/cajas/&q={otra}")
    assert [one[0] for one in person.answer.json()] == [otra]
    assert person.answer.json()[0][1].startswith(f"N.º {otra} · ")
    person.get("/app/ventas/?q=quispe")
    assert "Rosa Quispe" in person.texts("#list")[0]
    assert "Clientes varios" not in person.texts("#list tbody")[0]
