"""Invitations, through the API and real mail. Source: spec/erp-modules.md, módulo 9."""

from __future__ import annotations

import email
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from addons.base.services import invitaciones
from kernel.runtime import Runtime, utc_now
from tests.conftest import Connect
from tests.contents import changed, contents

ACCEPT = "/api/auth/aceptar-invitacion/"
PASSWORD = "cordillera-violeta-47"
EVA = {"nombre": "Eva Chávez", "email": "Eva@Tienda.pe", "rol_id": 3}


@pytest.fixture
def eva(admin: TestClient) -> int:
    """Id of a user who was made without a password."""
    answer = admin.post("/api/usuarios/", json=EVA)
    assert answer.status_code == 201, answer.text
    user_id: int = answer.json()["id"]
    return user_id


def mails(runtime: Runtime) -> list[EmailMessage]:
    """Return the mail that was sent, the oldest first."""
    files = sorted(
        (runtime.settings.data_dir / "mail").glob("*.eml"), key=lambda f: f.stat().st_mtime_ns
    )
    return [email.message_from_bytes(one.read_bytes(), policy=default) for one in files]


def deliver(runtime: Runtime, usuario_id: int) -> str:
    """Run the job that sends the invitation; return the token in its mail."""
    runtime.transact(lambda ctx: invitaciones.enviar(ctx, usuario_id))
    found = re.findall(r"http\S+/aceptar-invitacion/#([\w-]+)", mails(runtime)[-1].get_content())
    assert len(found) == 1
    return str(found[0])


def accept(client: TestClient, token: str, password: str = PASSWORD) -> Any:
    return client.post(ACCEPT, json={"token": token, "password": password})


def login(client: TestClient) -> int:
    body = {"email": "eva@tienda.pe", "password": PASSWORD}
    return client.post("/api/auth/login/", json=body).status_code


def waiting(runtime: Runtime) -> list[Any]:
    query = "SELECT args FROM andes_jobs WHERE name = 'base.enviar_invitacion' ORDER BY id"
    with runtime.database.engine.connect() as connection:
        return list(connection.scalars(text(query)))


def test_user_without_password_is_invited_and_chooses_it(
    connect: Connect, runtime: Runtime, eva: int
) -> None:
    assert waiting(runtime) == [{"usuario_id": eva}], "ids, and no secret"
    stranger = connect("")
    assert login(stranger) == 401
    token = deliver(runtime, eva)
    (mail,) = mails(runtime)
    assert mail["To"] == "eva@tienda.pe"
    assert "Tienda de Prueba S.A.C." in mail["Subject"]
    assert "Eva Chávez" in mail.get_content()
    assert accept(stranger, token).status_code == 204
    assert login(stranger) == 200
    assert accept(stranger, token).status_code == 400, "once"


def test_link_is_nowhere_but_in_the_mail(
    connect: Connect, runtime: Runtime, eva: int, capfd: pytest.CaptureFixture[str]
) -> None:
    token = deliver(runtime, eva)
    accept(connect(""), token)
    with runtime.database.engine.connect() as connection:
        for table in ("enlaces", "andes_jobs", "audit_logs", "usuarios"):
            assert token not in str(connection.execute(text(f"SELECT * FROM {table}")).all())
    assert token not in "".join(capfd.readouterr())


@pytest.mark.parametrize("password", ["corta", "chavez-chavez-12", "tienda-prueba-1"])
def test_weak_password_is_refused_and_the_invitation_stays_good(
    connect: Connect, runtime: Runtime, eva: int, password: str
) -> None:
    """The policy knows the user's own names and the company's."""
    stranger = connect("")
    token = deliver(runtime, eva)
    before = contents(runtime)
    answer = accept(stranger, token, password)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "password")
    assert not changed(before, contents(runtime))
    assert accept(stranger, token).status_code == 204


@pytest.mark.parametrize(
    ("days", "expected"), [(2.9, 204), (3.1, 400)], ids=["in time", "too late"]
)
def test_invitation_is_good_for_three_days(
    connect: Connect, runtime: Runtime, eva: int, days: float, expected: int
) -> None:
    stranger = connect("")
    token = deliver(runtime, eva)
    runtime.clock = lambda: utc_now() + timedelta(days=days)
    assert accept(stranger, token).status_code == expected


def test_second_invitation_voids_the_first(
    connect: Connect, admin: TestClient, runtime: Runtime, eva: int
) -> None:
    first = deliver(runtime, eva)
    assert admin.post(f"/api/usuarios/{eva}/invitar/").status_code == 202
    assert waiting(runtime) == [{"usuario_id": eva}] * 2
    second = deliver(runtime, eva)
    stranger = connect("")
    assert accept(stranger, first).status_code == 400
    assert accept(stranger, second).status_code == 204


def test_who_has_a_password_is_not_invited(
    connect: Connect, admin: TestClient, runtime: Runtime, eva: int
) -> None:
    accept(connect(""), deliver(runtime, eva))
    refused = admin.post(f"/api/usuarios/{eva}/invitar/")
    assert (refused.status_code, refused.json()["code"]) == (409, "ya_tiene_clave")
    runtime.transact(lambda ctx: invitaciones.enviar(ctx, eva))
    assert len(mails(runtime)) == 1, "nor by a job that comes late"
    assert admin.post("/api/usuarios/999999/invitar/").status_code == 404


def test_deactivated_user_cannot_accept(
    connect: Connect, admin: TestClient, runtime: Runtime, eva: int
) -> None:
    token = deliver(runtime, eva)
    admin.put(f"/api/usuarios/{eva}/", json={"activo": False})
    assert accept(connect(""), token).status_code == 400
    admin.put(f"/api/usuarios/{eva}/", json={"activo": True})
    assert accept(connect(""), token).status_code == 204


def test_accepting_twice_at_once_counts_once(connect: Connect, runtime: Runtime, eva: int) -> None:
    token = deliver(runtime, eva)
    clients = [connect("") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        found = sorted(pool.map(lambda one: accept(one, token).status_code, clients))
    assert found == [204, 400, 400, 400]


def test_link_of_another_use_is_no_invitation(connect: Connect, runtime: Runtime, eva: int) -> None:
    token = deliver(runtime, eva)
    with runtime.database.engine.begin() as connection:
        connection.execute(text("UPDATE enlaces SET uso = 'clave'"))
    assert accept(connect(""), token).status_code == 400


def test_user_with_a_password_of_the_administrator_gets_no_mail(
    admin: TestClient, runtime: Runtime
) -> None:
    body = EVA | {"password": "volcan-azul-sereno-9"}
    assert admin.post("/api/usuarios/", json=body).status_code == 201
    assert waiting(runtime) == []
    weak = admin.post("/api/usuarios/", json=EVA | {"email": "b@x.pe", "password": "eva-chavez-12"})
    assert (weak.status_code, weak.json()["errors"][0]["field"]) == (400, "password")


def test_accepting_leaves_an_audit_row(connect: Connect, runtime: Runtime, eva: int) -> None:
    accept(connect(""), deliver(runtime, eva))
    query = "SELECT accion FROM audit_logs WHERE objeto_tipo = 'usuarios' ORDER BY id"
    with runtime.database.engine.connect() as connection:
        acts = connection.scalars(text(query)).all()
    assert {"invitar", "aceptar_invitacion", "editar"} <= set(acts)
