"""Products and customers of the demo company, from the two CSV files beside this module.

Brands and companies are invented; RUC lie in a range that SUNAT has not given out. In
``productos.csv``, ``salida`` says how often a product is bought (0: never in the history) and
``tope`` the most units that a household takes at once.
"""

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from stdnum import ean

from addons.base.demo import copy_rows, inicio, take_ids
from addons.sales.services.precios import GRAVADO
from kernel.context import Ctx
from kernel.money import round_half_up

TASA = Decimal("0.18")
SERVICIO = "ZZ"
DIAS_CREDITO = 30
PREFIJO_EAN = "775990"
"""GS1's prefix for Peru and six digits of ours."""


@dataclass(frozen=True, slots=True)
class Articulo:
    """A product as the demo sells it; ``precio`` carries IGV if it is ``gravado``."""

    id: int
    categoria: str
    unidad: str
    precio: Decimal
    gravado: bool
    salida: int
    tope: int


@dataclass(frozen=True, slots=True)
class Comprador:
    """A customer as the demo sells to it; ``categoria`` VARIOS, PERSONA, EMPRESA or NEGOCIO."""

    id: int
    categoria: str
    limite: Decimal
    """What it may owe."""

    @property
    def compra_mas(self) -> bool:
        """Whether it buys for its trade."""
        return self.categoria in ("EMPRESA", "NEGOCIO")


def cargar_articulos(ctx: Ctx, azar: Random) -> list[Articulo]:
    """Return the products, written with their categories, costs and bar codes."""
    filas = _leer("productos.csv")
    categorias = _cargar_categorias(ctx, dict.fromkeys(fila["categoria"] for fila in filas))
    ids = take_ids(ctx, "productos", len(filas))
    marcas = {"created_at": inicio(ctx), "updated_at": inicio(ctx)}
    copy_rows(
        ctx,
        "productos",
        (
            {
                "id": uno,
                "sku": fila["sku"],
                "nombre": fila["nombre"],
                "precio": fila["precio"],
                "costo": _costo(fila, azar),
                "permite_venta_sin_stock": fila["unidad"] == SERVICIO,
                "unidad_medida": fila["unidad"],
                "afectacion_igv": fila["afectacion"],
                "codigo_barras": _codigo_barras(fila, numero),
                "categoria_id": categorias[fila["categoria"]],
            }
            | marcas
            for numero, (uno, fila) in enumerate(zip(ids, filas, strict=True), 1)
        ),
    )
    return [_articulo(uno, fila) for uno, fila in zip(ids, filas, strict=True)]


def _articulo(producto_id: int, fila: dict[str, str]) -> Articulo:
    return Articulo(
        id=producto_id,
        categoria=fila["categoria"],
        unidad=fila["unidad"],
        precio=Decimal(fila["precio"]),
        gravado=fila["afectacion"] == GRAVADO,
        salida=int(fila["salida"]),
        tope=int(fila["tope"]),
    )


def _cargar_categorias(ctx: Ctx, nombres: Iterable[str]) -> dict[str, int]:
    conocidos = list(nombres)
    ids = take_ids(ctx, "categorias", len(conocidos))
    categorias = dict(zip(conocidos, ids, strict=True))
    filas = ({"id": uno, "nombre": nombre} for nombre, uno in categorias.items())
    copy_rows(ctx, "categorias", filas)
    return categorias


def _costo(fila: dict[str, str], azar: Random) -> Decimal | None:
    """Return what a unit costs without IGV, 60 to 80 % of what it is sold for without IGV."""
    if fila["unidad"] == SERVICIO:
        return None
    tasa = TASA if fila["afectacion"] == GRAVADO else Decimal(0)
    return round_half_up(Decimal(fila["precio"]) / (1 + tasa) * azar.randint(60, 80) / 100)


def _codigo_barras(fila: dict[str, str], numero: int) -> str:
    if fila["unidad"] == SERVICIO:
        return ""
    codigo = f"{PREFIJO_EAN}{numero:06d}"
    return f"{codigo}{ean.calc_check_digit(codigo)}"


def cargar_compradores(ctx: Ctx) -> list[Comprador]:
    """Return the customers, written."""
    filas = _leer("clientes.csv")
    ids = take_ids(ctx, "clientes", len(filas))
    marcas = {"created_at": inicio(ctx), "updated_at": inicio(ctx)}
    copy_rows(
        ctx,
        "clientes",
        (_cliente(fila) | {"id": uno} | marcas for uno, fila in zip(ids, filas, strict=True)),
    )
    return [
        Comprador(uno, fila["categoria"], Decimal(fila["limite_credito"]))
        for uno, fila in zip(ids, filas, strict=True)
    ]


def _cliente(fila: dict[str, str]) -> dict[str, Any]:
    tags = [tag for tag in fila["tags"].split(";") if tag]
    dias = DIAS_CREDITO if Decimal(fila["limite_credito"]) else 0
    return fila | {"tags": json.dumps(tags, ensure_ascii=False), "dias_credito": dias}


def _leer(nombre: str) -> list[dict[str, str]]:
    texto = Path(__file__).with_name(nombre).read_text(encoding="utf-8")
    return list(csv.DictReader(texto.splitlines()))
