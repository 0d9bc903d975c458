"""The demo company: what it holds is true, adds up, and is the same for a seed and a day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text
from starlette.testclient import TestClient
from stdnum import ean
from stdnum.pe import ruc

from addons.base import demo as base_demo
from addons.inventory.services import revisar_costos, revisar_libro
from addons.sales.models import Caja
from addons.sales.services.importes import Importe, Linea, calcular
from addons.sales.services.reporte_z import en_efectivo, metodos_de
from kernel import demo, lifecycle, processes
from kernel.context import Ctx
from kernel.demo import DemoFacts
from kernel.registry import Registry
from kernel.runtime import Runtime
from tests import cluster
from tests.addons.base.signed_in import run_jobs
from tests.conftest import runtime_of, settings_of

PASSWORD = "clave-de-la-demo-1"
AHORA = datetime(2026, 8, 14, 20, 15, tzinfo=UTC)
DIAS, CAJEROS = 92, 4

TABLES = (
    "andes_sequences",
    "configuracion",
    "sucursales",
    "usuarios",
    "categorias",
    "clientes",
    "productos",
    "cajas",
    "ventas",
    "detalle_venta",
    "formas_pago",
    "devoluciones",
    "ordenes_venta",
    "movimientos_caja",
    "almacenes",
    "productos_almacen",
    "movimientos_stock",
    "lotes_series",
    "transferencias",
    "detalle_transferencia",
    "reservas_stock",
)


def load_demo(runtime: Runtime, now: datetime = AHORA, password: str = PASSWORD) -> None:
    """Load or refresh the demo as on a given instant; then the clock goes on as usual."""
    real, runtime.clock = runtime.clock, lambda: now
    try:
        demo.load(runtime, password)
    finally:
        runtime.clock = real


Make = Callable[[str], Runtime]


@pytest.fixture
def make(registry: Registry, tmp_path: Path) -> Iterator[Make]:
    """Return a function that gives a runtime on a copy of a template: ``bare`` or ``demo``."""
    made: list[tuple[str, Runtime]] = []

    def runtime_on(template: str) -> Runtime:
        cluster.ensure_template(template, lambda url: build(url, registry, tmp_path, template))
        database = cluster.create_database(template)
        settings = settings_of(database.owner_url, database.app_url, tmp_path)
        runtime = runtime_of(settings, registry)
        made.append((database.name, runtime))
        return runtime

    yield runtime_on
    for name, runtime in made:
        runtime.close()
        cluster.drop_database(name)


def build(owner_url: str, registry: Registry, folder: Path, template: str) -> None:
    """Fill a database with the tables of every addon, and for ``demo`` with its company."""
    app_url = make_url(owner_url).set(username=cluster.APPLICATION)
    address = app_url.render_as_string(hide_password=False)
    runtime = runtime_of(settings_of(owner_url, address, folder), registry)
    lifecycle.migrate(runtime)
    if template == "demo":
        load_demo(runtime)
    runtime.close()


@pytest.fixture
def loaded(make: Make) -> Runtime:
    """The runtime of a loaded demo company."""
    return make("demo")


def rows(runtime: Runtime, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a query, past every rule."""
    with runtime.database.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), parameters)]


def content(runtime: Runtime) -> dict[str, list[str]]:
    """Return every row of the demo's tables; the salt of a password hash is nobody's choice.

    What its people did through the services moved stock when they did it.
    """
    found = {}
    done = "SELECT 'venta:' || venta_id FROM ventas_offline WHERE sincronizado"
    for table in TABLES:
        instant = f"CASE WHEN t.referencia_doc IN ({done}) THEN 'created_at' ELSE '' END"
        without = f"- {instant}" if table == "movimientos_stock" else ""
        query = f"SELECT (to_jsonb(t) - 'password_hash' {without})::text FROM {table} t ORDER BY 1"
        found[table] = [row[0] for row in rows(runtime, query)]
    return found


# The company --------------------------------------------------------------------------------------


def test_load_first_start_describes_a_company_that_can_exist(loaded: Runtime) -> None:
    (empresa,) = rows(
        loaded, "SELECT ruc, ubigeo, precios_incluyen_igv, tasa_igv FROM configuracion"
    )
    assert ruc.is_valid(empresa[0])
    assert empresa[1:] == ("150141", True, Decimal("0.1800"))
    codigos = rows(loaded, "SELECT codigo FROM sucursales WHERE activo ORDER BY id")
    assert codigos == [("001",), ("002",), ("003",)]


def test_load_first_start_gives_each_user_role_and_place(loaded: Runtime) -> None:
    found = rows(
        loaded,
        """
        SELECT u.email, r.nombre, s.codigo FROM usuarios u JOIN roles r ON r.id = u.rol_id
          LEFT JOIN sucursales s ON s.id = u.sucursal_id ORDER BY u.id
        """,
    )
    assert {email for email, _, _ in found} >= set(demo.USERS)
    assert found[:6] == [
        ("admin@demo.pe", "ADMIN", None),
        ("cajero@demo.pe", "CAJERO", "001"),
        ("vendedor@demo.pe", "VENDEDOR", "001"),
        ("almacen@demo.pe", "SUPERVISOR_ALMACEN", None),
        ("contador@demo.pe", "CONTADOR", None),
        ("caja2@demo.pe", "CAJERO", "001"),
    ]


def test_load_first_start_leaves_one_audit_row_per_addon(loaded: Runtime) -> None:
    found = rows(loaded, "SELECT modulo FROM audit_logs WHERE accion = 'cargar_demo' ORDER BY id")
    assert found == [("base",), ("sales",), ("inventory",), ("sunat",)]
    assert rows(loaded, "SELECT DISTINCT name FROM andes_jobs ORDER BY name") == [
        ("inventory.avisar_stock_minimo",),
        ("inventory.avisar_transferencia",),
        ("kernel.deliver_event",),
        ("sales.notificar_venta",),
        ("sunat.dar_de_baja",),
        ("sunat.enviar",),
        ("sunat.imprimir",),
    ]


def test_refresh_other_password_replaces_it_and_ends_sessions(loaded: Runtime) -> None:
    with TestClient(processes.web_app(loaded)) as client:
        sign_in(client, "contador@demo.pe")
        load_demo(loaded, password="otra-clave-de-la-demo")
        assert client.get("/api/sucursales/").status_code == 401
        for persona in base_demo.PERSONAS:
            sign_in(client, persona.email, "otra-clave-de-la-demo")
        answer = client.post(
            "/api/auth/login/", json={"email": "admin@demo.pe", "password": PASSWORD}
        )
        assert answer.status_code == 401


def test_refresh_same_password_changes_nothing(loaded: Runtime) -> None:
    claves = "SELECT id, password_hash, version FROM usuarios ORDER BY id"
    before, audited = rows(loaded, claves), rows(loaded, "SELECT count(*) FROM audit_logs")
    load_demo(loaded)
    assert rows(loaded, claves) == before
    assert rows(loaded, "SELECT count(*) FROM audit_logs") == audited


# Products and customers ---------------------------------------------------------------------------


def test_load_first_start_has_200_products_with_valid_codes(loaded: Runtime) -> None:
    productos = rows(
        loaded,
        """
        SELECT p.codigo_barras, p.permite_venta_sin_stock, p.precio, p.costo, p.afectacion_igv,
               p.unidad_medida
          FROM productos p JOIN categorias c ON c.id = p.categoria_id
        """,
    )
    assert len(productos) == 200
    bienes = [uno for uno in productos if not uno[1]]
    assert len(bienes) == 198
    assert all(ean.is_valid(uno[0]) and uno[0].startswith("775") for uno in bienes)
    assert len({uno[0] for uno in bienes}) == len(bienes)
    assert all(0 < uno[3] < uno[2] for uno in bienes)
    assert {uno[4] for uno in productos} == {"10", "20"}
    assert {uno[5] for uno in productos} >= {"NIU", "KGM", "MTR", "ZZ"}


def test_load_first_start_has_50_customers_with_valid_documents(loaded: Runtime) -> None:
    clientes = rows(loaded, "SELECT tipo_doc, numero_doc, razon_social, email FROM clientes")
    assert len(clientes) == 50
    assert ("0", "00000000", "Clientes varios", "") in clientes
    empresas = [numero for tipo, numero, _, _ in clientes if tipo == "6"]
    assert all(ruc.is_valid(numero) for numero in empresas)
    assert {numero[:2] for numero in empresas} == {"10", "20"}
    personas = [numero for tipo, numero, _, _ in clientes if tipo == "1"]
    assert personas
    assert all(len(numero) == 8 and numero.isdecimal() for numero in personas)
    assert all(not email or email.endswith("@example.com") for *_, email in clientes)


# Sales --------------------------------------------------------------------------------------------


def test_load_sales_spread_over_days_places_and_payments(loaded: Runtime) -> None:
    dias = rows(
        loaded,
        """
        SELECT (fecha AT TIME ZONE 'America/Lima')::date AS dia, count(*),
               count(DISTINCT sucursal_id), extract(isodow FROM fecha AT TIME ZONE 'America/Lima')
          FROM ventas GROUP BY 1, 4 ORDER BY 1
        """,
    )
    assert [dia for dia, *_ in dias] == [*base_days(), AHORA.date()]
    *pasados, (_, de_hoy, _, _) = dias
    assert de_hoy == 3
    assert all(sucursales == 3 for _, _, sucursales, _ in pasados)
    assert 22 <= sum(cuantas for _, cuantas, _, _ in pasados) / DIAS <= 28
    por_dia = {
        weekday: sum(one[1] for one in pasados if one[3] == weekday) for weekday in range(1, 8)
    }
    assert max(por_dia, key=por_dia.__getitem__) == 6
    assert min(por_dia, key=por_dia.__getitem__) == 7
    metodos = rows(loaded, "SELECT DISTINCT metodo FROM formas_pago ORDER BY 1")
    assert [one for (one,) in metodos] == [
        "credito", "efectivo", "plin", "tarjeta", "transferencia", "yape",
    ]  # fmt: skip


def base_days() -> list[Any]:
    """Return the 92 days before the day of the test's clock."""
    first = AHORA.date().toordinal() - DIAS
    return [AHORA.date().fromordinal(first + number) for number in range(DIAS)]


def test_load_sales_have_the_amounts_that_a_sale_computes(loaded: Runtime) -> None:
    lineas = rows(
        loaded,
        """
        SELECT v.id, v.subtotal, v.igv, v.total, d.cantidad, d.precio_unitario, d.descuento,
               d.subtotal, d.igv, d.total, p.afectacion_igv, p.precio
          FROM ventas v JOIN detalle_venta d ON d.venta_id = v.id
          JOIN productos p ON p.id = d.producto_id ORDER BY v.id, d.id
        """,
    )
    for _, group in groupby(lineas, key=lambda row: row[0]):
        venta = list(group)
        assert 1 <= len(venta) <= 6
        tasas = {"10": Decimal("0.18"), "20": Decimal("0.00")}
        total, importes = calcular(
            [Linea(*row[4:7], tasas[row[10]]) for row in venta], incluyen_igv=True
        )
        assert Importe(*venta[0][1:4]) == total
        assert total.subtotal + total.igv == total.total
        assert [Importe(*row[7:10]) for row in venta] == importes
        assert all(row[5] == row[11] for row in venta)


def test_load_payments_less_change_are_the_total(loaded: Runtime) -> None:
    wrong = """
        SELECT v.id FROM ventas v
          JOIN LATERAL (
            SELECT sum(monto) AS pagado,
                   coalesce(sum(monto) FILTER (WHERE metodo = 'efectivo'), 0) AS efectivo
              FROM formas_pago WHERE venta_id = v.id
          ) f ON true
          JOIN metodos_pago m ON m.id = v.metodo_pago_id
         WHERE f.pagado - v.vuelto <> v.total OR v.vuelto < 0 OR v.vuelto > f.efectivo
            OR m.codigo NOT IN (SELECT metodo FROM formas_pago WHERE venta_id = v.id)
    """
    assert rows(loaded, wrong) == []
    assert rows(loaded, "SELECT count(*) > 0 FROM ventas WHERE vuelto > 0") == [(True,)]


def test_load_large_sales_name_their_customer(loaded: Runtime) -> None:
    query = """
        SELECT v.id FROM ventas v JOIN clientes c ON c.id = v.cliente_id
         WHERE v.total >= 700 AND c.tipo_doc = '0'
    """
    assert rows(loaded, query) == []


def test_load_numbers_each_caja_without_gaps_in_the_order_of_time(loaded: Runtime) -> None:
    wrong = """
        SELECT id FROM (
          SELECT id, serie, caja_id, numero,
                 row_number() OVER (PARTITION BY caja_id ORDER BY fecha, id) AS esperado FROM ventas
        ) v WHERE numero <> esperado OR serie <> caja_id::text
    """
    assert rows(loaded, wrong) == []
    contadores = """
        SELECT c.id, s.last, (SELECT max(numero) FROM ventas v WHERE v.caja_id = c.id)
          FROM cajas c LEFT JOIN andes_sequences s ON s.name = 'venta' AND s.serie = c.id::text
    """
    assert all(last == numero for _, last, numero in rows(loaded, contadores))


def _en_efectivo(ctx: Ctx, caja_id: int) -> Decimal:
    caja = ctx.session.get_one(Caja, caja_id)
    return en_efectivo(caja, metodos_de(ctx, caja))


def test_load_closes_a_caja_per_day_and_cashier_with_its_cash(loaded: Runtime) -> None:
    cajas = rows(
        loaded,
        """
        SELECT id, monto_apertura, monto_esperado, monto_cierre FROM cajas WHERE estado = 'cerrada'
        """,
    )
    assert len(cajas) == DIAS * CAJEROS
    for caja_id, _, esperado, _ in cajas[::7]:
        assert loaded.transact(lambda ctx, one=caja_id: _en_efectivo(ctx, one)) == esperado
    exact = sum(cierre == esperado for *_, esperado, cierre in cajas)
    assert len(cajas) * 0.8 < exact < len(cajas)
    outside = """
        SELECT v.id FROM ventas v JOIN cajas c ON c.id = v.caja_id
          JOIN usuarios u ON u.id = v.usuario_id
         WHERE v.fecha NOT BETWEEN c.fecha_apertura AND coalesce(c.fecha_cierre, v.fecha)
            OR v.sucursal_id <> c.sucursal_id OR u.sucursal_id <> v.sucursal_id
    """
    assert rows(loaded, outside) == []


def test_load_closings_of_a_sucursal_are_numbered_in_the_order_of_time(loaded: Runtime) -> None:
    wrong = """
        SELECT * FROM (
          SELECT id, numero_z,
                 row_number() OVER (PARTITION BY sucursal_id ORDER BY fecha_cierre) AS esperado
            FROM cajas WHERE estado = 'cerrada'
        ) c WHERE numero_z IS DISTINCT FROM esperado
    """
    assert rows(loaded, wrong) == []
    contadores = """
        SELECT (SELECT max(numero_z) FROM cajas WHERE sucursal_id::text = s.serie), s.last
          FROM andes_sequences s WHERE s.name = 'reporte_z'
    """
    assert all(last == numero for numero, last in rows(loaded, contadores))


def test_load_offers_are_good_over_or_orders_that_add_up(loaded: Runtime) -> None:
    states = dict(rows(loaded, "SELECT estado, count(*) FROM cotizaciones GROUP BY 1"))
    assert set(states) == {"pendiente", "convertida", "vencida"}
    assert states["convertida"] == rows(loaded, "SELECT count(*) FROM ordenes_venta")[0][0]
    for table, key in (("cotizacion", "cotizacion_id"), ("orden_venta", "orden_id")):
        header = {"cotizacion": "cotizaciones", "orden_venta": "ordenes_venta"}[table]
        wrong = f"""
            SELECT c.id FROM {header} c
              JOIN (SELECT {key}, sum(subtotal) AS s, sum(igv) AS i, sum(total) AS t
                      FROM detalle_{table} GROUP BY 1) d ON d.{key} = c.id
             WHERE (c.subtotal, c.igv, c.total) <> (d.s, d.i, d.t)
        """
        assert rows(loaded, wrong) == []
    late = """
        SELECT id FROM cotizaciones
         WHERE (estado = 'pendiente' AND fecha_vencimiento < (SELECT max(fecha) FROM ventas))
            OR fecha_emision > (SELECT max(fecha) + interval '1 day' FROM ventas)
    """
    assert rows(loaded, late) == []


def test_load_sells_on_credit_within_limits_and_collects_when_due(loaded: Runtime) -> None:
    deben = """
        SELECT c.id, c.limite_credito, c.saldo_credito,
               coalesce(sum(v.monto_credito), 0)
                 - coalesce((SELECT sum(m.monto) FROM movimientos_caja m
                              WHERE m.cliente_id = c.id AND m.tipo = 'abono'), 0)
          FROM clientes c LEFT JOIN ventas v ON v.cliente_id = c.id AND v.monto_credito > 0
         GROUP BY c.id
    """
    clientes = rows(loaded, deben)
    assert all(saldo == suma <= limite for _, limite, saldo, suma in clientes)
    assert sum(saldo > 0 for _, _, saldo, _ in clientes) >= 3
    wrong = """
        SELECT v.id FROM ventas v
         WHERE (v.monto_credito > 0) <> (v.fecha_vencimiento IS NOT NULL)
            OR v.monto_credito <> (SELECT coalesce(sum(monto), 0) FROM formas_pago f
                                    WHERE f.venta_id = v.id AND f.metodo = 'credito')
    """
    assert rows(loaded, wrong) == []


def test_load_has_goods_that_came_back_and_orders_in_every_state(loaded: Runtime) -> None:
    wrong = """
        SELECT r.id FROM devoluciones r
          JOIN detalle_devolucion d ON d.devolucion_id = r.id
          JOIN detalle_venta v ON v.id = d.detalle_venta_id AND v.venta_id = r.venta_id
          JOIN ventas s ON s.id = r.venta_id
          JOIN reembolsos b ON b.devolucion_id = r.id
          JOIN cajas c ON c.id = b.caja_id
         WHERE d.cantidad <> v.cantidad_devuelta OR r.total <> b.monto OR r.total <> d.total
            OR r.fecha < s.fecha OR r.fecha NOT BETWEEN c.fecha_apertura AND c.fecha_cierre
    """
    assert rows(loaded, wrong) == []
    back = """
        SELECT count(*), count(*) FILTER (WHERE reingresa),
               (SELECT count(*) FROM movimientos_stock WHERE tipo_movimiento = 'DEVOLUCION')
          FROM detalle_devolucion
    """
    ((all_of_them, fit, moved),) = rows(loaded, back)
    assert (all_of_them, moved) == (8, fit)
    assert 0 < fit < all_of_them
    states = dict(rows(loaded, "SELECT estado, count(*) FROM ordenes_venta GROUP BY 1"))
    assert states.keys() == {"confirmada", "atendida", "anulada"}
    sold = """
        SELECT o.total = v.total AND o.cliente_id = v.cliente_id FROM ordenes_venta o
          JOIN ventas v ON v.orden_id = o.id WHERE o.estado = 'atendida'
    """
    assert rows(loaded, sold) == [(True,)] * states["atendida"]


def test_load_asks_less_of_who_builds(loaded: Runtime) -> None:
    found = rows(
        loaded,
        """
        SELECT p.precio < q.precio, (SELECT count(*) FROM clientes c WHERE c.lista_precio_id = l.id)
          FROM listas_precio l JOIN precios p ON p.lista_id = l.id
          JOIN productos q ON q.id = p.producto_id
        """,
    )
    assert len(found) == 36
    assert {*found} == {(True, 9)}


def test_load_leaves_one_caja_open_with_three_sales(loaded: Runtime) -> None:
    query = """
        SELECT u.email, c.monto_esperado, c.fecha_cierre,
               (SELECT count(*) FROM ventas v WHERE v.caja_id = c.id)
          FROM cajas c JOIN usuarios u ON u.id = c.usuario_id WHERE c.estado = 'abierta'
    """
    assert rows(loaded, query) == [("caja2@demo.pe", None, None, 3)]


# Stock --------------------------------------------------------------------------------------------


def test_load_ledger_agrees_with_stock(loaded: Runtime) -> None:
    assert loaded.transact(revisar_libro) is None
    assert loaded.transact(revisar_costos) is None


def test_load_shows_lots_and_transfers_in_every_state(loaded: Runtime) -> None:
    states = "SELECT estado FROM transferencias ORDER BY id"
    assert [row[0] for row in rows(loaded, states)] == [
        "CONFIRMADA", "CON_INCIDENCIA", "ENVIADA", "SOLICITADA",
    ]  # fmt: skip
    soon = """
        SELECT count(*) FROM lotes_series
         WHERE cantidad_actual > 0 AND fecha_vencimiento BETWEEN :day AND CAST(:day AS date) + 7
    """
    assert rows(loaded, soon.replace(":day", f"'{AHORA:%Y-%m-%d}'")) == [(6,)]


def test_load_moves_stock_once_per_sold_line(loaded: Runtime) -> None:
    sold = """
        SELECT 'venta:' || v.id, d.producto_id, d.cantidad, coalesce(o.fecha_sync, v.fecha),
               v.usuario_id, v.sucursal_id
          FROM ventas v JOIN detalle_venta d ON d.venta_id = v.id
          LEFT JOIN ventas_offline o ON o.venta_id = v.id ORDER BY 1, 2
    """
    moved = """
        SELECT m.referencia_doc, m.producto_id, m.cantidad, m.created_at, m.usuario_id,
               a.sucursal_id
          FROM movimientos_stock m JOIN almacenes a ON a.id = m.almacen_origen_id
         WHERE m.tipo_movimiento = 'VENTA' AND a.tipo = 'PRINCIPAL' ORDER BY 1, 2
    """
    assert rows(loaded, moved) == rows(loaded, sold)


def test_load_stock_was_never_below_zero(loaded: Runtime) -> None:
    negative = """
        WITH m AS (
          SELECT id, producto_id, almacen_destino_id AS almacen_id, cantidad, created_at
            FROM movimientos_stock WHERE almacen_destino_id IS NOT NULL
          UNION ALL
          SELECT id, producto_id, almacen_origen_id, -cantidad, created_at
            FROM movimientos_stock WHERE almacen_origen_id IS NOT NULL
        ), saldo AS (
          SELECT sum(cantidad) OVER (PARTITION BY almacen_id, producto_id
                                     ORDER BY created_at, id) AS stock FROM m
        )
        SELECT count(*) FROM saldo WHERE stock < 0
    """
    assert rows(loaded, negative) == [(0,)]


def test_load_first_sucursal_has_enough_of_everything(loaded: Runtime) -> None:
    short = """
        SELECT p.sku FROM productos p CROSS JOIN sucursales s
          LEFT JOIN almacenes a ON a.sucursal_id = s.id AND a.tipo = 'PRINCIPAL'
          LEFT JOIN productos_almacen pa ON pa.almacen_id = a.id AND pa.producto_id = p.id
         WHERE s.codigo = '001' AND NOT p.permite_venta_sin_stock
           AND coalesce(pa.stock_actual, 0) < 20
    """
    assert rows(loaded, short) == []


def test_load_a_handful_of_stocks_is_below_their_minimum(loaded: Runtime) -> None:
    query = "SELECT count(*) FROM productos_almacen WHERE stock_actual <= stock_minimo"
    ((low,),) = rows(loaded, query)
    assert 3 <= low <= 10


# Same seed, same day ------------------------------------------------------------------------------


def test_load_same_seed_and_day_gives_the_same_rows(loaded: Runtime, make: Make) -> None:
    other = make("bare")
    load_demo(other, AHORA.replace(hour=23, minute=59))
    assert content(other) == content(loaded)


def test_load_other_seed_gives_other_sales(loaded: Runtime, make: Make) -> None:
    other = make("bare")
    real, other.clock = other.clock, lambda: AHORA
    facts = DemoFacts(demo.SEED + 1, PASSWORD)
    other.transact(
        lambda ctx: [one.load(ctx, facts) for one in ctx.runtime.registry.gather("register_demo")]
    )
    other.clock = real
    assert content(other)["ventas"] != content(loaded)["ventas"]
    assert other.transact(revisar_libro) is None


# Midnight of a Sunday in Lima, a Monday before the goods come in, a Friday at the opening.
@pytest.mark.parametrize(("day", "hour"), [(16, 5), (17, 7), (14, 13)])
def test_load_early_in_the_day_has_nothing_in_the_future(make: Make, day: int, hour: int) -> None:
    runtime = make("bare")
    now = AHORA.replace(day=day, hour=hour, minute=0)
    load_demo(runtime, now)
    later = """
        SELECT (SELECT count(*) FROM ventas WHERE fecha > :now)
             + (SELECT count(*) FROM cajas WHERE greatest(fecha_apertura, fecha_cierre) > :now)
             + (SELECT count(*) FROM movimientos_stock WHERE created_at > :now)
    """
    assert rows(runtime, later, now=now) == [(0,)]
    assert runtime.transact(revisar_libro) is None


# And it goes on -----------------------------------------------------------------------------------


def sign_in(client: TestClient, email: str, password: str = PASSWORD) -> None:
    """Send the client's next requests as a demo user."""
    client.headers.pop("Authorization", None)
    answer = client.post("/api/auth/login/", json={"email": email, "password": password})
    assert answer.status_code == 200, answer.text
    client.headers["Authorization"] = f"Bearer {answer.json()['access']}"


def test_load_then_a_sale_in_the_open_caja_goes_on(loaded: Runtime) -> None:
    with TestClient(processes.web_app(loaded)) as client:
        sign_in(client, "caja2@demo.pe")
        (caja,) = client.get("/api/cajas/", params={"estado": "abierta"}).json()["items"]
        (producto,) = client.get("/api/productos/", params={"sku": "ILU-001"}).json()["items"]
        (cliente,) = client.get("/api/clientes/", params={"tipo_doc": "0"}).json()["items"]
        venta = {
            "cliente_id": cliente["id"],
            "sucursal_id": caja["sucursal_id"],
            "caja_id": caja["id"],
            "detalle": [{"producto_id": producto["id"], "cantidad": 20}],
            "formas_pago": [{"metodo": "efectivo", "monto": "120"}],
        }
        answer = client.post("/api/ventas/", json=venta)
        assert answer.status_code == 201, answer.text
        assert answer.json()["numero"] == 4
        assert Decimal(answer.json()["vuelto"]) == Decimal("2.00")
        (despues,) = client.get("/api/productos/", params={"sku": "ILU-001"}).json()["items"]
    diferencia = Decimal(producto["stock_actual"]) - Decimal(despues["stock_actual"])
    assert diferencia == 20
    assert loaded.transact(revisar_libro) is None


def test_load_then_any_user_can_start_a_caja(loaded: Runtime) -> None:
    with TestClient(processes.web_app(loaded)) as client:
        for email in ("admin@demo.pe", "cajero@demo.pe", "vendedor@demo.pe"):
            sign_in(client, email)
            sucursal = client.get("/api/sucursales/", params={"codigo": "001"}).json()["items"][0]
            apertura = {"sucursal_id": sucursal["id"], "monto_apertura": "100.00"}
            assert client.post("/api/cajas/abrir/", json=apertura).status_code == 201


def test_load_leaves_no_list_of_a_menu_empty(loaded: Runtime) -> None:
    run_jobs(loaded)
    with TestClient(processes.web_app(loaded)) as client:
        sign_in(client, "admin@demo.pe")
        views = {one["view"] for one in client.get("/api/menus/").json()} - {""}
        lists = [client.get(f"/api/views/{view}/").json() for view in views]
        resources = {one["resource"] for one in lists if "resource" in one}
        resources -= {
            "/api/movimientos-puntos/",  # of an addon that the demo leaves out
            "/api/facturacion/resumen-diario/",  # made in the days after the sales
        }
        assert len(resources) > 30
        empty = {
            one for one in resources if not client.get(one, params={"limit": 1}).json()["items"]
        }
        assert empty == set()
        claves = client.get("/api/claves-api/").json()["items"]
        assert [one["nombre"] for one in claves] == [
            "Tienda en línea", "Página web: tiendas y horarios",
        ]  # fmt: skip
        sync = client.get("/api/ventas-offline/").json()["items"]
        assert [one["error_codigo"] for one in sync] == ["stock_insuficiente", ""]
        valido = client.get("/api/facturacion/validez/").json()["items"]
        assert [one["estado"] for one in valido] == ["No existe", "Aceptado"]
        bajas = client.get("/api/facturacion/bajas/").json()["items"]
        assert [one["reemitir"] for one in bajas] == [True, True]
