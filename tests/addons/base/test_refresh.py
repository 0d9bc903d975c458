"""Refresh tokens: each is good once, and one that comes back ends its login."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import jwt
import pytest
from starlette.testclient import TestClient

from kernel.runtime import Runtime, utc_now
from tests.addons.base.signed_in import (
    bearer,
    cookie_of,
    mail_of,
    read,
    run_jobs,
    tokens_of,
    write,
)
from tests.conftest import Connect
from tests.shop import Shop

REFRESH = "/api/auth/refresh/"
YO = "/api/auth/yo/"
DAY = 86400


def claims_of(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def refresh(client: TestClient, token: str) -> Any:
    return client.post(REFRESH, json={"refresh": token})


def test_refresh_gives_new_tokens_of_the_same_login(connect: Connect, runtime: Runtime) -> None:
    client = connect("")
    first = tokens_of(client)
    answer = refresh(client, first["refresh"])
    assert answer.status_code == 200
    second = answer.json()
    assert second.keys() == {"access", "refresh", "expires_in"}
    old, new = claims_of(first["refresh"]), claims_of(second["refresh"])
    assert old["sesion"] == new["sesion"]
    assert old["jti"] != new["jti"]
    assert claims_of(first["access"])["jti"] == claims_of(second["access"])["jti"]
    assert client.get(YO, headers=bearer(second["access"])).status_code == 200
    assert refresh(client, second["refresh"]).status_code == 200
    assert read(runtime, "SELECT count(*) FROM sesiones") == [(1,)]


def test_access_token_says_what_the_specification_lists(
    connect: Connect, admin: TestClient, shop: Shop
) -> None:
    client = connect("")
    said = claims_of(tokens_of(client)["access"])
    assert (said["user_id"], said["rol"]) == (shop.usuarios["cajero"], "CAJERO")
    assert said["sucursales_permitidas"] == [shop.sucursales[0]]
    assert claims_of(tokens_of(client, "admin")["access"])["sucursales_permitidas"] is None


def test_what_a_token_says_gives_nothing(connect: Connect, runtime: Runtime, shop: Shop) -> None:
    client = connect("")
    forged = runtime.signer.issue(
        "access", shop.usuarios["admin"], claims_of(tokens_of(client)["access"])["jti"], 60,
        user_id=shop.usuarios["admin"], rol="ADMIN", sucursales_permitidas=None,
    )  # fmt: skip
    yo = client.get(YO, headers=bearer(forged)).json()
    assert (yo["rol"], yo["sucursales"]) == ("CAJERO", [shop.sucursales[0]])
    assert client.get("/api/usuarios/", headers=bearer(forged)).status_code == 403


def test_six_parallel_uses_rotate_once(connect: Connect, runtime: Runtime) -> None:
    client = connect("")
    token = tokens_of(client)["refresh"]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: refresh(client, token), range(6)))
    assert Counter(one.status_code for one in answers) == {200: 1, 409: 5}
    assert {one.json()["code"] for one in answers if one.status_code == 409} == {"refresh_en_curso"}
    (rotated,) = (one.json() for one in answers if one.status_code == 200)
    assert refresh(client, rotated["refresh"]).status_code == 200
    assert read(runtime, "SELECT activo FROM sesiones") == [(True,)]


def test_late_replay_ends_the_login_of_whoever_holds_the_newest(
    connect: Connect, runtime: Runtime, shop: Shop
) -> None:
    client = connect("")
    other = tokens_of(client)
    stolen = tokens_of(client)["refresh"]
    newest = refresh(client, stolen).json()
    write(runtime, "UPDATE sesiones SET rotada_at = rotada_at - interval '11 seconds'")
    replayed = refresh(client, stolen)
    assert (replayed.status_code, replayed.json()["code"]) == (401, "token_invalido")
    assert refresh(client, newest["refresh"]).status_code == 401
    assert client.get(YO, headers=bearer(newest["access"])).status_code == 401
    assert client.get(YO, headers=bearer(other["access"])).status_code == 200
    audited = "SELECT objeto_tipo, objeto_id, datos_nuevos_json FROM audit_logs WHERE accion = :a"
    (row,) = read(runtime, audited, a="revocar")
    sesion = claims_of(stolen)["sesion"]
    assert (row[0], row[1]) == ("sesiones", str(sesion))
    assert row[2] == {"usuario_id": shop.usuarios["cajero"], "motivo": "refresh_reusado"}
    run_jobs(runtime)
    (mail,) = mail_of(runtime)
    assert (mail["To"], mail["Subject"]) == (
        "cajero@tienda.pe",
        "Una sesión se cerró por seguridad",
    )


def test_token_before_the_last_ends_the_login_even_at_once(
    connect: Connect, runtime: Runtime
) -> None:
    client = connect("")
    first = tokens_of(client)["refresh"]
    second = refresh(client, first).json()["refresh"]
    third = refresh(client, second).json()["refresh"]
    assert refresh(client, first).status_code == 401
    assert refresh(client, third).status_code == 401
    assert read(runtime, "SELECT activo FROM sesiones") == [(False,)]
    assert refresh(client, first).status_code == 401
    audited = "SELECT count(*) FROM audit_logs WHERE accion = 'revocar'"
    assert read(runtime, audited) == [(1,)]


@pytest.mark.parametrize(
    "end",
    [
        "UPDATE usuarios SET activo = false",
        "UPDATE sesiones SET activo = false",
        "UPDATE sesiones SET expires_at = now()",
        "UPDATE sesiones SET created_at = now() - interval '8 days'",
        "DELETE FROM sesiones",
    ],
)
def test_refresh_of_a_login_that_is_over_is_a_401(
    connect: Connect, runtime: Runtime, end: str
) -> None:
    client = connect("")
    token = tokens_of(client)["refresh"]
    write(runtime, end)
    before = read(runtime, "SELECT * FROM sesiones")
    answer = refresh(client, token)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalido")
    assert read(runtime, "SELECT * FROM sesiones") == before


def test_refresh_puts_off_the_idle_end_and_never_the_absolute_one(
    connect: Connect, runtime: Runtime
) -> None:
    client = connect("")
    token = tokens_of(client)["refresh"]
    assert claims_of(token)["exp"] - claims_of(token)["iat"] == 7 * DAY
    (before,) = read(runtime, "SELECT expires_at FROM sesiones")
    write(runtime, "UPDATE sesiones SET created_at = now() - interval '6 days'")
    token = refresh(client, token).json()["refresh"]
    write(runtime, "UPDATE sesiones SET created_at = now() - interval '12 days'")
    token = refresh(client, token).json()["refresh"]
    assert read(runtime, "SELECT expires_at FROM sesiones") == [before]
    write(runtime, "UPDATE sesiones SET expires_at = now() + interval '100 seconds'")
    last = refresh(client, token).json()
    assert last["expires_in"] <= 100
    for token in (last["access"], last["refresh"]):
        assert claims_of(token)["exp"] - claims_of(token)["iat"] <= 100


def test_refresh_of_a_token_that_expired_is_a_401(connect: Connect, runtime: Runtime) -> None:
    client = connect("")
    token = tokens_of(client)["refresh"]
    runtime.clock = lambda: utc_now() + timedelta(days=7, seconds=1)
    assert refresh(client, token).status_code == 401


def test_refresh_of_somebody_elses_login_is_a_401(
    connect: Connect, runtime: Runtime, shop: Shop
) -> None:
    client = connect("")
    theirs = claims_of(tokens_of(client)["refresh"])
    forged = runtime.signer.issue(
        "refresh", shop.usuarios["vendedor"], theirs["jti"], 60, sesion=theirs["sesion"]
    )
    old = runtime.signer.issue(
        "refresh", shop.usuarios["vendedor"], "otro", 60, sesion=theirs["sesion"]
    )
    for token in (forged, old):
        assert refresh(client, token).status_code == 401
    assert read(runtime, "SELECT activo FROM sesiones") == [(True,)]


def test_session_of_a_cookie_is_not_refreshed(connect: Connect, runtime: Runtime) -> None:
    client = connect("")
    cookie = cookie_of(client)
    [(sesion, usuario)] = read(runtime, "SELECT id, usuario_id FROM sesiones")
    token = runtime.signer.issue("refresh", usuario, "algo", 60, sesion=sesion)
    assert refresh(client, token).status_code == 401
    assert client.get(YO, headers=cookie).status_code == 200
