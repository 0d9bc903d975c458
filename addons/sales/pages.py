"""Pages of sales: the till, and counting the cash of a caja. Source: módulo 1."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from addons.sales.services.denominaciones import denominaciones
from kernel.answers import Outcome
from kernel.context import Ctx
from kernel.errors import DomainError, FieldError
from kernel.http import Endpoint
from kernel.installable import Installable
from kernel.messages import refused
from kernel.page import Asked, Pairs, draw, fetch, page, redirect, send
from kernel.schemas import QueryId
from kernel.translations import later

POS = Installable(
    "/app/pos/",
    "Punto de venta",
    short="POS",
    script="addons.sales:pos.js",
    modules={
        f"pos/{one}": f"addons.sales:pos-{one}.js"
        for one in (
            *("base", "money", "queue", "goods", "lots"),
            *("cart", "pay", "drawer", "ticket", "scan"),
        )
    },
    styles=("addons.sales:pos.css",),
    camera=True,
)

METODOS = later(("Efectivo", "Tarjeta", "Transferencia", "Crédito", "Yape", "Plin"))
"""Names of the ways to pay that every shop starts with."""


@page("GET", POS.address, permission="ventas.crear")
def punto_de_venta(ctx: Ctx, asked: Asked) -> Outcome:
    """Vender en caja, con o sin conexión."""
    pos = fetch(ctx, "/api/pos/")
    wanted = asked.query.get("caja")
    cajas = pos["cajas"]
    caja = next((one for one in cajas if str(one["id"]) == wanted), cajas[0] if cajas else None)
    return POS.draw(ctx, asked, "addons.sales:pos.html", title=POS.title, pos=pos, caja=caja)


# Counting ---------------------------------------------------------------------------------------

CAJA = "/api/cajas/{id}/"
CONTEO = "/app/cajas/{id}/conteo/"
ARQUEO, CIERRE = "arqueo", "cierre"
TITULO = later("Contar la caja")
LARGO = 6
"""Digits of a count of notes or coins."""


@page("GET", CONTEO, permission="cajas.cerrar")
def mostrar_conteo(ctx: Ctx, asked: Asked, id: QueryId) -> Outcome:
    """Contar el efectivo de una caja, para saberlo o para cerrarla."""
    return _dibujar(ctx, asked, id)


@page("POST", CONTEO, permission="cajas.cerrar")
def contar(ctx: Ctx, asked: Asked, id: QueryId) -> Outcome:
    """Suma lo contado; con los otros botones lo guarda, o cierra la caja."""
    acto = asked.form.get("_acto")
    if acto not in (ARQUEO, CIERRE):
        return _dibujar(ctx, asked, id)
    try:
        lugar = _guardar(ctx, asked.form, acto, id)
    except DomainError as refusal:
        if refusal.status in (401, 404):
            raise
        return _dibujar(ctx, asked, id, refusal)
    return redirect(ctx, lugar, asked)


def _dibujar(ctx: Ctx, asked: Asked, caja_id: int, refusal: DomainError | None = None) -> Outcome:
    valores = denominaciones(ctx.runtime.regional(ctx.session).moneda)
    esperado = Decimal(fetch(ctx, f"{CAJA}reporte-z/", id=caja_id)["monto_esperado"])
    contado = _suma(_contadas(asked.form, valores))
    contado = _monto(asked.form) if contado is None else contado
    values: dict[str, Any] = {
        "id": caja_id,
        "valores": valores,
        "esperado": esperado,
        "contado": contado,
        "diferencia": None if contado is None else contado - esperado,
        "refusal": refusal,
    }
    if asked.target == "suma":
        return draw(ctx, asked, "addons.sales:conteo_suma.html", **values)
    crumbs = [
        (later("Cajas"), "/app/cajas/"),
        (str(caja_id), f"/app/cajas/{caja_id}/"),
        (TITULO, ""),
    ]
    return draw(ctx, asked, "addons.sales:conteo.html", title=TITULO, crumbs=crumbs, **values)


def _contadas(form: Pairs, valores: Sequence[Decimal]) -> list[tuple[Decimal, str]]:
    """Return (note or coin, how many) of what was typed."""
    found = [(valor, form.get(f"c.{valor}").strip()) for valor in valores]
    return [(valor, cuantas) for valor, cuantas in found if cuantas]


def _suma(contadas: Sequence[tuple[Decimal, str]]) -> Decimal | None:
    sanas = [(valor, int(cuantas)) for valor, cuantas in contadas if _es_cuenta(cuantas)]
    return sum((valor * una for valor, una in sanas), Decimal(0)) if contadas else None


def _es_cuenta(texto: str) -> bool:
    return texto.isascii() and texto.isdigit() and len(texto) <= LARGO


def _monto(form: Pairs) -> Decimal | None:
    """Return the amount that was typed in place of notes and coins."""
    texto = form.get("monto").strip().replace(",", ".")
    whole, _, decimals = texto.partition(".")
    sano = (whole + decimals).isdigit() and texto.isascii() and len(whole) <= 10
    return Decimal(texto) if sano else None


def _guardar(ctx: Ctx, form: Pairs, acto: str, caja_id: int) -> str:
    """Return where to look at the count, once it is kept.

    Raises:
        DomainError: something that was typed is no number, or the API refuses the count.
    """
    contadas = _contadas(form, denominaciones(ctx.runtime.regional(ctx.session).moneda))
    if malas := [valor for valor, cuantas in contadas if not _es_cuenta(cuantas)]:
        texto = "Escriba cuántos hay, con números."
        raise refused([FieldError(f"c.{valor}", "int_parsing", texto) for valor in malas])
    body: dict[str, Any] = {
        "denominaciones": [
            {"valor": str(valor), "cantidad": int(cuantas)} for valor, cuantas in contadas
        ],
        "observacion": form.get("observacion"),
    }
    monto = None if contadas else form.get("monto").strip().replace(",", ".") or None
    if acto == CIERRE:
        send(ctx, "POST", "/api/cajas/cerrar/", {**body, "caja_id": caja_id, "monto_cierre": monto})
        return f"/app/cajas/{caja_id}/"
    hecho = send(ctx, "POST", f"{CAJA}arqueos/", {**body, "monto": monto}, id=caja_id)
    return f"/app/arqueos/{hecho['id']}/"


PAGES: list[Endpoint] = [
    punto_de_venta,
    *POS.pages(),
    mostrar_conteo,
    contar,
]
