"""Maps: records as points, by two fields of theirs; a list beside it says the same in words.

Tiles come from where the company's settings say, and nothing is asked of anybody otherwise. Only a
map's own page may load images from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from kernel import cells
from kernel.answers import Outcome
from kernel.cells import Painter
from kernel.context import Ctx
from kernel.page import Asked, draw
from kernel.preferences import Mapa
from kernel.views import Column, ListView, MapView
from kernel.web_listed import Listed
from kernel.web_seen import drawn_columns

MOST = 500
"""Points of one map."""


@dataclass(frozen=True, slots=True)
class Point:
    """A record on the map."""

    latitude: float
    longitude: float
    name: str
    address: str
    facts: str


def show(
    ctx: Ctx, base: ListView, view: MapView, asked: Asked, values: Mapping[str, Any]
) -> Outcome:
    """Return the page of a map."""
    drawn = drawn_columns(ctx, view, [Column(view.name, view.name), *view.columns])
    needs = [view.latitude, view.longitude, *(one.name for one in drawn)]
    listed = Listed(ctx, base, asked, MOST, needs)
    painter = Painter(listed.how, cells.names(ctx, drawn, listed.items))
    name, *others = drawn
    points = [
        Point(
            float(one[view.latitude]),
            float(one[view.longitude]),
            painter.said(name, one.get(name.name)),
            f"{listed.place}{one['id']}/",
            " · ".join(filter(None, (painter.said(c, one.get(c.name)) for c in others))),
        )
        for one in listed.items
        if one.get(view.latitude) is not None and one.get(view.longitude) is not None
    ]
    mapa = ctx.config(Mapa)
    return draw(
        ctx,
        asked,
        "map.html",
        **values,
        list=listed,
        chips=listed.facets.chips,
        points=points,
        mapa=mapa,
        images=_host(mapa.teselas),
    )


def _host(address: str) -> str:
    """Return whose images the page may load; one host, also where the address says {s}."""
    parts = urlsplit(address)
    return f"https://{parts.netloc.replace('{s}', '*')}" if parts.netloc else ""
