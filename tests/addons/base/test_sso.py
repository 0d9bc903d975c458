"""Signing in with Google: the two ways in, who is linked to whom, and everything hostile."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from addons.base.client import challenge_of
from addons.base.models import IdentidadExterna, IngresoSso
from addons.base.sandbox import Fault, Key, OpenIdSandbox
from addons.base.services import sso
from kernel import processes
from kernel.audit import AuditLog
from kernel.context import Ctx
from kernel.identity import Rol, Sesion, Usuario
from kernel.registry import Registry
from kernel.runtime import Runtime
from tests import cluster
from tests.conftest import runtime_of, settings_of
from tests.shop import PASSWORD, Shop

SITE = "https://testserver"
APP = "pe.andes.app:/volver"
DOMAIN = "tienda.pe"
START = "/api/auth/sso/google/inicio/"
BACK = "/api/auth/sso/google/retorno/"
EXCHANGE = "/api/auth/sso/google/"


@pytest.fixture
def provider() -> Iterator[OpenIdSandbox]:
    """An OpenID provider on loopback; the cashier is signed in there."""
    made = OpenIdSandbox(redirect_uris=(SITE + BACK, APP))
    made.person = person("cajero")
    with made.serving():
        yield made


def person(name: str, **more: Any) -> dict[str, Any]:
    """Return what the provider says of a user of the shop."""
    email = f"{name}@{DOMAIN}"
    return {"sub": f"sub-{name}", "email": email, "email_verified": True, "hd": DOMAIN, **more}


@pytest.fixture
def runtime(
    template: str, registry: Registry, provider: OpenIdSandbox, tmp_path: Path
) -> Iterator[Runtime]:
    """The shop, which knows the provider."""
    database = cluster.create_database(template)
    made = runtime_of(settings_for(database, provider, tmp_path), registry)
    yield made
    made.close()
    cluster.drop_database(database.name)


def settings_for(database: Any, provider: OpenIdSandbox, folder: Path, **more: Any) -> Any:
    """Return settings of a shop that knows the provider."""
    known = {
        "public_url": SITE,
        "outbound_allow": [f"base={provider.place}"],
        "google_client_id": provider.client_id,
        "google_client_secret": provider.client_secret,
        "google_discovery_url": provider.discovery_url,
    }
    return settings_of(database.owner_url, database.app_url, folder, **{**known, **more})


@pytest.fixture
def linked(runtime: Runtime, shop: Shop, provider: OpenIdSandbox) -> None:
    """The cashier is linked to their external account."""
    link(runtime, shop.usuarios["cajero"], provider.issuer)


def link(runtime: Runtime, usuario_id: int, issuer: str) -> None:
    """Link a user to the cashier's account, as if they had done so before."""
    identidad = IdentidadExterna(
        usuario_id=usuario_id, proveedor=issuer, sub="sub-cajero", email=""
    )
    runtime.transact(lambda ctx: ctx.session.add(identidad))


def change(runtime: Runtime, usuario_id: int, **values: Any) -> None:
    """Change a user, as an administrator would."""

    def work(ctx: Ctx) -> None:
        usuario = ctx.session.get_one(Usuario, usuario_id)
        for name, value in values.items():
            setattr(usuario, name, value)

    runtime.transact(work)


class Browser:
    """A browser at our site and at the provider."""

    def __init__(self, client: TestClient, provider: OpenIdSandbox) -> None:
        self.client = client
        self.provider = provider

    def start(self, destino: str = "/") -> str:
        """Return where our site sends the browser."""
        answer = self.client.get(START, params={"destino": destino})
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    def at_provider(self, url: str) -> str:
        """Return where the provider sends the browser back to, without the site."""
        answer = httpx.get(url)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"].removeprefix(SITE)

    def sign_in(self, destino: str = "/") -> httpx.Response:
        """Return our answer to the browser that comes back."""
        return self.client.get(self.at_provider(self.start(destino)))


Open = Callable[[], Browser]


@pytest.fixture
def open_browser(runtime: Runtime, provider: OpenIdSandbox) -> Iterator[Open]:
    """Opens browsers, each with its own cookies."""
    with TestClient(processes.web_app(runtime), raise_server_exceptions=False) as base:

        def fresh() -> Browser:
            client = TestClient(
                base.app, base_url=SITE, follow_redirects=False, raise_server_exceptions=False
            )
            client.portal = base.portal
            return Browser(client, provider)

        yield fresh


@pytest.fixture
def browser(open_browser: Open) -> Browser:
    """A browser."""
    return open_browser()


def authorize(provider: OpenIdSandbox, **changes: str) -> dict[str, Any]:
    """Return the body that a client sends which led its user through the provider itself."""
    verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
    query = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": APP,
        "scope": "openid email",
        "state": "x",
        "nonce": nonce,
        "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256",
    }
    back = urlsplit(provider.authorize(query))
    code = parse_qs(back.query)["code"][0]
    body = {"code": code, "code_verifier": verifier, "redirect_uri": APP, "nonce": nonce}
    return {**body, **changes}


def sessions(runtime: Runtime) -> list[tuple[int, str]]:
    """Return user and way of every session."""
    query = select(Sesion.usuario_id, Sesion.metodo).order_by(Sesion.id)
    return runtime.transact(lambda ctx: [(it[0], it[1]) for it in ctx.session.execute(query)])


def links(runtime: Runtime) -> list[tuple[int, str]]:
    """Return user and sub of every link."""
    query = select(IdentidadExterna.usuario_id, IdentidadExterna.sub)
    return runtime.transact(lambda ctx: [(it[0], it[1]) for it in ctx.session.execute(query)])


def started(runtime: Runtime) -> list[IngresoSso]:
    """Return what browsers began."""
    return runtime.transact(lambda ctx: list(ctx.session.scalars(select(IngresoSso))))


def code_of(answer: Any) -> tuple[int, str]:
    """Return status and code of a refusal."""
    return answer.status_code, answer.json()["code"]


# The ways in ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("linked")
def test_browser_comes_back_signed_in_where_it_wanted(
    browser: Browser, runtime: Runtime, shop: Shop
) -> None:
    answer = browser.sign_in("/ventas/?estado=abierta")
    assert (answer.status_code, answer.headers["location"]) == (303, "/ventas/?estado=abierta")
    assert browser.client.get("/api/auth/yo/").json()["email"] == "cajero@tienda.pe"
    assert sessions(runtime) == [(shop.usuarios["cajero"], "google")]
    assert started(runtime) == []


@pytest.mark.usefixtures("linked")
def test_client_exchanges_the_code_for_tokens(
    browser: Browser, provider: OpenIdSandbox, runtime: Runtime
) -> None:
    answer = browser.client.post(EXCHANGE, json=authorize(provider))
    assert answer.status_code == 200, answer.text
    yo = {"Authorization": f"Bearer {answer.json()['access']}"}
    assert browser.client.get("/api/auth/yo/", headers=yo).json()["email"] == "cajero@tienda.pe"
    assert [metodo for _, metodo in sessions(runtime)] == ["google"]


def test_browser_is_sent_with_state_nonce_and_challenge_only(
    browser: Browser, provider: OpenIdSandbox, runtime: Runtime
) -> None:
    answer = browser.client.get(START)
    url = urlsplit(answer.headers["location"])
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert f"{url.scheme}://{url.netloc}" == provider.issuer
    assert query.pop("redirect_uri") == SITE + BACK
    assert query.pop("code_challenge_method") == "S256"
    assert {len(query.pop(name)) for name in ("state", "nonce", "code_challenge")} == {43}
    assert query == {
        "response_type": "code",
        "client_id": provider.client_id,
        "scope": "openid email",
    }
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-sso=")
    for attribute in ("Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=600"):
        assert attribute in cookie
    assert "Domain" not in cookie
    (row,) = started(runtime)
    assert query.get("state") not in (row.estado_hash, row.navegador_hash)
    assert cookie.partition("=")[2].partition(";")[0] != row.navegador_hash


@pytest.mark.parametrize("forced_by_role", [False, True])
@pytest.mark.usefixtures("linked")
def test_second_factor_is_asked_after_google_too(
    forced_by_role: bool,
    browser: Browser,
    provider: OpenIdSandbox,
    runtime: Runtime,
    shop: Shop,
) -> None:
    if forced_by_role:
        query = select(Rol).where(Rol.nombre == "CAJERO")
        runtime.transact(lambda ctx: setattr(ctx.session.scalars(query).one(), "exige_2fa", True))
    else:
        change(runtime, shop.usuarios["cajero"], dos_fa_activo=True)
    answer = browser.sign_in("/ventas/")
    path, _, token = answer.headers["location"].partition("#token_2fa=")
    assert (answer.status_code, path, bool(token)) == (303, "/ingresar/", True)
    assert "__Host-sid" not in answer.headers.get("set-cookie", "")
    exchanged = browser.client.post(EXCHANGE, json=authorize(provider)).json()
    assert exchanged["requiere_2fa"] is True
    assert "access" not in exchanged
    assert sessions(runtime) == []


@pytest.mark.usefixtures("linked")
def test_provider_that_signs_with_es256_is_believed(
    runtime: Runtime, browser: Browser, provider: OpenIdSandbox
) -> None:
    provider.keys = [Key("ES256")]
    assert browser.sign_in().status_code == 303
    assert len(sessions(runtime)) == 1


@pytest.mark.usefixtures("linked")
def test_new_key_of_the_provider_is_looked_for(browser: Browser, provider: OpenIdSandbox) -> None:
    assert browser.sign_in().status_code == 303
    asked = len(provider.asked)
    assert browser.sign_in().status_code == 303
    assert "/jwks" not in provider.asked[asked:], "known keys are not asked for again"
    provider.rotate()
    assert browser.sign_in().status_code == 303


@pytest.mark.usefixtures("linked")
def test_two_tabs_of_one_browser_can_sign_in_side_by_side(browser: Browser) -> None:
    first, second = browser.start("/uno/"), browser.start("/dos/")
    for url, destino in ((second, "/dos/"), (first, "/uno/")):
        answer = browser.client.get(browser.at_provider(url))
        assert answer.headers["location"] == destino


# What the provider may say wrong ----------------------------------------------------------------

UNAVAILABLE = ("down", "garbage", "refuses_client", "foreign_discovery")


@pytest.mark.parametrize("fault", [it for it in get_args(Fault) if it])
@pytest.mark.usefixtures("linked")
def test_wrong_answer_of_the_provider_opens_nothing(
    fault: Fault, browser: Browser, provider: OpenIdSandbox, runtime: Runtime
) -> None:
    """None of a provider's faults signs anybody in, in either way."""
    provider.fault = fault
    expected = (503, "sso_no_disponible") if fault in UNAVAILABLE else (401, "sso_rechazado")
    if fault != "other_issuer":  # of the browser's way only
        assert code_of(browser.client.post(EXCHANGE, json=authorize(provider))) == expected
    if fault not in ("down", "garbage", "foreign_discovery"):
        answer = browser.sign_in()
        assert code_of(answer) == expected
        assert "__Host-sid" not in answer.headers.get("set-cookie", "")
    assert sessions(runtime) == []
    assert fault not in browser.client.get(BACK).text


def test_refusal_never_says_why(browser: Browser, provider: OpenIdSandbox) -> None:
    details = set()
    for fault in ("wrong_nonce", "expired", "algorithm_none", "foreign_key"):
        provider.fault = fault
        details.add(browser.client.post(EXCHANGE, json=authorize(provider)).json()["detail"])
    assert len(details) == 1


def test_provider_that_does_not_listen_is_unavailable(
    browser: Browser, provider: OpenIdSandbox
) -> None:
    provider.fault = "down"
    answer = browser.client.get(START)
    assert code_of(answer) == (503, "sso_no_disponible")
    assert answer.headers["retry-after"]


# What a browser or a client may do wrong --------------------------------------------------------


@pytest.mark.usefixtures("linked")
def test_answer_of_the_provider_is_good_once(browser: Browser, runtime: Runtime) -> None:
    back = browser.at_provider(browser.start())
    assert browser.client.get(back).status_code == 303
    assert code_of(browser.client.get(back)) == (401, "sso_rechazado")
    assert len(sessions(runtime)) == 1


@pytest.mark.usefixtures("linked")
def test_another_browser_cannot_finish_what_one_began(open_browser: Open, runtime: Runtime) -> None:
    mine, other, third = open_browser(), open_browser(), open_browser()
    back = mine.at_provider(mine.start())
    assert code_of(other.client.get(back)) == (401, "sso_rechazado")
    third.start()
    assert code_of(third.client.get(back)) == (401, "sso_rechazado")
    assert sessions(runtime) == []
    assert mine.client.get(back).status_code == 303, "and it was not used up by them"


@pytest.mark.usefixtures("linked")
def test_answer_for_another_sign_in_of_the_same_browser_is_refused(
    browser: Browser, runtime: Runtime
) -> None:
    """A code that somebody smuggles in is bound to another nonce and another verifier."""
    mine, smuggled = browser.at_provider(browser.start()), browser.at_provider(browser.start())
    state = parse_qs(urlsplit(mine).query)["state"][0]
    code = parse_qs(urlsplit(smuggled).query)["code"][0]
    answer = browser.client.get(BACK, params={"state": state, "code": code})
    assert code_of(answer) == (401, "sso_rechazado")
    assert sessions(runtime) == []


@pytest.mark.usefixtures("linked")
def test_browser_that_comes_back_late_is_refused(
    browser: Browser, runtime: Runtime, provider: OpenIdSandbox
) -> None:
    back = browser.at_provider(browser.start())
    now = runtime.clock
    runtime.clock = lambda: now() + sso.VIDA + timedelta(seconds=1)
    assert code_of(browser.client.get(back)) == (401, "sso_rechazado")
    runtime.transact(sso.borrar_vencidos)
    assert started(runtime) == []


def test_person_who_says_no_is_not_signed_in(
    browser: Browser, provider: OpenIdSandbox, runtime: Runtime
) -> None:
    provider.person = {}
    assert code_of(browser.sign_in()) == (401, "sso_cancelado")
    assert started(runtime) == []


@pytest.mark.parametrize(
    "change",
    [
        {"code": "otro"},
        {"code_verifier": "v" * 43},
        {"redirect_uri": SITE + BACK},
        {"nonce": "n" * 16},
    ],
    ids=lambda change: next(iter(change)),
)
@pytest.mark.usefixtures("linked")
def test_code_with_another_verifier_redirect_or_nonce_is_refused(
    change: dict[str, str], browser: Browser, provider: OpenIdSandbox, runtime: Runtime
) -> None:
    answer = browser.client.post(EXCHANGE, json=authorize(provider, **change))
    assert code_of(answer) == (401, "sso_rechazado")
    assert sessions(runtime) == []


@pytest.mark.usefixtures("linked")
def test_code_is_good_once(browser: Browser, provider: OpenIdSandbox, runtime: Runtime) -> None:
    body = authorize(provider)
    assert browser.client.post(EXCHANGE, json=body).status_code == 200
    assert code_of(browser.client.post(EXCHANGE, json=body)) == (401, "sso_rechazado")
    assert len(sessions(runtime)) == 1


@pytest.mark.parametrize(
    "destino",
    ["//mal.pe", "///mal.pe", "/\\mal.pe", "\\\\mal.pe", "https://mal.pe/", "mal.pe", "", " /",
     "/\t/mal.pe", "/\r\nSet-Cookie: a=b", "javascript:alert(1)", "/ñ", "/" + "a" * 500],
)  # fmt: skip
def test_destino_that_leaves_the_site_is_refused_by_name(destino: str, browser: Browser) -> None:
    answer = browser.client.get(START, params={"destino": destino})
    assert answer.status_code == 400
    assert [it["field"] for it in answer.json()["errors"]] == ["destino"]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"code", "code_verifier", "redirect_uri", "nonce"}),
        (
            {"code": "", "code_verifier": "corto", "redirect_uri": "", "nonce": ""},
            {"code", "code_verifier", "redirect_uri", "nonce"},
        ),
        ({"code": "c", "code_verifier": "ñ" * 43, "redirect_uri": APP, "nonce": "n" * 16},
         {"code_verifier"}),
    ],
)  # fmt: skip
def test_bad_body_names_every_field(
    body: dict[str, str], fields: set[str], browser: Browser
) -> None:
    answer = browser.client.post(EXCHANGE, json=body)
    assert answer.status_code == 400
    assert {it["field"] for it in answer.json()["errors"]} == fields


def test_return_without_state_names_it(browser: Browser) -> None:
    answer = browser.client.get(BACK, params={"code": "x"})
    assert answer.status_code == 400
    assert [it["field"] for it in answer.json()["errors"]] == ["state"]


def test_starting_again_and_again_is_throttled(browser: Browser) -> None:
    statuses = [browser.client.get(START).status_code for _ in range(31)]
    assert (statuses[29], statuses[30]) == (303, 429)


def test_without_a_client_id_it_is_switched_off(runtime: Runtime, browser: Browser) -> None:
    runtime.settings.google_client_id = ""
    for answer in (browser.client.get(START), browser.client.post(EXCHANGE, json=authorize(
        browser.provider))):  # fmt: skip
        assert code_of(answer) == (404, "sso_no_configurado")


# Who is linked to whom --------------------------------------------------------------------------


@pytest.fixture
def by_domain(runtime: Runtime) -> None:
    """The administrator listed the domain of the shop."""
    runtime.settings.google_domains = ["Tienda.pe"]


def test_unknown_person_is_not_let_in_by_their_email(browser: Browser, runtime: Runtime) -> None:
    assert code_of(browser.sign_in()) == (403, "sso_sin_cuenta")
    assert (sessions(runtime), links(runtime)) == ([], [])


@pytest.mark.usefixtures("by_domain")
def test_person_of_a_listed_domain_is_linked_and_let_in(
    browser: Browser, runtime: Runtime, shop: Shop, provider: OpenIdSandbox
) -> None:
    cajero = shop.usuarios["cajero"]
    provider.person = person("cajero", email="Cajero@TIENDA.pe")
    assert browser.sign_in().status_code == 303
    assert links(runtime) == [(cajero, "sub-cajero")]
    assert sessions(runtime) == [(cajero, "google")]
    query = select(AuditLog.objeto_id).where(AuditLog.accion == "vincular_identidad")
    audited = runtime.transact(lambda ctx: list(ctx.session.scalars(query)))
    assert [str(it) for it in audited] == [str(cajero)]


@pytest.mark.parametrize(
    "claims",
    [
        person("cajero", email_verified=False),
        person("cajero", email_verified="true"),
        person("cajero", email_verified=1),
        person("cajero", email_verified=None),
        person("cajero", hd=None),
        person("cajero", hd="otra.pe"),
        person("cajero", hd=[DOMAIN]),
        person("cajero", email="cajero@otra.pe"),
        person("cajero", email="cajero@mal.tienda.pe"),
        person("cajero", email=f"cajero@{DOMAIN}@mal.pe"),
        person("cajero", email=None),
        person("cajero", email=["cajero@tienda.pe"]),
        person("nadie"),
    ],
    ids=lambda claims: f"{claims['email']}-{claims['email_verified']}-{claims['hd']}",
)
@pytest.mark.usefixtures("by_domain")
def test_person_whose_email_proves_nothing_is_not_linked(
    claims: dict[str, Any], browser: Browser, provider: OpenIdSandbox, runtime: Runtime
) -> None:
    provider.person = claims
    answer = browser.client.post(EXCHANGE, json=authorize(provider))
    assert code_of(answer) == (403, "sso_sin_cuenta")
    assert (sessions(runtime), links(runtime)) == ([], [])


@pytest.mark.usefixtures("by_domain")
def test_second_person_with_the_email_of_a_linked_user_is_refused(
    browser: Browser, runtime: Runtime, shop: Shop, provider: OpenIdSandbox
) -> None:
    assert browser.sign_in().status_code == 303
    provider.person = person("cajero", sub="otra-persona")
    assert code_of(browser.sign_in()) == (403, "sso_sin_cuenta")
    assert links(runtime) == [(shop.usuarios["cajero"], "sub-cajero")]


@pytest.mark.usefixtures("linked")
def test_sub_counts_and_the_email_does_not(
    browser: Browser, runtime: Runtime, shop: Shop, provider: OpenIdSandbox
) -> None:
    provider.person = person("admin", sub="sub-cajero", email_verified=False)
    assert browser.sign_in().status_code == 303
    assert sessions(runtime) == [(shop.usuarios["cajero"], "google")]


def test_same_sub_at_another_provider_is_somebody_else(
    browser: Browser, runtime: Runtime, shop: Shop
) -> None:
    link(runtime, shop.usuarios["admin"], "google")
    assert code_of(browser.sign_in()) == (403, "sso_sin_cuenta")
    assert sessions(runtime) == []


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.usefixtures("by_domain")
def test_deactivated_user_is_not_let_in(
    known: bool, browser: Browser, runtime: Runtime, shop: Shop
) -> None:
    one = shop.usuarios["cajero"]
    if known:
        link(runtime, one, browser.provider.issuer)
    change(runtime, one, activo=False)
    assert code_of(browser.sign_in()) == (403, "sso_sin_cuenta")
    assert sessions(runtime) == []


# Linking while signed in ------------------------------------------------------------------------

LINK = "/api/auth/sso/google/vincular/"


def password_login(browser: Browser, name: str = "cajero") -> None:
    """Sign a browser in with the password."""
    login = {"email": f"{name}@{DOMAIN}", "password": PASSWORD}
    answer = browser.client.post("/api/auth/login/", json=login)
    assert answer.status_code == 200, answer.text
    browser.client.headers["Authorization"] = f"Bearer {answer.json()['access']}"


def test_signed_in_user_links_their_account(
    browser: Browser, open_browser: Open, runtime: Runtime, shop: Shop, provider: OpenIdSandbox
) -> None:
    password_login(browser)
    provider.person = {"sub": "mia", "email": "yo@gmail.com", "email_verified": True}
    url = browser.client.post(LINK, json={"destino": "/mi-cuenta/"}).json()["url"]
    answer = browser.client.get(browser.at_provider(url))
    assert (answer.status_code, answer.headers["location"]) == (303, "/mi-cuenta/")
    assert links(runtime) == [(shop.usuarios["cajero"], "mia")]
    assert len(sessions(runtime)) == 1, "linking opens no session"
    assert open_browser().sign_in().status_code == 303


def test_linking_asks_for_a_recent_proof(browser: Browser, runtime: Runtime) -> None:
    assert browser.client.post(LINK, json={}).status_code == 401
    password_login(browser)
    old = update(Sesion).values(reautenticada_at=runtime.clock() - timedelta(hours=1))
    runtime.transact(lambda ctx: ctx.session.execute(old))
    assert code_of(browser.client.post(LINK, json={})) == (403, "reautenticacion_requerida")
    assert browser.client.delete(EXCHANGE).status_code == 403


def test_somebody_else_cannot_be_made_to_finish_a_link(
    open_browser: Open, runtime: Runtime
) -> None:
    """Their account at the provider would open the attacker's user, and all that they do there."""
    attacker, victim = open_browser(), open_browser()
    password_login(attacker)
    url = attacker.client.post(LINK, json={}).json()["url"]
    assert code_of(victim.client.get(victim.at_provider(url))) == (401, "sso_rechazado")
    assert links(runtime) == []


@pytest.mark.parametrize("act", ["salir", "cambiar la clave"])
def test_link_that_waits_ends_with_a_session(browser: Browser, runtime: Runtime, act: str) -> None:
    """Who held a session for a moment could otherwise keep a way in."""
    password_login(browser)
    url = browser.client.post(LINK, json={}).json()["url"]
    if act == "salir":
        answer = browser.client.post("/api/auth/logout/")
    else:
        body = {"actual": PASSWORD, "nueva": "montaña verde lejana"}
        answer = browser.client.post("/api/auth/cambiar-clave/", json=body)
    assert answer.status_code == 204, answer.text
    assert code_of(browser.client.get(browser.at_provider(url))) == (401, "sso_rechazado")
    assert links(runtime) == []


def test_way_to_the_provider_is_never_repeated_for_a_key(browser: Browser) -> None:
    password_login(browser)
    urls = set()
    for _ in range(2):
        answer = browser.client.post(LINK, json={}, headers={"Idempotency-Key": "k-1"})
        assert answer.headers["set-cookie"].startswith("__Host-sso=")
        urls.add(answer.json()["url"])
    assert len(urls) == 2


@pytest.mark.usefixtures("linked")
def test_account_of_another_user_is_not_taken_over(browser: Browser, runtime: Runtime) -> None:
    password_login(browser, "vendedor")
    url = browser.client.post(LINK, json={}).json()["url"]
    answer = browser.client.get(browser.at_provider(url))
    assert code_of(answer) == (409, "identidad_ajena")
    assert len(links(runtime)) == 1


@pytest.mark.usefixtures("linked")
def test_unlinked_account_opens_nothing(
    browser: Browser, open_browser: Open, runtime: Runtime
) -> None:
    password_login(browser)
    assert browser.client.delete(EXCHANGE).status_code == 204
    assert links(runtime) == []
    assert browser.client.delete(EXCHANGE).status_code == 404
    assert code_of(open_browser().sign_in()) == (403, "sso_sin_cuenta")
