"""Pages of sunat that no view can declare: numbers of each series, what waits for SUNAT."""

from typing import Any
from urllib.parse import urlencode

from kernel.answers import Outcome
from kernel.context import Ctx
from kernel.errors import DomainError
from kernel.http import Endpoint
from kernel.page import Asked, choices, draw, fetch, page

CORRELATIVOS = "/api/reportes/correlativos/"
LISTA = "sunat.comprobantes.list"


@page("GET", "/app/facturacion/correlativos/", permission="facturacion.reenviar")
def mostrar_correlativos(ctx: Ctx, asked: Asked) -> Outcome:
    """Los números de cada serie: cuáles faltan, cuáles se quemaron, cuáles esperan."""
    pedido = {uno: asked.query.get(uno) for uno in ("desde", "hasta") if asked.query.get(uno)}
    values: dict[str, Any] = {"filas": [], "refusal": None}
    try:
        values["filas"] = fetch(ctx, CORRELATIVOS, urlencode(pedido))["items"]
    except DomainError as refusal:
        if refusal.status == 401:
            raise
        values["refusal"] = refusal
    return draw(
        ctx,
        asked,
        "addons.sunat:correlativos.html",
        title="Correlativos",
        crumbs=[("Correlativos", "")],
        pedido=pedido,
        consulta=urlencode(pedido),
        tipos=choices(ctx, LISTA, "tipo"),
        **values,
    )


@page("GET", "/app/facturacion/cola/", permission="facturacion.ver")
def mostrar_cola(ctx: Ctx, asked: Asked) -> Outcome:
    """Lo que espera a SUNAT, lo que vence antes primero."""
    cola = fetch(ctx, "/api/facturacion/cola-contingencia/")
    return draw(
        ctx,
        asked,
        "addons.sunat:cola.html",
        title="Cola de SUNAT",
        crumbs=[("Cola de SUNAT", "")],
        cola=cola["items"],
        caida=cola["caida"],
        tipos=choices(ctx, LISTA, "tipo"),
        estados=choices(ctx, LISTA, "estado_sunat"),
    )


PAGES: list[Endpoint] = [mostrar_correlativos, mostrar_cola]
