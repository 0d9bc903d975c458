"""What a comprobante says, before anything is computed: plain values, field for field as callers
name them, so that a finding's field is theirs. Amounts in the comprobante's currency."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal

CERO = Decimal("0.00")
SOLES = "PEN"


@dataclass(frozen=True, slots=True)
class Emisor:
    """The company. ``codigo_anexo`` is SUNAT's number of the establishment, 0000 the main one."""

    ruc: str
    razon_social: str
    nombre_comercial: str = ""
    direccion: str = ""
    ubigeo: str = ""
    codigo_anexo: str = "0000"


@dataclass(frozen=True, slots=True)
class Adquirente:
    """Who receives it; ``tipo_doc`` of catalogue 06."""

    tipo_doc: str
    numero_doc: str
    razon_social: str
    direccion: str = ""


@dataclass(frozen=True, slots=True)
class Isc:
    """ISC of a line: ``tasa`` of the value (01) or the public price (03), or soles a unit (02)."""

    sistema: str
    tasa: Decimal = Decimal(0)
    monto_unitario: Decimal = Decimal(0)
    precio_publico: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Propiedad:
    """A concept of catalogue 55 that an operation asks for: a text, a day (and its end), an hour,
    or a quantity; ``conceptos`` says which."""

    codigo: str
    valor: str = ""
    fecha: date | None = None
    hasta: date | None = None
    hora: time | None = None
    cantidad: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Lugar:
    """An address and its ubigeo; ``codigo_anexo`` where it is an establishment of ``ruc``."""

    ubigeo: str = ""
    direccion: str = ""
    codigo_anexo: str = ""
    ruc: str = ""


@dataclass(frozen=True, slots=True)
class Viaje:
    """What detracción on transport of goods (1004) asks for; reference values in soles."""

    origen: Lugar = Lugar()
    destino: Lugar = Lugar()
    detalle: str = ""
    valor_servicio: Decimal = CERO
    valor_carga_efectiva: Decimal = CERO
    valor_carga_util: Decimal = CERO


@dataclass(frozen=True, slots=True)
class Devuelto:
    """What a note takes back of a line that was issued, to the cent: its value without taxes, its
    IGV, and its ISC with the base of that."""

    valor_venta: Decimal
    igv: Decimal
    base_isc: Decimal = CERO
    isc: Decimal = CERO


@dataclass(frozen=True, slots=True)
class Linea:
    """A line. Price, ``descuento`` (00) and ``cargo`` (47) stand in the same terms, with taxes or
    without; ``descuento_no_afecto`` (01) and ``cargo_no_afecto`` (48) leave the tax base alone.
    With ``icbper`` each unit is a plastic bag. ``devuelto`` goes before what the price comes to:
    two roundings of one amount are a cent apart, and what goes back is what was charged."""

    descripcion: str
    cantidad: Decimal
    precio_unitario: Decimal
    unidad_medida: str = "NIU"
    codigo_producto: str = ""
    codigo_sunat: str = ""
    afectacion_igv: str = "10"
    descuento: Decimal = CERO
    cargo: Decimal = CERO
    descuento_no_afecto: Decimal = CERO
    cargo_no_afecto: Decimal = CERO
    isc: Isc | None = None
    icbper: bool = False
    propiedades: tuple[Propiedad, ...] = ()
    viaje: Viaje | None = None
    devuelto: Devuelto | None = None


@dataclass(frozen=True, slots=True)
class CargoGlobal:
    """A discount or charge on the whole: 02, 03, 45, 46, 49, 50, 63 of catalogue 53.

    Those that change the base (02, 49) stand in the same terms as the prices.
    """

    codigo: str
    monto: Decimal


@dataclass(frozen=True, slots=True)
class Anticipo:
    """An advance that was invoiced: document type 02 factura or 03 boleta, its number, what it
    came to with taxes, and whether it was taxed (04), exempt (05) or untaxed (06)."""

    tipo: str
    numero: str
    monto: Decimal
    codigo: str = "04"


@dataclass(frozen=True, slots=True)
class Cuota:
    """A payment to come; without ``monto`` it is an equal part of what is due."""

    fecha: date
    monto: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Detraccion:
    """What the customer deposits in the company's account at Banco de la Nación, always in soles;
    ``porcentaje`` as 12 for 12 %."""

    codigo: str
    porcentaje: Decimal
    cuenta: str
    medio_pago: str = "001"


@dataclass(frozen=True, slots=True)
class Percepcion:
    """What is collected on top, by the regime of catalogue 53."""

    codigo: str = "51"


@dataclass(frozen=True, slots=True)
class Relacionado:
    """A guía (09, 31) that goes with it."""

    tipo: str
    numero: str


@dataclass(frozen=True, slots=True)
class Modifica:
    """The comprobante that a note changes, and why (catalogues 09, 10)."""

    tipo: str
    serie: str
    numero: int
    motivo_codigo: str
    motivo_descripcion: str


@dataclass(frozen=True, slots=True)
class Comprobante:
    """A factura, boleta or note, all but its amounts; ``numero`` 0 as long as it has none.

    ``tasa_igv`` is a fraction; ``tipo_cambio`` soles for a unit of ``moneda``; ``pagado`` what was
    paid at once of a sale on credit. ``contado`` and ``cuotas`` contradict each other.
    ``pais_uso`` is where an exported service is used; ``agente_viajes``, ``medio_pago`` and
    ``autorizacion_pago``
    are for passengers by train (0302).
    """

    tipo: str
    serie: str
    numero: int
    fecha_emision: date
    hora_emision: time
    emisor: Emisor
    adquirente: Adquirente
    detalle: tuple[Linea, ...]
    moneda: str = "PEN"
    tipo_operacion: str = "0101"
    tasa_igv: Decimal = Decimal("0.18")
    precios_incluyen_igv: bool = True
    fecha_vencimiento: date | None = None
    cargos: tuple[CargoGlobal, ...] = ()
    anticipos: tuple[Anticipo, ...] = ()
    contado: bool = True
    cuotas: tuple[Cuota, ...] = ()
    pagado: Decimal = CERO
    detraccion: Detraccion | None = None
    percepcion: Percepcion | None = None
    retencion: bool = False
    tipo_cambio: Decimal | None = None
    orden_compra: str = ""
    relacionados: tuple[Relacionado, ...] = ()
    leyendas: tuple[str, ...] = ()
    modifica: Modifica | None = None
    redondeo: Decimal = CERO
    pais_uso: str = ""
    agente_viajes: str = ""
    medio_pago: str = ""
    autorizacion_pago: str = ""

    @property
    def cambio(self) -> Decimal:
        """Soles for a unit of its currency; 1 where they are soles, or nobody told."""
        return self.tipo_cambio if self.tipo_cambio and self.moneda != SOLES else Decimal(1)

    @property
    def identificador(self) -> str:
        """Series and number as SUNAT writes them, ``F001-1``."""
        return f"{self.serie}-{self.numero}"
