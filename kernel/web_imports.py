"""Importing on a page: a file, its columns beside their fields, the dry run, what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kernel import cells, translations, web
from kernel.answers import Outcome
from kernel.context import Ctx
from kernel.errors import DomainError
from kernel.page import Asked, fetch, redirect, send
from kernel.translations import later

API = "/api/importaciones/"
PLACE = "/app/importaciones/"
SHOWN = 50
"""Bad rows on the page; all of them are in the file."""

STATES: Mapping[str, tuple[str, str]] = {
    "subida": (later("Por probar"), ""),
    "probando": (later("Probando"), "info"),
    "probada": (later("Probada"), "info"),
    "importando": (later("Importando"), "info"),
    "importada": (later("Importada"), "good"),
    "rechazada": (later("No se importó nada"), "bad"),
    "fallida": (later("Falló"), "bad"),
    "cancelada": (later("Cancelada"), "warn"),
}
UNDER_WAY = ("probando", "importando")


@dataclass(frozen=True, slots=True)
class Line:
    """A field that can be imported, the column that fills it, and what is in that."""

    name: str
    label: str
    help: str
    required: bool
    column: int | None
    samples: str


def begin(ctx: Ctx, asked: Asked, refusal: DomainError | None = None) -> Outcome:
    """Return the form for a file, and what was imported before."""
    how = cells.style(ctx)
    rows = [
        {**one, "state": _state(one["estado"]), "when": cells.moment(one["created_at"], how)}
        for one in fetch(ctx, API, "limit=20")["items"]
    ]
    kinds = fetch(ctx, f"{API}tipos/")
    titles = {one["tipo"]: one["titulo"] for one in kinds}
    return web.render(
        ctx,
        asked,
        "imports.html",
        status=200 if refusal is None else refusal.status,
        crumbs=[("Importar", "")],
        title=later("Importar"),
        kinds=kinds,
        titles=titles,
        rows=rows,
        refusal=refusal,
        typed=asked.form,
    )


def send_file(ctx: Ctx, asked: Asked) -> Outcome:
    """Keep a file and lead to its columns, or say what is wrong with it."""
    body = {name: value for name, value in asked.form if value}
    try:
        made = send(ctx, "POST", API, body)
    except DomainError as refusal:
        if refusal.status == 401:
            raise
        return begin(ctx, asked, refusal)
    return redirect(ctx, f"{PLACE}{made['id']}/", asked)


def show(ctx: Ctx, asked: Asked, number: int, refusal: DomainError | None = None) -> Outcome:
    """Return how columns are mapped, how the import goes, and what is wrong."""
    one = fetch(ctx, f"{API}{{id}}/", id=number)
    if asked.target and one["estado"] not in UNDER_WAY:
        return redirect(ctx, f"{PLACE}{number}/", asked)  # the columns and what comes next, too
    kinds = {it["tipo"]: it for it in fetch(ctx, f"{API}tipos/")}
    kind = kinds.get(one["tipo"])
    bad = fetch(ctx, f"{API}{{id}}/errores/", f"limit={SHOWN}", id=number)["items"]
    title = kind["titulo"] if kind else one["tipo"]
    labels = {it["campo"]: it["etiqueta"] for it in kind["campos"]} if kind else {}
    return web.render(
        ctx,
        asked,
        "import.html",
        status=200 if refusal is None else refusal.status,
        crumbs=[("Importar", PLACE), (title, "")],
        title=title,
        one=one,
        place=f"{PLACE}{number}/",
        state=_state(one["estado"]),
        under_way=one["estado"] in UNDER_WAY,
        lines=[_line(it, one) for it in kind["campos"]] if kind else [],
        changes=bool(kind and kind["actualiza"]),
        open=one["estado"] not in (*UNDER_WAY, "importada") and kind is not None,
        bad=[(row["fila"], _why(row, labels)) for row in bad],
        refusal=refusal,
    )


def act(ctx: Ctx, asked: Asked, number: int) -> Outcome:
    """Keep what was chosen, and try, import or cancel."""
    wanted = asked.form.get("_acto")
    try:
        if wanted in ("probar", "importar"):
            send(ctx, "PUT", f"{API}{{id}}/", _chosen(asked), id=number)
        if wanted in ("probar", "importar", "cancelar"):
            send(ctx, "POST", f"{API}{{id}}/{wanted}/", {}, id=number)
    except DomainError as refusal:
        if refusal.status in (401, 403, 404):
            raise
        return show(ctx, asked, number, refusal)
    return redirect(ctx, f"{PLACE}{number}/", asked)


def _chosen(asked: Asked) -> dict[str, Any]:
    mapping = [
        {"campo": name.removeprefix("campo."), "columna": int(value)}
        for name, value in asked.form
        if name.startswith("campo.") and isinstance(value, str) and value.isdigit()
    ]
    others = {name: asked.form.get(name) for name in ("modo", "existentes")}
    return {"mapeo": mapping, **{name: value for name, value in others.items() if value}}


def _state(state: str) -> tuple[str, str]:
    label, tone = STATES.get(state, (state, ""))
    return translations.translate(label), tone


def _line(field: Mapping[str, Any], one: Mapping[str, Any]) -> Line:
    column = one["mapeo"].get(field["campo"])
    values = [] if column is None else [row[column] for row in one["muestra"] if row[column]]
    return Line(
        field["campo"],
        field["etiqueta"],
        field["ayuda"],
        field["obligatorio"],
        column,
        " · ".join(values[:3]),
    )


def _why(row: Mapping[str, Any], labels: Mapping[str, str]) -> list[str]:
    return [_reason(it["mensaje"], labels.get(it["campo"], it["campo"])) for it in row["motivos"]]


def _reason(message: str, label: str) -> str:
    told = translations.message(message)
    return f"{translations.translate(label)}: {told}" if label else told
