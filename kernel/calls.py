"""Calls: the work of one request to an endpoint, in one unit of work.

Identify, permission (401, 403), body (400), service, answer, commit. What a caller shows of itself
is read before the body is; who that is, the database says in the same transaction as the work.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from pydantic_core import to_json
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from starlette.responses import Response

from kernel import (
    answers,
    bodies,
    credentials,
    db,
    forms,
    identity,
    logging,
    page,
    queries,
    rbac,
    receiving,
    refusals,
)
from kernel.answers import Outcome
from kernel.context import Ctx, RequestFacts, StoredAnswer
from kernel.credentials import Credential
from kernel.errors import (
    DomainError,
    Forbidden,
    NotAuthenticated,
    Unprocessable,
    ValidationFailed,
)
from kernel.http import Endpoint
from kernel.identity import Identity
from kernel.page import Asked
from kernel.presumption import Disproved
from kernel.refusals import Refused
from kernel.runtime import Runtime, finish

_KEY = re.compile(r"[\x21-\x7e]{1,200}")
EXPECTED_USER = b"x-expected-user"
"""Whom a page was opened by, which may have waited for hours before it sends something."""
NO_KEY: tuple[str, tuple[str, ...]] = ("", ())


@dataclass(slots=True)
class Call:
    """One request to an endpoint, as the thread that serves it sees it."""

    endpoint: Endpoint
    path: Mapping[str, str]
    query: bytes
    headers: Mapping[bytes, bytes]
    shown: Credential | None
    body: receiving.Body
    facts: RequestFacts
    address: str = ""

    @property
    def asked(self) -> Asked:
        """What a page is asked."""
        form = self.body.form.parts if self.body.form is not None else ()
        return page.asked(self.address, self.query, self.headers, form)


def credential(
    runtime: Runtime, endpoint: Endpoint, headers: Mapping[bytes, bytes], facts: RequestFacts
) -> Credential | None:
    """Return what a request shows of itself; None where nobody is asked.

    Raises:
        NotAuthenticated: nothing good.
        ForeignPage: a cookie that a page of another site makes the browser send.
    """
    if endpoint.public:
        return None
    shown = credentials.read(headers, runtime.signer)
    if endpoint.method != "GET":
        credentials.require_own_page(shown, headers, secure=facts.secure)
    return shown


def respond(runtime: Runtime, call: Call) -> Outcome | Response:
    """Return the answer to a call; never raises."""
    found = _respond(runtime, call)
    if call.endpoint.page and isinstance(found, Outcome):
        return page.packed(found, call.headers)
    return found


def _respond(runtime: Runtime, call: Call) -> Outcome | Response:
    try:
        if runtime.standing is not None:
            runtime.standing.require()
        if call.endpoint.throttle is not None:
            runtime.throttle.admit(call.endpoint.throttle, call.facts.ip)
        try:
            return _transact(runtime, call)
        except (DomainError, DBAPIError, psycopg.Error):
            stored = _answer_of_twin(runtime, call)
            if stored is None:
                raise
            return stored
    except Exception as error:  # noqa: BLE001  # the edge of a request
        return refused(runtime, answers.told(error, call.facts.request_id), call)


def refused(runtime: Runtime, error: DomainError, call: Call) -> Outcome:
    """Return what is answered instead to a call that is refused."""
    request = Refused(
        call.endpoint.method,
        call.address,
        call.query,
        call.headers,
        call.facts.request_id,
        call.endpoint,
    )
    return refusals.answer(runtime, error, request)


def _transact(runtime: Runtime, call: Call) -> Outcome | Response:
    while True:
        try:
            return runtime.database.run(
                lambda session: _work(runtime, session, call), finish=finish
            )
        except Disproved:
            if call.shown is not None:
                runtime.identifier.forget(call.shown, call.endpoint.permission or "")


def _answer_of_twin(runtime: Runtime, call: Call) -> Outcome | None:
    """Return what a parallel request with the same Idempotency-Key was answered meanwhile.

    What made this one fail may well be the other's effect: the stock it took, the caja it opened.
    """
    if call.shown is None or not call.endpoint.creates or b"idempotency-key" not in call.headers:
        return None
    key, digests = _idempotency(runtime, call)
    known = runtime.database.run(lambda one: _identify(runtime, one, call, key))
    _allowed(known, call.endpoint)
    return _replayed(known.replay, digests) if known is not None and known.replay else None


def _work(runtime: Runtime, session: Session, call: Call) -> Outcome | Response:
    try:
        return _serve(runtime, session, call)
    finally:
        db.settle(session)  # whatever the answer is, it is known by then who asked


def _serve(runtime: Runtime, session: Session, call: Call) -> Outcome | Response:
    endpoint, shown = call.endpoint, call.shown
    user: Identity | None = None
    known: identity.Known | None = None
    key, digests = NO_KEY
    if shown is not None:
        if endpoint.creates:
            key, digests = _idempotency(runtime, call)
        known = _identify(runtime, session, call, key, presumes=endpoint.presumes)
        user = _allowed(known, endpoint)
        _check_expected(user, call)
        if known is not None and known.replay is not None:
            runtime.ctx(session, user, call.facts)
            return _replayed(known.replay, digests)
    ctx = runtime.ctx(session, user, call.facts if shown is not None else _stranger(call))
    if known is not None:
        ctx.know_places(known.places)
        ctx.fresh = known.fresh
        if known.idle:
            ctx.after_commit(lambda: _note_use(runtime, known.identity))
    try:
        result = endpoint.handler(ctx, **_arguments(call))
    except DomainError as refusal:
        if not refusal.stands:
            raise
        return _with_headers(ctx, refused(runtime, refusal, call))
    if isinstance(result, Response):
        result.headers.update(ctx.headers)
        return result
    outcome = _outcome(ctx, endpoint, result)
    if key:
        ctx.answer = StoredAnswer(key, digests[0], outcome.status, outcome.body)
    return outcome


def _identify(
    runtime: Runtime, session: Session, call: Call, key: str, *, presumes: bool = False
) -> identity.Known | None:
    if call.shown is None:
        return None
    permission = call.endpoint.permission or ""
    idle = runtime.settings.session_idle_seconds
    ask = runtime.identifier.presume if presumes else runtime.identifier.identify
    known = ask(session, call.shown, permission, key or None, idle=idle)
    if known is not None:
        logging.bind(usuario_id=known.identity.id)
    return known


def _note_use(runtime: Runtime, user: Identity) -> None:
    """Write that a login or an API key is in use, after the request's own transaction."""
    note, used = identity.TOUCH, user.sesion_id
    if user.clave_id is not None:
        note, used = identity.USE_KEY, user.clave_id
    runtime.database.run(lambda one: db.execute(one, note, {"id": used}))


def _stranger(call: Call) -> RequestFacts:
    """Return the facts of a call to a public address, with whether a page of ours makes it."""
    cookie = call.headers.get(b"cookie", b"").decode("latin-1")
    if call.endpoint.method == "GET":
        return replace(call.facts, cookie=cookie)
    own = credentials.is_own_page(call.headers, secure=call.facts.secure)
    return replace(call.facts, own_page=own, cookie=cookie)


def _allowed(known: identity.Known | None, endpoint: Endpoint) -> Identity:
    if known is None:
        raise NotAuthenticated("La sesión terminó; inicie sesión otra vez.")
    if endpoint.permission and not known.permitted:
        raise Forbidden(f"Su rol no tiene el permiso «{endpoint.permission}».")
    if known.identity.clave_id is not None and not endpoint.for_keys:
        raise Forbidden(
            "Una clave API no puede usar esta dirección; inicie sesión.",
            code="clave_api_no_permitida",
        )
    if endpoint.fresh and not known.fresh:
        raise Forbidden(
            "Confirme quién es: vuelva a escribir su contraseña.", code="reautenticacion_requerida"
        )
    return known.identity


def _check_expected(user: Identity, call: Call) -> None:
    """Refuse what another user than the expected one would do.

    Raises:
        Forbidden: somebody else signed in meanwhile in the same browser.
    """
    expected = call.headers.get(EXPECTED_USER)
    if expected is not None and expected != str(user.id).encode():
        raise Forbidden("En este navegador entró otra persona.", code="otro_usuario")


def _idempotency(runtime: Runtime, call: Call) -> tuple[str, tuple[str, ...]]:
    """Return the Idempotency-Key and the digests of the request, one by each key of ours.

    The first is what is kept. Nobody who reads it can try passwords on it that a body held.
    """
    raw = call.headers.get(b"idempotency-key")
    if raw is None:
        return NO_KEY
    key = raw.decode("latin-1")
    if not _KEY.fullmatch(key):
        raise ValidationFailed(
            "Idempotency-Key: de 1 a 200 caracteres visibles.", code="idempotencia"
        )
    facts = f"{call.endpoint.method} {call.endpoint.path} {sorted(call.path.items())}".encode()
    told = facts + b"\x00" + call.body.raw
    return key, tuple(hmac.digest(one, told, "sha256").hex() for one in runtime.digest_keys)


def _replayed(stored: tuple[str, int, bytes], digests: tuple[str, ...]) -> Outcome:
    if stored[0] not in digests:
        raise Unprocessable(
            "Esta Idempotency-Key ya se usó con otro contenido; genere una nueva.",
            code="idempotencia_otro_contenido",
        )
    return Outcome(stored[1], stored[2], headers={"Idempotent-Replayed": "true"})


def _arguments(call: Call) -> dict[str, Any]:
    endpoint = call.endpoint
    if endpoint.page:
        return {"asked": call.asked, **_path_values(call)}
    arguments = _path_values(call)
    if call.body.form is not None:
        arguments[endpoint.schema_name] = forms.parse(call.body.form, endpoint.form)
    elif endpoint.body is not None:
        arguments[endpoint.schema_name] = bodies.parse(call.body.raw, endpoint.body)
    elif endpoint.query is not None:
        arguments[endpoint.schema_name] = queries.parse(call.query, endpoint.query)
    elif call.query and endpoint.method == "GET":
        queries.parse(call.query, queries.Nothing)
    return arguments


def _path_values(call: Call) -> dict[str, Any]:
    return {
        name: queries.path_value(kind, call.path[name])
        for name, kind in call.endpoint.path_types.items()
    }


def _outcome(ctx: Ctx, endpoint: Endpoint, result: Any) -> Outcome:
    if isinstance(result, Outcome):
        return _with_headers(ctx, result)
    headers = ctx.headers
    if endpoint.adapter is None or result is None:
        return Outcome(endpoint.status, b"", headers=headers)
    if endpoint.protected:
        data = endpoint.adapter.dump_python(result, mode="json", by_alias=True)
        body = to_json(rbac.prune(ctx, endpoint.protected, data))
        return Outcome(endpoint.status, body, headers=headers)
    body = endpoint.adapter.dump_json(result, by_alias=True)
    return Outcome(endpoint.status, body, headers=headers)


def _with_headers(ctx: Ctx, outcome: Outcome) -> Outcome:
    return replace(outcome, headers={**outcome.headers, **ctx.headers}) if ctx.headers else outcome
