"""A thousand boletas from sales to signed: what a job does for each sale, beside the rest of it.

``python -m bench.sunat_boletas [--boletas 1000] [--rounds 3]``. Each sale of five lines becomes a
numbered, signed and committed boleta in a transaction of its own, as the job after a sale does it;
nothing is sent. Time is the processor's of this process (rules, amounts, XML, signature, SQL as far
as Python makes it) and the clock's (with PostgreSQL). The same boletas are then built, checked,
signed and packed without a database, in turns.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from statistics import median
from typing import TypeVar

from sqlalchemy import text

from addons.sunat.documents import paquete, ubl
from addons.sunat.documents.firma import firmar
from addons.sunat.documents.reglas import Entorno, revisar
from addons.sunat.sandbox.constancias import certificado
from addons.sunat.schemas import Facturacion
from addons.sunat.services import empresa, notas, ventas
from bench import company, product, report
from bench.lab import Lab
from kernel import generation, processes
from kernel.context import Ctx
from kernel.runtime import Runtime

T = TypeVar("T")
TARGET_MS = 2.5
RUC = "20131312955"
CASHIERS = 3

LINES = """
INSERT INTO detalle_venta (venta_id, producto_id, cantidad, precio_unitario, descuento, subtotal,
                           igv, total)
SELECT v.id, p.id, 2, p.precio, 0, round(2 * p.precio / 1.18, 2),
       2 * p.precio - round(2 * p.precio / 1.18, 2), 2 * p.precio
  FROM ventas v JOIN productos p ON (p.id + v.id) % 40 = 0 ORDER BY v.id, p.id
"""
CHECK = """
SELECT count(*), count(DISTINCT numero), max(numero),
       (SELECT count(*) FROM detalle_comprobante),
       (SELECT count(*) FROM andes_jobs WHERE name = 'sunat.enviar')
  FROM comprobantes WHERE tipo = '03' AND xml IS NOT NULL
"""


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boletas", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    if chosen.boletas < company.SALES_A_CUSTOMER:
        parser.error(f"at least {company.SALES_A_CUSTOMER} boletas")
    with Lab() as lab:
        product.make_template(lab, ("sales", "inventory", "sunat"))
        found = [run(lab, number, chosen.boletas) for number in range(chosen.rounds)]
    report.say(report.machine())
    report.say("", f"{chosen.boletas:,} boletas of 5 lines, median of {chosen.rounds} rounds")
    names = ("from sale to committed, processor", "from sale to committed, clock", "document alone")
    medians = [median(times) for times in zip(*found, strict=True)]
    rows = [
        (name, f"{ms:.2f}", f"{1000 / ms:,.0f}") for name, ms in zip(names, medians, strict=True)
    ]
    report.table(("boleta", "ms", "a second"), rows)
    well = report.verdict("document alone, ms", medians[2], most=TARGET_MS)
    raise SystemExit(0 if well else 1)


def run(lab: Lab, number: int, boletas: int) -> tuple[float, float, float]:
    """Return the ms a boleta takes: processor and clock with its row, processor without."""
    name = f"boletas{number}"
    lab.copy_database(name, product.TEMPLATE, product.OWNER)
    with lab.connection(name) as connection:
        company.fill(connection, CASHIERS)
        company.fill_sales(connection, boletas)
        connection.execute(LINES.encode())
        connection.execute("ANALYZE")
    found = product.settings(lab, name)
    runtime = processes.make_runtime(found, generation.load(found, ["sunat"]))
    try:
        ventas = runtime.transact(_prepare)
        processor, clock = _timed(ventas, lambda venta: _issue(runtime, venta))
        documents = runtime.transact(_documents)
        alone, _ = _timed(documents, _document(runtime))
        _check(runtime, boletas)
    finally:
        runtime.close()
    return processor, clock, alone


def _prepare(ctx: Ctx) -> list[int]:
    pfx = certificado(RUC, "Comercial Andina SAC", datetime.now(UTC), clave="bench")
    empresa.sellar_certificado(ctx, pfx, "bench")
    ctx.runtime.preferences.write(ctx.session, Facturacion(imprimir=False))
    return list(ctx.session.scalars(text("SELECT id FROM ventas ORDER BY id")))


def _issue(runtime: Runtime, venta_id: int) -> None:
    runtime.transact(lambda ctx: ventas.emitir_de_venta(ctx, venta_id))


def _documents(ctx: Ctx) -> list[dict[str, object]]:
    return list(ctx.session.scalars(text("SELECT documento FROM comprobantes ORDER BY id")))


def _document(runtime: Runtime) -> Callable[[dict[str, object]], None]:
    key = runtime.transact(empresa.llave)

    def make(plain: dict[str, object]) -> None:
        de = notas.leer(plain)
        findings, totals = revisar(de, Entorno(de.fecha_emision))
        assert not findings, findings
        xml = firmar(ubl.escribir(de, totals), key).xml
        paquete.empaquetar(f"{RUC}-03-{de.identificador}", xml)

    return make


def _timed(things: Iterable[T], act: Callable[[T], None]) -> tuple[float, float]:
    """Return the ms of processor and of the clock that an act takes with each thing."""
    waiting = list(things)
    for one in waiting[:20]:  # warms up
        act(one)
    measured = waiting[20:]
    processor, clock = time.process_time(), time.perf_counter()
    for one in measured:
        act(one)
    spent = time.process_time() - processor, time.perf_counter() - clock
    return spent[0] / len(measured) * 1000, spent[1] / len(measured) * 1000


def _check(runtime: Runtime, boletas: int) -> None:
    with runtime.database.engine.connect() as connection:
        made, numbers, last, lines, jobs = connection.execute(text(CHECK)).one()
    if not made == numbers == last == jobs == boletas or lines != 5 * boletas:
        raise SystemExit(f"not every boleta is whole: {made} {numbers} {last} {lines} {jobs}")


if __name__ == "__main__":
    main()
