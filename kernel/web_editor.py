"""The form of a record as its page shows it: inputs, lines, tabs, states, buttons and links.

A field is an input where the API takes it, and text where it doesn't. What is typed becomes the
body that the API takes from any client.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel

from kernel import (
    cells,
    translations,
    web_beside,
    web_faults,
    web_late,
    web_named,
    web_usual,
)
from kernel.cells import Painter
from kernel.context import Ctx
from kernel.errors import NotFound
from kernel.forms import Form
from kernel.page import Asked, Pairs, fetch
from kernel.places import filled
from kernel.translations import later
from kernel.uploads import Upload
from kernel.view_slots import lines_of, parts_of
from kernel.views import Button, Field, FormView, Lines, Link, Section
from kernel.web_inputs import (
    Block,
    Draft,
    Input,
    id_of,
    info_of,
    input_of,
    item_of,
    sent,
    typed_document,
    typed_lines,
    uploaded,
)
from kernel.web_lines import ADDS, LineTables, Table, numbered
from kernel.web_routes import address
from kernel.web_seen import drawn_columns, may


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
        self.proves = target is not None and target.fresh and not ctx.fresh
        self.editable = target is not None and may(ctx, method, where)
        self.body: type[BaseModel] | None = target.body if target and self.editable else None
        self.how = cells.style(ctx)
        self.tables = LineTables(ctx, path, self.body, record_id is None)
        self.adds = asked.form.get(ADDS)
        self._take(asked.form)

    def _take(self, form: Pairs) -> None:
        """Take what was typed, its lines numbered one by one."""
        for one in lines_of(self.view):
            form = numbered(form, one.name, adds=one.name == self.adds)
        self.asked = replace(self.asked, form=form)

    # Reading ---------------------------------------------------------------------------------

    def read(self) -> Mapping[str, Any]:
        """Return the record as the API answers it; in some states it is no longer edited."""
        found: Mapping[str, Any] = fetch(self.ctx, f"{self.path}{{id}}/", id=self.id)
        if self._state(found) in self.view.locked:
            self.editable, self.body = False, None
            self.tables = LineTables(self.ctx, self.path, None, is_new=False)
        return found

    def context(self, draft: Draft, **more: Any) -> dict[str, Any]:
        """Return what the template of a record shows."""
        data = draft.data
        painter = self._painter(draft)
        panels, tab = self._panels(draft, painter), self._open_tab(draft, painter)
        place = address(self.path)
        tail = self.asked.query.encoded("_pestana")
        name = web_beside.called(self, data) if self.id else ""
        return {
            "id": self.id,
            "view": self.view,
            "name": name
            or translations.translate(later("Nuevo") if self.id is None else self.view.title),
            "address": f"{place}{self.id or 'nuevo'}/" + (f"?{tail}" if tail else ""),
            "close": f"{place}?{tail}" if tail else place,
            "panels": panels,
            "tabs": [(one, self._tab_link(one.id)) for one in self.view.tabs],
            "tab": tab,
            "states": self._states(data),
            "buttons": self._buttons(data),
            "links": self._links(data),
            "questions": self._questions(data, draft),
            "version": str(data.get("version", "")) if self.editable else "",
            "era": self._filled(draft, [*panels, *(tab[1] if tab else [])]),
            "proves": self.proves,
            "takes_files": self.body is not None and issubclass(self.body, Form),
            "editable": self.body is not None,
            "refusal": draft.refusal,
            "acted": self._acted(data, draft),
            "faults": web_faults.told(self.view, draft.refusal),
            "deletes": self.id is not None and may(self.ctx, "DELETE", f"{self.path}{{id}}/"),
            "unsaved": draft.typed is not None,
            "late": False,
            "versus": [],
            "question": None,
            "live": self._is_live(data),
            **more,
        }

    def usual(self) -> dict[str, Any]:
        """Return what a new record refers to where there is only one choice."""
        found: dict[str, int | None] = {}
        known = self.body.model_fields if self.body is not None else {}
        fields = [one for one in parts_of(self.view) if isinstance(one, Field)]
        refers = {one.name: one.refers for one in drawn_columns(self.ctx, self.view, fields)}
        for one in fields:
            path = refers[one.name]
            if one.name in known and path:
                leader = found.get(one.follows)
                if leader is not None:
                    leads = refers[one.follows]
                    found[one.name] = web_usual.followed(self.ctx, leads, leader, one.name)
                elif one.usual or one.follows or self._required(one.name):
                    found[one.name] = web_usual.only(self.ctx, path, one.usual)
        return {name: value for name, value in found.items() if value is not None}

    def _painter(self, draft: Draft) -> Painter:
        parts = [one for one in parts_of(self.view) if isinstance(one, Field)]
        columns = drawn_columns(self.ctx, self.view, parts)
        row = {one.name: id_of(draft.value(one.name)) for one in columns if one.refers}
        names = dict(cells.names(self.ctx, columns, [row]))
        for lines in lines_of(self.view):
            names.update(self.tables.names(lines, draft))
        return Painter(self.how, names)

    def inputs(self, draft: Draft) -> list[Block | Table]:
        """Return what the form shows, of its open tab too."""
        painter = self._painter(draft)
        _, tab = self._open_tab(draft, painter) or ("", [])
        return [*self._panels(draft, painter), *tab]

    def _filled(self, draft: Draft, shown: list[Block | Table]) -> str:
        """Return what the record fills the form with, where somebody may save it meanwhile."""
        if not self.editable or not draft.data.get("version"):
            return ""
        return web_late.filled(shown if draft.typed is None else self.inputs(Draft(draft.data)))

    def _panels(self, draft: Draft, painter: Painter) -> list[Block | Table]:
        return [self._panel(one, draft, painter) for one in self.view.panels]

    def _panel(self, panel: Section | Lines, draft: Draft, painter: Painter) -> Block | Table:
        if isinstance(panel, Lines):
            table = self.tables.table(panel, draft, painter)
            return table if table.editable or table.rows else Block(panel.id, "", ())
        inputs = [self._input(one, draft, painter) for one in panel.fields]
        shown = [one for one in inputs if one.editable or self._answers(one.name, draft)]
        return Block(panel.id, panel.label, tuple(shown))

    def _answers(self, name: str, draft: Draft) -> bool:
        """Return whether the record has a field; a form may ask for more than is kept of it."""
        return self.id is not None and name.partition(".")[0] in draft.data

    def _input(self, one: Field, draft: Draft, painter: Painter) -> Input:
        drawn = drawn_columns(self.ctx, self.view, [one])[0]
        info = info_of(self.body, one.name)
        value = draft.value(one.name)
        if value is None and self.id is None and info is not None and not info.is_required():
            value = info.get_default(call_default_factory=True)
        given = self._required(one.name)
        return input_of(
            one,
            drawn,
            info,
            value,
            painter,
            fault=draft.fault(one.name),
            required=given,
            named=draft.named(one.name, drawn.refers),
        )

    def _required(self, name: str) -> bool:
        """Return whether a new record needs a field."""
        maker = self.ctx.runtime.registry.addresses.get(("POST", self.path))
        words, body = name.split("."), maker.body if maker is not None else None
        upto = (info_of(body, ".".join(words[: at + 1])) for at in range(len(words)))
        return all(info is not None and info.is_required() for info in upto)

    # What else stands in the form --------------------------------------------------------------

    def _tab_link(self, tab: str) -> str:
        query = self.asked.query.encoded(_pestana=tab)
        return f"{address(self.path)}{self.id or 'nuevo'}/?{query}"

    def _open_tab(self, draft: Draft, painter: Painter) -> tuple[str, list[Block | Table]] | None:
        if not self.view.tabs:
            return None
        wanted = self.asked.query.get("_pestana")
        tab = next((one for one in self.view.tabs if one.id == wanted), self.view.tabs[0])
        return tab.id, [self._panel(one, draft, painter) for one in tab.panels]

    def _states(self, data: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Return the states in order, each with whether it is past, present or to come."""
        if self.view.states is None or self.id is None:
            return []
        bar = self.view.states
        present = str(data.get(bar.name))
        states = [one for one in bar.states if one.value == present or one.value not in bar.rare]
        at = next((i for i, one in enumerate(states) if one.value == present), -1)
        ways = ["done" if i < at else "here" if i == at else "" for i in range(len(states))]
        return [
            (translations.translate(one.label), way) for one, way in zip(states, ways, strict=True)
        ]

    def _state(self, data: Mapping[str, Any]) -> str:
        return str(data.get(self.view.states.name)) if self.view.states else ""

    def _is_live(self, data: Mapping[str, Any]) -> bool:
        return self._state(data) in self.view.live

    def _buttons(self, data: Mapping[str, Any]) -> list[Button]:
        if self.id is None:
            return []
        state = self._state(data)
        return [one for one in self.view.buttons if not one.when or state in one.when]

    def _links(self, data: Mapping[str, Any]) -> list[tuple[Link, str]]:
        """Return the links of the record's state, each with its address."""
        if self.id is None:
            return []
        state = self._state(data)
        links = [one for one in self.view.links if not one.when or state in one.when]
        return [(one, place) for one in links if (place := filled(one.path, data))]

    def _acted(self, data: Mapping[str, Any], draft: Draft) -> str:
        """Return the button whose form says itself why it was refused."""
        act = self.asked.form.get("_acto") if draft.refusal is not None else ""
        return next((one.id for one in self._buttons(data) if one.fields and one.id == act), "")

    def _questions(self, data: Mapping[str, Any], draft: Draft) -> dict[str, Any]:
        from kernel import web_acts

        place = f"{address(self.path)}{self.id}/"
        form = self.asked.form
        acted = form.get("_acto")
        typed = Draft(data, form, draft.refusal)
        fresh = Draft(data)
        return {
            one.id: web_acts.question(
                self.ctx, one, place, typed if one.id == acted else fresh, self.path
            )
            for one in self._buttons(data)
            if one.fields
        }

    # Writing ---------------------------------------------------------------------------------

    def document(self) -> dict[str, Any]:
        """Return what was typed as the body that the API takes."""
        self._take(web_named.settled(self.ctx, self.asked.form))
        form, found = self.asked.form, dict[str, Any]()
        known = self.body.model_fields if self.body is not None else {}
        for name, info in known.items():
            lines = item_of(info.annotation)
            if lines is not None and any(n.startswith(f"{name}.") for n, _ in form):
                found[name] = [
                    {
                        key: sent(text, lines.model_fields[key])
                        for key, text in line.items()
                        if key in lines.model_fields and text != ""
                    }
                    for line in typed_lines(form, name).values()
                ]
            elif cells.plain_type(info.annotation) is Upload:
                found[name] = uploaded(form, name)
            elif name in form or f"_de.{name}" in form:
                found[name] = sent(form.get(name), info)
            elif any(n.startswith((f"{name}.", f"_de.{name}.")) for n, _ in form):
                found[name] = typed_document(form, name, info)
        return found

    def asked_for(self) -> dict[str, Any]:
        """Return what the query of the page says of a new record."""
        known = self.body.model_fields if self.body is not None else {}
        asked = self.asked.query.texts().items()
        return {name: sent(text, known[name]) for name, text in asked if name in known and text}

    def begun(self) -> dict[str, Any]:
        """Return what a new record begins with: what the API proposes, and what the query says."""
        drafted: dict[str, Any] = {}
        if self.view.draft:
            query = self.ctx.runtime.registry.addresses["GET", self.view.draft].query
            names = query.model_fields if query is not None else {}
            pairs = [(n, v) for n, v in self.asked.query.texts().items() if n in names and v]
            drafted = fetch(self.ctx, self.view.draft, urlencode(pairs))
        return {**self.usual(), **drafted, **self.asked_for()}
