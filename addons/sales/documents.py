"""Papers: price offers and reports Z, as HTML to be made a PDF, and what other addons print. Pure.

An addon that depends on this one may extend ``papel.html`` in its own templates.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from kernel.sheets import as_text

if TYPE_CHECKING:
    from jinja2 import Environment


PROPIO = "addons.sales"


@cache
def _pages(package: str) -> "Environment":
    """Return the templates; nothing in them runs or is fetched, and all values are escaped."""
    from jinja2 import (  # for documents only
        ChoiceLoader,
        Environment,
        PackageLoader,
        StrictUndefined,
    )

    packages = dict.fromkeys((package, PROPIO))
    pages = Environment(
        loader=ChoiceLoader([PackageLoader(one, "templates") for one in packages]),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters |= {
        "money": money,
        "quantity": quantity,
        "price": price,
        "day": day,
        "moment": moment,
    }
    return pages


def render(template: str, zona: ZoneInfo, package: str = PROPIO, **facts: Any) -> str:
    """Return a page of the ``templates/`` of an addon."""
    return _pages(package).get_template(template).render(zona=zona, **facts)


def money(value: Decimal) -> str:
    """Return an amount with thousands and cents."""
    return f"{value:,.2f}"


def quantity(value: Decimal) -> str:
    """Return a quantity without the zeros that say nothing."""
    entera, _, decimales = f"{value:,f}".partition(".")
    return f"{entera}.{decimales.rstrip('0')}".rstrip(".")


def price(value: Decimal) -> str:
    """Return a unit price: cents, and the further decimals that say something."""
    entera, _, decimales = f"{value:,f}".partition(".")
    return f"{entera}.{decimales.rstrip('0'):0<2}"


def day(value: date) -> str:
    """Return a day as it is written in Peru."""
    return as_text(value)


def moment(value: datetime, zona: ZoneInfo) -> str:
    """Return an instant in the company's time zone."""
    return as_text(value.astimezone(zona))


def empresa_de(fila: Mapping[str, Any]) -> dict[str, str]:
    """Return what a paper's head says of the company."""
    nombre = fila["nombre_comercial"] or fila["razon_social"]
    return {
        "nombre": nombre,
        "razon_social": fila["razon_social"] if nombre != fila["razon_social"] else "",
        "ruc": fila["ruc"],
        "direccion": fila["direccion"],
    }
