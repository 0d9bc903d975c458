"""The company that every contestant serves: made by SQL statements over whole sets, in seconds.

Three sucursales with a warehouse each, 200 products with stock, customers, one cashier with an open
caja per client, and for lists a million sales. Everyone works on the product's own tables.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from bench.lab import LabError
from kernel.tokens import TokenSigner

SECRET = "benchmark-secret-of-forty-eight-characters-or-so"
PRODUCTS = 200
CUSTOMERS = 2000
SALES_A_CUSTOMER = 500
BRANCHES = 3
LINES = 5
STOCK = 1_000_000
TOKEN_SECONDS = 86_400

FILL = """
INSERT INTO configuracion (id, ruc, razon_social) VALUES (1, '20131312955', 'Comercial Andina SAC')
ON CONFLICT DO NOTHING;
INSERT INTO sucursales (codigo, nombre)
SELECT lpad(n::text, 3, '0'), 'Sucursal ' || n FROM generate_series(1, {branches}) n;
INSERT INTO almacenes (nombre, sucursal_id)
SELECT 'Almacén ' || id, id FROM sucursales;
INSERT INTO productos (sku, nombre, precio, costo, stock_actual)
SELECT 'SKU-' || lpad(n::text, 5, '0'), 'Producto ' || n, (n * 37 % 9000 + 150) / 100.0,
       (n * 37 % 9000 + 150) / 150.0, {stock} * {branches}
  FROM generate_series(1, {products}) n;
INSERT INTO productos_almacen (producto_id, almacen_id, stock_actual)
SELECT p.id, a.id, {stock} FROM productos p, almacenes a ORDER BY a.id, p.id;
INSERT INTO movimientos_stock (producto_id, almacen_destino_id, tipo_movimiento, cantidad, motivo)
SELECT producto_id, almacen_id, 'ENTRADA', stock_actual, 'Inventario inicial'
  FROM productos_almacen ORDER BY id;
INSERT INTO clientes (tipo_doc, numero_doc, razon_social)
SELECT '1', lpad(n::text, 8, '0'), 'Cliente ' || n FROM generate_series(1, {customers}) n;
INSERT INTO usuarios (nombre, email, password_hash, rol_id)
SELECT 'Cajero ' || n, 'cajero' || n || '@example.pe', '!', r.id
  FROM generate_series(1, {clients}) n, roles r WHERE r.nombre = 'CAJERO';
INSERT INTO sesiones (usuario_id, token_jti, expires_at)
SELECT id, 'bench-' || id, now() + interval '1 day' FROM usuarios WHERE password_hash = '!';
INSERT INTO cajas (sucursal_id, usuario_id, monto_apertura, fecha_apertura)
SELECT s.id, u.id, 100, now()
  FROM (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM usuarios
         WHERE password_hash = '!') u
  JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM sucursales) s
    ON s.n = u.n % {branches};
"""

SALES = """
INSERT INTO ventas (serie, numero, cliente_id, usuario_id, sucursal_id, caja_id, fecha, subtotal,
                    igv, total, vuelto, estado, modo_emision, metodo_pago_id)
SELECT 'H' || c.id, n, 1 + (hashint8(n) & 2147483647) % {customers}, c.usuario_id, c.sucursal_id,
       c.id, now() - interval '2 years' + n * interval '2 years' / {sales},
       (n % 50000) / 100.0 + 10, round(((n % 50000) / 100.0 + 10) * 0.18, 2),
       (n % 50000) / 100.0 + 10 + round(((n % 50000) / 100.0 + 10) * 0.18, 2), 0, 'registrada',
       'pos', (SELECT min(id) FROM metodos_pago)
  FROM generate_series(1, {sales}) n
  JOIN (SELECT id, usuario_id, sucursal_id, row_number() OVER (ORDER BY id) - 1 AS k FROM cajas) c
    ON c.k = n % (SELECT count(*) FROM cajas);
"""

TABLES = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 2200"
"""Only those with rows are analyzed, as autovacuum does: PostgreSQL takes a table that it knows to
be empty for one that is read whole at no cost, and keeps that plan for the foreign keys to it."""


@dataclass(frozen=True, slots=True)
class Client:
    """A cashier who sells: the token, and what a body of theirs names."""

    usuario_id: int
    caja_id: int
    sucursal_id: int
    token: str


def fill(connection: psycopg.Connection[Any], clients: int) -> None:
    """Make the company in a database whose addons were just installed."""
    given = {
        "branches": BRANCHES,
        "stock": STOCK,
        "products": PRODUCTS,
        "customers": CUSTOMERS,
        "clients": clients,
    }
    _run(connection, FILL.format(**given))
    for (table,) in connection.execute(TABLES).fetchall():
        if connection.execute(f"SELECT EXISTS (SELECT FROM {table})").fetchone() == (True,):
            connection.execute(f"VACUUM ANALYZE {table}")


def fill_sales(connection: psycopg.Connection[Any], sales: int) -> None:
    """Make past sales, spread over two years; their indexes are made once, afterwards."""
    rows = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'ventas'"
        " AND indexname LIKE 'ix_%'"
    ).fetchall()
    _run(connection, "SET session_replication_role = replica")
    for name, _definition in rows:
        _run(connection, f"DROP INDEX {name}")
    _run(connection, SALES.format(customers=min(CUSTOMERS, sales // SALES_A_CUSTOMER), sales=sales))
    for _name, definition in rows:
        _run(connection, definition)
    _run(connection, "SET session_replication_role = DEFAULT")
    _run(connection, "VACUUM (ANALYZE, FREEZE) ventas")


def _run(connection: psycopg.Connection[Any], script: str) -> None:
    for statement in script.split(";"):
        if statement.strip():
            connection.execute(statement.encode())


def clients_of(connection: psycopg.Connection[Any]) -> list[Client]:
    """Return the cashiers with their tokens, as the server of the product would sign them."""
    signer = TokenSigner.from_secrets([SECRET], issuer="andes", audience="andes")
    rows = connection.execute(
        "SELECT u.id, c.id, c.sucursal_id, s.token_jti FROM cajas c"
        " JOIN usuarios u ON u.id = c.usuario_id JOIN sesiones s ON s.usuario_id = u.id"
        " ORDER BY c.id"
    ).fetchall()
    return [
        Client(user, caja, branch, signer.issue("access", user, jti, TOKEN_SECONDS))
        for user, caja, branch, jti in rows
    ]


def bodies(client: Client, seed: int, count: int) -> list[dict[str, Any]]:
    """Return bodies of sales of five different products, the same for every contestant."""
    chance = random.Random(f"{seed}:{client.caja_id}")
    return [_body(client, chance) for _ in range(count)]


def _body(client: Client, chance: random.Random) -> dict[str, Any]:
    products = chance.sample(range(1, PRODUCTS + 1), LINES)
    return {
        "cliente_id": chance.randint(1, CUSTOMERS),
        "sucursal_id": client.sucursal_id,
        "caja_id": client.caja_id,
        "detalle": [
            {"producto_id": product, "cantidad": chance.randint(1, 3)} for product in products
        ],
        "formas_pago": [{"metodo": "efectivo", "monto": 5000}],
    }


CHECK = """
SELECT (SELECT count(*) FROM ventas),
       (SELECT count(*) FROM detalle_venta),
       (SELECT count(*) FROM formas_pago),
       (SELECT count(*) FROM movimientos_stock WHERE tipo_movimiento = 'VENTA'),
       (SELECT count(*) FROM audit_logs WHERE objeto_tipo = 'ventas'),
       (SELECT count(*) FROM andes_jobs WHERE name = 'sales.notificar_venta'),
       (SELECT coalesce(sum(last), 0) FROM andes_sequences WHERE name = 'venta'),
       (SELECT coalesce(sum(cantidad), 0) FROM detalle_venta),
       (SELECT count(*) * {stock} - sum(stock_actual) FROM productos_almacen),
       (SELECT count(*) * {stock} * {branches} - sum(stock_actual) FROM productos),
       (SELECT count(*) FROM ventas v WHERE total <> (SELECT sum(total) FROM detalle_venta d
                                                       WHERE d.venta_id = v.id))
"""


def check_sales(connection: psycopg.Connection[Any], name: str) -> int:
    """Return how many sales a contestant wrote, all of them with every effect.

    Raises:
        LabError: a sale lacks its lines, payment, movements, audit or outbox row, or stock.
    """
    row = connection.execute(CHECK.format(stock=STOCK, branches=BRANCHES).encode()).fetchone()
    assert row is not None
    sales, lines, payments, moves, audits, jobs, numbers, sold, out, total_out, wrong = row
    whole = (
        lines == moves == LINES * sales
        and payments == audits == jobs == numbers == sales
        and sold == out == total_out
        and wrong == 0
    )
    if not whole:
        raise LabError(f"{name}: effects do not add up: {row}")
    return int(sales)


def dumps(body: dict[str, Any]) -> str:
    """Return a body as compact JSON."""
    return json.dumps(body, separators=(",", ":"))


def sale_requests(
    clients: Sequence[Client], seed: int, count: int, path: str = "/api/ventas/"
) -> list[list[str]]:
    """Return, for each client, the requests that it repeats."""
    from bench.load import request

    return [
        [request("POST", path, one.token, dumps(body)) for body in bodies(one, seed, count)]
        for one in clients
    ]
