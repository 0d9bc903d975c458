"""Forms on a page: one record of the API, its inputs, lines, acts, files and history.

A field is an input where the API takes it, and text where it doesn't. What is typed goes to the API
as it would from any client; what the API refuses is told at the field. An edit that comes too late
shows both values and asks again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, get_args, get_origin
from urllib.parse import urlencode

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from kernel import cells, paging, screens, translations, web, web_list
from kernel.answers import Outcome
from kernel.cells import Painter
from kernel.context import Ctx
from kernel.errors import DomainError, NotFound
from kernel.model import table_of
from kernel.page import Asked, Pairs, fetch, redirect, send
from kernel.views import Button, Column, Field, FormView, Lines, ListView, Section
from kernel.web_list import Listed, around, drawn_columns, may
from kernel.web_routes import address

BLANK_LINES = 1
HISTORY = 20


@dataclass(frozen=True, slots=True)
class Input:
    """A field of a form as it is shown."""

    name: str
    label: str
    kind: str
    value: str
    said: Any
    editable: bool
    required: bool = False
    options: tuple[tuple[str, str], ...] = ()
    help: str = ""
    span: int = 1
    fault: str = ""
    refers: str = ""
    longest: int | None = None
    numeric: bool = False

    @property
    def id(self) -> str:
        """The id of its element."""
        return f"i-{self.name.replace('.', '-')}"


@dataclass(frozen=True, slots=True)
class Table:
    """The lines of a record as they are shown: a row of inputs each, and an empty one."""

    id: str
    name: str
    label: str
    heads: tuple[Any, ...]
    rows: tuple[tuple[Input, ...], ...]
    pattern: tuple[Input, ...]
    sums: tuple[str, ...]
    editable: bool


@dataclass(frozen=True, slots=True)
class Block:
    """A section as it is shown."""

    id: str
    label: str
    inputs: tuple[Input, ...]


@dataclass
class Draft:
    """What a form is filled with: the record, and what somebody typed and was refused."""

    data: Mapping[str, Any] = field(default_factory=dict)
    typed: Pairs | None = None
    refusal: DomainError | None = None

    def value(self, name: str) -> Any:
        """Return what a field shows."""
        if self.typed is not None and (name in self.typed or f"_de.{name}" in self.typed):
            return self.typed.get(name)
        return self.data.get(name)

    def fault(self, name: str) -> str:
        """Return why a field was refused."""
        errors = self.refusal.errors if self.refusal is not None else ()
        return next((one.message for one in errors if one.field == name), "")


class Editor:
    """A form over a resource, for a record or a new one."""

    def __init__(self, ctx: Ctx, path: str, asked: Asked, record_id: int | None) -> None:
        registry = ctx.runtime.registry
        declared = registry.screens.form_of(path)
        view = registry.screens.shown(declared.id, registry.eyes(ctx.can)) if declared else None
        if not isinstance(view, FormView):
            raise NotFound
        self.ctx, self.path, self.asked, self.id, self.view = ctx, path, asked, record_id, view
        method, where = ("POST", path) if record_id is None else ("PUT", f"{path}{{id}}/")
        self.method, self.where = method, where
        target = registry.addresses.get((method, where))
        self.editable = target is not None and may(ctx, method, where)
        self.body: type[BaseModel] | None = target.body if target and self.editable else None
        self.kinds = screens.fields_of(registry.addresses, path)
        self.how = cells.style(ctx)

    # Reading ---------------------------------------------------------------------------------

    def read(self) -> Mapping[str, Any]:
        """Return the record as the API answers it."""
        found: Mapping[str, Any] = fetch(self.ctx, f"{self.path}{{id}}/", id=self.id)
        return found

    def context(self, draft: Draft, **more: Any) -> dict[str, Any]:
        """Return what the template of a record shows."""
        data = draft.data
        painter = self._painter(draft)
        place = address(self.path)
        tail = self.asked.query.encoded("_pestana")
        name = str(data.get(self.view.name) or "") if self.id else ""
        return {
            "id": self.id,
            "view": self.view,
            "name": name or translations.translate("Nuevo" if self.id is None else self.view.title),
            "address": f"{place}{self.id or 'nuevo'}/" + (f"?{tail}" if tail else ""),
            "close": f"{place}?{tail}" if tail else place,
            "panels": [self._panel(one, draft, painter) for one in self.view.panels],
            "tabs": [(one, self._tab_link(one.id)) for one in self.view.tabs],
            "tab": self._open_tab(draft, painter),
            "states": self._states(data),
            "buttons": self._buttons(data),
            "questions": self._questions(data, draft),
            "version": str(data.get("version", "")) if self.editable else "",
            "editable": self.body is not None,
            "refusal": draft.refusal,
            "deletes": self.id is not None and may(self.ctx, "DELETE", f"{self.path}{{id}}/"),
            "versus": [],
            "question": None,
            **more,
        }

    def _painter(self, draft: Draft) -> Painter:
        parts = [one for one in screens.parts_of(self.view) if isinstance(one, Field)]
        columns = drawn_columns(self.ctx, self.view, parts)
        row = {one.name: id_of(draft.value(one.name)) for one in columns if one.refers}
        names = dict(cells.names(self.ctx, columns, [row]))
        for lines in (one for one in screens.parts_of(self.view) if isinstance(one, Lines)):
            shown = [self._line_drawn(lines, one) for one in lines.columns]
            names.update(cells.names(self.ctx, shown, draft.data.get(lines.name) or []))
        return Painter(self.how, names)

    def _panel(self, panel: Section | Lines, draft: Draft, painter: Painter) -> Block | Table:
        if isinstance(panel, Lines):
            return self._table(panel, draft, painter)
        inputs = [self._input(one, draft, painter) for one in panel.fields]
        shown = [one for one in inputs if self.id is not None or one.editable]
        return Block(panel.id, panel.label, tuple(shown))

    def _input(self, one: Field, draft: Draft, painter: Painter) -> Input:
        drawn = drawn_columns(self.ctx, self.view, [one])[0]
        info = self.body.model_fields.get(one.name) if self.body is not None else None
        value = draft.value(one.name)
        if value is None and self.id is None and info is not None and not info.is_required():
            value = info.get_default(call_default_factory=True)
        given = self._required(one.name)
        return input_of(
            one, drawn, info, value, painter, fault=draft.fault(one.name), required=given
        )

    def _required(self, name: str) -> bool:
        """Return whether a new record needs a field."""
        maker = self.ctx.runtime.registry.addresses.get(("POST", self.path))
        info = maker.body.model_fields.get(name) if maker and maker.body else None
        return info is not None and info.is_required()

    # Lines -----------------------------------------------------------------------------------

    def line_model(self, lines: Lines) -> type[BaseModel] | None:
        """Return the schema of a line, where the body takes lines."""
        info = self.body.model_fields.get(lines.name) if self.body is not None else None
        return _item(info.annotation) if info is not None else None

    def _line_drawn(self, lines: Lines, column: Column) -> cells.Drawn:
        known = screens.line_fields(self.ctx.runtime.registry.addresses, self.path, lines.name)
        kind = known.get(column.name)
        drawn = cells.drawn(self.ctx.runtime.registry, "", column, kind)
        refers = drawn.refers or cells.guessed(self.ctx.runtime.registry, column.name)
        if not refers or column.widget:
            return drawn
        return cells.Drawn(
            drawn.name, drawn.label, "reference", drawn.choices, refers, drawn.total, drawn.optional
        )

    def _table(self, lines: Lines, draft: Draft, painter: Painter) -> Table:
        model = self.line_model(lines)
        shown = [
            (one, drawn)
            for one in lines.columns
            for drawn in [self._line_drawn(lines, one)]
            if self._in_table(one, model)
        ]
        data = self._lines(lines, draft)
        rows = tuple(
            self._row(lines, shown, str(place), line, draft, painter)
            for place, line in enumerate(data)
        )
        pattern = self._row(lines, shown, "#", {}, Draft(), painter) if model else ()
        if model and not rows:
            rows = (self._row(lines, shown, "0", {}, draft, painter),)
        heads = tuple(drawn for _, drawn in shown)
        sums = tuple(self._sum(drawn, data) for drawn in heads)
        return Table(
            lines.id, lines.name, lines.label, heads, rows, pattern, sums, editable=bool(model)
        )

    def _in_table(self, column: Column, model: type[BaseModel] | None) -> bool:
        """A new record shows what its lines take; a kept one all that is known of them."""
        return self.id is not None or model is None or column.name in model.model_fields

    def _lines(self, lines: Lines, draft: Draft) -> Sequence[Mapping[str, Any]]:
        if draft.typed is not None and self.line_model(lines) is not None:
            typed = _typed_lines(draft.typed, lines.name).values()
            return [one for one in typed if any(one.values())]
        found: Sequence[Mapping[str, Any]] = draft.data.get(lines.name) or []
        return found

    def _row(
        self,
        lines: Lines,
        shown: Sequence[tuple[Column, cells.Drawn]],
        place: str,
        line: Mapping[str, Any],
        draft: Draft,
        painter: Painter,
    ) -> tuple[Input, ...]:
        model = self.line_model(lines)
        made = []
        for one, drawn in shown:
            info = model.model_fields.get(one.name) if model is not None else None
            name = f"{lines.name}.{place}.{one.name}"
            made.append(
                input_of(
                    one, drawn, info, line.get(one.name), painter, name=name,
                    fault=draft.fault(name), required=info is not None and info.is_required(),
                )
            )  # fmt: skip
        return tuple(made)

    def _sum(self, drawn: cells.Drawn, data: Sequence[Mapping[str, Any]]) -> str:
        if not drawn.total:
            return ""
        values = [cells.exact(one.get(drawn.name)) for one in data]
        return cells.money(sum(values), self.how)

    # What else stands in the form --------------------------------------------------------------

    def _tab_link(self, tab: str) -> str:
        query = self.asked.query.encoded(_pestana=tab)
        return f"{address(self.path)}{self.id or 'nuevo'}/?{query}"

    def _open_tab(self, draft: Draft, painter: Painter) -> tuple[str, list[Any]] | None:
        if not self.view.tabs:
            return None
        wanted = self.asked.query.get("_pestana")
        tab = next((one for one in self.view.tabs if one.id == wanted), self.view.tabs[0])
        return tab.id, [self._panel(one, draft, painter) for one in tab.panels]

    def _states(self, data: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Return the states in order, each with whether it is past, present or to come."""
        if self.view.states is None or self.id is None:
            return []
        states = self.view.states.states
        present = str(data.get(self.view.states.name))
        at = next((i for i, one in enumerate(states) if one.value == present), -1)
        ways = ["done" if i < at else "here" if i == at else "" for i in range(len(states))]
        return [
            (translations.translate(one.label), way) for one, way in zip(states, ways, strict=True)
        ]

    def _buttons(self, data: Mapping[str, Any]) -> list[Button]:
        if self.id is None:
            return []
        state = str(data.get(self.view.states.name)) if self.view.states else ""
        return [one for one in self.view.buttons if not one.when or state in one.when]

    def _questions(self, data: Mapping[str, Any], draft: Draft) -> dict[str, Any]:
        from kernel import web_acts

        place = f"{address(self.path)}{self.id}/"
        typed = Draft({}, self.asked.form, draft.refusal) if self.asked.form.get("_acto") else None
        return {
            one.id: web_acts.question(self.ctx, one, place, typed)
            for one in self._buttons(data)
            if one.fields
        }

    def history(self) -> list[dict[str, Any]]:
        """Return who changed what of the record, the newest first."""
        resource = cells.resource_at(self.ctx.runtime.registry, self.path)
        if resource is None or not may(self.ctx, "GET", TIMELINE):
            return []
        kind = table_of(resource.model).name
        query = urlencode({"objeto_tipo": kind, "objeto_id": self.id, "limit": HISTORY})
        try:
            acts = fetch(self.ctx, TIMELINE, query)["items"]
        except DomainError:
            return []
        labels = {
            one.name: one.label
            for one in screens.parts_of(self.view)
            if isinstance(one, Field | Column)
        }
        return [self._act(one, labels) for one in acts]

    def _act(self, act: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
        changes = [
            (
                translations.translate(labels[one["campo"]]),
                _plain(one["antes"]),
                _plain(one["despues"]),
            )
            for one in act["cambios"]
            if one["campo"] in labels
        ]
        return {
            "who": act["usuario"] or translations.translate("El sistema"),
            "what": translations.translate(ACTS.get(act["accion"], act["accion"])),
            "when": cells.moment(act["created_at"], self.how),
            "at": act["created_at"],
            "sealed": act["sello"] is not None,
            "changes": changes,
        }

    def files(self) -> list[Mapping[str, Any]] | None:
        """Return the record's files, or None where the user sees none."""
        resource = cells.resource_at(self.ctx.runtime.registry, self.path)
        if resource is None or not may(self.ctx, "GET", FILES):
            return None
        query = urlencode({"objeto_tipo": table_of(resource.model).name, "objeto_id": self.id})
        try:
            found: list[Mapping[str, Any]] = fetch(self.ctx, FILES, query)["items"]
        except DomainError:
            return None
        return found

    def neighbours(self, data: Mapping[str, Any]) -> tuple[str, str]:
        """Return the addresses of the records before and after in the list that one comes from."""
        view = next(
            (v for v in web_list.visible(self.ctx, self.path) if isinstance(v, ListView)), None
        )
        if view is None or not data.get("id"):
            return "", ""
        listed = Listed(self.ctx, view, self.asked, limit=1)
        sort = listed.sort
        if listed.resource is None or sort.lstrip("-") not in data:
            return "", ""
        value = data[sort.lstrip("-")]
        tail = self.asked.query.encoded("_pestana")

        def beside(way: str) -> str:
            cursor = paging.encode(way, value, data["id"])
            query = listed.query(sort=way, next=cursor, limit="1", fields="id")
            items = fetch(self.ctx, self.path, query)["items"]
            place = address(self.path)
            return f"{place}{items[0]['id']}/{'?' + tail if tail else ''}" if items else ""

        return beside(web_list.reversed_sort(sort)), beside(sort)

    # Writing ---------------------------------------------------------------------------------

    def document(self) -> dict[str, Any]:
        """Return what was typed as the body that the API takes."""
        form, found = self.asked.form, dict[str, Any]()
        known = self.body.model_fields if self.body is not None else {}
        for name, info in known.items():
            lines = _item(info.annotation)
            if lines is not None and any(n.startswith(f"{name}.") for n, _ in form):
                found[name] = [
                    {
                        key: _sent(text, lines.model_fields[key])
                        for key, text in line.items()
                        if key in lines.model_fields and text != ""
                    }
                    for line in _typed_lines(form, name).values()
                    if any(line.values())
                ]
            elif name in form or f"_de.{name}" in form:
                found[name] = _sent(form.get(name), info)
        return found


TIMELINE = "/api/audit-logs/linea-de-tiempo/"
FILES = "/api/adjuntos/"
ACTS = {
    "crear": "creó el registro",
    "editar": "cambió",
    "eliminar": "eliminó",
    "abrir": "abrió",
    "cerrar": "cerró",
}


def input_of(
    one: Field | Column,
    drawn: cells.Drawn,
    info: FieldInfo | None,
    value: Any,
    painter: Painter,
    *,
    name: str = "",
    fault: str = "",
    required: bool = False,
) -> Input:
    """Return a field as it is shown: an input where the API takes it (``info``)."""
    options = [(c.value, translations.translate(c.label)) for c in one.choices]
    if info is not None and not options:
        options = [(one, one) for one in _literals(info.annotation)]
    identity = id_of(value) if drawn.refers else None
    said = painter.said(drawn, identity) if identity else ""
    return Input(
        name or one.name,
        translations.translate(one.label),
        _kind(drawn, info, bool(options)),
        _typed_as(drawn, value),
        said if drawn.refers or info is not None else painter.cell(drawn, {one.name: value}),
        editable=info is not None,
        required=required,
        options=tuple(options),
        help=translations.translate(getattr(one, "help", "")),
        span=getattr(one, "span", 1),
        fault=fault,
        refers=drawn.refers,
        longest=_longest(info),
        numeric=drawn.numeric or drawn.widget == "integer",
    )


def _kind(drawn: cells.Drawn, info: FieldInfo | None, chosen: bool) -> str:
    if chosen:
        return "choice"
    if drawn.widget in INPUTS:
        return drawn.widget
    longest = _longest(info)
    return "paragraphs" if longest is not None and longest > 1000 else "text"


INPUTS = (
    "reference",
    "flag",
    "day",
    "moment",
    "money",
    "price",
    "number",
    "integer",
    "email",
    "tel",
    "tags",
)


def _longest(info: FieldInfo | None) -> int | None:
    for one in info.metadata if info is not None else ():
        length = getattr(one, "max_length", None)
        if isinstance(length, int):
            return length
    return None


def _literals(kind: Any) -> list[str]:
    if get_origin(kind) is Literal:
        return [str(one) for one in get_args(kind)]
    return [text for one in get_args(kind) for text in _literals(one)]


def _item(kind: Any) -> type[BaseModel] | None:
    """Return the schema of the items of a list of documents."""
    if get_origin(kind) is list:
        (item,) = get_args(kind)
        return item if isinstance(item, type) and issubclass(item, BaseModel) else None
    return next((found for one in get_args(kind) if (found := _item(one)) is not None), None)


def id_of(value: Any) -> Any:
    """Return an id that came as text as a number; anything else as it is."""
    text = isinstance(value, str) and value.isascii() and value.isdigit()
    return int(value) if text else value


def _written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else ""
    return str(value)


def _typed_as(drawn: cells.Drawn, value: Any) -> str:
    """Return a value as somebody would type it."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    text = _written(value)
    if drawn.widget in ("money", "price", "number") and "." in text:
        whole, _, decimals = text.partition(".")
        least = 0 if drawn.widget == "number" else 2
        decimals = decimals.rstrip("0").ljust(least, "0")
        return f"{whole}.{decimals}" if decimals else whole
    return text


def _plain(value: Any) -> str:
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return translations.translate("Sí" if value else "No")
    return str(value)


def _sent(text: str, info: FieldInfo) -> Any:
    """Return what was typed as the API takes it; what is no number stays text, to be refused."""
    kind = cells.plain_type(info.annotation)
    text = text.strip()
    if kind is bool:
        return text in ("true", "on")
    if kind is list:
        return [one.strip() for one in text.split(",") if one.strip()]
    nullable = type(None) in get_args(info.annotation)
    if text == "" and (nullable or kind is not str):
        return None
    if kind is int:
        return int(text) if text.lstrip("-").isdigit() and text.isascii() else text
    if kind is Decimal:
        return text.replace(",", ".") if text.count(",") == 1 and "." not in text else text
    return text


def _typed_lines(form: Pairs, name: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for key, value in form:
        words = key.split(".")
        if len(words) == 3 and words[0] == name and isinstance(value, str):
            found.setdefault(words[1], {})[words[2]] = value
    return found


# Pages ------------------------------------------------------------------------------------------


def show(ctx: Ctx, path: str, asked: Asked, record_id: int) -> Outcome:
    """Return a record, beside the list that it comes from."""
    editor = Editor(ctx, path, asked, record_id)
    return _page(editor, Draft(editor.read()))


def begin(ctx: Ctx, path: str, asked: Asked) -> Outcome:
    """Return the form of a new record, with what the query says filled in."""
    editor = Editor(ctx, path, asked, None)
    if editor.body is None:
        raise NotFound
    known = {n: v for n, v in asked.query.texts().items() if n in editor.body.model_fields}
    return _page(editor, Draft(known))


def create(ctx: Ctx, path: str, asked: Asked) -> Outcome:
    """Keep a new record and lead to it, or return the form with what is wrong."""
    editor = Editor(ctx, path, asked, None)
    if editor.body is None:
        raise NotFound
    try:
        made = send(ctx, "POST", path, _unnested(editor.document()))
    except DomainError as refusal:
        return _page(editor, Draft({}, asked.form, refusal), status=refusal.status)
    return redirect(ctx, f"{address(path)}{made['id']}/?{urlencode({'_hecho': 'guardado'})}", asked)


def _unnested(document: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is blank: a new record gets the default."""
    return {name: value for name, value in document.items() if value is not None}


def change(ctx: Ctx, path: str, asked: Asked, record_id: int) -> Outcome:
    """Keep the changes of a record, or do what a button says, and lead back to it."""
    editor = Editor(ctx, path, asked, record_id)
    act = asked.form.get("_acto")
    try:
        if act:
            return _act_on(editor, act)
        if editor.body is None:
            raise NotFound
        document = editor.document()
        version = asked.form.get("version")
        if version.isdigit() and "version" in editor.body.model_fields:
            document["version"] = int(version)
        send(ctx, "PUT", f"{path}{{id}}/", document, id=record_id)
    except DomainError as refusal:
        if refusal.status in (401, 403, 404) and not act:
            raise
        return _refused(editor, refusal)
    return _back(editor, "guardado")


def _back(editor: Editor, told: str) -> Outcome:
    query = editor.asked.query.encoded(_hecho=told)
    return redirect(editor.ctx, f"{address(editor.path)}{editor.id}/?{query}", editor.asked)


def _refused(editor: Editor, refusal: DomainError) -> Outcome:
    """Return the form with what was typed; after somebody else's change, with both values."""
    present = editor.read()
    draft = Draft(present, None if editor.asked.form.get("_acto") else editor.asked.form, refusal)
    versus = list(_versus(editor, present)) if refusal.code == "version_obsoleta" else []
    return _page(editor, draft, status=refusal.status, versus=versus)


def _versus(editor: Editor, present: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield the fields in which what was typed differs from what is there now."""
    typed = editor.asked.form
    for one in screens.parts_of(editor.view):
        if isinstance(one, Field) and one.name in typed:
            mine, theirs = typed.get(one.name), _written(present.get(one.name))
            if mine != theirs:
                yield translations.translate(one.label), _plain(mine), _plain(theirs)


def _act_on(editor: Editor, act: str) -> Outcome:
    """Do what a button of the form says, or delete the record, or keep a file."""
    ctx, path, form = editor.ctx, editor.path, editor.asked.form
    if act == "_eliminar":
        send(ctx, "DELETE", f"{path}{{id}}/", {}, id=editor.id)
        return redirect(ctx, f"{address(path)}?{editor.asked.query.encoded()}", editor.asked)
    if act == "_archivo":
        _keep_file(editor)
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
    given = {
        name: _sent(form.get(f"_{button.id}.{name}"), info)
        for name, info in body.model_fields.items()
        if f"_{button.id}.{name}" in form
    }
    return {name: value for name, value in given.items() if value is not None}


def _keep_file(editor: Editor) -> None:
    resource = cells.resource_at(editor.ctx.runtime.registry, editor.path)
    if resource is None:
        raise NotFound
    editor.read()
    kind = table_of(resource.model).name
    for name, value in editor.asked.form:
        if name == "archivo" and not isinstance(value, str):
            body = {"archivo": value, "objeto_tipo": kind, "objeto_id": str(editor.id)}
            send(editor.ctx, "POST", FILES, body)


TOLD = {
    "guardado": "Guardado.",
    "archivo": "Archivo guardado.",
    "hecho": "Hecho.",
}


def _page(editor: Editor, draft: Draft, status: int = 200, **more: Any) -> Outcome:
    ctx, asked = editor.ctx, editor.asked
    record = editor.context(
        draft,
        told=TOLD.get(asked.query.get("_hecho"), ""),
        history=editor.history() if editor.id else [],
        files=editor.files() if editor.id else None,
        uploads=may(ctx, "POST", FILES),
        neighbours=editor.neighbours(draft.data) if editor.id else ("", ""),
        **more,
    )
    listed = None if asked.target else _list_view(ctx, editor.path)
    if listed is None:
        values: dict[str, Any] = {"record": record, "title": editor.view.title, "view": editor.view}
        return web.render(ctx, asked, "record.html", status=status, **values)
    values = around(ctx, listed, asked)
    values["crumbs"] = [(listed.title, values["place"]), (record["name"], "")]
    values["title"] = record["name"]
    return web.render(ctx, asked, "list.html", status=status, record=record, **values)


def _list_view(ctx: Ctx, path: str) -> ListView | None:
    found = web_list.visible(ctx, path)
    return next((one for one in found if isinstance(one, ListView)), None)
