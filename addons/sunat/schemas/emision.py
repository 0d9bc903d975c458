"""What is issued: facturas, boletas and notes, whole or corrected, and what SUNAT would say."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from addons.sunat.schemas.campos import (
    MAX_LINEAS,
    Codigo,
    Decimal10,
    Hora,
    Numero,
    Parrafo,
    Tasa,
)
from kernel.money import Amount, Exact, Money
from kernel.schemas import Answer, Day, Flag, RefId, Schema


class IscNuevo(Schema):
    """ISC of a line."""

    sistema: Codigo
    tasa: Tasa = Decimal(0)
    monto_unitario: Decimal10 = Decimal(0)
    precio_publico: Decimal10 = Decimal(0)


class PropiedadNueva(Schema):
    """A concept of catalogue 55 that an operation asks for on a line."""

    codigo: Codigo
    valor: Annotated[str, StringConstraints(max_length=200)] = ""
    fecha: Day | None = None
    hasta: Day | None = None
    hora: Hora | None = None
    cantidad: Decimal10 | None = None


class LugarNuevo(Schema):
    """An address and its ubigeo."""

    ubigeo: Codigo = ""
    direccion: Annotated[str, StringConstraints(max_length=500)] = ""


class ViajeNuevo(Schema):
    """The journey of transport of goods with detracción (1004); values in soles."""

    origen: LugarNuevo
    destino: LugarNuevo
    detalle: Annotated[str, StringConstraints(max_length=500)] = ""
    valor_servicio: Amount = Decimal(0)
    valor_carga_efectiva: Amount = Decimal(0)
    valor_carga_util: Amount = Decimal(0)


class LineaNueva(Schema):
    """A line to invoice. Amounts are computed; the price stands with or without taxes as
    ``precios_incluyen_igv`` says."""

    descripcion: Parrafo
    cantidad: Decimal10
    precio_unitario: Decimal10
    unidad_medida: Codigo = "NIU"
    codigo_producto: Annotated[str, StringConstraints(max_length=30)] = ""
    codigo_sunat: Codigo = ""
    afectacion_igv: Codigo = "10"
    descuento: Amount = Decimal(0)
    cargo: Amount = Decimal(0)
    descuento_no_afecto: Amount = Decimal(0)
    cargo_no_afecto: Amount = Decimal(0)
    isc: IscNuevo | None = None
    icbper: Flag = False
    propiedades: Annotated[list[PropiedadNueva], Field(max_length=50)] = Field(default_factory=list)
    viaje: ViajeNuevo | None = None


class LineaPedida(LineaNueva):
    """A line to invoice, or a product: its name, price, unit and IGV where the line says none."""

    producto_id: RefId | None = None
    descripcion: Parrafo = ""
    precio_unitario: Decimal10 | None = None  # type: ignore[assignment]  # completed before use


class CargoNuevo(Schema):
    """A discount or charge on the whole (catalogue 53)."""

    codigo: Codigo
    monto: Amount


class AnticipoNuevo(Schema):
    """An advance that was invoiced before."""

    tipo: Codigo = "02"
    numero: Numero
    monto: Amount
    codigo: Codigo = "04"


class CuotaNueva(Schema):
    """A payment to come; without amount, an equal part."""

    fecha: Day
    monto: Amount | None = None


class DetraccionNueva(Schema):
    """What the customer deposits at Banco de la Nación."""

    codigo: Codigo
    porcentaje: Tasa
    cuenta: Annotated[str, StringConstraints(max_length=100)]
    medio_pago: Codigo = "001"


class PercepcionNueva(Schema):
    """What is collected on top."""

    codigo: Codigo = "51"


class RelacionadoNuevo(Schema):
    """A guía that goes with it."""

    tipo: Codigo = "09"
    numero: Numero


class Contenido(Schema):
    """What facturas, boletas and notes have in common."""

    serie: Codigo | None = None
    fecha_emision: Day | None = None
    moneda: Codigo = "PEN"
    tipo_cambio: Annotated[Decimal, Exact, Field(gt=0, max_digits=12, decimal_places=6)] | None = (
        None
    )
    tasa_igv: Tasa | None = None
    precios_incluyen_igv: Flag | None = None
    detalle: Annotated[list[LineaPedida], Field(max_length=MAX_LINEAS)] = Field(
        default_factory=list
    )
    cargos: Annotated[list[CargoNuevo], Field(max_length=20)] = Field(default_factory=list)
    cuotas: Annotated[list[CuotaNueva], Field(max_length=360)] = Field(default_factory=list)
    leyendas: Annotated[list[Codigo], Field(max_length=10)] = Field(default_factory=list)
    orden_compra: Annotated[str, StringConstraints(max_length=60)] = ""
    relacionados: Annotated[list[RelacionadoNuevo], Field(max_length=50)] = Field(
        default_factory=list
    )
    redondeo: Money = Decimal(0)


class ComprobanteNuevo(Contenido):
    """A factura or boleta to issue: from a sale (``venta_id``), or line by line."""

    tipo: Codigo | None = None
    venta_id: RefId | None = None
    cliente_id: RefId | None = None
    sucursal_id: RefId | None = None
    tipo_operacion: Codigo = "0101"
    fecha_vencimiento: Day | None = None
    contado: Flag = True
    pagado: Amount = Decimal(0)
    anticipos: Annotated[list[AnticipoNuevo], Field(max_length=50)] = Field(default_factory=list)
    detraccion: DetraccionNueva | None = None
    percepcion: PercepcionNueva | None = None
    retencion: Flag = False
    pais_uso: Codigo = ""
    agente_viajes: Numero = ""
    medio_pago: Codigo = ""
    autorizacion_pago: Numero = ""


class NotaNueva(Contenido):
    """A note on a comprobante; without ``detalle`` it takes over all of its lines."""

    comprobante_origen_id: RefId
    tipo_nota: Literal["07", "08"] = "07"
    motivo_codigo: Codigo
    motivo_descripcion: Parrafo = ""


class Hallazgo(Answer):
    """What SUNAT would say of a document."""

    codigo: str
    severidad: str
    texto: str
    campo: str
    cura: str


class Revision(Answer):
    """Whether a document could be issued, and its amounts if it could."""

    valido: bool
    hallazgos: list[Hallazgo]
    total_venta: Decimal | None = None
    total_igv: Decimal | None = None


class Correccion(Schema):
    """What was wrong with a comprobante that SUNAT refused; the rest stays as it was."""

    cliente_id: RefId | None = None
    detalle: Annotated[list[LineaNueva], Field(max_length=MAX_LINEAS)] = Field(default_factory=list)
    cuotas: Annotated[list[CuotaNueva], Field(max_length=360)] = Field(default_factory=list)
