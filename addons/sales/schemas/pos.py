"""What a till needs to sell, also while it has no connection. Source: módulo 1."""

from datetime import datetime
from decimal import Decimal

from kernel.schemas import Answer


class CajeroPos(Answer):
    """Who sells, and whether at other prices than listed."""

    id: int
    nombre: str
    cambia_precio: bool
    crea_clientes: bool


class EmpresaPos(Answer):
    """What a ticket says of the company, and how its prices are meant."""

    nombre: str
    razon_social: str
    ruc: str
    direccion: str
    precios_incluyen_igv: bool
    tasa_igv: Decimal


class SucursalPos(Answer):
    """A sucursal where the user may open a caja."""

    id: int
    nombre: str


class CajaPos(Answer):
    """An open caja of the user."""

    id: int
    sucursal_id: int
    sucursal: str
    fecha_apertura: datetime


class MetodoPos(Answer):
    """A way to pay that is accepted."""

    codigo: str
    nombre: str
    es_efectivo: bool
    es_credito: bool


class ClientePos(Answer):
    """Whom a sale without a name is to."""

    id: int
    razon_social: str
    numero_doc: str
    lista_precio_id: int | None


class Pos(Answer):
    """A till: who, where, how it is paid. ``denominaciones`` are the notes and coins, from above.

    ``empresa`` is null until somebody writes the company's data; without them nobody sells.
    ``lotes`` says whether goods have lots, which ``/api/pos/lotes/`` lists.
    """

    usuario: CajeroPos
    empresa: EmpresaPos | None
    sucursales: list[SucursalPos]
    cajas: list[CajaPos]
    metodos: list[MetodoPos]
    cliente: ClientePos | None
    moneda: str
    denominaciones: list[Decimal]
    lotes: bool
