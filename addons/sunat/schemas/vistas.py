"""Documents as they were issued, and what is proposed for new ones."""

from datetime import date, datetime
from decimal import Decimal

from pydantic import Field

from addons.sunat.schemas.comprobantes import ComprobanteEmitido
from addons.sunat.schemas.otros import GuiaHecha, RetencionLeida
from kernel.schemas import Answer, QueryId, Schema


class LineaVista(Answer):
    """A line as it was told, and what it came to."""

    descripcion: str
    cantidad: Decimal
    precio_unitario: Decimal
    descuento: Decimal
    unidad_medida: str
    codigo_producto: str
    afectacion_igv: str
    total: Decimal | None = None


class CuotaVista(Answer):
    """A payment to come."""

    fecha: date
    monto: Decimal | None


class ComprobanteVisto(ComprobanteEmitido):
    """A comprobante with its lines; ``modifica`` is what a note is on, ``validez`` what SUNAT said
    when it was asked last, ``modificable_id`` its own id where notes can be made on it."""

    detalle: list[LineaVista] = Field(default_factory=list)
    fecha_vencimiento: date | None = None
    tipo_operacion: str = ""
    orden_compra: str = ""
    contado: bool = True
    cuotas: list[CuotaVista] = Field(default_factory=list)
    modifica: int | None = None
    modificable_id: int | None = None
    validez: str = ""
    validez_at: datetime | None = None


class NotaPedida(Schema):
    """Which note is wanted."""

    comprobante_origen_id: QueryId
    tipo_nota: str = "07"
    motivo_codigo: str = ""


class LineaPropuesta(Answer):
    """A line that a note may take back."""

    descripcion: str
    cantidad: Decimal
    precio_unitario: Decimal | None
    descuento: Decimal
    unidad_medida: str
    codigo_producto: str
    afectacion_igv: str


class NotaPropuesta(Answer):
    """A note to change and issue: what of a comprobante no other note took back."""

    comprobante_origen_id: int
    tipo_nota: str
    motivo_codigo: str
    moneda: str
    precios_incluyen_igv: bool
    detalle: list[LineaPropuesta]


class PersonaVista(Answer):
    """Somebody, by a document of catalogue 06."""

    tipo_doc: str
    numero_doc: str
    razon_social: str


class PuntoVisto(Answer):
    """A place."""

    ubigeo: str = ""
    direccion: str = ""
    codigo_anexo: str = ""
    ruc: str = ""


class TransportistaVisto(Answer):
    """Who carries for hire."""

    numero_doc: str
    razon_social: str
    mtc: str = ""


class VehiculoVisto(Answer):
    """What is driven."""

    placa: str
    tuc: str = ""


class ConductorVisto(Answer):
    """Who drives."""

    tipo_doc: str
    numero_doc: str
    nombres: str
    apellidos: str
    licencia: str


class BienVisto(Answer):
    """Something that is moved."""

    descripcion: str
    cantidad: Decimal
    unidad_medida: str = "NIU"
    codigo_producto: str = ""


class RelacionadoVisto(Answer):
    """A document that goes with the goods."""

    tipo: str
    numero: str
    emisor: str = ""


class Viaje(Answer):
    """What a guía says of the journey, as far as it is known."""

    motivo: str = "01"
    motivo_descripcion: str = ""
    modalidad: str = "02"
    peso_bruto: Decimal | None = None
    unidad_peso: str = "KGM"
    bultos: int | None = None
    destinatario: PersonaVista | None = None
    remitente: PersonaVista | None = None
    proveedor: PersonaVista | None = None
    comprador: PersonaVista | None = None
    partida: PuntoVisto | None = None
    llegada: PuntoVisto | None = None
    transportista: TransportistaVisto | None = None
    vehiculos: list[VehiculoVisto] = Field(default_factory=list)
    conductores: list[ConductorVisto] = Field(default_factory=list)
    vehiculo_menor: bool = False
    retorno_vacio: bool = False
    retorno_envases: bool = False
    transbordo: bool = False
    pagador_flete: str = "Remitente"
    bienes: list[BienVisto] = Field(default_factory=list)
    relacionados: list[RelacionadoVisto] = Field(default_factory=list)
    mtc: str = ""
    observaciones: str = ""


class GuiaPropuesta(Viaje):
    """A guía to complete and issue."""

    tipo: str = "09"
    venta_id: int | None = None
    cliente_id: int | None = None
    sucursal_id: int | None = None
    referencia_doc: str = ""


class GuiaPedida(Schema):
    """What a guía is wanted of: a venta, what asked for one, or an earlier guía."""

    venta_id: QueryId | None = None
    referencia_doc: str = ""
    guia_id: QueryId | None = None


class GuiaVista(GuiaHecha, Viaje):
    """A guía as it was issued, with the state of its comprobante."""

    fecha_emision: date
    estado_sunat: str
    codigo_sunat: str
    mensaje_sunat: str
    limite_envio: date
    qr: str


class DocumentoPagado(Answer):
    """A document that was paid, and what was retained or perceived of it, in soles."""

    tipo: str
    numero: str
    fecha_emision: date
    total: Decimal
    pago: Decimal
    fecha_pago: date
    numero_pago: int
    moneda: str
    tipo_cambio: Decimal | None
    monto: Decimal | None = None
    neto: Decimal | None = None


class RetencionVista(RetencionLeida):
    """A retención or percepción as it was issued, with the state of its comprobante."""

    sujeto: PersonaVista
    pagos: list[DocumentoPagado]
    observaciones: str
    estado_sunat: str
    codigo_sunat: str
    mensaje_sunat: str
    limite_envio: date


class BorradorLeido(Answer):
    """A guía that waits for somebody to complete it."""

    id: int
    referencia_doc: str
    descripcion: str
    sucursal_id: int | None
    estado: str
    comprobante_id: int | None
    created_at: datetime


class Cuantas(Answer):
    """How many of something wait."""

    pendientes: int
