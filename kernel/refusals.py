"""Refusals: how what is refused is answered, to a program and to a person at a browser.

A program gets a problem document. Who opens an address in a browser, be it a page or a link to a
file of the API, gets a page in their language: what happened, what to do, the way back. Who is not
signed in is led to sign in where a page waits behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.types import Scope

from kernel import answers, page, translations
from kernel.answers import Outcome
from kernel.errors import DomainError
from kernel.http import Endpoint
from kernel.page import LOGIN, Asked
from kernel.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that is refused, as far as its answer depends on it."""

    method: str
    address: str
    query: bytes
    headers: Mapping[bytes, bytes]
    request_id: str
    endpoint: Endpoint | None = None

    @classmethod
    def of(cls, scope: Scope) -> Refused:
        """Return what a connection asks."""
        return cls(
            scope["method"],
            scope["path"],
            scope["query_string"],
            dict(scope["headers"]),
            scope["andes.facts"].request_id,
            scope.get("andes.endpoint"),
        )

    @property
    def is_page(self) -> bool:
        """Whether a page was asked for, by whatever."""
        return self.endpoint is not None and self.endpoint.page

    @property
    def by_a_person(self) -> bool:
        """Whether somebody reads the answer in a browser.

        A browser that opens an address asks for HTML and shows who it is by a cookie; a program,
        and the script of a page, ask for something else or say who they are in a header.
        """
        if self.is_page:
            return True
        if self.method not in ("GET", "HEAD") or b"authorization" in self.headers:
            return False
        asks = b"text/html" in self.headers.get(b"accept", b"")
        return asks and self.headers.get(b"sec-fetch-mode", b"navigate") == b"navigate"

    @property
    def asked(self) -> Asked:
        """What the browser asks of the page; of a query that can't be read, nothing."""
        try:
            return page.asked(self.address, self.query, self.headers, ())
        except DomainError:
            return page.asked(self.address, b"", self.headers, ())


def answer(runtime: Runtime, error: DomainError, request: Refused) -> Outcome:
    """Return what is answered instead; it may ask the database for the company's language."""
    if not request.by_a_person:
        return answers.problem(error, request.request_id)
    answers.note(error)
    asked = request.asked
    gated = request.is_page and request.endpoint is not None and not request.endpoint.public
    if error.status == 401 and gated:
        return page.redirect(None, f"{LOGIN}?destino={quote(asked.here, safe='/')}", asked)
    translations.speak(asked.language or _language(runtime, error))
    from kernel import web  # Jinja, once somebody asks

    made = web.refused(error, request.request_id, asked)
    return replace(made, headers={**made.headers, **_more(error)})


def _language(runtime: Runtime, error: DomainError) -> str:
    """Return the company's language; Spanish where the database can't be asked."""
    try:
        return "es" if error.status == 503 else runtime.database.run(runtime.regional).idioma
    except (DBAPIError, PoolTimeout, DomainError):
        return "es"


def _more(error: DomainError) -> dict[str, str]:
    return {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
