"""What tests of inventory share: acts of a storekeeper, and what the stock is afterwards."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from tests.shop import Shop

INVENTARIO = "/api/inventario/"
TRANSFERENCIA = f"{INVENTARIO}transferencia/"


def post(client: TestClient, path: str, body: Any = None, status: int = 201) -> Any:
    """Return the answer of a POST under /api/inventario/ that must have a status."""
    answer = client.post(f"{INVENTARIO}{path}", json=body or {})
    assert answer.status_code == status, answer.text
    return answer.json()


def fields_of(answer: Any) -> list[tuple[str, str]]:
    """Return (field, code) of each fault in a problem document."""
    return [(one["field"], one["code"]) for one in answer["errors"]]


def mercaderia(shop: Shop, cantidad: str, almacen: int = 0, producto: int = 0, **more: Any) -> Any:
    """Return the body of an entry, an exit or a correction."""
    return {
        "almacen_id": shop.almacenes[almacen],
        "producto_id": shop.productos[producto],
        "cantidad": cantidad,
        "motivo": "Prueba",
        **more,
    }


def saldo(client: TestClient, shop: Shop, almacen: int = 0, producto: int = 0) -> tuple[str, str]:
    """Return (actual, reserved) of a product in an almacén."""
    query = {"producto_id": shop.productos[producto], "almacen_id": shop.almacenes[almacen]}
    items = client.get(f"{INVENTARIO}stock/", params=query).json()["items"]
    return (items[0]["stock_actual"], items[0]["stock_reservado"]) if items else ("0", "0")


def movimientos(client: TestClient, **query: Any) -> list[Any]:
    """Return movements, oldest first."""
    found = client.get(f"{INVENTARIO}movimientos/", params={"sort": "id", "limit": 500, **query})
    items: list[Any] = found.json()["items"]
    return items


def trazar(client: TestClient, shop: Shop, modo: str, producto: int = 0, status: int = 200) -> Any:
    """Return the answer to having a product traced."""
    path = f"{INVENTARIO}productos/{shop.productos[producto]}/trazabilidad/"
    answer = client.put(path, json={"trazabilidad": modo})
    assert answer.status_code == status, answer.text
    return answer.json()


def lotes(client: TestClient, shop: Shop, producto: int = 0) -> dict[tuple[int, str, str], str]:
    """Return the quantity of each (almacén, lot, series) of a product."""
    query = {"producto_id": shop.productos[producto], "limit": 500}
    items = client.get(f"{INVENTARIO}lotes/", params=query).json()["items"]
    return {
        (one["almacen_id"], one["numero_lote"], one["numero_serie"]): one["cantidad_actual"]
        for one in items
    }


def envio(shop: Shop, *detalle: Any, origen: int = 0, destino: int = 1) -> Any:
    """Return the body of a transfer; lines as (product, quantity)."""
    return {
        "almacen_origen_id": shop.almacenes[origen],
        "almacen_destino_id": shop.almacenes[destino],
        "detalle": [
            {
                "producto_id": shop.productos[producto],
                "cantidad_enviada": cantidad,
                **dict(*more),
            }
            for producto, cantidad, *more in detalle
        ],
    }
