"""What callers say: lines completed from products, and faults named as the caller named things."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from sqlalchemy import select

from addons.sales.models import Producto
from addons.sunat import schemas
from addons.sunat.errors import ComprobanteRechazado
from kernel.context import Ctx
from kernel.errors import FieldError
from kernel.messages import refused

ContenidoT = TypeVar("ContenidoT", bound=schemas.Contenido)


@contextmanager
def en_sus_palabras(**nombres: str) -> Iterator[None]:
    """Name what SUNAT would reject by the fields of the caller: ``adquirente="cliente_id"``."""
    try:
        yield
    except ComprobanteRechazado as error:
        error.errors = tuple(
            replace(uno, field=_nombrado(uno.field, nombres)) for uno in error.errors
        )
        raise


def _nombrado(campo: str, nombres: dict[str, str]) -> str:
    return nombres.get(campo.partition(".")[0]) or campo


def con_productos(ctx: Ctx, nuevo: ContenidoT) -> ContenidoT:
    """Return a body whose lines say by themselves what is sold and for how much.

    Raises:
        ValidationFailed: a product doesn't exist, or a line has neither product nor price.
    """
    productos = _productos(ctx, nuevo.detalle, "detalle")
    faltas = [
        FieldError(f"detalle.{lugar}.precio_unitario", "falta", "Escriba el precio.")
        for lugar, una in enumerate(nuevo.detalle)
        if una.precio_unitario is None and una.producto_id is None
    ]
    if faltas:
        raise refused(faltas)
    return nuevo.model_copy(update={"detalle": [_linea(una, productos) for una in nuevo.detalle]})


def con_bienes(ctx: Ctx, nueva: schemas.GuiaNueva) -> schemas.GuiaNueva:
    """Return a guía whose goods say by themselves what they are.

    Raises:
        ValidationFailed: a product doesn't exist.
    """
    productos = _productos(ctx, nueva.bienes, "bienes")
    return nueva.model_copy(update={"bienes": [_bien(uno, productos) for uno in nueva.bienes]})


def _productos(
    ctx: Ctx, pedidas: Sequence[schemas.LineaPedida | schemas.BienPedido], lista: str
) -> dict[int, Producto]:
    ids = {una.producto_id for una in pedidas if una.producto_id is not None}
    if not ids:
        return {}
    found = {
        uno.id: uno for uno in ctx.session.scalars(select(Producto).where(Producto.id.in_(ids)))
    }
    faltas = [
        FieldError(
            f"{lista}.{lugar}.producto_id", "no_existe", "No existe un producto con este id."
        )
        for lugar, una in enumerate(pedidas)
        if una.producto_id is not None and una.producto_id not in found
    ]
    if faltas:
        raise refused(faltas)
    return found


def _linea(una: schemas.LineaPedida, productos: dict[int, Producto]) -> schemas.LineaNueva:
    dicho = {nombre: getattr(una, nombre) for nombre in una.model_fields_set - {"producto_id"}}
    producto = productos.get(una.producto_id or 0)
    if producto is not None:
        suyo = {
            "descripcion": producto.nombre,
            "precio_unitario": producto.precio,
            "unidad_medida": producto.unidad_medida,
            "codigo_producto": producto.sku,
            "afectacion_igv": producto.afectacion_igv,
        }
        dicho = suyo | {nombre: valor for nombre, valor in dicho.items() if valor not in ("", None)}
    return schemas.LineaNueva.model_construct(**{"descripcion": "", **dicho})


def _bien(uno: schemas.BienPedido, productos: dict[int, Producto]) -> schemas.BienNuevo:
    dicho = {nombre: getattr(uno, nombre) for nombre in uno.model_fields_set - {"producto_id"}}
    producto = productos.get(uno.producto_id or 0)
    if producto is not None:
        suyo = {
            "descripcion": producto.nombre,
            "unidad_medida": producto.unidad_medida,
            "codigo_producto": producto.sku,
        }
        dicho = suyo | {nombre: valor for nombre, valor in dicho.items() if valor != ""}
    return schemas.BienNuevo.model_construct(**{"descripcion": "", **dicho})
