"""What tests of signing in share: a session of each kind, and the mail that jobs send."""

from __future__ import annotations

import email
from email.message import EmailMessage
from email.policy import default
from typing import Any

from sqlalchemy import text
from starlette.testclient import TestClient

from kernel.execution import Execution
from kernel.leases import Leases
from kernel.runtime import Runtime
from tests.shop import PASSWORD

LOGIN = "/api/auth/login/"
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}
COOKIE = "__Host-sid"


def credenciales(name: str, **more: Any) -> dict[str, Any]:
    """Return the body of a login of a user of the shop."""
    return {"email": f"{name}@tienda.pe", "password": PASSWORD, **more}


def tokens_of(client: TestClient, name: str = "cajero", **headers: str) -> dict[str, Any]:
    """Return the tokens of a new session."""
    answer = client.post(LOGIN, json=credenciales(name), headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def bearer(access: str) -> dict[str, str]:
    """Return the header that shows an access token."""
    return {"Authorization": f"Bearer {access}"}


def cookie_of(client: TestClient, name: str = "cajero") -> dict[str, str]:
    """Return the header that shows the cookie of a new session, as a page of ours sends it."""
    answer = client.post(LOGIN, json=credenciales(name, cookie=True), headers=OWN_PAGE)
    assert answer.status_code == 200, answer.text
    client.cookies.clear()
    return {"Cookie": set_cookie(answer).partition(";")[0], **OWN_PAGE}


def set_cookie(answer: Any) -> str:
    """Return the Set-Cookie header of an answer."""
    found: str = answer.headers["set-cookie"]
    return found


def write(runtime: Runtime, statement: str, **given: Any) -> None:
    """Change rows as nobody else could, in place of time that passes."""
    with runtime.database.engine.begin() as connection:
        connection.execute(text(statement), given)


def read(runtime: Runtime, query: str, **given: Any) -> list[tuple[Any, ...]]:
    """Return rows."""
    with runtime.database.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), given)]


def run_jobs(runtime: Runtime) -> None:
    """Run what is due, each job as a job process would."""
    leases = Leases(runtime.database, runtime.registry.jobs, "test")
    while claims := leases.claim(10):
        for claim in claims:
            job = Execution(runtime, leases, runtime.registry.jobs[claim.name], claim)
            assert job.perform() == "done", read(runtime, "SELECT error FROM andes_job_attempts")


def mail_of(runtime: Runtime) -> list[EmailMessage]:
    """Return the mail that was sent, in the order of its subjects."""
    folder = runtime.settings.data_dir / "mail"
    found = [
        email.message_from_bytes(path.read_bytes(), policy=default) for path in folder.glob("*.eml")
    ]
    return sorted(found, key=lambda one: str(one["Subject"]))
