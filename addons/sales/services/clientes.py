"""Rules of customers: documents, searching as one types. Source: spec/erp-modules.md, módulo 1."""

import re
from collections.abc import Iterable
from unicodedata import combining, normalize

from sqlalchemy import inspect

from addons.sales.models import PALABRAS, Cliente
from addons.sales.schemas import (
    BusquedaCliente,
    ClienteHallado,
    ClienteNuevo,
    ClientesHallados,
    check_documento,
)
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import FieldError, ValidationFailed
from kernel.messages import refused

BUSCAR = Statement(
    "clientes_buscar",
    f"""
    SELECT id, tipo_doc, numero_doc, razon_social, categoria,
           greatest(limite_credito - saldo_credito, 0)
      FROM clientes
     WHERE activo AND {PALABRAS} @@ to_tsquery('simple', %(palabras)s)
     ORDER BY numero_doc <> %(q)s, NOT starts_with(lower(razon_social), lower(%(q)s)),
              razon_social, id
     LIMIT %(limite)s
    """,  # noqa: S608  # our own expression
    reads=True,
)
CREDITO = ("limite_credito", "dias_credito")
DAR_CREDITO = "clientes.dar_credito"
SIN_CREDITO = "Su rol no decide sobre el crédito de un cliente."
_PALABRA = re.compile(r"\w+")
MAX_PALABRAS = 8


def crear_cliente(ctx: Ctx, nuevo: ClienteNuevo) -> Cliente:
    """Return a new customer.

    Raises:
        ValidationFailed: credit is given by who may not.
    """
    cliente = Cliente(**nuevo.model_dump(exclude_unset=True))
    comprobar_credito(ctx, [nombre for nombre in CREDITO if getattr(nuevo, nombre)])
    ctx.session.add(cliente)
    ctx.session.flush()
    return cliente


def comprobar_credito(ctx: Ctx, cambian: Iterable[str]) -> None:
    """Refuse fields that decide on a customer's credit, unless the user may.

    Raises:
        ValidationFailed: the user may not; each field is named.
    """
    if ctx.can(DAR_CREDITO):
        return
    faults = [FieldError(nombre, "sin_permiso", SIN_CREDITO) for nombre in cambian]
    if faults:
        raise refused(faults)


def revisar_cambio(ctx: Ctx, cliente: Cliente, _cambio: object) -> None:
    """Refuse a change that leaves a document that cannot exist, or gives credit.

    Raises:
        ValidationFailed: the number is not of the type, or the user decides on no credit.
    """
    hechos = inspect(cliente).attrs
    comprobar_credito(ctx, [uno for uno in CREDITO if hechos[uno].history.has_changes()])
    try:
        check_documento(cliente.tipo_doc, cliente.numero_doc)
    except ValueError as error:
        raise ValidationFailed(str(error), field="numero_doc") from None


def buscar_clientes(ctx: Ctx, busqueda: BusquedaCliente) -> ClientesHallados:
    """Return the active customers that have words beginning with each of those typed.

    An exact document comes first, then names that begin with what was typed.
    """
    palabras = palabras_de(busqueda.q)
    if not palabras:
        return ClientesHallados(items=[])
    consulta = " & ".join(f"{una}:*" for una in palabras)
    rows = ctx.sql(BUSCAR, palabras=consulta, q=busqueda.q, limite=busqueda.limit)
    nombres = list(ClienteHallado.model_fields)
    return ClientesHallados(
        items=[ClienteHallado(**dict(zip(nombres, row, strict=True))) for row in rows]
    )


def palabras_de(texto: str) -> list[str]:
    """Return the words of a text as the index has them: small, without accents."""
    plano = "".join(signo for signo in normalize("NFD", texto.lower()) if not combining(signo))
    return _PALABRA.findall(plano.replace("_", " "))[:MAX_PALABRAS]
