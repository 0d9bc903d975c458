"""What stands on a line of a factura, boleta or note about its goods: item, concepts, journey.

Source: UBL 2.1, Item and Delivery; rules v20260212, fields 95 to 173 of the sheet Factura.
"""

from __future__ import annotations

from addons.sunat.documents import conceptos
from addons.sunat.documents.escritura import diez, dos, el, escapar, grupo
from addons.sunat.documents.modelo import Linea, Lugar, Propiedad, Viaje


def articulo(linea: Linea) -> str:
    """Return the goods or service of a line."""
    codigo = linea.codigo_producto
    return grupo(
        "cac:Item",
        f"<cbc:Description>{escapar(linea.descripcion)}</cbc:Description>",
        grupo("cac:SellersItemIdentification", el("cbc:ID", codigo)) if codigo else "",
        grupo(
            "cac:CommodityClassification",
            el("cbc:ItemClassificationCode", linea.codigo_sunat),
        )
        if linea.codigo_sunat
        else "",
        *(_propiedad(una) for una in linea.propiedades),
    )


def _propiedad(una: Propiedad) -> str:
    """Return a concept of catalogue 55, told the way that it is told."""
    periodo = valor = cantidad = ""
    if una.codigo in conceptos.FECHAS and una.fecha is not None:
        hasta = el("cbc:EndDate", una.hasta.isoformat()) if una.hasta is not None else ""
        periodo = el("cbc:StartDate", una.fecha.isoformat()) + hasta
    elif una.codigo in conceptos.HORAS and una.hora is not None:
        periodo = el("cbc:StartTime", f"{una.hora:%H:%M:%S}")
    elif una.codigo == conceptos.DIAS and una.cantidad is not None:
        periodo = el("cbc:DurationMeasure", diez(una.cantidad), unitCode="DAY")
    elif una.codigo in conceptos.CANTIDADES and una.cantidad is not None:
        unidad = conceptos.UNIDADES.get(una.codigo)
        atributos = {"unitCode": unidad} if unidad else {}
        cantidad = el("cbc:ValueQuantity", diez(una.cantidad), **atributos)
    elif una.valor:
        valor = el("cbc:Value", una.valor)
    return grupo(
        "cac:AdditionalItemProperty",
        el("cbc:Name", conceptos.CONCEPTOS[una.codigo]),
        el("cbc:NameCode", una.codigo),
        valor,
        cantidad,
        grupo("cac:UsabilityPeriod", periodo),
    )


def _lugar(lugar: Lugar) -> str:
    linea = grupo("cac:AddressLine", el("cbc:Line", lugar.direccion))
    return el("cbc:ID", lugar.ubigeo) + linea


def viaje(de: Viaje) -> str:
    """Return the journey of detracción on transport of goods, its values in soles."""
    valores = {
        "01": de.valor_servicio,
        "02": de.valor_carga_efectiva,
        "03": de.valor_carga_util,
    }
    return grupo(
        "cac:Delivery",
        grupo("cac:DeliveryLocation", grupo("cac:Address", _lugar(de.destino))),
        grupo(
            "cac:Despatch",
            el("cbc:Instructions", de.detalle),
            grupo("cac:DespatchAddress", _lugar(de.origen)),
        ),
        *(
            grupo(
                "cac:DeliveryTerms",
                el("cbc:ID", codigo),
                el("cbc:Amount", dos(monto), currencyID="PEN"),
            )
            for codigo, monto in valores.items()
        ),
    )
