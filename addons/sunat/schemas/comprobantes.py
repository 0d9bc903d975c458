"""What enters and leaves sunat, and the event it publishes. Source: módulo 3.

Texts and codes are taken as they come, within a length: whether SUNAT accepts them is told by its
rules, all at once and with its codes (``documents.reglas``).
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, Strict, StringConstraints
from pydantic_core import PydanticCustomError

from addons.sales.schemas import Correo
from kernel import filetypes
from kernel.forms import Form
from kernel.money import Amount, Exact, Money
from kernel.schemas import Answer, Day, Flag, OptionalText, RefId, Schema
from kernel.uploads import FileRule, Upload

MAX_LINEAS = 999
_HORA = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?")

Codigo = Annotated[str, StringConstraints(strip_whitespace=True, max_length=8)]
Numero = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20)]
Parrafo = Annotated[str, StringConstraints(max_length=2000)]
Decimal10 = Annotated[
    Decimal, Exact, Field(max_digits=22, decimal_places=10, ge=0, allow_inf_nan=False)
]
"""A quantity or unit price, up to 10 decimals."""
Tasa = Annotated[Decimal, Exact, Field(max_digits=8, decimal_places=5, ge=0, allow_inf_nan=False)]


def _hora(dicha: Any) -> Any:
    if isinstance(dicha, time) or (isinstance(dicha, str) and _HORA.fullmatch(dicha)):
        return dicha
    raise PydanticCustomError("time_parsing", "write the hour as HH:MM or HH:MM:SS")


Hora = Annotated[time, BeforeValidator(_hora)]
"""An hour of the day, as a text."""


class Facturacion(BaseModel):
    """How the company issues."""

    entorno: Literal["sandbox", "beta", "produccion"] = Field(
        default="sandbox", description="A quién se envía: sandbox es local y no sale de la máquina."
    )
    codigo_anexo: str = Field(
        default="0000", pattern=r"^[0-9]{4}$", description="Código de establecimiento del emisor."
    )
    espera: int = Field(
        default=60, ge=1, le=300, description="Segundos que se espera una respuesta."
    )
    emitir_ventas: bool = Field(
        default=True, description="Emitir un comprobante por cada venta registrada."
    )
    imprimir: bool = Field(
        default=True, description="Preparar el PDF de cada comprobante al emitirlo."
    )
    boletas: Literal["una_a_una", "resumen"] = Field(
        default="una_a_una",
        description="Enviar cada boleta al emitirla, o informarlas en el resumen diario (23:50).",
    )
    enviar_correo: bool = Field(
        default=False, description="Enviar al cliente el PDF y el XML cuando SUNAT acepta."
    )


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
    detalle: Annotated[list[LineaNueva], Field(max_length=MAX_LINEAS)] = Field(default_factory=list)
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


class ComprobanteEmitido(Answer):
    """A comprobante as it stands."""

    id: int
    tipo: str
    serie: str
    numero: int
    fecha_emision: date
    hora_emision: time
    cliente_id: int | None
    venta_id: int | None
    sucursal_id: int | None
    moneda: str
    total_gravada: Decimal
    total_exonerada: Decimal
    total_inafecta: Decimal
    total_exportacion: Decimal
    total_gratuita: Decimal
    total_igv: Decimal
    total_isc: Decimal
    total_icbper: Decimal
    total_venta: Decimal
    estado_sunat: str
    codigo_sunat: str
    mensaje_sunat: str
    observaciones: list[Any]
    hash: str
    qr: str
    modo_emision: str
    intentos: int
    proximo_intento: datetime | None
    limite_envio: date
    nombre_archivo: str
    canal: str
    corrige_id: int | None
    correo: str
    correo_enviado_at: datetime | None


class EnCola(ComprobanteEmitido):
    """A comprobante that waits; SUNAT takes it for so many more days, below zero not any more."""

    dias_restantes: int


class Cola(Answer):
    """What waits for SUNAT; ``caida`` while SUNAT is out of reach or refuses the company."""

    items: list[EnCola]
    caida: bool


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


class CorreoNuevo(Schema):
    """Where to send a comprobante, if not to its cliente."""

    email: Correo = ""


class CorreoPedido(Answer):
    """Where a comprobante will be sent."""

    comprobante_id: int
    email: str


class Descarga(Schema):
    """Which comprobantes to download at once."""

    desde: Day | None = None
    hasta: Day | None = None
    tipo: Codigo = ""
    serie: Codigo = ""
    estado_sunat: Annotated[str, StringConstraints(max_length=20)] = ""
    cliente_id: RefId | None = None


class ResumenNuevo(Schema):
    """Which boletas to tell of: those of a day, or all that wait."""

    fecha: Day | None = None


class ResumenLeido(Answer):
    """A resumen diario, comunicación de baja or resumen de reversiones, as it stands."""

    id: int
    tipo: str
    fecha: date
    correlativo: int
    fecha_referencia: date
    cantidad_documentos: int
    estado_envio: str
    codigo_ticket: str
    codigo_sunat: str
    mensaje_sunat: str
    observaciones: list[Any]
    hash: str
    nombre_archivo: str
    intentos: int
    proximo_intento: datetime | None
    limite_envio: date
    reemplaza_id: int | None


class Resumenes(Answer):
    """What was made, one file for each day or 500 documents; ``id`` is the first one's."""

    id: int
    items: list[ResumenLeido]


class BajaNueva(Schema):
    """Why a comprobante is to be voided; ``reemitir`` issues another one of its sale."""

    motivo: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=100)]
    reemitir: Flag = False


class BajaLeida(Answer):
    """The voiding of a comprobante, as it stands."""

    id: int
    comprobante_id: int
    motivo: str
    estado: str
    mensaje: str
    reemitir: bool
    limite: date
    resumen_id: int | None
    usuario_id: int | None


class Impresion(Schema):
    """Which printed form: an A4 page, or a ticket of 80 mm."""

    formato: Literal["a4", "ticket"] = "a4"


class SerieNueva(Schema):
    """A series to number with, from ``inicio`` on: after what another system issued in it."""

    tipo: Literal["01", "03", "07", "08", "09", "31", "20", "40"]
    serie: Annotated[str, StringConstraints(pattern=r"^[FBTVRP][A-Z0-9]{3}$")]
    sucursal_id: RefId | None = None
    inicio: Annotated[int, Strict(), Field(ge=1, le=99_999_999)] = 1
    activo: Flag = True


class CertificadoNuevo(Form):
    """A PFX and its password."""

    archivo: Annotated[Upload, FileRule(types=frozenset({filetypes.PKCS12}), max_bytes=100_000)]
    clave: Annotated[str, StringConstraints(max_length=200)] = ""


class CertificadoLeido(Answer):
    """A certificate; its key never leaves."""

    id: int
    titular: str
    serial: str
    desde: datetime
    hasta: datetime
    activo: bool


class CredencialNueva(Schema):
    """The secondary SOL user, or the user of an OSE with its addresses."""

    usuario: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    clave: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    url_envio: OptionalText = ""
    url_consulta: OptionalText = ""
    client_id: OptionalText = ""
    client_secret: Annotated[str, StringConstraints(max_length=200)] = ""


class CredencialLeida(Answer):
    """How the company signs in; the password never leaves."""

    usuario: str
    url_envio: str
    url_consulta: str
    client_id: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ComprobanteCambio:
    """Event: SUNAT's answer on a comprobante was saved in this transaction."""

    comprobante_id: int
    venta_id: int | None
    estado_sunat: str
