"""Endpoints: what a function's signature declares, and which declarations are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.responses import Response

from addons.sales.routes import ventas
from kernel.context import Ctx
from kernel.errors import ConfigurationError
from kernel.http import Endpoint, endpoint, endpoints_in
from kernel.schemas import Answer, QueryId, Schema


class Cosa(Schema):
    nombre: str


class CosaLeida(Answer):
    id: int


def test_endpoint_of_a_post_takes_path_and_body_from_the_signature() -> None:
    @endpoint("POST", "/api/cosas/{id}/partes/", permission="cosas.crear", status=201)
    def crear(ctx: Ctx, id: QueryId, nueva: Cosa) -> CosaLeida:
        """Crea una parte.

        Y lo que sigue no es el resumen.
        """
        return CosaLeida(id=id)

    assert (crear.body, crear.query, crear.schema_name) == (Cosa, None, "nueva")
    assert crear.path_types == {"id": QueryId}
    assert (crear.answer, crear.status, crear.summary) == (CosaLeida, 201, "Crea una parte.")
    assert crear.creates
    assert crear.adapter is not None
    assert crear.adapter.dump_json(CosaLeida(id=7)) == b'{"id":7}'


def test_endpoint_of_a_get_takes_the_schema_as_its_query() -> None:
    @endpoint("GET", "/api/cosas/", permission="")
    def listar(ctx: Ctx, query: Cosa) -> list[CosaLeida]:
        """Lista cosas."""
        return []

    assert (listar.body, listar.query) == (None, Cosa)
    assert not listar.creates


def test_endpoint_that_answers_by_itself_has_no_adapter() -> None:
    @endpoint("GET", "/api/cosas/foto/", permission="")
    def foto(ctx: Ctx) -> Response:
        """Una foto."""
        return Response(b"")

    @endpoint("DELETE", "/api/cosas/", permission="", status=204)
    def borrar(ctx: Ctx) -> None:
        """Borra todo."""

    assert foto.adapter is None
    assert borrar.adapter is None


def test_endpoint_that_is_public_honours_no_idempotency_key() -> None:
    @endpoint("POST", "/api/entrar/", public=True)
    def entrar(ctx: Ctx, cosa: Cosa) -> CosaLeida:
        """Entra."""
        return CosaLeida(id=1)

    assert not entrar.creates


def without_path(ctx: Ctx) -> None: ...


def with_unknown(ctx: Ctx, id: int, otra: int) -> None: ...


def with_two_bodies(ctx: Ctx, id: int, una: Cosa, otra: Cosa) -> None: ...


@pytest.mark.parametrize("handler", [without_path, with_unknown, with_two_bodies])
def test_endpoint_whose_signature_does_not_fit_is_refused(handler: Callable[..., Any]) -> None:
    with pytest.raises(ConfigurationError, match=handler.__name__):
        endpoint("POST", "/api/cosas/{id}/", permission="")(handler)


def test_endpoint_that_says_nobody_may_call_it_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"POST /api/cosas/: say permission"):
        endpoint("POST", "/api/cosas/")


def test_endpoint_that_asks_a_stranger_for_a_fresh_proof_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="nobody is known there"):
        endpoint("POST", "/api/cosas/", public=True, fresh=True)


def test_endpoint_whose_body_has_a_default_may_be_called_without_one() -> None:
    nada = Cosa(nombre="")

    @endpoint("POST", "/api/cosas/", permission="", fresh=True)
    def crear(ctx: Ctx, nueva: Cosa = nada) -> None:
        """Crea algo."""

    @endpoint("POST", "/api/cosas/", permission="")
    def exigir(ctx: Ctx, nueva: Cosa) -> None:
        """Crea una cosa."""

    assert (crear.body_optional, crear.fresh) == (True, True)
    assert (exigir.body_optional, exigir.fresh) == (False, False)


def test_endpoints_in_finds_those_of_a_module_in_order() -> None:
    found = endpoints_in(ventas)
    assert [one.name for one in found] == [f"_{one.handler.__name__}" for one in found]
    assert "crear_venta" in [one.handler.__name__ for one in found]
    assert all(isinstance(one, Endpoint) for one in found)


def test_owned_by_names_the_endpoint_after_its_addon() -> None:
    found = endpoints_in(ventas)[0].owned_by("sales")
    assert found.name == f"sales_{found.handler.__name__}"
