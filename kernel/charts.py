"""Charts: shapes worked out in Python and drawn as SVG by a template, without script.

So a chart is the same picture in a page, a PDF and a mail.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 960, 320
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 16, 40
MAX_LABELS = 14
TONES = 6


@dataclass(frozen=True, slots=True)
class Point:
    """A value of a chart, as it is drawn and as it is read."""

    label: str
    value: float
    said: str

    @property
    def told(self) -> str:
        """What a pointer on it shows."""
        return f"{self.label}: {self.said}"


@dataclass(frozen=True, slots=True)
class Shape:
    """A bar, a dot or a slice; ``path`` where it is no rectangle."""

    told: str
    x: float = 0
    y: float = 0
    width: float = 0
    height: float = 0
    path: str = ""
    tone: int = 0


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart as its template draws it."""

    kind: str
    title: str
    width: int
    height: int
    marks: tuple[tuple[float, str], ...] = ()
    """Height and text of each line across."""
    labels: tuple[tuple[float, str], ...] = ()
    """Place and text of each label below."""
    shapes: tuple[Shape, ...] = ()
    line: str = ""
    area: str = ""
    left: int = LEFT
    right: int = WIDTH - RIGHT


def chart(kind: str, points: Sequence[Point], title: str) -> Drawing:
    """Return a bar, line or pie chart."""
    if kind == "pie":
        return Drawing(kind, title, HEIGHT, HEIGHT, shapes=tuple(_slices(points)))
    top = _nice(max([one.value for one in points], default=0))
    marks = tuple((_y(top * part / 4, top), _short(top * part / 4)) for part in range(5))
    places = [(_x(i, len(points)), _y(one.value, top)) for i, one in enumerate(points)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places) if kind == "line" else ""
    floor = HEIGHT - BOTTOM
    return Drawing(
        kind,
        title,
        WIDTH,
        HEIGHT,
        marks,
        tuple(_labels(points)),
        tuple(_bars(points, places)),
        line,
        f"{places[0][0]:.1f},{floor} {line} {places[-1][0]:.1f},{floor}" if line else "",
    )


def spark(points: Sequence[Point]) -> Drawing:
    """Return the line of a figure's last days, without words."""
    wide, high = 120, 36
    top = max((one.value for one in points), default=0) or 1
    step = wide / max(len(points) - 1, 1)
    places = [
        (i * step, high - 2 - max(0.0, one.value) / top * (high - 4))
        for i, one in enumerate(points)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return Drawing("spark", "", wide, high, line=line, area=f"0,{high} {line} {wide},{high}")


def _nice(value: float) -> float:
    """Return a round number that is not below a value."""
    if value <= 0:
        return 1
    unit: float = 10.0 ** math.floor(math.log10(value))
    return next(step * unit for step in (1, 2, 2.5, 5, 10) if step * unit >= value)


def _y(value: float, top: float) -> float:
    return round(HEIGHT - BOTTOM - max(0.0, value) / top * (HEIGHT - TOP - BOTTOM), 1)


def _x(place: int, count: int) -> float:
    return round(LEFT + (place + 0.5) * (WIDTH - LEFT - RIGHT) / max(count, 1), 1)


def _short(value: float) -> str:
    for limit, sign in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:.4g}{sign}"
    return f"{value:.4g}"


def _bars(points: Sequence[Point], places: Sequence[tuple[float, float]]) -> list[Shape]:
    wide = min(56.0, 0.7 * (WIDTH - LEFT - RIGHT) / max(len(points), 1))
    return [
        Shape(one.told, round(x - wide / 2, 1), y, round(wide, 1), round(HEIGHT - BOTTOM - y, 1))
        for one, (x, y) in zip(points, places, strict=True)
    ]


def _labels(points: Sequence[Point]) -> list[tuple[float, str]]:
    every = max(1, math.ceil(len(points) / MAX_LABELS))
    return [(_x(i, len(points)), one.label[:16]) for i, one in enumerate(points) if i % every == 0]


def _slices(points: Sequence[Point]) -> list[Shape]:
    shown = [one for one in points if one.value > 0]
    total = sum(one.value for one in shown)
    centre, radius, turned, found = HEIGHT / 2, HEIGHT / 2 - 12, 0.0, []
    for place, one in enumerate(shown):
        share = min(one.value / total, 0.99999)  # a whole circle has no beginning
        (x1, y1), (x2, y2) = (_edge(at, centre, radius) for at in (turned, turned + share))
        path = (
            f"M{centre},{centre} L{x1:.1f},{y1:.1f} "
            f"A{radius},{radius} 0 {int(share > 0.5)} 1 {x2:.1f},{y2:.1f} Z"
        )
        found.append(Shape(one.told, path=path, tone=place % TONES))
        turned += share
    return found


def _edge(turn: float, centre: float, radius: float) -> tuple[float, float]:
    angle = 2 * math.pi * turn
    return centre + radius * math.sin(angle), centre - radius * math.cos(angle)
