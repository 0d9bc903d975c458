"""The demo company: its data, sucursales and users; and how demos write rows in bulk.

El Andén is a shop for hardware and household goods in Lima with three sucursales. Its RUC passes
the check digit but lies in a range that SUNAT has not given out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from psycopg import sql

from addons.base.schemas import ClaveApiNueva
from addons.base.services import claves_api
from kernel import db, passwords
from kernel.context import Ctx
from kernel.db import Statement
from kernel.demo import DemoAct, DemoData, DemoFacts

DIAS = 92
"""Days of history, until yesterday in the company's time zone."""

AT_ONCE = 2
"""Threads that hash passwords: as many as ``kernel.passwords`` lets work."""

EMPRESA = {
    "id": 1,
    "ruc": "20695120436",
    "razon_social": "Ferretería y Hogar El Andén S.A.C.",
    "nombre_comercial": "El Andén",
    "direccion": "Av. Angamos Este 1562, Surquillo, Lima",
    "ubigeo": "150141",
    "precios_incluyen_igv": True,
    "tasa_igv": Decimal("0.18"),
}
SUCURSALES = (
    (
        "001",
        "Miraflores",
        "Av. Alfredo Benavides 1450, Miraflores, Lima",
        "-12.126700",
        "-77.018900",
    ),
    ("002", "San Isidro", "Av. Petit Thouars 3120, San Isidro, Lima", "-12.094200", "-77.032600"),
    ("003", "San Miguel", "Av. La Marina 2255, San Miguel, Lima", "-12.077600", "-77.091300"),
)
"""Codigo, nombre, direccion, latitud, longitud."""


@dataclass(frozen=True, slots=True)
class Persona:
    """A demo user; one with a ``sucursal`` (its codigo) works only there."""

    email: str
    nombre: str
    rol: str
    sucursal: str | None = None


CAJA_DE_HOY = "caja2@demo.pe"
"""The cashier whose caja is open when the demo starts."""

PERSONAS = (
    Persona("admin@demo.pe", "Rosa Elvira Huamán Torres", "ADMIN"),
    Persona("cajero@demo.pe", "Luis Alberto Quispe Rojas", "CAJERO", "001"),
    Persona("vendedor@demo.pe", "Carmen Julia Flores Medina", "VENDEDOR", "001"),
    Persona("almacen@demo.pe", "Julio César Mamani Apaza", "SUPERVISOR_ALMACEN"),
    Persona("contador@demo.pe", "Patricia Salazar Núñez", "CONTADOR"),
    Persona(CAJA_DE_HOY, "Milagros Chávez Paredes", "CAJERO", "001"),
    Persona("caja3@demo.pe", "Diego Armando Ramos Ccori", "CAJERO", "002"),
    Persona("caja4@demo.pe", "Yesenia Vilca Castillo", "CAJERO", "003"),
)

ROLES = Statement("demo_roles", "SELECT nombre, id FROM roles")
TAKE_IDS = Statement(
    "demo_take_ids",
    """
    SELECT nextval(pg_get_serial_sequence(%(table)s, 'id')) FROM generate_series(1, %(count)s::int)
    """,
)
CLAVES = Statement(
    "demo_claves",
    "SELECT id, password_hash FROM usuarios WHERE lower(email) = ANY(%(emails)s) ORDER BY id",
)
CAMBIAR_CLAVES = Statement(
    "demo_cambiar_claves",
    """
    WITH cambio AS (
      UPDATE usuarios u
         SET password_hash = n.hash, version = u.version + 1, updated_at = %(ahora)s
        FROM unnest(%(ids)s::bigint[], %(hashes)s::text[]) AS n(id, hash)
       WHERE u.id = n.id
      RETURNING u.id
    )
    UPDATE sesiones s SET activo = false FROM cambio WHERE s.usuario_id = cambio.id AND s.activo
    """,
)


def load(ctx: Ctx, facts: DemoFacts) -> None:
    """Write the company, its sucursales and its users."""
    desde = inicio(ctx)
    marcas = {"created_at": desde, "updated_at": desde}
    copy_rows(ctx, "configuracion", [EMPRESA | marcas])
    ids = take_ids(ctx, "sucursales", len(SUCURSALES))
    sucursales = {codigo: uno for uno, (codigo, *_) in zip(ids, SUCURSALES, strict=True)}
    nombres = ("codigo", "nombre", "direccion", "latitud", "longitud")
    filas = (
        {"id": sucursales[una[0]], **dict(zip(nombres, una, strict=True))} for una in SUCURSALES
    )
    copy_rows(ctx, "sucursales", (fila | marcas for fila in filas))
    copy_rows(ctx, "usuarios", (fila | marcas for fila in _usuarios(ctx, facts, sucursales)))
    resumen = {"sucursales": len(SUCURSALES), "usuarios": len(PERSONAS)}
    ctx.audit("cargar_demo", "configuracion", 1, despues=resumen, modulo="base")


def _usuarios(ctx: Ctx, facts: DemoFacts, sucursales: dict[str, int]) -> Iterator[dict[str, Any]]:
    roles: dict[str, int] = dict(ctx.sql(ROLES))
    hashes = _together(lambda _: _hash(ctx, facts), PERSONAS)
    for persona, stored in zip(PERSONAS, hashes, strict=True):
        yield {
            "nombre": persona.nombre,
            "email": persona.email,
            "rol_id": roles[persona.rol],
            "sucursal_id": sucursales[persona.sucursal] if persona.sucursal else None,
            "password_hash": stored,
        }


def refresh(ctx: Ctx, facts: DemoFacts) -> None:
    """Give the demo users another password; sessions made with the old one end."""
    claves = ctx.sql(CLAVES, emails=[uno.email for uno in PERSONAS])
    nuevas = _together(lambda clave: _renewed(ctx, facts, clave[1]), claves)
    cambios = [(row[0], nueva) for row, nueva in zip(claves, nuevas, strict=True) if nueva]
    if not cambios:
        return
    ids, hashes = zip(*cambios, strict=True)
    ctx.sql(CAMBIAR_CLAVES, ids=list(ids), hashes=list(hashes), ahora=ctx.now)
    ctx.audit("cambiar_claves_demo", "usuarios", None, despues={"ids": ids}, modulo="base")


def _renewed(ctx: Ctx, facts: DemoFacts, stored: str) -> str:
    cost = ctx.runtime.settings.password_cost
    known = passwords.verify_password(facts.password, stored, cost=cost)
    return "" if known else _hash(ctx, facts)


def _hash(ctx: Ctx, facts: DemoFacts) -> str:
    return passwords.hash_password(facts.password, cost=ctx.runtime.settings.password_cost)


def _together(work: Callable[[Any], str], items: Sequence[object]) -> list[str]:
    """Return the work on each item; hashing leaves the interpreter to the other thread."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, items))


# What the demo of every addon stands on ---------------------------------------------------------


def hoy(ctx: Ctx) -> date:
    """Return the day of the demo, in the company's time zone."""
    return ctx.now.astimezone(ctx.time_zone).date()


def dias(ctx: Ctx) -> list[date]:
    """Return the days of history, the last one yesterday."""
    return [hoy(ctx) - timedelta(days=atras) for atras in range(DIAS, 0, -1)]


def inicio(ctx: Ctx) -> datetime:
    """Return when the company's records begin: the morning before the first day of sales."""
    return datetime.combine(dias(ctx)[0] - timedelta(days=1), time(9), ctx.time_zone)


def take_ids(ctx: Ctx, table: str, count: int) -> list[int]:
    """Return ids for rows that ``copy_rows`` will write."""
    return [row[0] for row in ctx.sql(TAKE_IDS, table=table, count=count)]


def copy_rows(ctx: Ctx, table: str, rows: Iterable[dict[str, Any]]) -> None:
    """Write rows in one COPY, in the transaction of ``ctx``; all have the keys of the first."""
    todas = list(rows)
    columns = list(todas[0])
    copy_from = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with db.driver(ctx.session).cursor() as cursor, cursor.copy(copy_from) as copy:
        for row in todas:
            copy.write_row([row[column] for column in columns])


# What its people do -----------------------------------------------------------------------------


def dar_claves(ctx: Ctx) -> None:
    """Give a key to the page that says where the shops are."""
    alcances = ["configuracion.ver", "sucursales.ver"]
    clave = ClaveApiNueva(nombre="Página web: tiendas y horarios", alcances=alcances)
    claves_api.crear_clave(ctx, clave)


DEMO = DemoData("base", load, refresh, (DemoAct("admin@demo.pe", dar_claves),))
