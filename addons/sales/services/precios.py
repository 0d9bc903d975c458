"""What things cost: prices of lists, discounts, amounts. Source: spec/erp-modules.md, módulo 1."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from addons.sales.services.importes import (
    CERO,
    Importe,
    Linea,
    bruto,
    calcular,
    con_descuento_global,
)
from kernel.context import Ctx
from kernel.errors import FieldError
from kernel.messages import refused

GRAVADO = "10"
LIMITE = Decimal("9999999999.99")
"""The largest amount that the tables hold."""

OFERTA = """
    producto AS (
      SELECT array_agg(p.id) AS ids, array_agg(p.precio) AS precios,
             array_agg(p.afectacion_igv) AS afectaciones,
             array_agg(coalesce(s.permite_venta_sin_stock, p.permite_venta_sin_stock)) AS sin_stock
        FROM productos p
        LEFT JOIN producto_sucursales s
               ON s.producto_id = p.id AND s.sucursal_id = %(sucursal)s
       WHERE p.id = ANY(%(productos)s::bigint[]) AND p.activo AND coalesce(s.activo, true)
    ), lista AS (
      SELECT array_agg(x.producto_id) AS ids, array_agg(x.cantidad_minima) AS minimos,
             array_agg(x.precio) AS precios
        FROM clientes c
        JOIN listas_precio l ON l.id = c.lista_precio_id AND l.activo
        JOIN precios x ON x.lista_id = l.id AND x.producto_id = ANY(%(productos)s::bigint[])
       WHERE c.id = %(cliente)s
    )"""
"""What is asked for, as the sucursal sells it, and its prices in the cliente's list."""

COLUMNAS = """producto.ids, producto.precios, producto.afectaciones, producto.sin_stock,
           lista.ids, lista.minimos, lista.precios"""


class Producto(NamedTuple):
    """A product as a sucursal sells it."""

    precio: Decimal
    afectacion: str
    sin_stock: bool


class Pedida(Protocol):
    """A line as it is asked for."""

    @property
    def producto_id(self) -> int:
        """What."""
        ...

    @property
    def cantidad(self) -> Decimal:
        """How much of it."""
        ...

    @property
    def precio_unitario(self) -> Decimal | None:
        """At which price; None: at that of the list, or the product's."""
        ...

    @property
    def descuento(self) -> Decimal:
        """What is taken off the line."""
        ...


@dataclass(frozen=True, slots=True)
class Oferta:
    """What OFERTA found, by product."""

    productos: Mapping[int, Producto]
    lista: Mapping[int, list[tuple[Decimal, Decimal]]]
    """Prices of the cliente's list: from which quantity on, how much."""

    @classmethod
    def of(cls, columns: Sequence[Any]) -> "Oferta":
        """Return the statement's columns by product."""
        ids, *hechos, de_lista, minimos, precios = (one or () for one in columns)
        lista: dict[int, list[tuple[Decimal, Decimal]]] = {}
        for producto_id, minimo, precio in zip(de_lista, minimos, precios, strict=True):
            lista.setdefault(producto_id, []).append((minimo, precio))
        return cls(dict(zip(ids, map(Producto, *hechos), strict=True)), lista)

    def precio(self, producto_id: int, cantidad: Decimal) -> Decimal:
        """Return what a unit costs: the list's price for so many, or the product's."""
        validos = [uno for uno in self.lista.get(producto_id, ()) if uno[0] <= cantidad]
        return max(validos)[1] if validos else self.productos[producto_id].precio


@dataclass(frozen=True, slots=True)
class Valor:
    """What lines come to: each line, its amounts, and their sum."""

    lineas: list[Linea]
    total: Importe
    importes: list[Importe]


def faltan(detalle: Sequence[Pedida], oferta: Oferta) -> Iterator[FieldError]:
    """Yield the lines whose product is not sold here."""
    for index, linea in enumerate(detalle):
        if linea.producto_id not in oferta.productos:
            yield FieldError(
                f"detalle.{index}.producto_id",
                "no_existe",
                "No existe un producto activo con este id en la sucursal.",
            )


def valorar(
    ctx: Ctx,
    detalle: Sequence[Pedida],
    oferta: Oferta,
    *,
    tasa: Decimal,
    incluyen_igv: bool,
    descuento_global: Decimal,
    acordado: bool = False,
) -> Valor:
    """Return what the lines come to. Prices that are ``acordado`` ask for no permission.

    Raises:
        ValidationFailed: a discount exceeds what it is taken off, or a line is too much.
        Forbidden: a price is another one than listed, and the user may not say so.
    """
    juntas: dict[int, Decimal] = defaultdict(Decimal)
    for una in detalle:
        juntas[una.producto_id] += una.cantidad
    lineas = [_linea(ctx, una, oferta, tasa, juntas, acordado=acordado) for una in detalle]
    if descuento_global:
        _comprobar_global(lineas, descuento_global)
        lineas = con_descuento_global(lineas, descuento_global)
    total, importes = calcular(lineas, incluyen_igv=incluyen_igv)
    _comprobar_lineas(importes)
    return Valor(lineas, total, importes)


def _linea(
    ctx: Ctx,
    una: Pedida,
    oferta: Oferta,
    tasa: Decimal,
    juntas: Mapping[int, Decimal],
    *,
    acordado: bool,
) -> Linea:
    """Return a line; it may be at the price for as many as all lines of its product have."""
    producto = oferta.productos[una.producto_id]
    junta = juntas[una.producto_id]
    precio = una.precio_unitario
    if precio is None:
        precio = oferta.precio(una.producto_id, una.cantidad) if oferta.lista else producto.precio
    elif not acordado and precio not in (
        producto.precio,
        oferta.precio(una.producto_id, una.cantidad),
        oferta.precio(una.producto_id, junta),
    ):
        ctx.require("ventas.cambiar_precio")
    propia = tasa if producto.afectacion == GRAVADO else CERO
    return Linea(una.cantidad, precio, una.descuento, propia)


def _comprobar_global(lineas: Sequence[Linea], descuento: Decimal) -> None:
    if descuento > sum((max(bruto(una), CERO) for una in lineas), CERO):
        message = "El descuento excede el valor de todas las líneas."
        raise refused([FieldError("descuento_global", "excede", message)])


def _comprobar_lineas(importes: Sequence[Importe]) -> None:
    faults = [
        FieldError(
            f"detalle.{index}.descuento", "excede", "El descuento excede el valor de la línea."
        )
        for index, uno in enumerate(importes)
        if uno.total < 0
    ]
    faults += [
        FieldError(
            f"detalle.{index}.cantidad", "excede", "El valor de la línea es demasiado grande."
        )
        for index, uno in enumerate(importes)
        if uno.total > LIMITE
    ]
    if not faults and sum((uno.total for uno in importes), CERO) > LIMITE:
        faults.append(FieldError("detalle", "excede", "El total es demasiado grande."))
    if faults:
        raise refused(faults)
