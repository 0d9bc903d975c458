"""What a guía de remisión says: goods, from where to where, by whom (09 and 31).

Plain values, field for field as callers name them. Source: catalogues 18, 20, 61; reference on
SUNAT, 1.2 (GRE).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal

from addons.sunat.documents.modelo import Adquirente, Emisor, Lugar

REMITENTE = "09"
TRANSPORTISTA = "31"
GUIAS = frozenset({REMITENTE, TRANSPORTISTA})
PUBLICO, PRIVADO = "01", "02"
MODALIDADES = {PUBLICO: "Transporte público", PRIVADO: "Transporte privado"}
"""Catalogue 18."""
VENTA, ENTRE_ESTABLECIMIENTOS, IMPORTACION, EXPORTACION, OTROS = "01", "04", "08", "09", "13"
MOTIVOS = {
    VENTA: "Venta",
    "02": "Compra",
    "03": "Venta con entrega a terceros",
    ENTRE_ESTABLECIMIENTOS: "Traslado entre establecimientos de la misma empresa",
    "05": "Consignación",
    "06": "Devolución",
    "07": "Recojo de bienes transformados",
    IMPORTACION: "Importación",
    EXPORTACION: "Exportación",
    OTROS: "Otros",
    "14": "Venta sujeta a confirmación del comprador",
    "17": "Traslado de bienes para transformación",
    "18": "Traslado emisor itinerante CP",
}
"""Catalogue 20."""
A_UNO_MISMO = frozenset({"02", ENTRE_ESTABLECIMIENTOS, "07", "18"})
"""Reasons for which the goods come to the company itself."""
A_OTRO = frozenset({VENTA, "03", "05", "06", EXPORTACION, "14", "17"})
COMERCIO_EXTERIOR = frozenset({IMPORTACION, EXPORTACION})
UNIDADES_PESO = ("KGM", "TNE")
RELACIONADOS = {
    "01": "Factura",
    "03": "Boleta de venta",
    "04": "Liquidación de compra",
    "09": "Guía de remisión remitente",
    "12": "Ticket de máquina registradora",
    "31": "Guía de remisión transportista",
    "48": "Comprobante de operaciones",
    "49": "Constancia de depósito - IVAP",
    "50": "Declaración aduanera de mercancías",
    "52": "Declaración simplificada",
    "80": "Constancia de depósito - detracción",
    "81": "Código de autorización emitida por el SCOP",
}
"""Catalogue 61, as far as Andes takes it."""
CON_EMISOR = frozenset({"01", "03", "04", "09", "12", "31", "48"})
"""Those that tell who issued them."""
PAGADORES = ("Remitente", "Subcontratador", "Tercero")


@dataclass(frozen=True, slots=True)
class Transportista:
    """Who carries the goods for hire; ``mtc`` its number at the Ministry of Transport."""

    numero_doc: str
    razon_social: str
    mtc: str = ""


@dataclass(frozen=True, slots=True)
class Conductor:
    """Who drives; the first one told is the main one."""

    tipo_doc: str
    numero_doc: str
    nombres: str
    apellidos: str
    licencia: str


@dataclass(frozen=True, slots=True)
class Vehiculo:
    """What is driven: plate, and card of circulation where it has one."""

    placa: str
    tuc: str = ""


@dataclass(frozen=True, slots=True)
class Bien:
    """Something that is moved."""

    descripcion: str
    cantidad: Decimal
    unidad_medida: str = "NIU"
    codigo_producto: str = ""
    codigo_sunat: str = ""


@dataclass(frozen=True, slots=True)
class DocumentoRelacionado:
    """A document that goes with the goods, of catalogue 61, and the RUC of who issued it."""

    tipo: str
    numero: str
    emisor: str = ""


@dataclass(frozen=True, slots=True)
class Guia:
    """A guía, all of it; ``numero`` 0 as long as it has none.

    Of a transportista (31) ``emisor`` is who carries, ``remitente`` who sends; motive and mode are
    a remitente's (09). ``vehiculo_menor``: categories M1 and L need no plate and no driver.
    """

    tipo: str
    serie: str
    numero: int
    fecha_emision: date
    hora_emision: time
    emisor: Emisor
    destinatario: Adquirente
    partida: Lugar
    llegada: Lugar
    fecha_traslado: date
    peso_bruto: Decimal
    bienes: tuple[Bien, ...]
    motivo: str = VENTA
    motivo_descripcion: str = ""
    modalidad: str = PRIVADO
    unidad_peso: str = "KGM"
    bultos: int | None = None
    remitente: Adquirente | None = None
    transportista: Transportista | None = None
    proveedor: Adquirente | None = None
    comprador: Adquirente | None = None
    vehiculos: tuple[Vehiculo, ...] = ()
    conductores: tuple[Conductor, ...] = ()
    vehiculo_menor: bool = False
    retorno_vacio: bool = False
    retorno_envases: bool = False
    transbordo: bool = False
    pagador_flete: str = PAGADORES[0]
    pagador: Adquirente | None = None
    mtc: str = ""
    relacionados: tuple[DocumentoRelacionado, ...] = ()
    observaciones: str = ""

    @property
    def identificador(self) -> str:
        """Series and number as SUNAT writes them, ``T001-1``."""
        return f"{self.serie}-{self.numero}"

    @property
    def de_remitente(self) -> bool:
        """Whether it is the sender's (09)."""
        return self.tipo == REMITENTE
