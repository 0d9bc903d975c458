"""What requests ask the database for: the hot statements of each journey to it."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from kernel import prepared
from kernel.prepared import Statement

OF_OTHERS = ("loyalty_", "preferences")
"""How the statements begin that the addons of the tests add to a sale."""

SALE = [
    ["identify_token_alone", "venta_preparar"],
    ["venta_insertar", "stock_vender"],
    ["write"],
]
"""A sale of whoever sold before, whatever its number of lines and their sucursales."""


def recorded(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Return a list to which each journey of a request adds the names of its statements."""
    journeys: list[list[str]] = []
    run = prepared.execute

    def execute(connection: Any, statement: Statement, given: Any, **how: Any) -> Any:
        names = [*(one.statement.name for one in how.get("ahead", ())), statement.name]
        ours = [name for name in names if not name.startswith(OF_OTHERS)]
        if ours and threading.current_thread().name == "request":
            journeys.append(ours)
        return run(connection, statement, given, **how)

    monkeypatch.setattr(prepared, "execute", execute)
    return journeys
