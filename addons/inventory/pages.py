"""Pages of inventory that no view can declare: the kardex of a product, the trace of a lot."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from kernel import mentions
from kernel.answers import Outcome
from kernel.context import Ctx
from kernel.errors import DomainError
from kernel.http import Endpoint
from kernel.mentions import Mention
from kernel.page import Asked, choices, draw, fetch, page

REPORTE = "/api/reportes/kardex/"
LISTA = "inventory.movimientos.list"
HALLADOS = 20
"""Products to choose from, where a text finds several."""
PEDIDO = ("almacen_id", "desde", "hasta")


@page("GET", "/app/inventario/kardex/", permission="stock.kardex")
def mostrar_kardex(ctx: Ctx, asked: Asked) -> Outcome:
    """El kardex de un producto, que se pide por su SKU o su código de barras."""
    buscado = asked.query.get("producto").strip()
    pedido = {name: asked.query.get(name) for name in PEDIDO if asked.query.get(name)}
    values: dict[str, Any] = {"producto": None, "tabla": None, "refusal": None, "consulta": ""}
    hallados = _buscar(ctx, buscado) if buscado else []
    if len(hallados) == 1:
        (values["producto"],) = hallados
        values["consulta"] = urlencode({"producto_id": values["producto"]["id"], **pedido})
        try:
            values["tabla"] = fetch(ctx, REPORTE, values["consulta"])
        except DomainError as refusal:
            if refusal.status == 401:
                raise
            values["refusal"] = refusal
    return draw(
        ctx,
        asked,
        "addons.inventory:kardex.html",
        title="Kardex",
        crumbs=[("Kardex", "")],
        buscado=buscado,
        hallados=[(uno, asked.query.encoded(producto=uno["sku"])) for uno in hallados],
        tipos=choices(ctx, LISTA, "tipo_movimiento"),
        pedido=pedido,
        almacenes=fetch(ctx, "/api/almacenes/", "limit=200&sort=nombre")["items"],
        documentos=_documentos(ctx, values["tabla"]["items"] if values["tabla"] else []),
        **values,
    )


def _buscar(ctx: Ctx, buscado: str) -> list[Any]:
    """Return the product of a SKU or bar code, else the first ones that the text finds."""
    for query in ({"sku": buscado}, {"codigo_barras": buscado}, {"q": buscado}):
        fields = {"fields": "id,sku,nombre,unidad_medida", "limit": str(HALLADOS)}
        items: list[Any] = fetch(ctx, "/api/productos/", urlencode({**query, **fields}))["items"]
        if items:
            return items
    return []


@page("GET", "/app/inventario/trazabilidad/", permission="stock.ver")
def mostrar_traza(ctx: Ctx, asked: Asked) -> Outcome:
    """De dónde vino y a dónde fue un lote o una serie."""
    buscado, traza = asked.query.get("lote").strip(), None
    if buscado:
        try:
            traza = fetch(ctx, "/api/inventario/trazabilidad/{lote}/", lote=buscado)
        except DomainError as refusal:
            if refusal.status == 401:
                raise
    lotes = traza["lotes"] if traza else []
    pasos = [uno for lote in lotes for uno in (*lote["hacia_atras"], *lote["hacia_adelante"])]
    return draw(
        ctx,
        asked,
        "addons.inventory:trazabilidad.html",
        title="Trazabilidad",
        crumbs=[("Trazabilidad", "")],
        buscado=buscado,
        tipos=choices(ctx, LISTA, "tipo_movimiento"),
        lotes=lotes,
        documentos=_documentos(ctx, pasos),
    )


def _documentos(ctx: Ctx, unos: Iterable[Mapping[str, Any]]) -> dict[str, Mention]:
    """Return what movements name as their document."""
    return mentions.told(ctx, (uno["referencia_doc"] for uno in unos))


PAGES: list[Endpoint] = [mostrar_kardex, mostrar_traza]
