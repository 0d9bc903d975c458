"""What stands beside the fields of a record: its history, files, and neighbours in the list."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from kernel import cells, paging, translations, words
from kernel.cells import Painter
from kernel.context import Ctx
from kernel.errors import DomainError, NotFound
from kernel.model import table_of
from kernel.page import Pairs, fetch, send
from kernel.view_slots import parts_of
from kernel.views import Column, Field, ListView
from kernel.web_listed import Listed, reversed_sort
from kernel.web_routes import address
from kernel.web_seen import drawn_columns, may, visible

if TYPE_CHECKING:
    from kernel.web_editor import Editor

HISTORY = 20
TIMELINE = "/api/audit-logs/linea-de-tiempo/"
FILES = "/api/adjuntos/"


def history(editor: Editor) -> list[dict[str, Any]]:
    """Return who changed what of the record, the newest first."""
    kind = _table(editor)
    if not kind or not may(editor.ctx, "GET", TIMELINE):
        return []
    query = urlencode({"objeto_tipo": kind, "objeto_id": editor.id, "limit": HISTORY})
    try:
        acts = fetch(editor.ctx, TIMELINE, query)["items"]
    except DomainError:
        return []
    parts = [one for one in parts_of(editor.view) if isinstance(one, Field | Column)]
    labels = {one.name: one.label for one in parts}
    said = partial(words.of, editor.ctx.runtime.registry, words.ACT)
    return [_act(one, said(one["accion"]), labels, editor.how) for one in acts]


def _act(
    act: Mapping[str, Any], done: str, labels: Mapping[str, str], how: cells.Style
) -> dict[str, Any]:
    what = translations.translate(done)
    changes = [
        (translations.translate(labels[one["campo"]]), plain(one["antes"]), plain(one["despues"]))
        for one in act["cambios"]
        if one["campo"] in labels
    ]
    return {
        "who": act["usuario"] or translations.translate("El sistema"),
        "what": what[:1].lower() + what[1:],
        "when": cells.moment(act["created_at"], how),
        "at": act["created_at"],
        "sealed": act["sello"] is not None,
        "changes": changes,
    }


def plain(value: Any) -> str:
    """Return a value as it is read where nothing is known of its field."""
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return translations.translate("Sí") if value else translations.translate("No")
    return str(value)


def files(editor: Editor) -> list[Mapping[str, Any]] | None:
    """Return the record's files, or None where the user sees none."""
    kind = _table(editor)
    if not kind or not may(editor.ctx, "GET", FILES):
        return None
    query = urlencode({"objeto_tipo": kind, "objeto_id": editor.id})
    try:
        found: list[Mapping[str, Any]] = fetch(editor.ctx, FILES, query)["items"]
    except DomainError:
        return None
    return found


def keep_file(editor: Editor, form: Pairs) -> None:
    """Keep what was dropped on the record.

    Raises:
        NotFound: it has no table of its own.
    """
    kind = _table(editor)
    if not kind:
        raise NotFound
    editor.read()
    for name, value in form:
        if name == "archivo" and not isinstance(value, str):
            body = {"archivo": value, "objeto_tipo": kind, "objeto_id": str(editor.id)}
            send(editor.ctx, "POST", FILES, body)


def neighbours(editor: Editor, data: Mapping[str, Any]) -> tuple[str, str]:
    """Return the addresses of the records before and after in the list that one comes from."""
    view = list_view(editor.ctx, editor.path)
    if view is None or not data.get("id"):
        return "", ""
    listed = Listed(editor.ctx, view, editor.asked, limit=1)
    sort = listed.sort
    if listed.resource is None or sort.lstrip("-") not in data:
        return "", ""
    value = data[sort.lstrip("-")]
    tail = editor.asked.query.encoded("_pestana")

    def beside(way: str) -> str:
        cursor = paging.encode(way, value, data["id"])
        query = listed.query(sort=way, next=cursor, limit="1", fields="id")
        items = fetch(editor.ctx, editor.path, query)["items"]
        place = address(editor.path)
        return f"{place}{items[0]['id']}/{'?' + tail if tail else ''}" if items else ""

    return beside(reversed_sort(sort)), beside(sort)


def called(editor: Editor, data: Mapping[str, Any]) -> str:
    """Return what a record is called: as fields that refer to it call it where that takes several
    values (series and number), else by its name, in words where the list has words for it."""
    name, view = editor.view.name, list_view(editor.ctx, editor.path)
    resource = cells.resource_at(editor.ctx.runtime.registry, editor.path)
    if resource is not None and name in resource.named:
        return cells.joined(data[one] for one in resource.named if data.get(one) is not None)
    value = data.get(name)
    column = next((one for one in view.columns if one.name == name), None) if view else None
    if value is None or view is None or column is None:
        return str(value or "")
    drawn = drawn_columns(editor.ctx, view, [column])[0]
    return Painter(editor.how, {}).said(drawn, value) if drawn.choices else str(value)


def list_view(ctx: Ctx, path: str) -> ListView | None:
    """Return the list of a resource, as the user sees it."""
    found = visible(ctx, path)
    return next((one for one in found if isinstance(one, ListView)), None)


def _table(editor: Editor) -> str:
    resource = cells.resource_at(editor.ctx.runtime.registry, editor.path)
    return table_of(resource.model).name if resource is not None else ""
