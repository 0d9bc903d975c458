"""Lists are compiled once for all users: nobody's rows, values or columns reach another.

Users of different scopes ask for the same shapes at once, from the first compilation on; each
answer must be the one that its user gets alone.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest
from starlette.testclient import TestClient

from kernel.runtime import Runtime
from tests.conftest import Connect
from tests.shop import Shop, abrir_caja

PATHS = (
    "/api/inventario/stock/?limit=3",
    "/api/inventario/stock/?almacen_id=%(almacen)s&sort=-id",
    "/api/inventario/movimientos/?sort=-id&limit=5",
    "/api/almacenes/?q=a",
    "/api/cajas/?limit=2",
    "/api/ventas/?sort=-id",
    "/api/productos/?limit=4",
    "/api/productos/?limit=4&fields=id,costo",
    "/api/productos/?costo__gt=0",
    "/api/claves-api/",
    "/api/adjuntos/?sort=created_at",
    "/api/audit-logs/?limit=5&sort=id&accion=crear",
    "/api/productos/exportar/",
)
THREADS = 12


@pytest.fixture
def clients(connect: Connect, shop: Shop) -> dict[str, TestClient]:
    """Users of all, of one sucursal, of another, of one almacén; with rows of their own."""
    admin = connect("admin")
    for name, number in (("almacen", 1), ("contador", 0)):
        path = f"/api/usuarios/{shop.usuarios[name]}/almacenes/"
        assert admin.put(path, json={"almacenes": [shop.almacenes[number]]}).status_code == 200
    path = f"/api/usuarios/{shop.usuarios['cajera']}/sucursales/"
    user = f"/api/usuarios/{shop.usuarios['cajera']}/"
    assert admin.put(user, json={"sucursal_id": shop.sucursales[1]}).status_code == 200
    found = {name: connect(name) for name in ("cajero", "cajera", "almacen", "contador", "gerente")}
    found["admin"] = admin
    for name in ("cajero", "gerente"):
        caja = abrir_caja(found[name], shop)
        venta = found[name].post("/api/ventas/", json=shop.venta(caja))
        assert venta.status_code == 201, venta.text
        file = {"archivo": (f"{name}.txt", b"texto de " + name.encode(), "text/plain")}
        assert found[name].post("/api/adjuntos/", files=file).status_code == 201
    key = {"nombre": "mía", "alcances": ["productos.ver"]}
    assert admin.post("/api/claves-api/", json=key).status_code == 201
    return found


def ask(client: TestClient, path: str) -> tuple[int, Any]:
    answer = client.get(path)
    document = answer.headers["content-type"].endswith("json")
    return answer.status_code, without_instance(answer.json()) if document else answer.content


def without_instance(document: Any) -> Any:
    return {name: one for name, one in document.items() if name != "instance"}


def test_parallel_lists_of_users_with_other_scopes_stay_apart(
    clients: dict[str, TestClient], shop: Shop, runtime: Runtime
) -> None:
    asked = [
        (name, path % {"almacen": almacen})
        for name in clients
        for path in PATHS
        for almacen in (shop.almacenes if "%" in path else [0])
    ]
    alone = {one: ask(clients[one[0]], one[1]) for one in asked}
    shown = {str(answer) for answer in alone.values() if answer[0] == 200}
    assert len(shown) > len(PATHS), "scopes must differ"
    for resource in runtime.registry.resources:
        resource.pages.clear()
    Random(7).shuffle(asked)
    with ThreadPoolExecutor(THREADS) as pool:
        together = list(pool.map(lambda one: ask(clients[one[0]], one[1]), asked * 4))
    assert [one for one, got in zip(asked * 4, together, strict=True) if got != alone[one]] == []
