"""Forms on a page: a record is shown, begun, kept, acted on.

What is typed goes to the API as it would from any client; what the API refuses is told at the
field. An edit that comes too late shows both values and asks again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from kernel import (
    visits,
    web,
    web_act_lines,
    web_beside,
    web_cell,
    web_home,
    web_late,
    web_named,
)
from kernel.answers import Outcome
from kernel.context import Ctx
from kernel.errors import DomainError, NotFound
from kernel.page import Asked, Pairs, prove, redirect, send
from kernel.places import filled
from kernel.translations import later
from kernel.views import Button
from kernel.web_editor import Editor
from kernel.web_inputs import (
    Draft,
    sent,
)
from kernel.web_list import around
from kernel.web_routes import address
from kernel.web_seen import may


def show(ctx: Ctx, path: str, asked: Asked, record_id: int) -> Outcome:
    """Return a record, beside the list that it comes from; or one cell of it."""
    if "_campo" in asked.query:
        return web_cell.show(ctx, path, asked, record_id)
    editor = Editor(ctx, path, asked, record_id)
    return _page(editor, Draft(editor.read()))


def begin(ctx: Ctx, path: str, asked: Asked) -> Outcome:
    """Return the form of a new record, with what the query says filled in."""
    editor = Editor(ctx, path, asked, None)
    if editor.body is None:
        raise NotFound
    try:
        return _page(editor, Draft(editor.begun()))
    except DomainError as refusal:
        if refusal.status in (401, 403, 404):
            raise
        return _page(editor, Draft(editor.asked_for(), None, refusal))


def create(ctx: Ctx, path: str, asked: Asked) -> Outcome:
    """Keep a new record and lead to it, or return the form with what is wrong."""
    editor = Editor(ctx, path, asked, None)
    if editor.body is None:
        raise NotFound
    if editor.adds:
        return _page(editor, Draft({}, editor.asked.form, adds=editor.adds))
    try:
        if editor.proves:
            prove(ctx, asked.form.get("_clave"))
        made = send(ctx, "POST", path, {**editor.asked_for(), **_unnested(editor.document())})
    except DomainError as refusal:
        return _page(editor, Draft({}, editor.asked.form, refusal), status=refusal.status)
    place = filled(editor.view.opens or f"{address(path)}{{id}}/", made)
    return redirect(ctx, f"{place}?{urlencode({'_hecho': 'guardado'})}", asked)


def _unnested(document: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is blank: a new record gets the default."""
    return {name: value for name, value in document.items() if value is not None}


def change(ctx: Ctx, path: str, asked: Asked, record_id: int) -> Outcome:
    """Keep the changes of a record, or do what a button says, and lead back to it."""
    act = asked.form.get("_acto")
    if act == "_celda":
        return web_cell.change(ctx, path, asked, record_id)
    editor = Editor(ctx, path, asked, record_id)
    if editor.adds:
        return _add_line(editor)
    try:
        if act:
            return _act_on(editor, act)
        if editor.body is None:
            raise NotFound
        document = web_late.chosen(asked.form, editor.document())
        version = asked.form.get("version")
        if version.isdigit() and "version" in editor.body.model_fields:
            document["version"] = int(version)
        switched = _switched(editor, document)
        send(ctx, "PUT", f"{path}{{id}}/", document, id=record_id)
    except DomainError as refusal:
        if refusal.status in (401, 403, 404) and not act:
            raise
        return _refused(editor, refusal)
    return _back(editor, "guardado", switched)


def _add_line(editor: Editor) -> Outcome:
    """Return the form as it was typed, with one more line; the edit is as old as it was."""
    present, form = editor.read(), editor.asked.form
    draft = Draft(present, form if editor.editable else None, adds=editor.adds)
    return _page(editor, draft, version=form.get("version"), era=form.get(web_late.FILLED))


def _switched(editor: Editor, document: Mapping[str, Any]) -> str:
    """Return the yes or no that a change turns over; one click takes it back."""
    if not any(isinstance(one, bool) for one in document.values()):
        return ""
    before = editor.read()
    turned = (n for n, v in document.items() if isinstance(v, bool) and before.get(n) is (not v))
    return next(turned, "")


def _switch_back(editor: Editor, name: str) -> Outcome:
    """Turn a yes or no over again."""
    present = editor.read()
    if editor.body is None or not isinstance(present.get(name), bool):
        raise NotFound
    document = {name: not present[name]}
    if "version" in editor.body.model_fields:
        document["version"] = present["version"]
    send(editor.ctx, "PUT", f"{editor.path}{{id}}/", document, id=editor.id)
    return _back(editor, "deshecho")


def _back(editor: Editor, told: str, switched: str = "") -> Outcome:
    query = editor.asked.query.encoded(_hecho=told or None, _giro=switched or None)
    return redirect(editor.ctx, f"{address(editor.path)}{editor.id}/?{query}", editor.asked)


def _refused(editor: Editor, refusal: DomainError) -> Outcome:
    """Return the form with what was typed; after somebody else's change, with both values."""
    present = editor.read()
    keeps = editor.editable and not editor.asked.form.get("_acto")
    late = keeps and refusal.code == "version_obsoleta"
    typed, versus = web_late.compared(editor, present) if late else (editor.asked.form, [])
    draft = Draft(present, typed if keeps else None, refusal)
    return _page(editor, draft, status=refusal.status, late=late, versus=versus)


def _act_on(editor: Editor, act: str) -> Outcome:
    """Do what a button of the form says, or delete the record, or keep a file."""
    ctx, path, form = editor.ctx, editor.path, editor.asked.form
    if act == "_eliminar":
        send(ctx, "DELETE", f"{path}{{id}}/", {}, id=editor.id)
        return redirect(ctx, f"{address(path)}?{editor.asked.query.encoded()}", editor.asked)
    if act == "_girar":
        return _switch_back(editor, form.get("_giro"))
    if act == "_estrella":
        editor.read()
        visits.turn_star(ctx, path, editor.id or 0)
        return _back(editor, "")
    if act == "_archivo":
        web_beside.keep_file(editor, form)
        return _back(editor, "archivo")
    button = next((one for one in editor.view.buttons if one.id == act), None)
    if button is None:
        raise NotFound
    body = button_body(ctx, button, form)
    if button.identifies:
        body[button.identifies] = editor.id
    send(ctx, "POST", button.path, body, id=editor.id)
    return _back(editor, "hecho")


def button_body(ctx: Ctx, button: Button, form: Pairs) -> dict[str, Any]:
    """Return what a button sends: its fields as they were typed."""
    body = ctx.runtime.registry.addresses["POST", button.path].body
    if body is None:
        return {}
    form = web_named.settled(ctx, form, f"_{button.id}.")
    given = {
        name: sent(form.get(f"_{button.id}.{name}"), info)
        for name, info in body.model_fields.items()
        if f"_{button.id}.{name}" in form
    }
    lines = {one.lines.name: one.sent(form) for one in web_act_lines.of(ctx, "", button)}
    return {**{name: value for name, value in given.items() if value is not None}, **lines}


TOLD = later(
    {
        "guardado": "Guardado.",
        "archivo": "Archivo guardado.",
        "hecho": "Hecho.",
        "deshecho": "Quedó como estaba.",
    }
)


def _page(editor: Editor, draft: Draft, status: int = 200, **more: Any) -> Outcome:
    ctx, asked = editor.ctx, editor.asked
    record = editor.context(
        draft,
        told=TOLD.get(asked.query.get("_hecho"), ""),
        switched=asked.query.get("_giro") if editor.body is not None else "",
        step=web_home.step_after(ctx, editor.path) if asked.query.get("_hecho") else None,
        history=web_beside.history(editor) if editor.id else [],
        files=web_beside.files(editor) if editor.id else None,
        uploads=may(ctx, "POST", web_beside.FILES),
        neighbours=web_beside.neighbours(editor, draft.data) if editor.id else ("", ""),
        starred=visits.note(ctx, editor.path, editor.id) if editor.id else False,
        **more,
    )
    listed = None if asked.target else web_beside.list_view(ctx, editor.path)
    values: dict[str, Any] = {"record": record, "title": editor.view.title, "view": editor.view}
    if listed is None:
        return web.render(ctx, asked, "record.html", status=status, **values)
    values["crumbs"] = [(listed.title, address(editor.path)), (record["name"], "")]
    if editor.id is None and editor.view.alone:
        return web.render(ctx, asked, "record.html", status=status, **values)
    values = around(ctx, listed, asked) | {
        "record": record,
        "title": record["name"],
        "crumbs": values["crumbs"],
    }
    return web.render(ctx, asked, "list.html", status=status, **values)
