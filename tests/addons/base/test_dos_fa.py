"""The second factor, through the API. Source: módulo 9, "Login con JWT + 2FA"."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import jwt
import pyotp
import pytest
from lxml import etree
from sqlalchemy import text
from starlette.testclient import TestClient

from addons.base.services import enlaces, pendientes
from kernel.identity import Rol, Usuario
from kernel.runtime import Runtime, utc_now
from tests.conftest import Connect
from tests.contents import changed, contents
from tests.shop import PASSWORD, Shop

LOGIN = "/api/auth/login/"
SECOND = "/api/auth/login/2fa/"
SETUP = "/api/auth/login/2fa/configurar/"
WORKS = "/api/auth/yo/"
NUEVA = "montaña verde lejana"


class Clock:
    """A clock that stands in the middle of a code's 30 seconds until a test moves it."""

    def __init__(self) -> None:
        now = int(utc_now().timestamp())  # never before what was signed until now
        self.now = datetime.fromtimestamp(now - now % 30 + 45, UTC)

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock(runtime: Runtime) -> Clock:
    runtime.clock = Clock()
    return runtime.clock


class App:
    """Somebody's authenticator app."""

    def __init__(self, secret: str, clock: Clock) -> None:
        self.totp = pyotp.TOTP(secret)
        self.clock = clock

    def code(self, seconds: float = 0) -> str:
        """Return what it shows, or showed and will show some seconds from now."""
        return self.totp.at(self.clock.now + timedelta(seconds=seconds))

    def wrong(self) -> str:
        shown = {self.code(seconds) for seconds in range(-90, 91, 30)}
        return next(f"{n:06d}" for n in range(10) if f"{n:06d}" not in shown)


def set_up(client: TestClient, usuario_id: int, clock: Clock) -> tuple[App, list[str]]:
    """Return the app and the recovery codes of a user who just switched their second factor on."""
    answer = client.post(f"/api/usuarios/{usuario_id}/activar-2fa/")
    assert answer.status_code == 200, answer.text
    app = App(answer.json()["secreto"], clock)
    confirmed = client.post(
        f"/api/usuarios/{usuario_id}/confirmar-2fa/", json={"codigo": app.code()}
    )
    assert confirmed.status_code == 200, confirmed.text
    clock.wait(60)  # the code is used
    return app, confirmed.json()["codigos_recuperacion"]


@pytest.fixture
def cajero_id(shop: Shop) -> int:
    return shop.usuarios["cajero"]


@pytest.fixture
def con_app(cajero: TestClient, cajero_id: int, clock: Clock) -> tuple[App, list[str]]:
    """The cashier's app, switched on, and the recovery codes."""
    return set_up(cajero, cajero_id, clock)


def first_factor(client: TestClient, name: str = "cajero") -> dict[str, Any]:
    answer = client.post(LOGIN, json={"email": f"{name}@tienda.pe", "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def second_factor(client: TestClient, token: str, codigo: str) -> httpx2.Response:
    return client.post(SECOND, json={"token_2fa": token, "codigo": codigo})


def with_token(client: TestClient, token: str) -> int:
    return client.get(WORKS, headers={"Authorization": f"Bearer {token}"}).status_code


def rows(runtime: Runtime, query: str) -> list[Any]:
    with runtime.database.engine.connect() as connection:
        return list(connection.execute(text(query)).all())


# Signing in ---------------------------------------------------------------------------------------


def test_login_with_2fa_gives_no_jwt_before_the_code(
    connect: Connect, runtime: Runtime, con_app: tuple[App, list[str]]
) -> None:
    """Login con 2FA activo: sin código TOTP no se emite JWT completo"""
    stranger = connect("")
    sessions = rows(runtime, "SELECT id FROM sesiones")
    pending = first_factor(stranger)
    assert pending.keys() == {"requiere_2fa", "configurar", "token_2fa", "expires_in"}
    assert (pending["requiere_2fa"], pending["configurar"]) == (True, False)
    assert with_token(stranger, pending["token_2fa"]) == 401
    assert rows(runtime, "SELECT id FROM sesiones") == sessions
    assert "iniciar_sesion" not in str(first_factor(stranger))

    done = second_factor(stranger, pending["token_2fa"], con_app[0].code())
    assert done.status_code == 200, done.text
    assert done.json().keys() == {"access", "refresh", "expires_in", "codigos_recuperacion"}
    assert done.json()["codigos_recuperacion"] == []
    assert with_token(stranger, done.json()["access"]) == 200


def test_temporary_token_is_bound_to_its_login(
    connect: Connect, con_app: tuple[App, list[str]], clock: Clock, runtime: Runtime, shop: Shop
) -> None:
    app, _ = con_app
    stranger = connect("")
    token = first_factor(stranger)["token_2fa"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["typ"], claims["exp"] - claims["iat"]) == ("second_factor", 300)
    signer = runtime.signer
    forged = [
        signer.issue("second_factor", shop.usuarios["cajero"], "another", 300),
        signer.issue("second_factor", shop.usuarios["cajera"], claims["jti"], 300),
        signer.issue("access", shop.usuarios["cajero"], claims["jti"], 300),
        token[:-2],
    ]
    for one in forged:
        assert second_factor(stranger, one, app.code()).status_code == 401
    clock.wait(301)
    assert second_factor(stranger, token, app.code()).status_code == 401
    token = first_factor(stranger)["token_2fa"]
    assert second_factor(stranger, token, app.code()).status_code == 200
    clock.wait(30)
    assert second_factor(stranger, token, app.code()).status_code == 401, "one use"


def test_five_wrong_codes_end_the_login_although_each_answers_401(
    connect: Connect, con_app: tuple[App, list[str]], runtime: Runtime, clock: Clock
) -> None:
    app, _ = con_app
    stranger = connect("")
    token = first_factor(stranger)["token_2fa"]
    before = contents(runtime, "ingresos_pendientes")
    for _ in range(pendientes.INTENTOS):
        answer = second_factor(stranger, token, app.wrong())
        assert (answer.status_code, answer.json()["code"]) == (401, "segundo_factor_invalido")
    assert rows(runtime, "SELECT intentos FROM ingresos_pendientes") == [(5,)]
    clock.wait(1)  # the delay that five failures of the account cost
    assert second_factor(stranger, token, app.code()).status_code == 401
    assert not changed(before, contents(runtime, "ingresos_pendientes"))
    clock.wait(2)
    again = first_factor(stranger)["token_2fa"]
    assert second_factor(stranger, again, app.code()).status_code == 200


def test_wrong_codes_of_many_logins_cost_a_growing_delay(
    connect: Connect, con_app: tuple[App, list[str]]
) -> None:
    """Who has the password cannot try all codes by signing in again and again, from anywhere."""
    app, _ = con_app
    stranger = connect("")
    statuses = []
    for _ in range(8):
        token = first_factor(stranger)["token_2fa"]
        statuses.append(second_factor(stranger, token, app.wrong()).status_code)
    assert statuses == [401] * 5 + [429] * 3
    token = first_factor(stranger)["token_2fa"]
    refused = second_factor(stranger, token, app.code())
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")


@pytest.mark.parametrize(
    ("seconds", "expected"), [(-60, 401), (-30, 200), (0, 200), (30, 200), (60, 401)]
)
def test_code_counts_for_its_step_and_its_neighbours(
    connect: Connect, con_app: tuple[App, list[str]], seconds: int, expected: int
) -> None:
    stranger = connect("")
    token = first_factor(stranger)["token_2fa"]
    answer = second_factor(stranger, token, con_app[0].code(seconds))
    assert answer.status_code == expected


def test_code_works_once_and_no_older_one_after_it(
    connect: Connect, con_app: tuple[App, list[str]], clock: Clock
) -> None:
    app, _ = con_app
    stranger = connect("")

    def ask(code: str) -> int:
        return second_factor(stranger, first_factor(stranger)["token_2fa"], code).status_code

    code = app.code()
    assert ask(code) == 200
    assert ask(code) == 401, "replayed"
    assert ask(app.code(-30)) == 401, "older than the last one"
    assert ask(app.code(30)) == 200
    clock.wait(30)
    assert ask(app.code()) == 401, "used half a minute early"


def at_once(acts: list[Callable[[], int]]) -> list[int]:
    with ThreadPoolExecutor(len(acts)) as pool:
        return sorted(pool.map(lambda act: act(), acts))


def test_one_code_in_parallel_opens_one_session(
    connect: Connect, con_app: tuple[App, list[str]], runtime: Runtime
) -> None:
    app, _ = con_app
    clients = [connect("") for _ in range(4)]
    tokens = [first_factor(one)["token_2fa"] for one in clients]
    before = len(rows(runtime, "SELECT id FROM sesiones"))
    code = app.code()
    found = at_once(
        [
            lambda pair=pair: second_factor(*pair, code).status_code
            for pair in zip(clients, tokens, strict=True)
        ]
    )
    assert found == [200, 401, 401, 401]
    assert len(rows(runtime, "SELECT id FROM sesiones")) == before + 1


def test_one_login_in_parallel_opens_one_session(
    connect: Connect, con_app: tuple[App, list[str]]
) -> None:
    """Two good codes with one temporary token: it is good once."""
    app, codigos = con_app
    clients = [connect("") for _ in range(3)]
    token = first_factor(clients[0])["token_2fa"]
    codes = [app.code(), codigos[0], codigos[1]]
    found = at_once(
        [
            lambda pair=pair: second_factor(pair[0], token, pair[1]).status_code
            for pair in zip(clients, codes, strict=True)
        ]
    )
    assert found == [200, 401, 401]


def test_recovery_code_works_once(
    connect: Connect, con_app: tuple[App, list[str]], runtime: Runtime
) -> None:
    _, codigos = con_app
    stranger = connect("")

    def ask(code: str) -> int:
        return second_factor(stranger, first_factor(stranger)["token_2fa"], code).status_code

    assert len(set(codigos)) == 10
    assert all(
        re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){2}[0-9A-HJKMNP-TV-Z]{4}", x) for x in codigos
    )
    assert ask(codigos[0]) == 200
    assert ask(codigos[0]) == 401
    typed = codigos[1].lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert ask(typed) == 200, "however it is written down"
    stored = str(rows(runtime, "SELECT codigo_hash FROM codigos_recuperacion"))
    assert not any(one in stored or one.replace("-", "") in stored for one in codigos)
    acts = str(rows(runtime, "SELECT accion FROM audit_logs"))
    assert acts.count("usar_codigo_recuperacion") == 2


def test_recovery_code_in_parallel_works_once(
    connect: Connect, con_app: tuple[App, list[str]]
) -> None:
    clients = [connect("") for _ in range(3)]
    pairs = [(one, first_factor(one)["token_2fa"]) for one in clients]
    codigo = con_app[1][0]
    acts = [lambda pair=pair: second_factor(*pair, codigo).status_code for pair in pairs]
    assert at_once(acts) == [200, 401, 401]


def test_recovery_codes_of_another_user_do_not_work(
    connect: Connect, con_app: tuple[App, list[str]], clock: Clock, shop: Shop
) -> None:
    set_up(connect("gerente"), shop.usuarios["gerente"], clock)
    stranger = connect("")
    token = first_factor(stranger, "gerente")["token_2fa"]
    assert second_factor(stranger, token, con_app[1][0]).status_code == 401


def test_new_recovery_codes_replace_the_old_ones(
    connect: Connect, cajero: TestClient, con_app: tuple[App, list[str]], cajero_id: int
) -> None:
    answer = cajero.post(f"/api/usuarios/{cajero_id}/codigos-recuperacion/")
    nuevos = answer.json()["codigos_recuperacion"]
    assert len(nuevos) == 10
    stranger = connect("")
    token = first_factor(stranger)["token_2fa"]
    assert second_factor(stranger, token, con_app[1][0]).status_code == 401
    assert second_factor(stranger, token, nuevos[9]).status_code == 200


def test_deactivated_user_cannot_finish_a_login(
    connect: Connect, admin: TestClient, con_app: tuple[App, list[str]], cajero_id: int
) -> None:
    stranger = connect("")
    token = first_factor(stranger)["token_2fa"]
    assert admin.put(f"/api/usuarios/{cajero_id}/", json={"activo": False}).status_code == 200
    assert second_factor(stranger, token, con_app[0].code()).status_code == 401


def test_browser_gets_a_cookie_and_no_token(
    connect: Connect, con_app: tuple[App, list[str]]
) -> None:
    stranger = connect("")
    own = {"Sec-Fetch-Site": "same-origin"}
    body = {"token_2fa": first_factor(stranger)["token_2fa"], "codigo": con_app[0].code()}
    done = stranger.post(SECOND, json=body | {"cookie": True}, headers=own)
    assert done.status_code == 200, done.text
    assert done.json().keys() == {"sesion", "expires_in", "codigos_recuperacion"}
    assert "__Host-sid=" in done.headers["set-cookie"]


# Setting it up ------------------------------------------------------------------------------------


def test_setup_gives_a_secret_that_is_sealed_and_a_harmless_picture(
    cajero: TestClient, cajero_id: int, runtime: Runtime, clock: Clock
) -> None:
    answer = cajero.post(f"/api/usuarios/{cajero_id}/activar-2fa/").json()
    assert answer.keys() == {"secreto", "uri", "qr_svg"}
    assert pyotp.parse_uri(answer["uri"]).secret == answer["secreto"]
    assert "cajero%40tienda.pe" in answer["uri"]
    svg = etree.fromstring(answer["qr_svg"])
    assert {etree.QName(one).localname for one in svg.iter()} <= {"svg", "path"}
    assert {name for one in svg.iter() for name in one.attrib} <= {
        *("d", "fill", "stroke", "transform", "viewBox")
    }
    stored = runtime.transact(lambda ctx: ctx.session.get_one(Usuario, cajero_id))
    assert stored.dos_fa_secret is not None
    assert answer["secreto"].encode() not in stored.dos_fa_secret
    assert not stored.dos_fa_activo, "not before the first code"
    assert answer["secreto"] not in str(rows(runtime, "SELECT * FROM audit_logs"))
    assert answer["secreto"] not in str(rows(runtime, "SELECT * FROM andes_idempotency_keys"))


def test_confirming_with_a_wrong_code_changes_nothing(
    cajero: TestClient, cajero_id: int, runtime: Runtime, clock: Clock
) -> None:
    address = f"/api/usuarios/{cajero_id}/"
    early = cajero.post(f"{address}confirmar-2fa/", json={"codigo": "123456"})
    assert (early.status_code, early.json()["code"]) == (409, "dos_fa_sin_configurar")
    app = App(cajero.post(f"{address}activar-2fa/").json()["secreto"], clock)
    before = contents(runtime)
    answer = cajero.post(f"{address}confirmar-2fa/", json={"codigo": app.wrong()})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "codigo")
    assert not changed(before, contents(runtime))
    assert first_factor(cajero).keys() == {"access", "refresh", "expires_in"}, "not in force yet"


def test_setup_of_what_is_in_force_is_a_conflict(
    cajero: TestClient, con_app: tuple[App, list[str]], cajero_id: int
) -> None:
    answer = cajero.post(f"/api/usuarios/{cajero_id}/activar-2fa/")
    assert (answer.status_code, answer.json()["code"]) == (409, "dos_fa_activo")


@pytest.mark.parametrize("verb", ["activar-2fa", "confirmar-2fa", "codigos-recuperacion"])
def test_nobody_sets_up_the_second_factor_of_another(
    admin: TestClient, cajero_id: int, verb: str
) -> None:
    answer = admin.post(f"/api/usuarios/{cajero_id}/{verb}/", json={"codigo": "123456"})
    assert (answer.status_code, answer.json()["code"]) == (403, "sin_permiso")


@pytest.mark.parametrize("verb", ["activar", "confirmar", "desactivar"])
def test_changes_ask_who_it_is_again(
    cajero: TestClient, cajero_id: int, runtime: Runtime, verb: str
) -> None:
    with runtime.database.engine.begin() as connection:
        connection.execute(text("UPDATE sesiones SET reautenticada_at = now() - interval '1 day'"))
    answer = cajero.post(f"/api/usuarios/{cajero_id}/{verb}-2fa/", json={"codigo": "123456"})
    assert (answer.status_code, answer.json()["code"]) == (403, "reautenticacion_requerida")


def test_desactivar_own(
    connect: Connect, cajero: TestClient, con_app: tuple[App, list[str]], cajero_id: int
) -> None:
    assert cajero.post(f"/api/usuarios/{cajero_id}/desactivar-2fa/").status_code == 204
    assert "access" in first_factor(connect(""))


def test_admin_takes_off_what_somebody_lost(
    connect: Connect,
    admin: TestClient,
    runtime: Runtime,
    con_app: tuple[App, list[str]],
    cajero_id: int,
) -> None:
    vendedor = connect("vendedor")
    refused = vendedor.post(f"/api/usuarios/{cajero_id}/desactivar-2fa/")
    assert refused.status_code == 403
    assert admin.post(f"/api/usuarios/{cajero_id}/desactivar-2fa/").status_code == 204
    assert admin.post("/api/usuarios/999999/desactivar-2fa/").status_code == 404
    assert "access" in first_factor(connect(""))
    left = rows(runtime, f'SELECT "2fa_secret", "2fa_activo" FROM usuarios WHERE id = {cajero_id}')
    assert left == [(None, False)]
    assert rows(runtime, "SELECT * FROM codigos_recuperacion") == []


def test_both_changes_are_told_by_mail(
    cajero: TestClient, con_app: tuple[App, list[str]], cajero_id: int, runtime: Runtime
) -> None:
    cajero.post(f"/api/usuarios/{cajero_id}/desactivar-2fa/")
    told = rows(runtime, "SELECT args->>'aviso' FROM andes_jobs WHERE name = 'base.avisar'")
    assert [one[0] for one in told] == ["segundo_factor_activado", "segundo_factor_desactivado"]


# Where a role asks for it -------------------------------------------------------------------------


@pytest.fixture
def exigente(admin: TestClient) -> None:
    """Cashiers need a second factor from now on."""
    roles = {one["nombre"]: one for one in admin.get("/api/roles/").json()["items"]}
    assert roles["CAJERO"]["exige_2fa"] is False
    answer = admin.put(f"/api/roles/{roles['CAJERO']['id']}/", json={"exige_2fa": True})
    assert answer.json()["exige_2fa"] is True


@pytest.mark.usefixtures("exigente")
def test_role_that_asks_for_it_lets_nobody_in_who_has_none(
    connect: Connect, clock: Clock, runtime: Runtime
) -> None:
    stranger = connect("")
    pending = first_factor(stranger)
    assert (pending["requiere_2fa"], pending["configurar"]) == (True, True)
    token = pending["token_2fa"]
    early = second_factor(stranger, token, "123456")
    assert (early.status_code, early.json()["code"]) == (409, "dos_fa_sin_configurar")

    secret = stranger.post(SETUP, json={"token_2fa": token}).json()
    app = App(secret["secreto"], clock)
    assert second_factor(stranger, token, app.wrong()).status_code == 401
    done = second_factor(stranger, token, app.code())
    assert done.status_code == 200, done.text
    assert len(done.json()["codigos_recuperacion"]) == 10
    assert with_token(stranger, done.json()["access"]) == 200

    clock.wait(60)
    again = first_factor(stranger)
    assert again["configurar"] is False
    refused = stranger.post(SETUP, json={"token_2fa": again["token_2fa"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "dos_fa_activo")
    codigo = done.json()["codigos_recuperacion"][0]
    assert second_factor(stranger, again["token_2fa"], codigo).status_code == 200


@pytest.mark.usefixtures("exigente")
def test_role_that_asks_for_it_does_not_let_it_be_taken_off(
    connect: Connect, clock: Clock, runtime: Runtime, cajero_id: int
) -> None:
    stranger = connect("")
    token = first_factor(stranger)["token_2fa"]
    app = App(stranger.post(SETUP, json={"token_2fa": token}).json()["secreto"], clock)
    access = second_factor(stranger, token, app.code()).json()["access"]
    stranger.headers["Authorization"] = f"Bearer {access}"
    refused = stranger.post(f"/api/usuarios/{cajero_id}/desactivar-2fa/")
    assert (refused.status_code, refused.json()["code"]) == (409, "dos_fa_obligatorio")


def test_setup_during_login_needs_a_login_that_waits(
    connect: Connect, runtime: Runtime, shop: Shop
) -> None:
    stranger = connect("")
    signer = runtime.signer
    for token in (
        signer.issue("second_factor", shop.usuarios["cajero"], "nothing", 300),
        signer.issue("access", shop.usuarios["cajero"], "nothing", 300),
        "x",
    ):
        assert stranger.post(SETUP, json={"token_2fa": token}).status_code == 401


def test_waiting_logins_are_cleaned_once_over(
    connect: Connect, con_app: tuple[App, list[str]], clock: Clock, runtime: Runtime
) -> None:
    first_factor(connect(""))
    clock.wait(200)
    first_factor(connect(""))
    clock.wait(200)
    runtime.transact(pendientes.borrar_vencidos)
    assert rows(runtime, "SELECT count(*) FROM ingresos_pendientes") == [(1,)]


def test_templates_ask_for_no_second_factor(runtime: Runtime) -> None:
    assert not runtime.transact(
        lambda ctx: [rol for rol in ctx.session.query(Rol) if rol.exige_2fa]
    )


@pytest.mark.parametrize("way", ["cambiar", "restablecer"])
def test_changed_password_ends_logins_that_wait(
    connect: Connect,
    cajero: TestClient,
    cajero_id: int,
    con_app: tuple[App, list[str]],
    runtime: Runtime,
    way: str,
) -> None:
    stranger = connect("")
    waiting = first_factor(stranger)["token_2fa"]
    if way == "cambiar":
        body = {"actual": PASSWORD, "nueva": NUEVA}
        answer = cajero.post("/api/auth/cambiar-clave/", json=body)
    else:
        link = runtime.transact(
            lambda ctx: enlaces.hacer(ctx, "clave", timedelta(hours=1), cajero_id).direccion
        )
        body = {"token": link.partition("#")[2], "nueva": NUEVA}
        answer = stranger.post("/api/auth/restablecer-clave/", json=body)
    assert answer.status_code == 204, answer.text
    answer = second_factor(stranger, waiting, con_app[0].code())
    assert (answer.status_code, answer.json()["code"]) == (401, "segundo_factor_invalido")
