"""Rules of customers: documents, searching as one types. Source: spec/erp-modules.md, módulo 1."""

import re
from unicodedata import combining, normalize

from addons.sales.models import PALABRAS, Cliente
from addons.sales.schemas import (
    BusquedaCliente,
    ClienteHallado,
    ClientesHallados,
    check_documento,
)
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import ValidationFailed

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
_PALABRA = re.compile(r"\w+")
MAX_PALABRAS = 8


def revisar_cambio(_ctx: Ctx, cliente: Cliente, _cambio: object) -> None:
    """Refuse a change that leaves a document that cannot exist.

    Raises:
        ValidationFailed: the number is not of the type.
    """
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
