"""Clients who read and write without pause while addons change; whatever fails is noted."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from bench.company import CUSTOMERS, LINES, PRODUCTS, Client, dumps

TIMEOUT = 30.0
READS = (
    "/api/productos/?limit=50&fields=id,nombre,precio,stock_actual",
    "/api/clientes/?limit=50",
    "/api/ventas/?limit=20",
    "/api/cajas/?estado=abierta",
    "/api/menus/",
)


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that was not answered as it should be."""

    at: float
    what: str
    why: str


@dataclass
class Person(threading.Thread):
    """A cashier behind one keep-alive connection, who sells and looks things up in turn."""

    client: Client
    port: int
    seed: int
    seconds: list[float] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    generations: Counter[str] = field(default_factory=Counter)
    sold: list[int] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")

    def __post_init__(self) -> None:
        super().__init__(daemon=True, name=f"client-{self.client.caja_id}")
        self._chance = random.Random(f"{self.seed}:{self.client.caja_id}")
        self._over = threading.Event()
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)

    def __hash__(self) -> int:
        return id(self)

    def stop(self) -> None:
        """End after the request under way."""
        self._over.set()

    def run(self) -> None:
        """Act until told to stop."""
        while not self._over.is_set():
            if self._chance.random() < 0.5:
                answer = self._ask("POST", "/api/ventas/", dumps(self._sale()), 201)
                if answer is not None:
                    self.sold.append(json.loads(answer)["id"])
            else:
                self._ask("GET", self._chance.choice(READS), None, 200)

    def _sale(self) -> dict[str, object]:
        products = self._chance.sample(range(1, PRODUCTS + 1), LINES)
        return {
            "cliente_id": self._chance.randint(1, CUSTOMERS),
            "sucursal_id": self.client.sucursal_id,
            "caja_id": self.client.caja_id,
            "detalle": [{"producto_id": one, "cantidad": 1} for one in products],
            "formas_pago": [{"metodo": "efectivo", "monto": 5000}],
        }

    def _ask(self, method: str, path: str, body: str | None, status: int) -> bytes | None:
        """Return the answer if it is the expected one; note what is not. Nothing is repeated."""
        headers = {
            "Authorization": f"Bearer {self.client.token}",
            "Content-Type": "application/json",
        }
        began = time.monotonic()
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
            raw = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self._fail(method, path, f"{type(error).__name__}: {error}")
            return None
        took = time.monotonic() - began
        self.seconds.append(took)
        self.slowest = max(self.slowest, (took, f"{method} {path}"))
        self.generations[answer.headers.get("X-Generation", "")] += 1
        if answer.status != status:
            self._fail(method, path, f"{answer.status} {raw[:300].decode(errors='replace')}")
            return None
        return raw

    def _fail(self, method: str, path: str, why: str) -> None:
        self.failures.append(Failure(time.monotonic(), f"{method} {path}", why))
