"""Rules on charges, advances, payment, detracción, percepción and retención."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from addons.sunat.documents import codigos
from addons.sunat.documents.codigos import BOLETA, FACTURA
from addons.sunat.documents.modelo import Comprobante
from addons.sunat.documents.reglas.formatos import MODIFICADOS, cabe
from addons.sunat.documents.reglas.tabla import VENTAS, Entorno, Falta, regla

FACTURAS = frozenset({FACTURA})
_ANTICIPADOS = {"02": "01", "03": "03"}
_CUENTA = re.compile(r"[0-9A-Za-z-]{3,100}")


@regla(
    "3071",
    "El dato ingresado como codigo de motivo de cargo/descuento global no es valido (catalogo nro "
    "53)",
    f"Use uno de: {', '.join(codigos.CARGOS_GLOBALES)}.",
)
def codigo_cargo(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The reason of a global discount or charge exists."""
    for indice, cargo in enumerate(de.cargos):
        if cargo.codigo not in codigos.CARGOS_GLOBALES:
            yield Falta(f"cargos.{indice}.codigo")


@regla(
    "2968",
    "El dato ingresado en cac:AllowanceCharge/cbc:Amount no cumple con el formato establecido.",
    "El monto es mayor que cero y tiene hasta 2 decimales.",
)
def monto_cargo(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """A global discount or charge is an amount."""
    for indice, cargo in enumerate(de.cargos):
        if not cabe(cargo.monto, 2) or not cargo.monto:
            yield Falta(f"cargos.{indice}.monto")


@regla(
    "3074",
    "El monto del cargo para el para FISE debe ser igual mayor a 0.00",
    "El FISE (45) es mayor que cero.",
    tipos=VENTAS,
)
def fise(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """FISE is an amount."""
    for indice, cargo in enumerate(de.cargos):
        if cargo.codigo == "45" and cargo.monto <= 0:
            yield Falta(f"cargos.{indice}.monto")


@regla(
    "3316",
    "Si el tipo de operación es 2002, debe informar los datos de la retención de segunda categoria",
    "La operación 2002 lleva en «cargos» la retención de renta (63) con su monto.",
    tipos=FACTURAS,
    operaciones=frozenset({codigos.RENTA_SEGUNDA}),
)
def renta_falta(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """An operation with income tax withheld tells it."""
    if not any(cargo.codigo == codigos.RETENCION_RENTA for cargo in de.cargos):
        yield Falta("cargos")


@regla(
    "3317",
    "Si consigna infomacion de la retencion de segunda categoria, el tipo de operacion debe ser "
    "2002",
    "Con la retención de renta (63) el tipo de operación es 2002.",
)
def renta_sobra(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """Only that operation has income tax withheld."""
    if de.tipo_operacion != codigos.RENTA_SEGUNDA or de.tipo != FACTURA:
        for indice, cargo in enumerate(de.cargos):
            if cargo.codigo == codigos.RETENCION_RENTA:
                yield Falta(f"cargos.{indice}.codigo")


@regla(
    "3277",
    "La sumatoria del total valor de venta - operaciones gravadas de línea no corresponden al "
    "total",
    "Los descuentos y cargos que afectan la base (02, 49) y los anticipos gravados (04) necesitan "
    "líneas gravadas.",
)
def base_para_cargos(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """What changes the base of IGV needs lines with IGV."""
    if any(linea.afectacion_igv in ("10", "17") for linea in de.detalle):
        return
    for indice, cargo in enumerate(de.cargos):
        if cargo.codigo in ("02", "49"):
            yield Falta(f"cargos.{indice}.codigo")
    for indice, anticipo in enumerate(de.anticipos):
        if anticipo.codigo == "04":
            yield Falta(f"anticipos.{indice}.codigo")


@regla(
    "2505",
    "Código de documento de referencia debe ser 02 o 03.",
    "El anticipo fue 02 una factura o 03 una boleta.",
    tipos=VENTAS,
)
def tipo_anticipo(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """An advance was a factura or a boleta."""
    for indice, anticipo in enumerate(de.anticipos):
        if anticipo.tipo not in _ANTICIPADOS:
            yield Falta(f"anticipos.{indice}.tipo")
        if anticipo.codigo not in codigos.ANTICIPOS:
            yield Falta(f"anticipos.{indice}.codigo", "Use 04 gravado, 05 exonerado o 06 inafecto.")


@regla(
    "2521",
    "El dato ingresado debe indicar SERIE-CORRELATIVO del documento que se realizo el anticipo.",
    "Escriba el comprobante del anticipo como F001-1.",
    tipos=VENTAS,
)
def numero_anticipo(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """An advance names its comprobante."""
    for indice, anticipo in enumerate(de.anticipos):
        tipo = _ANTICIPADOS.get(anticipo.tipo, "")
        if tipo and not MODIFICADOS[tipo].fullmatch(anticipo.numero):
            yield Falta(f"anticipos.{indice}.numero")


@regla(
    "2503",
    "PaidAmount: monto anticipado por documento debe ser mayor a cero.",
    "El anticipo es mayor que cero, con hasta 2 decimales.",
    tipos=VENTAS,
)
def monto_anticipo(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """An advance is an amount."""
    for indice, anticipo in enumerate(de.anticipos):
        if not cabe(anticipo.monto, 2) or not anticipo.monto:
            yield Falta(f"anticipos.{indice}.monto")


@regla(
    "2365",
    "El comprobante contiene un tipo y número de Documento Relacionado repetido",
    "Quite el anticipo repetido.",
    tipos=VENTAS,
)
def anticipo_repetido(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """No advance is told twice."""
    dichos = [(uno.tipo, uno.numero) for uno in de.anticipos]
    for indice, uno in enumerate(dichos):
        if uno in dichos[:indice]:
            yield Falta(f"anticipos.{indice}.numero")


@regla(
    "3252",
    "Si existe información de cuota de pago, el tipo de transaccion debe ser al credito",
    "Con cuotas la venta es al crédito: quite las cuotas o «contado».",
    tipos=FACTURAS | {codigos.NOTA_CREDITO},
)
def cuotas_al_contado(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """Who pays at once has no payments to come."""
    if de.contado and de.cuotas:
        yield Falta("cuotas")


@regla(
    "3249",
    "Si el tipo de transaccion es al Credito debe existir al menos información de una cuota de "
    "pago",
    "Diga al menos una cuota con su fecha.",
    tipos=FACTURAS,
)
def credito_sin_cuotas(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """Credit has payments to come."""
    if not de.contado and not de.cuotas:
        yield Falta("cuotas")


@regla(
    "3253",
    "El Monto del pago único o de las cuotas no cumple el formato definido",
    "La cuota es mayor que cero, con hasta 2 decimales.",
    tipos=FACTURAS | {codigos.NOTA_CREDITO},
)
def monto_cuota(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """A payment is an amount."""
    for indice, cuota in enumerate(de.cuotas):
        if cuota.monto is not None and not (cabe(cuota.monto, 2) and cuota.monto):
            yield Falta(f"cuotas.{indice}.monto")


@regla(
    "3267",
    "Fecha del pago único o de las cuotas no puede ser anterior o igual a la fecha de emisión del "
    "comprobante",
    "La cuota vence después de la fecha de emisión.",
    tipos=FACTURAS,
)
def fecha_cuota(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """A payment comes later."""
    for indice, cuota in enumerate(de.cuotas):
        if cuota.fecha <= de.fecha_emision:
            yield Falta(f"cuotas.{indice}.fecha")


@regla(
    "3127",
    "El XML no contiene el tag o no existe información del Codigo de BBSS de detracción para el "
    "tipo de operación.",
    "Esta operación lleva «detraccion»: código del catálogo 54, porcentaje y cuenta.",
    tipos=VENTAS,
    operaciones=codigos.DETRACCIONES,
)
def detraccion_falta(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """An operation with detracción says which."""
    if de.detraccion is None:
        yield Falta("detraccion")


@regla(
    "3128",
    "El XML contiene información de codigo de bien y servicio de detracción que no corresponde al "
    "tipo de operación.",
    "Con «detraccion» el tipo de operación es 1001, 1002, 1003 o 1004.",
    tipos=VENTAS,
)
def detraccion_sobra(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """Only that operation has detracción."""
    if de.detraccion is not None and de.tipo_operacion not in codigos.DETRACCIONES:
        yield Falta("tipo_operacion")


@regla(
    "3033",
    "El codigo de bien o servicio sujeto a detracción no existe en el listado.",
    "Use un código del catálogo 54.",
)
def bien_detraccion(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The goods or service of the detracción exist."""
    if de.detraccion is not None and de.detraccion.codigo not in codigos.BIENES_DETRACCION:
        yield Falta("detraccion.codigo")


@regla(
    "3034",
    "El xml no contiene el tag o no existe información en el nro de cuenta de detracción",
    "Escriba la cuenta de la empresa en el Banco de la Nación.",
)
def cuenta_detraccion(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The account of the deposit is told."""
    if de.detraccion is not None and not _CUENTA.fullmatch(de.detraccion.cuenta):
        yield Falta("detraccion.cuenta")


@regla(
    "3174",
    "El dato ingreso como Forma de Pago o Medio de Pago no corresponde al valor esperado "
    "(catalogo nro 59)",
    "Use un código del catálogo 59; 001 es depósito en cuenta.",
)
def medio_de_pago(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The way to deposit exists, and the way in which a passenger paid."""
    if de.medio_pago and de.medio_pago not in codigos.MEDIOS_PAGO:
        yield Falta("medio_pago")
    if de.detraccion is not None and de.detraccion.medio_pago not in codigos.MEDIOS_PAGO:
        yield Falta("detraccion.medio_pago")


@regla(
    "3037",
    "El dato ingresado en monto de detraccion no cumple con el formato establecido",
    "El porcentaje es mayor que 0 y hasta 100; en otra moneda que soles dé el tipo de cambio.",
)
def porcentaje_detraccion(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The deposit can be computed, in soles."""
    if de.detraccion is not None and not Decimal(0) < de.detraccion.porcentaje <= 100:
        yield Falta("detraccion.porcentaje")
    if de.moneda != "PEN" and (de.detraccion or de.percepcion) and not (de.tipo_cambio or 0) > 0:
        yield Falta("tipo_cambio")


@regla(
    "3093",
    "Si operación es sujeta a percepción y la forma de pago es Contado, debe ingresar cargo para "
    "Percepción",
    "La operación 2001 lleva «percepcion» con su régimen: 51, 52 o 53.",
    tipos=VENTAS,
)
def percepcion_falta(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """An operation with percepción says which; its regime exists."""
    sin_regimen = de.percepcion is not None and de.percepcion.codigo not in codigos.PERCEPCIONES
    if sin_regimen or (de.tipo_operacion == codigos.PERCEPCION and de.percepcion is None):
        yield Falta("percepcion.codigo" if sin_regimen else "percepcion")


@regla(
    "3308",
    "Solo debe consignar informacion de percepciones si el tipo de operación es 2001-Operación "
    "sujeta a Percepcion",
    "Con «percepcion» el tipo de operación es 2001.",
    tipos=VENTAS,
)
def percepcion_sobra(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """Only that operation has percepción."""
    if de.percepcion is not None and de.tipo_operacion != codigos.PERCEPCION:
        yield Falta("tipo_operacion")


@regla(
    "3330",
    'Solo debe consignar informacion de percepciones si la forma de pago es "Contado"',
    "Una venta con percepción es al contado.",
    tipos=FACTURAS,
)
def percepcion_al_credito(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """Percepción is collected when paid."""
    if de.percepcion is not None and not de.contado:
        yield Falta("contado")


@regla(
    "3262",
    "Si existe retencion de IGV en el comprobante, el receptor debe ser un Agente de Retencion",
    "Solo un cliente con RUC, agente de retención, retiene IGV.",
    tipos=FACTURAS,
)
def retencion_sin_ruc(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """Who retains has a RUC."""
    if de.retencion and de.adquirente.tipo_doc != codigos.RUC:
        yield Falta("retencion")


@regla(
    "3303",
    "El monto para el redondeo del Importe Total excede el valor permitido",
    "El redondeo no pasa de 1.00 ni baja de -1.00.",
)
def redondeo(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """Rounding is small."""
    if abs(de.redondeo) > 1 or not cabe(abs(de.redondeo), 2):
        yield Falta("redondeo")


@regla(
    "2048",
    "El dato ingresado en TaxAmount no cumple con el formato establecido",
    "Una boleta o nota no lleva retención, detracción ni percepción como la factura.",
    tipos=frozenset({BOLETA}) | codigos.NOTAS,
)
def solo_en_factura(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """Retención is for facturas."""
    if de.retencion:
        yield Falta("retencion", "La retención del IGV va en facturas.")
