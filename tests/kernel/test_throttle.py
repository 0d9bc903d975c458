"""Throttling of sign-in, through the API. Source: spec/erp-modules.md, "Seguridad mínima"."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from starlette.testclient import TestClient

from addons.base.services import intentos
from kernel import passwords, processes, throttle
from kernel.context import RequestFacts
from kernel.identity import Usuario
from kernel.registry import Registry
from kernel.runtime import Runtime, utc_now
from kernel.settings import Settings
from kernel.throttle import LONGEST_DELAY, Limit, TooManyAttempts, origin
from tests.live import serving
from tests.shop import PASSWORD, Shop

LOGIN = "/api/auth/login/"
RIGHT = {"email": "cajero@tienda.pe", "password": PASSWORD}
WRONG = {"email": "cajero@tienda.pe", "password": "otra-clave-99"}


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = utc_now()

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def strict(settings: Settings, registry: Registry) -> Iterator[Runtime]:
    """A shop where five may sign in per minute, as anywhere else, and whose clock stands."""
    five = settings.model_copy(update={"login_per_minute": 5, "trusted_proxies": ["10.0.0.0/8"]})
    made = processes.make_runtime(five, registry)
    made.clock = Clock()
    yield made
    made.close()


@pytest.fixture
def clock(strict: Runtime) -> Clock:
    assert isinstance(strict.clock, Clock)
    return strict.clock


@pytest.fixture
def patient(strict: Runtime) -> Runtime:
    """The same where addresses may ask often: what is left is the delay of each account."""
    strict.throttle.login_per_minute = 10_000
    return strict


def coming_from(runtime: Runtime, address: str) -> TestClient:
    """Return a client of the API whose end of the socket is this address."""
    app = processes.app.build(runtime, [])
    return TestClient(app, raise_server_exceptions=False, client=(address, 40_000))


def statuses(client: TestClient, bodies: list[dict[str, str]], **headers: str) -> list[int]:
    return [client.post(LOGIN, json=one, headers=headers).status_code for one in bodies]


# By address ---------------------------------------------------------------------------------------


def test_sixth_login_in_a_minute_is_refused(strict: Runtime, clock: Clock) -> None:
    """Rate limiting en endpoints de login (max 5 intentos/IP/minuto)"""
    client = coming_from(strict, "190.1.2.3")
    assert statuses(client, [RIGHT] * 5) == [200] * 5
    refused = client.post(LOGIN, json=RIGHT)
    assert (refused.status_code, refused.json()["code"]) == (429, "demasiados_intentos")
    assert refused.headers["retry-after"] == "60"
    assert refused.headers["content-type"] == "application/problem+json"
    assert statuses(coming_from(strict, "190.1.2.4"), [RIGHT]) == [200]
    clock.wait(59)
    assert client.post(LOGIN, json=RIGHT).headers["retry-after"] == "1"
    clock.wait(1)
    assert statuses(client, [RIGHT] * 6) == [200] * 5 + [429]


def test_spoofed_forwarded_for_changes_nothing(strict: Runtime) -> None:
    client = coming_from(strict, "190.1.2.3")
    made_up = [f"203.0.113.{n}" for n in range(6)]
    found = [
        client.post(LOGIN, json=RIGHT, headers={"X-Forwarded-For": one}).status_code
        for one in made_up
    ]
    assert found == [200] * 5 + [429]


def test_behind_a_trusted_proxy_the_nearest_stranger_counts(strict: Runtime) -> None:
    proxy = coming_from(strict, "10.0.0.1")
    for last, expected in (("190.1.2.3", [200] * 5 + [429]), ("190.1.2.4", [200])):
        found = [
            proxy.post(LOGIN, json=RIGHT, headers={"X-Forwarded-For": f"9.9.9.{n}, {last}"})
            for n in range(len(expected))
        ]
        assert [one.status_code for one in found] == expected


def test_addresses_of_one_64_are_one_place(strict: Runtime) -> None:
    found = [
        statuses(coming_from(strict, f"2001:db8:1:2:{n:x}::{n:x}"), [RIGHT])[0] for n in range(1, 7)
    ]
    assert found == [200] * 5 + [429]
    assert statuses(coming_from(strict, "2001:db8:1:3::1"), [RIGHT]) == [200]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("190.1.2.3", "::ffff:190.1.2.3"),
        ("2001:db8::1", "2001:DB8:0:0:ffff::"),
        ("fe80::1%eth0", "fe80::2%eth1"),
    ],
)
def test_origin_is_the_same_however_it_is_written(one: str, other: str) -> None:
    assert origin(one) == origin(other)


def test_origin_without_an_address_is_one_too() -> None:
    assert origin(None) == origin("") == "unknown"
    assert origin("testclient") == "testclient"


def test_malformed_bodies_count_as_well(strict: Runtime) -> None:
    client = coming_from(strict, "190.1.2.3")
    found = [client.post(LOGIN, json={"email": n}).status_code for n in range(6)]
    assert found == [400] * 5 + [429]


def test_limit_holds_in_any_minute_whenever_they_come(strict: Runtime, clock: Clock) -> None:
    """Not only in each minute of the clock: of six within 60 seconds the sixth never passes."""
    places = count()

    def wait_told(place: str) -> int:
        try:
            strict.throttle.admit(Limit("t"), place)
        except TooManyAttempts as error:
            return error.retry_after or 0
        return 0

    @settings(max_examples=25, deadline=None)
    @given(st.lists(st.floats(0, 40), min_size=8, max_size=25))
    def check(pauses: list[float]) -> None:
        place, passed = f"place-{next(places)}", list[datetime]()
        for pause in pauses:
            clock.wait(pause)
            if told := wait_told(place):
                left = passed[-5] + timedelta(seconds=60) - clock.now
                assert 0 <= told - left.total_seconds() <= 1
            else:
                passed.append(clock.now)
        for first, sixth in zip(passed, passed[5:], strict=False):
            assert sixth - first >= timedelta(seconds=60)

    check()


@pytest.mark.slow
def test_fifty_logins_at_once_hash_five(settings: Settings) -> None:
    """No count is lost between processes: what is refused was never looked at."""
    five = settings.model_copy(update={"login_per_minute": 5, "password_cost": 10})
    users = ["admin", "gerente", "vendedor", "cajero", "cajera", *map(str, range(45))]
    bodies = [{"email": f"{user}@tienda.pe", "password": PASSWORD} for user in users]
    with serving(five, web=2) as address, ThreadPoolExecutor(50) as pool:

        def ask(body: dict[str, str]) -> httpx.Response:
            return httpx.post(f"{address}{LOGIN}", json=body, timeout=60)

        answers = list(pool.map(ask, bodies))
    assert Counter(one.status_code == 429 for one in answers) == {False: 5, True: 45}
    assert {one.status_code for one in answers} <= {200, 401, 429}
    assert all("retry-after" in one.headers for one in answers if one.status_code == 429)


def test_admit_at_once_lets_exactly_as_many_through(strict: Runtime) -> None:
    def ask(_: int) -> bool:
        try:
            strict.throttle.admit(Limit("t", times=7), "1.2.3.4")
        except TooManyAttempts:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(ask, range(60))) == 7


# By account ---------------------------------------------------------------------------------------


def test_failures_of_an_account_cost_a_growing_delay(patient: Runtime, clock: Clock) -> None:
    client = coming_from(patient, "190.1.2.3")
    assert statuses(client, [WRONG] * 5) == [401] * 5
    delays = []
    for _ in range(12):
        refused = client.post(LOGIN, json=RIGHT)  # even the right one isn't looked at
        assert refused.status_code == 429
        delays.append(int(refused.headers["retry-after"]))
        clock.wait(delays[-1])
        assert client.post(LOGIN, json=WRONG).status_code == 401
    assert delays == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    assert timedelta(seconds=delays[-1]) == LONGEST_DELAY
    clock.wait(LONGEST_DELAY.total_seconds())
    assert client.post(LOGIN, json=RIGHT).status_code == 200, "never locked for good"


def test_success_forgets_the_failures(patient: Runtime) -> None:
    client = coming_from(patient, "190.1.2.3")
    for _ in range(3):
        assert statuses(client, [WRONG] * 4 + [RIGHT]) == [401] * 4 + [200]


def test_delay_of_an_account_is_the_same_from_everywhere_and_for_unknown_ones(
    patient: Runtime,
) -> None:
    for email in ("vendedor@tienda.pe", "nadie@tienda.pe"):
        body = {"email": email, "password": "otra-clave-99"}
        found = [statuses(coming_from(patient, f"190.1.2.{n}"), [body])[0] for n in range(6)]
        assert found == [401] * 5 + [429], email
    assert statuses(coming_from(patient, "190.1.2.9"), [RIGHT]) == [200], "another account"


def test_spelling_of_the_email_is_no_way_around(patient: Runtime) -> None:
    client = coming_from(patient, "190.1.2.3")
    spellings = ["cajero@tienda.pe", "CAJERO@tienda.pe", " Cajero@Tienda.pe ", "cAjErO@tienda.PE"]
    bodies = [{"email": one, "password": "otra-clave-99"} for one in [*spellings, spellings[0]]]
    assert statuses(client, bodies) == [401] * 5
    assert statuses(client, [RIGHT]) == [429]


def test_strangers_cannot_keep_the_owner_out(patient: Runtime) -> None:
    """Who guesses from elsewhere delays other strangers, and not the places of the owner."""
    home = coming_from(patient, "181.10.20.30")
    assert statuses(home, [RIGHT]) == [200]
    assert statuses(coming_from(patient, "6.6.6.6"), [WRONG] * 6) == [401] * 5 + [429]
    assert statuses(coming_from(patient, "7.7.7.7"), [RIGHT]) == [429]
    assert statuses(home, [WRONG, RIGHT]) == [401, 200]
    assert statuses(home, [WRONG] * 6) == [401] * 5 + [429], "a delay of its own"


def test_failures_at_once_are_all_counted(patient: Runtime) -> None:
    def ask(_: int) -> bool:
        try:
            patient.throttle.attempt("clave:alguien")
        except TooManyAttempts:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(ask, range(40))) == throttle.FREE_FAILURES


def test_failures_of_the_day_before_are_forgotten(patient: Runtime, clock: Clock) -> None:
    client = coming_from(patient, "190.1.2.3")
    assert statuses(client, [WRONG] * 4) == [401] * 4
    clock.wait(throttle.FORGET.total_seconds() + 1)
    assert statuses(client, [WRONG] * 5) == [401] * 5


# Equal time, and what is left behind --------------------------------------------------------------


def test_unknown_user_takes_the_time_of_a_known_one(
    settings: Settings, registry: Registry, shop: Shop
) -> None:
    """The medians differ by less than a fifth, asked in turns in one run."""
    costly = settings.model_copy(update={"password_cost": 9})
    runtime = processes.make_runtime(costly, registry)
    stored = passwords.hash_password(PASSWORD, cost=9)
    with runtime.database.engine.begin() as connection:
        connection.execute(text("UPDATE usuarios SET password_hash = :it"), {"it": stored})
    client = coming_from(runtime, "190.1.2.3")
    names = {"known": sorted(shop.usuarios), "unknown": [f"nadie{n}" for n in range(8)]}
    seconds: dict[str, list[float]] = {kind: [] for kind in names}
    texts = set()
    for turn in range(32):
        for kind in sorted(names, reverse=bool(turn % 2)):
            email = f"{names[kind][turn % 8]}@tienda.pe"
            started = time.perf_counter()
            answer = client.post(LOGIN, json={"email": email, "password": "otra-clave-99"})
            seconds[kind].append(time.perf_counter() - started)
            texts.add((answer.status_code, answer.json()["code"], answer.json()["detail"]))
    runtime.close()
    assert texts == {(401, "credenciales_invalidas", "El correo o la contraseña no son correctos.")}
    known, unknown = (statistics.median(seconds[kind]) for kind in ("known", "unknown"))
    assert max(known, unknown) / min(known, unknown) < 1.2


def test_clean_leaves_what_still_counts(strict: Runtime, clock: Clock) -> None:
    client = coming_from(strict, "190.1.2.3")
    statuses(client, [WRONG])
    clock.wait(throttle.FORGET.total_seconds() - 10)
    statuses(client, [WRONG])
    clock.wait(20)
    strict.transact(throttle.clean)
    with strict.database.engine.connect() as connection:
        left = (
            connection.execute(text("SELECT clave FROM andes_intentos ORDER BY 1")).scalars().all()
        )
    assert [one.partition(":")[0] for one in left] == ["clave", "login"]
    clock.wait(throttle.FORGET.total_seconds() + 60)
    strict.transact(throttle.clean)
    with strict.database.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM andes_intentos")) == 0


def test_counts_hold_no_email(strict: Runtime) -> None:
    statuses(coming_from(strict, "190.1.2.3"), [WRONG])
    with strict.database.engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM andes_intentos")).all()
    assert rows
    assert "cajero" not in str(rows)


def test_every_public_endpoint_that_writes_is_throttled(registry: Registry) -> None:
    """Whoever is not signed in may change nothing as often as they like."""
    found = {
        f"{one.method} {one.path}"
        for one in registry.endpoints
        if one.public and one.method != "GET" and one.throttle is None
    }
    assert not found


def test_requests_that_hold_a_connection_never_wait_for_themselves(
    settings: Settings, registry: Registry
) -> None:
    """Counting has connections of its own: more at once than the pool has still get through."""
    small = settings.model_copy(update={"database_pool": 2})
    runtime = processes.make_runtime(small, registry)

    def ask(number: int) -> None:
        facts: dict[str, Any] = {"request": RequestFacts(ip=f"1.1.1.{number}")}
        runtime.transact(
            lambda ctx: runtime.throttle.attempt(intentos.cuenta(ctx, "t", f"{number}@x.pe")),
            **facts,
        )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(40)))
    runtime.close()


def test_password_of_an_older_cost_is_stored_anew(
    settings: Settings, registry: Registry, shop: Shop
) -> None:
    """Rehash at login: the version stays, nobody's edit is in the way, and it happens once."""
    costlier = settings.model_copy(update={"password_cost": 5})
    runtime = processes.make_runtime(costlier, registry)
    client = coming_from(runtime, "190.1.2.3")

    def stored() -> tuple[str, int]:
        usuario = runtime.transact(
            lambda ctx: ctx.session.get_one(Usuario, shop.usuarios["cajero"])
        )
        return usuario.password_hash, usuario.version

    before = stored()
    assert "$04$" in before[0]
    assert statuses(client, [WRONG, RIGHT]) == [401, 200]
    after = stored()
    assert "$05$" in after[0]
    assert after[1] == before[1]
    assert statuses(client, [RIGHT]) == [200]
    assert stored() == after
    runtime.close()
