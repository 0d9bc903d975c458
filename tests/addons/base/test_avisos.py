"""Mail about one's own access: notices, and the link for a forgotten password."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from starlette.testclient import TestClient

from kernel import processes
from kernel.credentials import digest
from kernel.runtime import Runtime
from tests.addons.base.signed_in import (
    LOGIN,
    bearer,
    cookie_of,
    credenciales,
    mail_of,
    read,
    run_jobs,
    tokens_of,
    write,
)
from tests.conftest import Connect
from tests.contents import changed, contents
from tests.shop import PASSWORD, Shop

FORGOT = "/api/auth/olvide-clave/"
RESET = "/api/auth/restablecer-clave/"
NUEVA = "montaña verde lejana"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:{0}) Gecko/20100101 Firefox/{0}"


def subjects(runtime: Runtime) -> list[tuple[str, str]]:
    """Return (to, subject) of all mail that was sent, after running what is due."""
    run_jobs(runtime)
    return [(str(one["To"]), str(one["Subject"])) for one in mail_of(runtime)]


def reach_from(runtime: Runtime, ip: str) -> TestClient:
    """Return a client at an address."""
    return TestClient(processes.web_app(runtime), raise_server_exceptions=False, client=(ip, 5000))


def test_login_from_a_new_device_is_told(connect: Connect, runtime: Runtime, shop: Shop) -> None:
    client = connect("")
    tokens_of(client, **{"User-Agent": FIREFOX.format("140.0")})
    tokens_of(client, **{"User-Agent": FIREFOX.format("141.2")})
    tokens_of(client, "vendedor", **{"User-Agent": "curl/8"})
    assert subjects(runtime) == []
    cookie_of(client)
    assert subjects(runtime) == [("cajero@tienda.pe", "Ingreso desde un equipo nuevo")]
    cookie_of(client)
    assert len(subjects(runtime)) == 1
    (mail,) = mail_of(runtime)
    text = mail.get_content()
    [(at,)] = read(runtime, "SELECT created_at FROM andes_jobs WHERE name = 'base.avisar'")
    local = at.astimezone(ZoneInfo("America/Lima"))
    for said in ("Hola, Cajero:", f"{local:%d/%m/%Y %H:}", "Desde: testclient", "Con: testclient"):
        assert said in text


def test_login_from_a_new_network_is_told(runtime: Runtime, shop: Shop) -> None:
    for ip in ("203.0.113.9", "203.0.113.200", "2001:db8:1::1", "2001:db8:1:ffff::2"):
        tokens_of(reach_from(runtime, ip))
    assert len(subjects(runtime)) == 1
    tokens_of(reach_from(runtime, "203.0.112.9"))
    assert len(subjects(runtime)) == 2
    tokens_of(reach_from(runtime, "2001:db8:2::1"))
    assert len(subjects(runtime)) == 3


def test_changed_password_is_told(connect: Connect, runtime: Runtime) -> None:
    client = connect("")
    headers = bearer(tokens_of(client)["access"])
    change = {"actual": PASSWORD, "nueva": NUEVA}
    client.post("/api/auth/cambiar-clave/", json=change | {"actual": "otra"}, headers=headers)
    assert subjects(runtime) == []
    client.post("/api/auth/cambiar-clave/", json=change, headers=headers)
    assert subjects(runtime) == [("cajero@tienda.pe", "Su contraseña cambió")]
    (mail,) = mail_of(runtime)
    assert NUEVA not in mail.as_string()


def test_changed_email_is_told_to_the_old_and_the_new_address(
    connect: Connect, runtime: Runtime
) -> None:
    client = connect("")
    headers = bearer(tokens_of(client)["access"])
    same = {"email": "Cajero@tienda.pe"}
    client.post("/api/auth/cambiar-correo/", json=same, headers=headers)
    assert subjects(runtime) == []
    change = {"email": "nuevo@tienda.pe"}
    client.post("/api/auth/cambiar-correo/", json=change, headers=headers)
    told = subjects(runtime)
    assert {to for to, _ in told} == {"cajero@tienda.pe", "nuevo@tienda.pe"}
    assert {subject for _, subject in told} == {"El correo de su cuenta cambió"}


def test_notice_is_kept_while_the_mail_server_is_away(connect: Connect, runtime: Runtime) -> None:
    client = connect("")
    blocked = runtime.settings.data_dir / "mail"
    blocked.write_text("in the way")
    change = {"actual": PASSWORD, "nueva": NUEVA}
    headers = bearer(tokens_of(client)["access"])
    assert client.post("/api/auth/cambiar-clave/", json=change, headers=headers).status_code == 204
    with pytest.raises(AssertionError):
        run_jobs(runtime)
    blocked.unlink()
    write(runtime, "UPDATE andes_jobs SET run_at = now() WHERE status = 'queued'")
    assert subjects(runtime) == [("cajero@tienda.pe", "Su contraseña cambió")]


# A forgotten password ---------------------------------------------------------------------------


def forget(client: TestClient, email: str = "cajero@tienda.pe") -> Any:
    answer = client.post(FORGOT, json={"email": email})
    assert (answer.status_code, answer.content) == (202, b"")
    return answer


def token_of(runtime: Runtime) -> str:
    """Return the token of the link in the newest mail."""
    run_jobs(runtime)
    [(newest,)] = read(runtime, "SELECT max(id) FROM enlaces")
    mails = [one.get_content() for one in mail_of(runtime) if "enlace" in one.get_content()]
    hashes = {stored for (stored,) in read(runtime, "SELECT token_hash FROM enlaces")}
    assert newest is not None
    for text in mails:
        found = re.search(r"http://127\.0\.0\.1:8000/restablecer-clave/#([\w-]{43})\s", text)
        assert found is not None, text
        if digest(found[1]) in hashes:
            return found[1]
    raise AssertionError("no mail has the link that is good")


def reset(client: TestClient, token: str, nueva: str = NUEVA) -> Any:
    return client.post(RESET, json={"token": token, "nueva": nueva})


def test_forgotten_password_is_replaced_through_the_mail(
    connect: Connect, runtime: Runtime
) -> None:
    client = connect("")
    tokens, cookie = tokens_of(client), cookie_of(client)
    forget(client, " CAJERO@Tienda.pe ")
    token = token_of(runtime)
    assert client.get("/api/auth/yo/", headers=cookie).status_code == 200
    answer = reset(client, token)
    assert (answer.status_code, answer.content) == (204, b"")
    for headers in (bearer(tokens["access"]), cookie):
        assert client.get("/api/auth/yo/", headers=headers).status_code == 401
    assert client.post(LOGIN, json=credenciales("cajero")).status_code == 401
    new = credenciales("cajero") | {"password": NUEVA}
    assert client.post(LOGIN, json=new).status_code == 200
    assert ("cajero@tienda.pe", "Su contraseña cambió") in subjects(runtime)
    acts = {act for (act,) in read(runtime, "SELECT accion FROM audit_logs")}
    assert {"pedir_enlace", "restablecer_clave"} <= acts


def test_link_works_once(connect: Connect, runtime: Runtime) -> None:
    client = connect("")
    forget(client)
    token = token_of(runtime)
    assert reset(client, token).status_code == 204
    answer = reset(client, token, "otra montaña lejana")
    assert (answer.status_code, answer.json()["code"]) == (400, "enlace_invalido")
    assert [one["field"] for one in answer.json()["errors"]] == ["token"]


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE enlaces SET expires_at = now() - interval '1 second'",
        "UPDATE enlaces SET uso = 'invitacion'",
        "UPDATE usuarios SET activo = false",
        "DELETE FROM enlaces",
    ],
)
def test_link_that_is_not_good_changes_nothing(
    connect: Connect, runtime: Runtime, spoil: str
) -> None:
    client = connect("")
    forget(client)
    token = token_of(runtime)
    write(runtime, spoil)
    before = contents(runtime, "andes_intentos")
    answer = reset(client, token)
    assert (answer.status_code, answer.json()["code"]) == (400, "enlace_invalido")
    assert not changed(before, contents(runtime, "andes_intentos"))


def test_link_lives_an_hour(connect: Connect, runtime: Runtime) -> None:
    forget(connect(""))
    token_of(runtime)
    life = "SELECT expires_at - created_at BETWEEN '59 minutes' AND '61 minutes' FROM enlaces"
    assert read(runtime, life) == [(True,)]


def test_weak_password_leaves_the_link_good(connect: Connect, runtime: Runtime) -> None:
    client = connect("")
    forget(client)
    token = token_of(runtime)
    weak = reset(client, token, "cajero-tienda-1")
    assert (weak.status_code, weak.json()["errors"][0]["field"]) == (400, "nueva")
    assert reset(client, token).status_code == 204


@pytest.mark.parametrize("email", ["nadie@tienda.pe", "vendedor@tienda.pe", "%@tienda.pe"])
def test_forgetting_tells_nobody_whose_address_it_is(
    connect: Connect, runtime: Runtime, email: str
) -> None:
    client = connect("")
    write(runtime, "UPDATE usuarios SET activo = false WHERE email = 'vendedor@tienda.pe'")
    unknown, known = forget(client, email), forget(client, "cajero@tienda.pe")
    varying = ("x-request-id", "date")
    told = [{k: v for k, v in one.headers.items() if k not in varying} for one in (unknown, known)]
    assert told[0] == told[1]
    jobs = read(runtime, "SELECT name, args->>'correo' FROM andes_jobs ORDER BY id")
    assert jobs == [("base.enviar_enlace_clave", one) for one in (email, "cajero@tienda.pe")]
    assert [to for to, _ in subjects(runtime)] == ["cajero@tienda.pe"]


def test_one_link_a_minute_is_sent(connect: Connect, runtime: Runtime) -> None:
    client = connect("")
    for _ in range(3):
        forget(client)
    first = token_of(runtime)
    assert len(mail_of(runtime)) == 1
    write(runtime, "UPDATE enlaces SET created_at = now() - interval '61 seconds'")
    forget(client)
    second = token_of(runtime)
    assert len(mail_of(runtime)) == 2
    assert reset(client, first).status_code == 400
    assert reset(client, second).status_code == 204


def test_link_is_sent_though_the_first_try_failed(connect: Connect, runtime: Runtime) -> None:
    client = connect("")
    blocked = runtime.settings.data_dir / "mail"
    blocked.write_text("in the way")
    forget(client)
    with pytest.raises(AssertionError):
        run_jobs(runtime)
    blocked.unlink()
    write(runtime, "UPDATE andes_jobs SET run_at = now() WHERE status = 'queued'")
    assert reset(client, token_of(runtime)).status_code == 204


def test_token_of_the_link_is_nowhere_but_in_the_mail(connect: Connect, runtime: Runtime) -> None:
    client = connect("")
    forget(client)
    token = token_of(runtime)
    tables = [
        name
        for (name,) in read(
            runtime, "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
        )
    ]
    assert "andes_jobs" in tables
    for name in tables:
        found = f'SELECT count(*) FROM "{name}" t WHERE strpos(t::text, :token) > 0'
        assert read(runtime, found, token=token) == [(0,)], name


def test_changed_email_spoils_the_link_of_the_old_one(connect: Connect, runtime: Runtime) -> None:
    client = connect("")
    headers = bearer(tokens_of(client)["access"])
    forget(client)
    token = token_of(runtime)
    change = {"email": "nuevo@tienda.pe"}
    assert client.post("/api/auth/cambiar-correo/", json=change, headers=headers).status_code == 204
    assert reset(client, token).status_code == 400
