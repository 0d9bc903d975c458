"""What enters and leaves inventory. Source: módulo 2."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator

from kernel.money import Counted, Quantity, QuantityChange, UnitPrice
from kernel.rbac import Protected
from kernel.schemas import Answer, Day, Flag, Instant, OptionalText, QueryId, RefId, Schema, Text

MAX_LINEAS = 500

Numero = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)]
"""The number of a lot or a series; empty where there is none."""

Referencia = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]
DE_DOCUMENTOS = ("orden:", "transferencia:")
"""How the reference of a reservation begins that belongs to a document."""

Trazabilidad = Literal["ninguna", "lote", "serie"]


class AlmacenNuevo(Schema):
    """A warehouse to create."""

    nombre: Text
    tipo: Annotated[str, StringConstraints(pattern=r"^[A-Z_]{1,30}$")] = "PRINCIPAL"
    sucursal_id: RefId
    activo: Flag = True


class UbicacionNueva(Schema):
    """A place inside a warehouse."""

    almacen_id: RefId
    zona: Text
    estanteria: OptionalText = ""
    seccion: OptionalText = ""


class LimitesCambio(Schema):
    """How much a warehouse should hold of a product, and where it lies."""

    stock_minimo: Counted = Decimal(0)
    stock_maximo: Counted = Decimal(0)
    stock_seguridad: Counted = Decimal(0)
    ubicacion_id: RefId | None = None


class LimitesNuevos(LimitesCambio):
    """The same for a product that the warehouse has not held yet."""

    almacen_id: RefId
    producto_id: RefId


# Movements ---------------------------------------------------------------------------------------


class Mercaderia(Schema):
    """Goods of one product in one warehouse; of a traced one, the number of the lot or series."""

    almacen_id: RefId
    producto_id: RefId
    numero_lote: Numero = ""
    numero_serie: Numero = ""


class EntradaNueva(Mercaderia):
    """Goods that come in; without a cost they count at the average."""

    cantidad: Quantity
    motivo: Text
    referencia_doc: Referencia = ""
    costo_unitario: UnitPrice | None = None
    fecha_vencimiento: Day | None = None


class SalidaNueva(Mercaderia):
    """Goods that leave other than by a sale.

    ``autorizar_sin_stock`` lets a product that may be sold without stock fall below zero.
    """

    cantidad: Quantity
    motivo: Text
    referencia_doc: Referencia = ""
    reserva_id: RefId | None = None
    autorizar_sin_stock: Flag = False


class AjusteNuevo(Mercaderia):
    """A correction by hand: above zero adds to the stock, below zero takes."""

    cantidad: QuantityChange
    motivo: Text
    referencia_doc: Referencia = ""
    fecha_vencimiento: Day | None = None

    @field_validator("cantidad")
    @classmethod
    def check_cantidad(cls, value: Decimal) -> Decimal:
        """Refuse a correction of nothing."""
        if value == 0:
            raise ValueError("Debe ser distinta de cero.")
        return value


class MovimientoCreado(Answer):
    """A movement that was just written; ``ids`` has one for each lot."""

    id: int
    ids: list[int]


# Reservations ------------------------------------------------------------------------------------


class ReservaNueva(Mercaderia):
    """Goods to keep, until ``vence`` if it says so."""

    cantidad: Quantity
    motivo: Text
    referencia_doc: Referencia = ""
    vence: Instant | None = None

    @field_validator("referencia_doc")
    @classmethod
    def check_referencia(cls, value: str) -> str:
        """Refuse to pass for the reservation of a document, which closes its own."""
        if value.startswith(DE_DOCUMENTOS):
            raise ValueError("Así se llaman las reservas de órdenes y transferencias.")
        return value


class ReservaLeida(Answer):
    """A reservation."""

    id: int
    producto_id: int
    almacen_id: int
    lote_id: int | None
    cantidad: Decimal
    estado: str
    motivo: str
    referencia_doc: str
    usuario_id: int | None
    vence: datetime | None
    created_at: datetime
    cerrada_at: datetime | None


# Transfers ---------------------------------------------------------------------------------------


class LineaTransferencia(Schema):
    """Goods to send; of a traced product, the number of the lot or series."""

    producto_id: RefId
    cantidad_enviada: Quantity
    numero_lote: Numero = ""
    numero_serie: Numero = ""


class TransferenciaNueva(Schema):
    """Goods to send from one warehouse to another."""

    almacen_origen_id: RefId
    almacen_destino_id: RefId
    nota: OptionalText = ""
    detalle: Annotated[list[LineaTransferencia], Field(min_length=1, max_length=MAX_LINEAS)]


class LineaRecibida(Schema):
    """What the destination counted of a line."""

    detalle_id: RefId
    cantidad_recibida: Counted


class Recepcion(Schema):
    """What the destination counted, every line of it; nothing said: all came as it was sent."""

    detalle: Annotated[list[LineaRecibida], Field(max_length=MAX_LINEAS)] = Field(
        default_factory=list
    )


COMPLETA = Recepcion()
"""All came as it was sent."""


class Resolucion(Schema):
    """What became of a difference: all that was sent arrived (``enviada``), only what was counted
    left (``recibida``), or the rest is lost (``perdida``)."""

    incidencia_id: RefId
    resolucion: Literal["enviada", "recibida", "perdida"]
    motivo: Text


class Resoluciones(Schema):
    """Differences of a transfer that are settled."""

    resoluciones: Annotated[list[Resolucion], Field(min_length=1, max_length=MAX_LINEAS)]


class LineaTransferida(Answer):
    """A line of a transfer."""

    id: int
    producto_id: int
    lote_id: int | None
    numero_lote: str | None
    numero_serie: str | None
    cantidad_enviada: Decimal
    cantidad_recibida: Decimal | None


class IncidenciaLeida(Answer):
    """A difference, and how it was settled."""

    id: int
    detalle_id: int
    cantidad_enviada: Decimal
    cantidad_recibida: Decimal
    estado: str
    resolucion: str
    motivo: str
    usuario_id: int | None
    created_at: datetime
    resuelta_at: datetime | None


class TransferenciaLeida(Answer):
    """A transfer with its lines and differences."""

    id: int
    almacen_origen_id: int
    almacen_destino_id: int
    estado: str
    usuario_origen_id: int | None
    usuario_destino_id: int | None
    nota: str
    fecha_solicitud: datetime
    fecha_envio: datetime | None
    fecha_confirmacion: datetime | None
    detalle: list[LineaTransferida]
    incidencias: list[IncidenciaLeida]


# Lots and series ---------------------------------------------------------------------------------


class TrazabilidadCambio(Schema):
    """How a product is traced from now on; what is in stock becomes the lot ``numero_lote``."""

    trazabilidad: Trazabilidad
    numero_lote: Annotated[Numero, StringConstraints(min_length=1)] = "INICIAL"


class TrazabilidadLeida(Answer):
    """How a product is traced."""

    producto_id: int
    trazabilidad: str


class Bloqueo(Schema):
    """Why a lot may not leave, or may again."""

    motivo: Text


class LoteEstado(Answer):
    """Whether a lot may leave."""

    id: int
    estado: str


class Existencia(Answer):
    """Where a part of a lot is."""

    lote_id: int
    almacen_id: int
    almacen: str
    cantidad_actual: Decimal
    estado: str


class Paso(Answer):
    """A movement of a lot; ``venta_id`` and ``cliente`` where it was sold or came back."""

    id: int
    tipo_movimiento: str
    cantidad: Decimal
    almacen_origen_id: int | None
    almacen_destino_id: int | None
    motivo: str
    referencia_doc: str
    usuario_id: int | None
    created_at: datetime
    venta_id: int | None
    cliente_id: int | None
    cliente: str | None


class LoteTrazado(Answer):
    """A lot or a series: where it is, where it came from, where it went."""

    producto_id: int
    sku: str
    producto: str
    numero_lote: str
    numero_serie: str
    fecha_vencimiento: date | None
    existencias: list[Existencia]
    hacia_atras: list[Paso]
    hacia_adelante: list[Paso]


class Traza(Answer):
    """All that carries a number: one lot mostly, several where products share it."""

    lote: str
    lotes: list[LoteTrazado]


# Counts ------------------------------------------------------------------------------------------


class ConteoNuevo(Schema):
    """A count to begin: of these products, or of all that the warehouse has held."""

    almacen_id: RefId
    nota: OptionalText = ""
    productos: Annotated[list[RefId], Field(max_length=5000)] = Field(default_factory=list)


class LineaContada(Schema):
    """What was counted of a product, or of a lot of it."""

    producto_id: RefId
    numero_lote: Numero = ""
    numero_serie: Numero = ""
    cantidad: Counted


class Contado(Schema):
    """What was counted, in any number of pieces; a line said again replaces what it said."""

    detalle: Annotated[list[LineaContada], Field(min_length=1, max_length=MAX_LINEAS)]


class LineaConteo(Answer):
    """A line of a count; what the system says is shown once it was counted."""

    id: int
    producto_id: int
    sku: str
    producto: str
    lote_id: int | None
    numero_lote: str | None
    numero_serie: str | None
    ubicacion: str
    stock_sistema: Decimal | None
    cantidad_contada: Decimal | None
    diferencia: Decimal | None


class ConteoLeido(Answer):
    """A count with its lines."""

    id: int
    almacen_id: int
    estado: str
    nota: str
    usuario_id: int | None
    created_at: datetime
    cerrado_at: datetime | None
    lineas: list[LineaConteo]


class ConteoCerrado(Answer):
    """What a count led to."""

    id: int
    estado: str
    ajustes: list[int]
    sin_contar: int


# Alerts and permissions --------------------------------------------------------------------------


class AlertasQuery(Schema):
    """Which alerts; ``next`` is the last row's ``id``."""

    almacen_id: QueryId | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    next: QueryId | None = None


class AlertaStock(Answer):
    """A product at or below its minimum in a warehouse, and how many to order."""

    id: int
    producto_id: int
    sku: str
    producto: str
    almacen_id: int
    almacen: str
    stock_actual: Decimal
    stock_reservado: Decimal
    stock_minimo: Decimal
    stock_maximo: Decimal
    stock_seguridad: Decimal
    sugerido: Decimal


class AlertasStock(Answer):
    """Products at or below their minimum."""

    items: list[AlertaStock]
    next: int | None


class AlmacenesCambio(Schema):
    """The almacenes that a user is confined to; without any, their sucursales decide."""

    almacenes: Annotated[list[RefId], Field(max_length=1000)]


class AlmacenesDelUsuario(Answer):
    """The almacenes that are assigned to a user."""

    usuario_id: int
    almacenes: list[int]
    todos: bool = Field(description="Ninguno asignado: todos los de sus sucursales.")


COSTO = "productos.ver_costo"


class Valorizado(Answer):
    """What a product in stock is worth, as its movements say and as it is kept."""

    producto_id: int
    stock_actual: Decimal
    costo_promedio: Annotated[Decimal | None, Protected(COSTO)] = None
    recalculado: Annotated[Decimal | None, Protected(COSTO)] = None
    coincide: bool
