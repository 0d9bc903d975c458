"""What the demo company asks from today on of those who build: less for a unit, from a few on."""

from collections.abc import Sequence
from decimal import Decimal

from addons.base.demo import copy_rows, take_ids
from addons.sales.demo.catalogo import Articulo
from kernel.context import Ctx
from kernel.db import Statement
from kernel.money import round_half_up

NOMBRE = "Contratistas"
CATEGORIA = "Construcción"
ESCALAS = ((Decimal(10), Decimal("0.95")), (Decimal(50), Decimal("0.92")))
"""From how many units on, and what is asked of each sol."""

ASIGNAR = Statement(
    "demo_lista_de_contratistas",
    """
    UPDATE clientes SET lista_precio_id = %(lista)s::bigint
     WHERE tags @> '["contratista"]'::jsonb
    """,
)


def cargar_listas(ctx: Ctx, articulos: Sequence[Articulo]) -> int:
    """Return how many prices were written, of the list that contratistas have."""
    (lista,) = take_ids(ctx, "listas_precio", 1)
    copy_rows(ctx, "listas_precio", [{"id": lista, "nombre": NOMBRE}])
    precios = [
        {
            "lista_id": lista,
            "producto_id": uno.id,
            "cantidad_minima": desde,
            "precio": round_half_up(uno.precio * parte),
        }
        for uno in articulos
        if uno.categoria == CATEGORIA
        for desde, parte in ESCALAS
    ]
    copy_rows(ctx, "precios", precios)
    ctx.sql(ASIGNAR, lista=lista)
    return len(precios)
