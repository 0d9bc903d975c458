"""A login that a browser holds in a cookie, and who may use it. OWASP ASVS 5.0, 3.3, 3.5."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from kernel import processes
from kernel.credentials import digest
from kernel.registry import Registry
from kernel.runtime import Runtime
from tests.addons.base.signed_in import (
    LOGIN,
    OWN_PAGE,
    bearer,
    cookie_of,
    credenciales,
    read,
    set_cookie,
    tokens_of,
    write,
)
from tests.conftest import Connect, runtime_of, settings_of
from tests.contents import changed, contents
from tests.kernel.workshop import wait_until
from tests.shop import PASSWORD, Shop

pytestmark = pytest.mark.needs("sales", "inventory")

YO = "/api/auth/yo/"
LOGOUT = "/api/auth/logout/"
CLIENTE = {"tipo_doc": "1", "numero_doc": "45678912", "razon_social": "Ana Quispe"}


def only_cookie(headers: dict[str, str]) -> dict[str, str]:
    return {"Cookie": headers["Cookie"]}


def test_login_of_a_browser_sets_the_cookie_and_answers_no_token(
    connect: Connect, runtime: Runtime
) -> None:
    client = connect("")
    answer = client.post(LOGIN, json=credenciales("cajero", cookie=True), headers=OWN_PAGE)
    assert answer.status_code == 200
    assert answer.json() == {"sesion": "cookie", "expires_in": 30 * 86400}
    value, *attributes = set_cookie(answer).split("; ")
    assert re.fullmatch(r"__Host-sid=[A-Za-z0-9_-]{43}", value)
    expected = {"Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=2592000"}
    assert set(attributes) == expected
    [(stored, refresh)] = read(runtime, "SELECT token_jti, refresh_jti FROM sesiones")
    assert (stored, refresh) == (digest(value.partition("=")[2]), None)


def test_login_without_cookie_sets_none(connect: Connect) -> None:
    answer = connect("").post(LOGIN, json=credenciales("cajero"), headers=OWN_PAGE)
    assert "set-cookie" not in answer.headers


def test_login_that_fails_sets_no_cookie(connect: Connect) -> None:
    body = credenciales("cajero", cookie=True) | {"password": "otra-clave-99"}
    answer = connect("").post(LOGIN, json=body, headers=OWN_PAGE)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_cookie_reads_and_writes_from_our_own_pages(connect: Connect, shop: Shop) -> None:
    client = connect("")
    cookie = cookie_of(client)
    assert client.get(YO, headers=only_cookie(cookie)).json()["email"] == "cajero@tienda.pe"
    assert client.post("/api/clientes/", json=CLIENTE, headers=cookie).status_code == 201


FOREIGN = {
    "cross-site": {"Sec-Fetch-Site": "cross-site"},
    "sibling": {"Sec-Fetch-Site": "same-site"},
    "nonsense": {"Sec-Fetch-Site": "same-origin, cross-site"},
    "cross-site that names us": {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"},
    "nothing": {},
    "null": {"Origin": "null"},
    "other host": {"Origin": "http://evil.test"},
    "other scheme": {"Origin": "https://testserver"},
    "other port": {"Origin": "http://testserver:8080"},
    "longer host": {"Origin": "http://testserver.evil.test"},
    "ours in the path": {"Origin": "http://evil.test/http://testserver"},
    "ours as user": {"Origin": "http://testserver@evil.test"},
    "star": {"Origin": "*"},
    "only a referer": {"Referer": "http://testserver/"},
}


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
def test_write_with_the_cookie_from_another_page_is_a_403(
    connect: Connect, runtime: Runtime, headers: dict[str, str]
) -> None:
    client = connect("")
    cookie = only_cookie(cookie_of(client)) | headers
    before = contents(runtime)
    for method, path in (
        ("POST", "/api/clientes/"),
        ("PUT", "/api/clientes/1/"),
        ("DELETE", "/api/clientes/1/"),
        ("POST", LOGOUT),
        ("DELETE", "/api/auth/sesiones/"),
    ):
        answer = client.request(method, path, json=CLIENTE, headers=cookie)
        assert (answer.status_code, answer.json()["code"]) == (403, "origen_ajeno"), path
    assert not changed(before, contents(runtime))
    assert client.get(YO, headers=cookie).status_code == 200


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
def test_login_by_cookie_from_another_page_is_a_403(
    connect: Connect, runtime: Runtime, headers: dict[str, str]
) -> None:
    client = connect("")
    answer = client.post(LOGIN, json=credenciales("cajero", cookie=True), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "origen_ajeno")
    assert "set-cookie" not in answer.headers
    assert read(runtime, "SELECT count(*) FROM sesiones") == [(0,)]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://testserver"},
        {"Origin": "HTTP://TestServer:80"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
    ],
)
def test_write_with_the_cookie_from_our_own_page_is_heard(
    connect: Connect, headers: dict[str, str]
) -> None:
    client = connect("")
    cookie = only_cookie(cookie_of(client))
    answer = client.post("/api/clientes/", json=CLIENTE, headers=cookie | headers)
    assert answer.status_code == 201


def test_token_writes_from_anywhere(connect: Connect) -> None:
    client = connect("")
    token = bearer(tokens_of(client)["access"])
    for number, headers in enumerate(FOREIGN.values()):
        body = CLIENTE | {"numero_doc": f"{number:08d}"}
        assert client.post("/api/clientes/", json=body, headers=token | headers).status_code == 201


def test_token_counts_before_the_cookie(connect: Connect) -> None:
    client = connect("")
    cookie, token = cookie_of(client, "cajero"), bearer(tokens_of(client, "admin")["access"])
    assert client.get(YO, headers=cookie | token).json()["rol"] == "ADMIN"
    assert client.get(YO, headers=cookie | {"Authorization": "Bearer x"}).status_code == 401


@pytest.mark.parametrize(
    "shown",
    [
        "__Host-sid=",
        "__Host-sid=corta",
        "__Host-sid={value}x",
        "__Host-sid={stored}",
        "sid={value}",
        "__Secure-sid={value}",
        "x__Host-sid={value}",
        "__Host-sid={value}\x00",
        "__Host-sid={value}; __Host-sid=corta".replace("{value}", "A" * 43),
    ],
)
def test_cookie_of_nobody_is_a_401(connect: Connect, runtime: Runtime, shown: str) -> None:
    client = connect("")
    value = cookie_of(client)["Cookie"].partition("=")[2]
    [(stored,)] = read(runtime, "SELECT token_jti FROM sesiones")
    header = shown.format(value=value, stored=stored).encode("latin-1")
    assert client.get(YO, headers={b"Cookie": header}).status_code == 401


def test_cookie_as_token_and_token_as_cookie_are_401s(connect: Connect) -> None:
    client = connect("")
    value = cookie_of(client)["Cookie"].partition("=")[2]
    assert client.get(YO, headers=bearer(value)).status_code == 401
    access = tokens_of(client)["access"]
    assert client.get(YO, headers={"Cookie": f"__Host-sid={access}"}).status_code == 401


def test_logout_takes_the_cookie_back_and_ends_the_login(connect: Connect) -> None:
    client = connect("")
    cookie = cookie_of(client)
    answer = client.post(LOGOUT, headers=cookie)
    assert answer.status_code == 204
    value, *attributes = set_cookie(answer).split("; ")
    assert value == "__Host-sid="
    assert {"Max-Age=0", "Path=/", "Secure"} <= set(attributes)
    assert answer.headers["clear-site-data"] == '"cache", "cookies"'
    assert client.get(YO, headers=only_cookie(cookie)).status_code == 401


def test_every_login_gets_a_value_of_its_own(connect: Connect) -> None:
    client = connect("")
    first, second = cookie_of(client), cookie_of(client)
    assert first["Cookie"] != second["Cookie"]
    for one in (first, second):
        assert client.get(YO, headers=one).status_code == 200


def test_login_over_another_login_does_not_take_its_value(connect: Connect) -> None:
    """Whoever plants a cookie before a login gains nothing by it."""
    client = connect("")
    planted = cookie_of(client, "vendedor")
    headers = planted | OWN_PAGE
    answer = client.post(LOGIN, json=credenciales("cajero", cookie=True), headers=headers)
    client.cookies.clear()
    assert set_cookie(answer).partition(";")[0] != planted["Cookie"]
    assert client.get(YO, headers=planted).json()["email"] == "vendedor@tienda.pe"


def test_confirming_who_one_is_replaces_the_value(connect: Connect) -> None:
    client = connect("")
    old = cookie_of(client)
    answer = client.post("/api/auth/reautenticar/", json={"password": PASSWORD}, headers=old)
    assert answer.status_code == 204
    client.cookies.clear()
    new = {"Cookie": set_cookie(answer).partition(";")[0]}
    assert new["Cookie"] != old["Cookie"]
    assert client.get(YO, headers=only_cookie(old)).status_code == 401
    assert client.get(YO, headers=new).status_code == 200


def test_changed_password_replaces_the_value(connect: Connect) -> None:
    client = connect("")
    old = cookie_of(client)
    change = {"actual": PASSWORD, "nueva": "montaña verde lejana"}
    answer = client.post("/api/auth/cambiar-clave/", json=change, headers=old)
    assert answer.status_code == 204, answer.text
    client.cookies.clear()
    assert client.get(YO, headers=only_cookie(old)).status_code == 401
    new = {"Cookie": set_cookie(answer).partition(";")[0]}
    assert client.get(YO, headers=new).status_code == 200


def test_cookie_that_nobody_used_for_a_week_is_a_401(connect: Connect, runtime: Runtime) -> None:
    client = connect("")
    cookie = cookie_of(client)
    write(runtime, "UPDATE sesiones SET created_at = now() - interval '6 days 23 hours'")
    assert client.get(YO, headers=cookie).status_code == 200
    [(used,)] = read(runtime, "SELECT rotada_at > now() - interval '1 minute' FROM sesiones")
    assert used
    write(runtime, "UPDATE sesiones SET created_at = now() - interval '20 days'")
    assert client.get(YO, headers=cookie).status_code == 200
    write(runtime, "UPDATE sesiones SET rotada_at = now() - interval '7 days'")
    assert client.get(YO, headers=cookie).status_code == 401


def test_use_of_a_cookie_is_noted_at_most_every_five_minutes(
    connect: Connect, runtime: Runtime
) -> None:
    client = connect("")
    cookie = cookie_of(client)
    client.get(YO, headers=cookie)
    assert read(runtime, "SELECT rotada_at FROM sesiones") == [(None,)]
    write(runtime, "UPDATE sesiones SET created_at = now() - interval '6 minutes'")
    client.get(YO, headers=cookie)
    [(first,)] = read(runtime, "SELECT rotada_at FROM sesiones")
    assert first is not None
    client.get(YO, headers=cookie)
    assert read(runtime, "SELECT rotada_at FROM sesiones") == [(first,)]


def test_cookie_ends_with_its_login_however_much_it_is_used(
    connect: Connect, runtime: Runtime
) -> None:
    client = connect("")
    cookie = cookie_of(client)
    write(runtime, "UPDATE sesiones SET expires_at = now() + interval '1 hour'")
    [before] = read(runtime, "SELECT expires_at FROM sesiones")
    write(runtime, "UPDATE sesiones SET created_at = now() - interval '1 day'")
    assert client.get(YO, headers=cookie).status_code == 200
    assert read(runtime, "SELECT expires_at FROM sesiones") == [before]
    write(runtime, "UPDATE sesiones SET expires_at = now()")
    assert client.get(YO, headers=cookie).status_code == 401


def test_get_writes_nothing(
    admin: TestClient, registry: Registry, runtime: Runtime, shop: Shop
) -> None:
    """So a link or an image of a foreign page, which come with the cookie, change nothing."""
    before = contents(runtime, "audit_logs")
    for endpoint in registry.endpoints:
        if endpoint.method == "GET":
            path = re.sub(r"{(\w*id)}", "1", endpoint.path).replace("{name}", "kernel.Regional")
            assert admin.get(path).status_code < 500, path
    assert not changed(before, contents(runtime, "audit_logs"))


@pytest.fixture
def behind_proxy(runtime: Runtime, registry: Registry) -> Iterator[TestClient]:
    """A client of the same instance whose proxy speaks https to browsers."""
    known = runtime.settings
    settings = settings_of(
        known.database_owner_url, known.database_url, known.data_dir, trusted_proxies="10.0.0.0/8"
    )
    made = runtime_of(settings, registry)
    app = processes.web_app(made)
    with TestClient(app, raise_server_exceptions=False, client=("10.0.0.7", 5000)) as client:
        client.headers["X-Forwarded-Proto"] = "https"
        yield client
    made.close()


def test_origin_behind_a_trusted_proxy_is_that_of_the_browser(behind_proxy: TestClient) -> None:
    cookie = only_cookie(cookie_of(behind_proxy))
    ours = cookie | {"Origin": "https://testserver"}
    assert behind_proxy.post("/api/clientes/", json=CLIENTE, headers=ours).status_code == 201
    plain = cookie | {"Origin": "http://testserver"}
    assert behind_proxy.post(LOGOUT, headers=plain).status_code == 403


def hears(client: TestClient, runtime: Runtime, headers: dict[str, str]) -> str:
    """Return what a WebSocket with these headers comes to: heard, or how it is refused."""
    done = threading.Event()

    def publish() -> None:
        while not done.wait(0.02):
            runtime.realtime.publish("clientes.1", {})

    speaker = threading.Thread(target=publish)
    speaker.start()
    try:
        with client.websocket_connect("/ws/", headers=headers) as socket:
            topic: str = json.loads(socket.receive_text())["topic"]
            socket.close()
            wait_until(lambda: runtime.realtime.subscribers == 0)
            return topic
    except WebSocketDenialResponse as refusal:
        return str(refusal.status_code)
    except WebSocketDisconnect as end:
        return str(end.code)
    finally:
        done.set()
        speaker.join()


SITE = "https://app.tienda.pe"


@pytest.fixture
def listed(runtime: Runtime, registry: Registry) -> Iterator[tuple[TestClient, Runtime]]:
    """A client of the same instance that lets pages of another site call, with its runtime."""
    known = runtime.settings
    settings = settings_of(
        known.database_owner_url, known.database_url, known.data_dir, cors_origins=SITE
    )
    made = runtime_of(settings, registry)
    with TestClient(processes.web_app(made), raise_server_exceptions=False) as client:
        yield client, made
    made.close()


def test_websocket_hears_a_cookie_for_our_own_pages_only(
    listed: tuple[TestClient, Runtime],
) -> None:
    client, runtime = listed
    cookie = only_cookie(cookie_of(client))
    ours = {"Origin": "http://testserver"}
    assert hears(client, runtime, cookie | ours) == "clientes.1"
    assert hears(client, runtime, cookie | ours | OWN_PAGE) == "clientes.1"
    assert hears(client, runtime, cookie | {"Origin": "http://evil.test"}) == "403"
    assert hears(client, runtime, cookie | {"Origin": SITE}) == "4403"
    assert hears(client, runtime, cookie) == "4403"
    assert hears(client, runtime, cookie | ours | {"Sec-Fetch-Site": "cross-site"}) == "4403"
    assert hears(client, runtime, ours) == "4401"
    token = bearer(tokens_of(client)["access"])
    assert hears(client, runtime, token | {"Origin": SITE}) == "clientes.1"
    assert hears(client, runtime, token) == "clientes.1"


def test_page_of_a_listed_site_cannot_use_the_cookie(
    listed: tuple[TestClient, Runtime],
) -> None:
    client, _ = listed
    cookie = only_cookie(cookie_of(client)) | {"Origin": SITE, "Sec-Fetch-Site": "cross-site"}
    answer = client.post("/api/clientes/", json=CLIENTE, headers=cookie)
    assert (answer.status_code, answer.json()["code"]) == (403, "origen_ajeno")
    read_by_page = client.get(YO, headers=cookie)
    assert "access-control-allow-credentials" not in read_by_page.headers
