"""Sellers: each repeats the same request, with the same key, until the outcome is known."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from bench.company import LINES, PRODUCTS, Client, dumps

TIMEOUT = 10.0
AGAIN_SHARE = 0.05
"""How often a key whose outcome is known is used once more, with the same or another body."""

Answer = tuple[int, dict[str, Any]]


@dataclass
class Act:
    """A sale that somebody wanted: its key, its body, and what became of it."""

    key: str
    body: dict[str, Any]
    status: int = 0
    answer: dict[str, Any] = field(default_factory=dict)
    attempts: int = 0

    @property
    def sold(self) -> bool:
        """Whether the seller was told that it is written."""
        return self.status == 201


class Seller(threading.Thread):
    """A cashier behind one keep-alive connection."""

    def __init__(self, client: Client, port: int, seed: int, scarce: int) -> None:
        super().__init__(daemon=True, name=f"seller-{client.caja_id}")
        self.client = client
        self.port = port
        self.chance = random.Random(f"{seed}:{client.caja_id}")
        self.scarce = scarce
        self.stop_at = self.give_up_at = 0.0
        self.acts: list[Act] = []
        self.statuses: Counter[str] = Counter()
        self.faults: list[str] = []
        self._connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        """Sell until the time is over; the last sale's outcome is still found out."""
        while time.monotonic() < self.stop_at:
            act = Act(f"{self.chance.getrandbits(128):032x}", self._body())
            self.acts.append(act)
            self._settle(act)
            if act.sold and self.chance.random() < AGAIN_SHARE:
                self._use_again(act)

    def _body(self) -> dict[str, Any]:
        """Return a sale; every second one touches what there is little of."""
        products = self.chance.sample(range(1, PRODUCTS + 1), LINES)
        if self.chance.random() < 0.5:
            products = [self.chance.randint(1, self.scarce), *products[1:]]
        return {
            "cliente_id": self.chance.randint(1, 50),
            "sucursal_id": self.client.sucursal_id,
            "caja_id": self.client.caja_id,
            "detalle": [
                {"producto_id": product, "cantidad": self.chance.randint(1, 3)}
                for product in dict.fromkeys(products)
            ],
            "formas_pago": [{"metodo": "efectivo", "monto": 5000}],
        }

    def _settle(self, act: Act) -> None:
        while time.monotonic() < self.give_up_at:
            act.attempts += 1
            found = self._send(act.key, act.body)
            if found is not None and found[0] < 500:
                act.status, act.answer = found
                return
            time.sleep(self.chance.uniform(0.02, 0.2))

    def _use_again(self, act: Act) -> None:
        """Ask once more: the same body gets the same answer, another one is refused."""
        same = self._send(act.key, act.body)
        if same is not None and same[0] < 500 and same != (act.status, act.answer):
            self.faults.append(f"{act.key}: the same request was answered {same} the second time")
        other = self._send(act.key, {**act.body, "cliente_id": act.body["cliente_id"] + 1})
        if other is not None and other[0] < 500 and other[0] != 422:
            self.faults.append(f"{act.key}: another body with the same key was answered {other[0]}")

    def _send(self, key: str, body: dict[str, Any]) -> Answer | None:
        """Return status and document of an answer; None when the connection was cut."""
        headers = {
            "Authorization": f"Bearer {self.client.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
        }
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(
                    "127.0.0.1", self.port, timeout=TIMEOUT
                )
            self._connection.request("POST", "/api/ventas/", dumps(body), headers)
            answer = self._connection.getresponse()
            raw = answer.read()
            found = answer.status, json.loads(raw)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._hang_up()
            self.statuses["timeout" if isinstance(error, TimeoutError) else "cut"] += 1
            return None
        self.statuses[str(found[0])] += 1
        if found[0] >= 500 and found[0] != 503:
            self.faults.append(f"{key}: answered {found[0]} {raw[:300].decode(errors='replace')}")
        return found

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
