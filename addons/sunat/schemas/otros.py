"""What enters and leaves about guías, retenciones, percepciones and validity.

What a guía lacks is told by SUNAT's rules, with all else that is wrong with it: no field that they
ask for is required here.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, Strict, StringConstraints

from addons.sunat.schemas.campos import Codigo, Decimal10, Numero, Parrafo
from addons.sunat.schemas.comprobantes import ComprobanteEmitido
from kernel.money import Exact, Money
from kernel.schemas import Answer, Day, Flag, RefId, Schema

Linea = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
Documento = Annotated[str, StringConstraints(strip_whitespace=True, max_length=15)]
Peso = Annotated[Decimal, Exact, Field(max_digits=15, decimal_places=3, ge=0, allow_inf_nan=False)]
Cambio = Annotated[
    Decimal, Exact, Field(max_digits=10, decimal_places=6, ge=0, allow_inf_nan=False)
]
MAX_BIENES = 999


class PersonaNueva(Schema):
    """Somebody, by a document of catalogue 06."""

    tipo_doc: Codigo = "6"
    numero_doc: Documento
    razon_social: Linea


def _seis_digitos(dicho: str) -> str:
    """Return a code as INEI writes it, with the zero that numbers lose."""
    return dicho.zfill(6) if len(dicho) == len("10101") and dicho.isdigit() else dicho


Ubigeo = Annotated[Codigo, AfterValidator(_seis_digitos)]
"""A district's code, also as the number that names it in lists."""


class PuntoNuevo(Schema):
    """A place; ``codigo_anexo`` where it is an establishment of ``ruc``."""

    ubigeo: Ubigeo = ""
    direccion: Linea = ""
    codigo_anexo: Codigo = ""
    ruc: Documento = ""


class TransportistaNuevo(Schema):
    """Who carries for hire."""

    numero_doc: Documento = ""
    razon_social: Linea = ""
    mtc: Numero = ""


class ConductorNuevo(Schema):
    """Who drives."""

    tipo_doc: Codigo = "1"
    numero_doc: Documento = ""
    nombres: Linea = ""
    apellidos: Linea = ""
    licencia: Numero = ""


def _corrida(dicha: str) -> str:
    """Return a plate as SUNAT takes it: ``abc-123`` is ABC123."""
    return _SEPARADORES.sub("", dicha).upper()


_SEPARADORES = re.compile("[\\s\\-\u2010-\u2014]+")
Placa = Annotated[str, StringConstraints(max_length=16), AfterValidator(_corrida)]


class VehiculoNuevo(Schema):
    """What is driven."""

    placa: Placa = ""
    tuc: Numero = ""


class BienNuevo(Schema):
    """Something that is moved."""

    descripcion: Parrafo
    cantidad: Decimal10 = Decimal(0)
    unidad_medida: Codigo = "NIU"
    codigo_producto: Annotated[str, StringConstraints(max_length=30)] = ""
    codigo_sunat: Codigo = ""


class BienPedido(BienNuevo):
    """Something that is moved, or a product: its name, code and unit where nothing else is said."""

    producto_id: RefId | None = None
    descripcion: Parrafo = ""


class DocumentoRelacionadoNuevo(Schema):
    """A document that goes with the goods (catalogue 61)."""

    tipo: Codigo
    numero: Numero
    emisor: Documento = ""


class GuiaNueva(Schema):
    """A guía de remisión; of a venta its goods, customer and comprobante are taken over."""

    tipo: Literal["09", "31"] = "09"
    serie: Codigo | None = None
    venta_id: RefId | None = None
    cliente_id: RefId | None = None
    sucursal_id: RefId | None = None
    referencia_doc: Annotated[str, StringConstraints(max_length=60)] = ""
    fecha_emision: Day | None = None
    fecha_traslado: Day | None = None
    motivo: Codigo = "01"
    motivo_descripcion: Linea = ""
    modalidad: Codigo = "02"
    peso_bruto: Peso | None = None
    unidad_peso: Codigo = "KGM"
    bultos: Annotated[int, Strict(), Field(ge=0, le=9_999_999)] | None = None
    destinatario: PersonaNueva | None = None
    remitente: PersonaNueva | None = None
    proveedor: PersonaNueva | None = None
    comprador: PersonaNueva | None = None
    partida: PuntoNuevo | None = None
    llegada: PuntoNuevo = Field(default_factory=PuntoNuevo)
    transportista: TransportistaNuevo | None = None
    vehiculos: Annotated[list[VehiculoNuevo], Field(max_length=10)] = Field(default_factory=list)
    conductores: Annotated[list[ConductorNuevo], Field(max_length=10)] = Field(default_factory=list)
    vehiculo_menor: Flag = False
    retorno_vacio: Flag = False
    retorno_envases: Flag = False
    transbordo: Flag = False
    pagador_flete: Annotated[str, StringConstraints(max_length=20)] = "Remitente"
    pagador: PersonaNueva | None = None
    mtc: Numero = ""
    bienes: Annotated[list[BienPedido], Field(max_length=MAX_BIENES)] = Field(default_factory=list)
    relacionados: Annotated[list[DocumentoRelacionadoNuevo], Field(max_length=50)] = Field(
        default_factory=list
    )
    observaciones: Annotated[str, StringConstraints(max_length=250)] = ""


class GuiaHecha(Answer):
    """What was kept of a guía besides its comprobante."""

    id: int
    comprobante_id: int
    tipo: str
    serie: str
    numero: int
    venta_id: int | None
    referencia_doc: str
    motivo_traslado: str
    modalidad_traslado: str
    fecha_traslado: date
    punto_partida: str
    punto_llegada: str


class GuiaLeida(GuiaHecha):
    """A guía as its list shows it; its state is that of the comprobante."""

    destinatario: str
    peso_bruto: Decimal
    unidad_peso: str


class GuiaEmitida(ComprobanteEmitido):
    """The comprobante of a guía, and the guía."""

    guia_id: int


class RetencionEmitida(ComprobanteEmitido):
    """The comprobante of a retención or percepción, and what is its own."""

    retencion_id: int


class PagoRetenido(Schema):
    """A document that was paid; ``pago`` in its currency, ``tipo_cambio`` of that day."""

    tipo: Codigo = "01"
    numero: Annotated[str, StringConstraints(strip_whitespace=True, max_length=45)]
    fecha_emision: Day
    total: Money
    pago: Money
    fecha_pago: Day
    numero_pago: Annotated[int, Strict(), Field(ge=1, le=999_999_999)] = 1
    moneda: Codigo = "PEN"
    tipo_cambio: Cambio | None = None


class RetencionNueva(Schema):
    """A comprobante de retención (20) or percepción (40)."""

    tipo: Literal["20", "40"] = "20"
    serie: Codigo | None = None
    sucursal_id: RefId | None = None
    fecha_emision: Day | None = None
    sujeto: PersonaNueva
    regimen: Codigo = "01"
    pagos: Annotated[list[PagoRetenido], Field(max_length=500)]
    observaciones: Annotated[str, StringConstraints(max_length=250)] = ""


class RetencionLeida(Answer):
    """A retención or percepción as its list shows it, in soles."""

    id: int
    comprobante_id: int
    tipo: str
    serie: str
    numero: int
    fecha_emision: date
    sujeto_tipo_doc: str
    sujeto_numero_doc: str
    sujeto_razon_social: str
    regimen: str
    tasa: Decimal
    total_retenido: Decimal
    total_pagado: Decimal


class ConsultaValidez(Schema):
    """Which comprobante to ask SUNAT about; of anybody's."""

    ruc: Annotated[str, StringConstraints(pattern=r"^[0-9]{11}$")]
    tipo: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{2}$")] = "01"
    serie: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{1,4}$")]
    numero: Annotated[int, Strict(), Field(ge=1, le=99_999_999)]
    fecha_emision: Day
    monto: Money


class ValidezLeida(Answer):
    """What SUNAT says of it, with its codes in words; kept under ``id``."""

    id: int
    valido: bool
    estado_cp: str
    estado: str
    estado_ruc: str
    condicion_domicilio: str
    observaciones: list[str]
