"""Sessions: seen, ended, confirmed; and what ends them. Source: módulo 9, "Caducidad forzada"."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

from kernel import passwords, processes
from kernel.registry import Registry
from kernel.runtime import Runtime
from tests import cluster
from tests.addons.base.signed_in import (
    LOGIN,
    bearer,
    cookie_of,
    credenciales,
    read,
    run_jobs,
    tokens_of,
    write,
)
from tests.conftest import Connect, runtime_of, settings_of
from tests.shop import PASSWORD, Shop

pytestmark = pytest.mark.needs("sales", "inventory")

YO = "/api/auth/yo/"
MINE = "/api/auth/sesiones/"
LOGOUT = "/api/auth/logout/"
REFRESH = "/api/auth/refresh/"
CONFIRM = "/api/auth/reautenticar/"
NUEVA = "montaña verde lejana"
STALE = "UPDATE sesiones SET reautenticada_at = now() - interval '601 seconds'"


def status(client: TestClient, headers: dict[str, str]) -> int:
    code: int = client.get(YO, headers=headers).status_code
    return code


def seen(client: TestClient, headers: dict[str, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(MINE, headers=headers).json()
    return found


def test_token_after_logout_is_a_401(connect: Connect, runtime: Runtime) -> None:
    """Token en blacklist (post-logout) retorna 401"""
    client = connect("")
    tokens, other = tokens_of(client), tokens_of(client)
    answer = client.post(LOGOUT, headers=bearer(tokens["access"]))
    assert (answer.status_code, answer.content) == (204, b"")
    assert "clear-site-data" not in answer.headers
    assert status(client, bearer(tokens["access"])) == 401
    assert client.post(REFRESH, json={"refresh": tokens["refresh"]}).status_code == 401
    assert client.post(LOGOUT, headers=bearer(tokens["access"])).status_code == 401
    assert status(client, bearer(other["access"])) == 200
    query = "SELECT accion FROM audit_logs WHERE usuario_id IS NOT NULL ORDER BY id"
    assert [act for (act,) in read(runtime, query)] == [*["iniciar_sesion"] * 2, "cerrar_sesion"]


@pytest.mark.parametrize(
    ("body", "left"), [({}, 200), ({"todas": False}, 200), ({"todas": True}, 401)]
)
def test_logout_of_all_ends_every_session_of_the_user(
    connect: Connect, body: dict[str, bool], left: int
) -> None:
    client = connect("")
    one, two, cookie = tokens_of(client), tokens_of(client), cookie_of(client)
    theirs = tokens_of(client, "vendedor")
    assert client.post(LOGOUT, json=body, headers=bearer(one["access"])).status_code == 204
    assert status(client, bearer(one["access"])) == 401
    assert status(client, bearer(two["access"])) == left
    assert status(client, cookie) == left
    assert status(client, bearer(theirs["access"])) == 200


def test_logout_with_a_wrong_body_is_a_400(connect: Connect) -> None:
    client = connect("")
    headers = bearer(tokens_of(client)["access"])
    answer = client.post(LOGOUT, json={"todas": "si", "otra": 1}, headers=headers)
    assert answer.status_code == 400
    assert {one["field"] for one in answer.json()["errors"]} == {"todas", "otra"}
    assert status(client, headers) == 200


def test_list_shows_only_open_sessions_of_mine(connect: Connect, runtime: Runtime) -> None:
    client = connect("")
    tokens_of(client, "vendedor")
    ended = tokens_of(client)
    client.post(LOGOUT, headers=bearer(ended["access"]))
    tokens_of(client)
    write(
        runtime, "UPDATE sesiones SET expires_at = now() WHERE id = (SELECT max(id) FROM sesiones)"
    )
    tokens_of(client)
    idle = "UPDATE sesiones SET created_at = now() - interval '7 days' WHERE id = "
    write(runtime, f"{idle} (SELECT max(id) FROM sesiones)")
    phone = tokens_of(client, **{"User-Agent": "Andes para Android 3"})
    cookie = cookie_of(client)
    mine = seen(client, cookie)
    assert [one["dispositivo"] for one in mine] == ["testclient", "Andes para Android 3"]
    assert [one["actual"] for one in mine] == [True, False]
    assert [one["actual"] for one in seen(client, bearer(phone["access"]))] == [False, True]
    assert mine[0].keys() == {
        "id",
        "dispositivo",
        "ip",
        "metodo",
        "created_at",
        "ultimo_uso",
        "expires_at",
        "actual",
    }
    assert (mine[0]["ip"], mine[0]["metodo"]) == ("testclient", "clave")
    stored = [value for row in read(runtime, "SELECT token_jti FROM sesiones") for value in row]
    assert not [one for one in stored if one in str(mine)]


def test_refresh_shows_as_last_use(connect: Connect, runtime: Runtime) -> None:
    client = connect("")
    tokens = tokens_of(client)
    write(runtime, "UPDATE sesiones SET created_at = now() - interval '1 day'")
    (before,) = seen(client, bearer(tokens["access"]))
    assert before["ultimo_uso"] == before["created_at"]
    client.post(REFRESH, json={"refresh": tokens["refresh"]})
    (after,) = seen(client, bearer(tokens["access"]))
    assert after["ultimo_uso"] > after["created_at"]


def test_one_of_my_sessions_ends_and_no_other(connect: Connect) -> None:
    client = connect("")
    here, there, third = (bearer(tokens_of(client)["access"]) for _ in range(3))
    (there_id,) = [one["id"] for one in seen(client, there) if one["actual"]]
    assert client.delete(f"{MINE}{there_id}/", headers=here).status_code == 204
    assert [status(client, one) for one in (here, there, third)] == [200, 401, 200]
    assert client.delete(f"{MINE}{there_id}/", headers=here).status_code == 404


def test_all_my_other_sessions_end(connect: Connect) -> None:
    client = connect("")
    here, there, third = (bearer(tokens_of(client)["access"]) for _ in range(3))
    theirs = bearer(tokens_of(client, "vendedor")["access"])
    assert client.delete(MINE, headers=here).status_code == 204
    assert [status(client, one) for one in (here, there, third, theirs)] == [200, 401, 401, 200]
    assert client.delete(MINE, headers=here).status_code == 204


def test_session_of_somebody_else_is_a_404(connect: Connect) -> None:
    client = connect("")
    mine, theirs = (bearer(tokens_of(client, name)["access"]) for name in ("cajero", "admin"))
    (their_id,) = [one["id"] for one in seen(client, theirs)]
    for unreachable in (their_id, 10**9):
        answer = client.delete(f"{MINE}{unreachable}/", headers=mine)
        assert (answer.status_code, answer.json()["code"]) == (404, "no_encontrado")
    assert status(client, theirs) == 200


def test_administrator_sees_and_ends_the_sessions_of_others(
    connect: Connect, admin: TestClient, shop: Shop
) -> None:
    client = connect("")
    one, two, third = (bearer(tokens_of(client)["access"]) for _ in range(3))
    theirs = f"/api/usuarios/{shop.usuarios['cajero']}/sesiones/"
    listed = admin.get(theirs).json()
    assert [it["actual"] for it in listed] == [False, False, False]
    (one_id,) = [it["id"] for it in seen(client, one) if it["actual"]]
    another = f"/api/usuarios/{shop.usuarios['cajera']}/sesiones/{one_id}/"
    assert admin.delete(another).status_code == 404
    assert admin.delete(f"{theirs}{one_id}/").status_code == 204
    assert [status(client, it) for it in (one, two, third)] == [401, 200, 200]
    assert admin.delete(theirs).status_code == 204
    assert [status(client, it) for it in (two, third)] == [401, 401]
    assert admin.get(theirs).json() == []
    missing = "/api/usuarios/999999/sesiones/"
    assert (admin.get(missing).status_code, admin.delete(missing).status_code) == (404, 404)
    cajero = bearer(tokens_of(client)["access"])
    for method in ("GET", "DELETE"):
        assert client.request(method, theirs, headers=cajero).status_code == 403


def test_deactivated_user_has_no_session_left_when_reactivated(
    connect: Connect, admin: TestClient, runtime: Runtime, shop: Shop
) -> None:
    client = connect("")
    tokens, cookie = tokens_of(client), cookie_of(client)
    usuario = f"/api/usuarios/{shop.usuarios['cajero']}/"
    assert admin.put(usuario, json={"activo": False}).status_code == 200
    mine = "SELECT DISTINCT activo FROM sesiones WHERE usuario_id = :id"
    assert read(runtime, mine, id=shop.usuarios["cajero"]) == [(False,)]
    assert [status(client, it) for it in (bearer(tokens["access"]), cookie)] == [401, 401]
    assert client.post(REFRESH, json={"refresh": tokens["refresh"]}).status_code == 401
    admin.put(usuario, json={"activo": True})
    assert [status(client, it) for it in (bearer(tokens["access"]), cookie)] == [401, 401]
    assert client.post(REFRESH, json={"refresh": tokens["refresh"]}).status_code == 401
    assert tokens_of(client)["access"]


def test_changed_role_counts_at_once_and_ends_nothing(
    connect: Connect, admin: TestClient, shop: Shop
) -> None:
    cajero = connect("cajero")
    assert cajero.get("/api/cajas/").status_code == 200
    roles = {one["nombre"]: one["id"] for one in admin.get("/api/roles/").json()["items"]}
    change = {"rol_id": roles["TRANSPORTISTA"]}
    assert admin.put(f"/api/usuarios/{shop.usuarios['cajero']}/", json=change).status_code == 200
    assert cajero.get("/api/cajas/").status_code == 403
    assert cajero.get(YO).json()["rol"] == "TRANSPORTISTA"


def test_two_logins_at_once_are_no_conflict_and_no_edit_of_the_user(
    connect: Connect, admin: TestClient, shop: Shop
) -> None:
    usuario = f"/api/usuarios/{shop.usuarios['cajero']}/"
    version = admin.get(usuario).json()["version"]
    connect("cajero")
    assert admin.get(usuario).json()["version"] == version
    answer = admin.put(usuario, json={"nombre": "Cajero Nuevo", "version": version})
    assert answer.status_code == 200


def test_changed_password_ends_the_other_sessions(connect: Connect, runtime: Runtime) -> None:
    client = connect("")
    here, there = tokens_of(client), tokens_of(client)
    change = {"actual": PASSWORD, "nueva": NUEVA}
    answer = client.post("/api/auth/cambiar-clave/", json=change, headers=bearer(here["access"]))
    assert (answer.status_code, answer.content) == (204, b"")
    assert status(client, bearer(here["access"])) == 200
    assert client.post(REFRESH, json={"refresh": here["refresh"]}).status_code == 200
    assert status(client, bearer(there["access"])) == 401
    assert client.post(REFRESH, json={"refresh": there["refresh"]}).status_code == 401
    assert client.post(LOGIN, json=credenciales("cajero")).status_code == 401
    new = credenciales("cajero") | {"password": NUEVA}
    assert client.post(LOGIN, json=new).status_code == 200


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"actual": "otra-clave-99"}, "actual", "clave_incorrecta"),
        ({"nueva": PASSWORD}, "nueva", "clave_repetida"),
        ({"nueva": "corta"}, "nueva", "clave_longitud"),
        ({"nueva": "cajero-tienda-123"}, "nueva", "clave_comun"),
    ],
)
def test_password_that_does_not_do_changes_nothing(
    connect: Connect, change: dict[str, str], field: str, code: str
) -> None:
    client = connect("")
    here, there = tokens_of(client), tokens_of(client)
    body = {"actual": PASSWORD, "nueva": NUEVA} | change
    answer = client.post("/api/auth/cambiar-clave/", json=body, headers=bearer(here["access"]))
    assert answer.status_code == 400
    (fault,) = answer.json()["errors"]
    assert (fault["field"], fault["code"]) == (field, code)
    assert status(client, bearer(there["access"])) == 200
    assert client.post(LOGIN, json=credenciales("cajero")).status_code == 200


FRESH: dict[str, dict[str, Any]] = {
    "/api/auth/cambiar-clave/": {"actual": PASSWORD, "nueva": NUEVA},
    "/api/auth/cambiar-correo/": {"email": "nuevo@tienda.pe"},
}


@pytest.mark.parametrize("path", FRESH)
def test_act_that_needs_a_fresh_proof_asks_for_one(
    connect: Connect, runtime: Runtime, path: str
) -> None:
    client = connect("")
    headers = bearer(tokens_of(client)["access"])
    write(runtime, STALE)
    answer = client.post(path, json=FRESH[path], headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "reautenticacion_requerida")
    confirmed = client.post(CONFIRM, json={"password": PASSWORD}, headers=headers)
    assert confirmed.status_code == 204
    assert client.post(path, json=FRESH[path], headers=headers).status_code == 204


def test_fresh_is_the_session_that_was_confirmed_only(connect: Connect, runtime: Runtime) -> None:
    client = connect("")
    here, there = (bearer(tokens_of(client)["access"]) for _ in range(2))
    write(runtime, STALE)
    client.post(CONFIRM, json={"password": PASSWORD}, headers=here)
    body = {"email": "nuevo@tienda.pe"}
    assert client.post("/api/auth/cambiar-correo/", json=body, headers=there).status_code == 403
    assert client.post("/api/auth/cambiar-correo/", json=body, headers=here).status_code == 204


def test_refresh_makes_nothing_fresh(connect: Connect, runtime: Runtime) -> None:
    client = connect("")
    tokens = tokens_of(client)
    write(runtime, STALE)
    access = client.post(REFRESH, json={"refresh": tokens["refresh"]}).json()["access"]
    body = {"email": "nuevo@tienda.pe"}
    answer = client.post("/api/auth/cambiar-correo/", json=body, headers=bearer(access))
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"password": "otra-clave-99"}, {"password"}),
        ({"codigo": "123456"}, {"codigo"}),
        ({}, {"password"}),
        ({"password": ""}, {"password"}),
    ],
)
def test_wrong_proof_confirms_nothing(
    connect: Connect, runtime: Runtime, body: dict[str, str], fields: set[str]
) -> None:
    client = connect("")
    headers = bearer(tokens_of(client)["access"])
    write(runtime, STALE)
    answer = client.post(CONFIRM, json=body, headers=headers)
    assert answer.status_code == 400
    assert {one["field"] for one in answer.json()["errors"]} == fields
    body = {"email": "nuevo@tienda.pe"}
    assert client.post("/api/auth/cambiar-correo/", json=body, headers=headers).status_code == 403


def test_guessing_at_a_confirmation_is_delayed(connect: Connect) -> None:
    client = connect("")
    headers = bearer(tokens_of(client)["access"])
    found = [
        client.post(CONFIRM, json={"password": f"otra-clave-{n}"}, headers=headers).status_code
        for n in range(8)
    ]
    assert found[:5] == [400] * 5
    assert found[-1] == 429
    right = client.post(CONFIRM, json={"password": PASSWORD}, headers=headers)
    assert right.status_code == 429
    assert int(right.headers["retry-after"]) >= 1


def test_changed_email_is_what_one_signs_in_with(connect: Connect) -> None:
    client = connect("")
    headers = bearer(tokens_of(client)["access"])
    change = {"email": " Nuevo@Tienda.pe "}
    assert client.post("/api/auth/cambiar-correo/", json=change, headers=headers).status_code == 204
    assert client.get(YO, headers=headers).json()["email"] == "nuevo@tienda.pe"
    assert client.post(LOGIN, json=credenciales("cajero")).status_code == 401
    assert client.post(LOGIN, json=credenciales("nuevo")).status_code == 200


def test_email_of_somebody_else_is_a_409(connect: Connect) -> None:
    client = connect("")
    headers = bearer(tokens_of(client)["access"])
    change = {"email": "ADMIN@tienda.pe"}
    answer = client.post("/api/auth/cambiar-correo/", json=change, headers=headers)
    assert answer.status_code == 409
    assert [one["field"] for one in answer.json()["errors"]] == ["email"]


def test_yo_says_who_is_signed_in_and_what_they_may(connect: Connect, shop: Shop) -> None:
    cajero = connect("cajero").get(YO).json()
    assert (cajero["id"], cajero["nombre"]) == (shop.usuarios["cajero"], "Cajero")
    assert (cajero["rol"], cajero["sucursales"]) == ("CAJERO", [shop.sucursales[0]])
    assert "cajas.abrir" in cajero["permisos"]
    assert "usuarios.crear" not in cajero["permisos"]
    assert "password" not in str(cajero)
    assert "hash" not in str(cajero)
    gerente = connect("gerente").get(YO).json()
    assert gerente["sucursales"] is None


@pytest.mark.redis
@pytest.mark.parametrize("loss", ["flushed", "absent"])
def test_lost_redis_brings_nobody_back_and_keeps_nobody_out(
    runtime: Runtime, registry: Registry, loss: str
) -> None:
    """What a login is worth stands in PostgreSQL; Redis only wakes and pushes."""
    import redis

    url = cluster.redis_url()
    assert url is not None
    known = runtime.settings
    address = "redis://127.0.0.1:1/0" if loss == "absent" else url
    settings = settings_of(
        known.database_owner_url, known.database_url, known.data_dir, redis_url=address
    )
    made = runtime_of(settings, registry)
    with TestClient(processes.web_app(made), raise_server_exceptions=False) as client:
        out, stays = tokens_of(client), tokens_of(client)
        assert client.post(LOGOUT, headers=bearer(out["access"])).status_code == 204
        if loss == "flushed":
            redis.Redis.from_url(url).flushall()
        assert status(client, bearer(out["access"])) == 401
        assert client.post(REFRESH, json={"refresh": out["refresh"]}).status_code == 401
        assert status(client, bearer(stays["access"])) == 200
        assert client.post(REFRESH, json={"refresh": stays["refresh"]}).status_code == 200
        assert status(client, bearer(tokens_of(client)["access"])) == 200
        ready = client.get("/health/ready")
        expected = "degraded" if loss == "absent" else "ok"
        assert (ready.status_code, ready.json()["checks"]["redis"]) == (200, expected)
    run_jobs(made)
    made.close()


def test_old_sessions_are_deleted_a_month_after_their_end(
    connect: Connect, runtime: Runtime
) -> None:
    client = connect("")
    for _ in range(3):
        tokens_of(client)
    [(first,), (second,), (third,)] = read(runtime, "SELECT id FROM sesiones ORDER BY id")
    end = "UPDATE sesiones SET expires_at = now() - make_interval(days => :days) WHERE id = :id"
    write(runtime, end, days=31, id=first)
    write(runtime, end, days=29, id=second)
    runtime.transact(lambda ctx: ctx.enqueue("base.borrar_sesiones"))
    run_jobs(runtime)
    assert read(runtime, "SELECT id FROM sesiones ORDER BY id") == [(second,), (third,)]


def test_login_that_overlaps_a_change_of_the_password_is_refused(
    connect: Connect, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = connect("")
    here = bearer(tokens_of(client)["access"])
    checked, changed = threading.Event(), threading.Event()
    verify = passwords.verify_password

    def verify_slowly(text: str, stored: str, *, cost: int) -> bool:
        right = verify(text, stored, cost=cost)
        if not checked.is_set():
            checked.set()
            changed.wait(30)
        return right

    monkeypatch.setattr(passwords, "verify_password", verify_slowly)
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(client.post, LOGIN, json=credenciales("cajero"))
        assert checked.wait(30)
        body = {"actual": PASSWORD, "nueva": NUEVA}
        answer = client.post("/api/auth/cambiar-clave/", json=body, headers=here)
        changed.set()
    assert answer.status_code == 204, answer.text
    assert late.result().status_code == 401
    assert len(seen(client, here)) == 1
