"""API keys: made, used within their list, renewed with a grace, revoked. Source: módulo 9."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sqlalchemy import text
from starlette.testclient import TestClient

from kernel import credentials
from kernel.runtime import Runtime
from tests.conftest import Connect
from tests.contents import changed, contents
from tests.shop import Shop

pytestmark = pytest.mark.needs("sales", "inventory")

CLAVES = "/api/claves-api/"
NUEVA = {"nombre": "Tienda en línea", "alcances": ["productos.ver", "clientes.crear"]}


def crear(client: TestClient, **changes: Any) -> dict[str, Any]:
    """Return a key that was just made."""
    answer = client.post(CLAVES, json=NUEVA | changes)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.fixture
def machine(connect: Connect) -> TestClient:
    """A client that signs in nowhere; tests give it a key."""
    return connect("")


def use(machine: TestClient, clave: str) -> TestClient:
    machine.headers["Authorization"] = f"Bearer {clave}"
    return machine


def test_clave_does_what_it_lists_and_nothing_else(admin: TestClient, machine: TestClient) -> None:
    use(machine, crear(admin)["clave"])
    assert machine.get("/api/productos/").status_code == 200
    nuevo = {"tipo_doc": "1", "numero_doc": "45678912", "razon_social": "Ana"}
    assert machine.post("/api/clientes/", json=nuevo).status_code == 201
    for path in ("/api/clientes/", "/api/usuarios/", "/api/audit-logs/", CLAVES):
        answer = machine.get(path)
        assert (answer.status_code, answer.json()["code"]) == (403, "sin_permiso"), path


def test_clave_shows_its_secret_once_and_is_stored_as_a_hash(
    admin: TestClient, runtime: Runtime
) -> None:
    made = crear(admin)
    secret = made["clave"]
    assert secret.startswith(f"{made['prefijo']}")
    assert len(secret) == 49
    shown = admin.get(f"{CLAVES}{made['id']}/")
    assert secret not in shown.text
    assert credentials.digest(secret) not in shown.text
    with runtime.database.engine.connect() as connection:
        for table in ("claves_api", "audit_logs", "andes_idempotency_keys"):
            rows = connection.execute(text(f"SELECT t::text FROM {table} t")).scalars()
            assert not any(secret[12:] in row for row in rows), table
        stored = connection.execute(text("SELECT digest FROM claves_api")).scalar_one()
    assert stored == credentials.digest(secret)


def test_idempotency_key_does_not_keep_the_secret(admin: TestClient, runtime: Runtime) -> None:
    headers = {"Idempotency-Key": "una-vez"}
    made = [admin.post(CLAVES, json=NUEVA, headers=headers).json()["clave"] for _ in range(2)]
    assert made[0] != made[1]
    with runtime.database.engine.connect() as connection:
        kept = connection.execute(text("SELECT count(*) FROM andes_idempotency_keys")).scalar_one()
    assert kept == 0


def test_clave_without_words_lives_a_year(admin: TestClient) -> None:
    made = crear(admin)
    created = admin.get(f"{CLAVES}{made['id']}/").json()["created_at"]
    life = datetime.fromisoformat(made["expires_at"]) - datetime.fromisoformat(created)
    assert abs(life - timedelta(days=365)) < timedelta(minutes=5)
    month = crear(admin, vigencia_dias=30)
    life = datetime.fromisoformat(month["expires_at"]) - datetime.fromisoformat(created)
    assert abs(life - timedelta(days=30)) < timedelta(minutes=5)


def test_clave_of_what_is_not_to_be_had_names_every_field(
    admin: TestClient, runtime: Runtime
) -> None:
    before = contents(runtime)
    alcances = ["productos.ver", "productos.robar", "nada"]
    answer = admin.post(CLAVES, json=NUEVA | {"alcances": alcances})
    assert answer.status_code == 400
    assert [one["field"] for one in answer.json()["errors"]] == ["alcances.1", "alcances.2"]
    answer = admin.post(CLAVES, json=NUEVA | {"vigencia_dias": 731})
    assert [one["field"] for one in answer.json()["errors"]] == ["vigencia_dias"]
    assert not changed(before, contents(runtime))


def test_clave_cannot_have_what_its_maker_lacks(
    connect: Connect, admin: TestClient, shop: Shop, machine: TestClient
) -> None:
    grant(admin, "GERENTE_VENTAS", "claves_api.crear", "claves_api.ver")
    gerente = connect("gerente")
    answer = gerente.post(CLAVES, json=NUEVA | {"alcances": ["productos.ver", "usuarios.crear"]})
    assert answer.status_code == 400
    assert [one["field"] for one in answer.json()["errors"]] == ["alcances.1"]
    made = crear(gerente)
    use(machine, made["clave"])
    assert machine.get("/api/productos/").status_code == 200
    revoke(admin, "GERENTE_VENTAS", "productos.ver")
    assert machine.get("/api/productos/").status_code == 403


def grant(admin: TestClient, rol: str, *permisos: str, permitido: bool = True) -> None:
    """Give a role permissions, or take them."""
    roles = {one["nombre"]: one["id"] for one in admin.get("/api/roles/").json()["items"]}
    cambios = [
        {"modulo": uno.rpartition(".")[0], "accion": uno.rpartition(".")[2], "permitido": permitido}
        for uno in permisos
    ]
    answer = admin.put(f"/api/roles/{roles[rol]}/permisos/", json={"permisos": cambios})
    assert answer.status_code == 200, answer.text


def revoke(admin: TestClient, rol: str, *permisos: str) -> None:
    grant(admin, rol, *permisos, permitido=False)


def test_clave_of_a_deactivated_user_is_dead_at_once(
    connect: Connect, admin: TestClient, shop: Shop, machine: TestClient
) -> None:
    grant(admin, "GERENTE_VENTAS", "claves_api.crear")
    use(machine, crear(connect("gerente"))["clave"])
    assert machine.get("/api/productos/").status_code == 200
    admin.put(f"/api/usuarios/{shop.usuarios['gerente']}/", json={"activo": False})
    assert machine.get("/api/productos/").status_code == 401


def test_rotar_gives_a_new_secret_and_the_old_one_a_grace(
    admin: TestClient, machine: TestClient, runtime: Runtime
) -> None:
    old = crear(admin)
    new = admin.post(f"{CLAVES}{old['id']}/rotar/", json={"gracia_horas": 48}).json()
    assert new["clave"] != old["clave"]
    assert (new["nombre"], new["alcances"]) == (old["nombre"], old["alcances"])
    ends = datetime.fromisoformat(admin.get(f"{CLAVES}{old['id']}/").json()["expires_at"])
    assert abs(ends - runtime.clock() - timedelta(hours=48)) < timedelta(minutes=5)
    for one in (old, new):
        assert use(machine, one["clave"]).get("/api/productos/").status_code == 200
    with runtime.database.engine.begin() as connection:
        connection.execute(
            text("UPDATE claves_api SET expires_at = now() WHERE id = :id"), {"id": old["id"]}
        )
    assert use(machine, old["clave"]).get("/api/productos/").status_code == 401
    assert use(machine, new["clave"]).get("/api/productos/").status_code == 200


def test_rotar_without_grace_ends_the_old_one_and_never_lengthens_it(
    admin: TestClient, machine: TestClient
) -> None:
    old = crear(admin, vigencia_dias=1)
    new = admin.post(f"{CLAVES}{old['id']}/rotar/", json={"gracia_horas": 168}).json()
    kept = admin.get(f"{CLAVES}{old['id']}/").json()["expires_at"]
    assert datetime.fromisoformat(kept) == datetime.fromisoformat(old["expires_at"])
    admin.post(f"{CLAVES}{new['id']}/rotar/", json={"gracia_horas": 0})
    assert use(machine, new["clave"]).get("/api/productos/").status_code == 401
    again = admin.post(f"{CLAVES}{new['id']}/rotar/", json={"gracia_horas": 0})
    assert (again.status_code, again.json()["code"]) == (409, "clave_terminada")
    answer = admin.post(f"{CLAVES}{old['id']}/rotar/", json={"gracia_horas": 169})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "gracia_horas")


def test_revocar_ends_a_clave_and_keeps_its_row(admin: TestClient, machine: TestClient) -> None:
    made = crear(admin)
    assert admin.delete(f"{CLAVES}{made['id']}/").status_code == 204
    assert use(machine, made["clave"]).get("/api/productos/").status_code == 401
    assert admin.get(f"{CLAVES}{made['id']}/").json()["activo"] is False
    assert admin.post(f"{CLAVES}{made['id']}/rotar/", json={}).status_code == 409


def test_claves_of_others_are_out_of_sight_unless_one_administers_them(
    connect: Connect, admin: TestClient
) -> None:
    permisos = ("claves_api.ver", "claves_api.crear", "claves_api.eliminar")
    grant(admin, "GERENTE_VENTAS", *permisos)
    gerente = connect("gerente")
    mine, theirs = crear(gerente), crear(admin)
    assert [one["id"] for one in gerente.get(CLAVES).json()["items"]] == [mine["id"]]
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "rotar/")):
        body = {} if method == "POST" else None
        answer = gerente.request(method, f"{CLAVES}{theirs['id']}/{path}", json=body)
        assert answer.status_code == 404, (method, path)
    assert {one["id"] for one in admin.get(CLAVES).json()["items"]} == {mine["id"], theirs["id"]}
    assert admin.post(f"{CLAVES}{mine['id']}/rotar/", json={}).status_code == 403
    assert admin.delete(f"{CLAVES}{mine['id']}/").status_code == 204


def test_clave_manages_neither_keys_nor_credentials(admin: TestClient, machine: TestClient) -> None:
    alcances = [
        f"{modulo['modulo']}.{accion['accion']}"
        for modulo in admin.get("/api/permisos/").json()
        for accion in modulo["acciones"]
    ]
    made = crear(admin, alcances=alcances)
    use(machine, made["clave"])
    assert machine.get("/api/usuarios/").status_code == 200
    usuario = {"nombre": "Eva", "email": "e@x.pe", "password": "clave-larga-77", "rol_id": 1}
    for method, path, body in (
        ("GET", CLAVES, None),
        ("POST", CLAVES, NUEVA),
        ("POST", f"{CLAVES}{made['id']}/rotar/", {}),
        ("DELETE", f"{CLAVES}{made['id']}/", None),
        ("POST", "/api/usuarios/", usuario),
        ("GET", "/api/menus/", None),
    ):
        answer = machine.request(method, path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "clave_api_no_permitida"), path


def test_clave_of_an_admin_gives_no_more_than_its_list(
    admin: TestClient, machine: TestClient
) -> None:
    use(machine, crear(admin, alcances=["roles.editar", "roles.ver", "usuarios.editar"])["clave"])
    cambio = {"modulo": "ventas", "accion": "ver", "permitido": True}
    roles = {one["nombre"]: one["id"] for one in admin.get("/api/roles/").json()["items"]}
    vacio = admin.post("/api/roles/", json={"nombre": "VACIO"}).json()["id"]
    answer = machine.put(f"/api/roles/{vacio}/permisos/", json={"permisos": [cambio]})
    assert answer.status_code == 400
    for rol in ("ADMIN", "VENDEDOR"):
        path = f"/api/roles/{roles[rol]}/permisos/"
        assert machine.put(path, json={"permisos": [cambio]}).status_code == 403


def test_clave_that_is_mistyped_is_refused_without_asking_the_database(
    admin: TestClient, machine: TestClient, runtime: Runtime
) -> None:
    clave = crear(admin)["clave"]
    runtime.database.dispose()
    asked = runtime.database.engine.pool.status()
    swapped = clave[:3] + clave[3:].swapcase()
    for wrong in (clave[:-1], clave + "a", swapped, clave[:20] + clave[21:] + "A"):
        answer = use(machine, wrong).get("/api/productos/")
        assert (answer.status_code, answer.json()["code"]) == (401, "no_autenticado")
    assert runtime.database.engine.pool.status() == asked
    assert use(machine, clave).get("/api/productos/").status_code == 200


@given(st.integers(0, 48), st.characters(min_codepoint=33, max_codepoint=126))
def test_checksum_finds_any_one_wrong_character(place: int, other: str) -> None:
    clave = KEY
    assume(clave[place] != other)
    assert not credentials.is_key(clave[:place] + other + clave[place + 1 :])


@given(st.integers(0, 47))
def test_checksum_finds_any_two_neighbours_exchanged(place: int) -> None:
    one, two = KEY[place], KEY[place + 1]
    assume(one != two)
    assert not credentials.is_key(KEY[:place] + two + one + KEY[place + 2 :])


KEY = credentials.new_key()


def test_ultimo_uso_is_written_at_most_once_a_minute(
    admin: TestClient, machine: TestClient, runtime: Runtime
) -> None:
    made = crear(admin)
    use(machine, made["clave"])

    def used() -> Any:
        return admin.get(f"{CLAVES}{made['id']}/").json()["ultimo_uso"]

    assert used() is None
    machine.get("/api/productos/")
    first = used()
    assert first is not None
    machine.get("/api/productos/")
    assert used() == first
    with runtime.database.engine.begin() as connection:
        connection.execute(text("UPDATE claves_api SET ultimo_uso = now() - interval '61 s'"))
    machine.get("/api/productos/")
    assert used() > first
    acts = admin.get("/api/audit-logs/", params={"objeto_tipo": "claves_api"}).json()["items"]
    assert [one["accion"] for one in acts] == ["crear"]


def test_audit_names_the_clave_that_acted(
    admin: TestClient, machine: TestClient, shop: Shop
) -> None:
    made = crear(admin)
    use(machine, made["clave"])
    nuevo = {"tipo_doc": "1", "numero_doc": "45678912", "razon_social": "Ana"}
    creado = machine.post("/api/clientes/", json=nuevo, headers={"User-Agent": "bot/1"}).json()
    query = {"objeto_tipo": "clientes", "objeto_id": creado["id"]}
    [row] = admin.get("/api/audit-logs/", params=query).json()["items"]
    assert (row["usuario_id"], row["clave_api_id"]) == (shop.usuarios["admin"], made["id"])
    assert row["user_agent"] == f"clave_api:{made['id']} bot/1"


def test_login_cannot_pass_for_a_clave_in_the_audit(admin: TestClient) -> None:
    nuevo = {"tipo_doc": "1", "numero_doc": "45678912", "razon_social": "Ana"}
    headers = {"User-Agent": "clave_api:7 bot/1"}
    creado = admin.post("/api/clientes/", json=nuevo, headers=headers).json()
    query = {"objeto_tipo": "clientes", "objeto_id": creado["id"]}
    [row] = admin.get("/api/audit-logs/", params=query).json()["items"]
    assert row["clave_api_id"] is None
    assert row["user_agent"] == "'clave_api:7 bot/1"


def test_crear_and_rotar_ask_for_a_fresh_login(admin: TestClient, runtime: Runtime) -> None:
    made = crear(admin)
    with runtime.database.engine.begin() as connection:
        connection.execute(
            text("UPDATE sesiones SET reautenticada_at = now() - interval '11 minutes'")
        )
    for path, body in ((CLAVES, NUEVA), (f"{CLAVES}{made['id']}/rotar/", {})):
        answer = admin.post(path, json=body)
        said = (answer.status_code, answer.json()["code"])
        assert said == (403, "reautenticacion_requerida")
    assert admin.delete(f"{CLAVES}{made['id']}/").status_code == 204
