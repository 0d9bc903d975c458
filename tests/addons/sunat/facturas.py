"""Documents for tests: a company, its key, and comprobantes of every kind, plain and random."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from addons.sunat.documents import conceptos
from addons.sunat.documents.firma import Llave, abrir_pfx
from addons.sunat.documents.modelo import (
    Adquirente,
    Anticipo,
    CargoGlobal,
    Comprobante,
    Cuota,
    Detraccion,
    Emisor,
    Isc,
    Linea,
    Lugar,
    Modifica,
    Percepcion,
    Propiedad,
    Relacionado,
    Viaje,
)
from addons.sunat.sandbox.servicio import certificado
from kernel.manifest import ROOT

SHARED = ROOT.parent / "shared" / "data" / "sunat"
"""SUNAT's schemas and sheets, beside the checkout; what needs them is skipped only without them."""
XSD = SHARED / "xsd"
RUC = "20123456786"
HOY = date(2026, 11, 25)
EMISOR = Emisor(RUC, "Tienda de Prueba S.A.C.", "La Tienda", "Av. Angamos 1, Lima", "150141")
EMPRESA = Adquirente("6", "20100006376", "Cliente & Hijos «S.A.»", "Jr. Uno 2")
PERSONA = Adquirente("1", "45678912", "Ana Quispe Ñahui")
CUENTA = "00-005-123456"
D = Decimal


@cache
def pfx(ruc: str = RUC, clave: str = "clave") -> bytes:
    """Return a PFX, made once for a run."""
    return certificado(ruc, "Tienda", datetime(2026, 1, 1, tzinfo=UTC), clave=clave, dias=3650)


@cache
def llave() -> Llave:
    """Return the company's key."""
    return abrir_pfx(pfx(), "clave")


def linea(**cambios: Any) -> Linea:
    """Return a line of two units of 11.80 each, IGV inside."""
    una = Linea("Cemento <Sol> & más «42.5 kg»", D(2), D("11.80"), codigo_producto="P-01")
    return replace(una, **cambios)


def factura(*lineas: Linea, **cambios: Any) -> Comprobante:
    """Return a factura of today."""
    una = Comprobante("01", "F001", 1, HOY, time(10, 30), EMISOR, EMPRESA, lineas or (linea(),))
    return replace(una, **cambios)


def boleta(*lineas: Linea, **cambios: Any) -> Comprobante:
    """Return a boleta of today."""
    return factura(*lineas, **{"tipo": "03", "serie": "B001", "adquirente": PERSONA, **cambios})


def nota(*lineas: Linea, tipo: str = "07", motivo: str = "01", **cambios: Any) -> Comprobante:
    """Return a note on a factura."""
    modifica = Modifica("01", "F001", 1, motivo, "Anulación de la operación")
    serie = {"07": "FC01", "08": "FD01"}[tipo]
    return factura(*lineas, **{"tipo": tipo, "serie": serie, "modifica": modifica, **cambios})


def manana(dias: int = 30) -> date:
    """Return a later day."""
    return HOY + timedelta(days=dias)


def propiedades(*codigos: str, **valores: str) -> tuple[Propiedad, ...]:
    """Return concepts of catalogue 55, each told the way that it is told."""
    return tuple(
        Propiedad(
            codigo,
            valor=valores.get(f"v{codigo}", "1") if codigo in conceptos.TEXTOS else "",
            fecha=HOY if codigo in conceptos.FECHAS else None,
            hasta=manana() if codigo == "7014" else None,
            hora=time(8, 15) if codigo in conceptos.HORAS else None,
            cantidad=D("2") if codigo in (*conceptos.CANTIDADES, conceptos.DIAS) else None,
        )
        for codigo in codigos
    )


def con(*codigos: str, **cambios: Any) -> Linea:
    """Return a line with concepts."""
    return linea(propiedades=propiedades(*codigos), **cambios)


EXTRANJERO = Adquirente("7", "X99123", "Jane Doe")
HIDROBIOLOGICOS = ("3001", "3002", "3003", "3004", "3005", "3006")
HOSPEDAJE = tuple(f"400{n}" for n in range(10))
TREN = tuple(f"404{n}" for n in range(10))
VIAJE = Viaje(
    Lugar("150101", "Av. Uno 1"),
    Lugar("040101", "Calle Dos 2"),
    "Cemento a granel",
    D("1500.00"),
    D("1200.00"),
    D("900.00"),
)


def con_detraccion(*lineas: Linea, operacion: str, bien: str, **cambios: Any) -> Comprobante:
    """Return a factura of an operation with detracción."""
    una = Detraccion(bien, D(4), CUENTA)
    return factura(*lineas, tipo_operacion=operacion, detraccion=una, **cambios)


def en_tren(*lineas: Linea, **cambios: Any) -> Comprobante:
    """Return a boleta of a passenger by train."""
    datos = {"agente_viajes": "20100006376", "medio_pago": "006", "autorizacion_pago": "A-77"}
    return boleta(*lineas, **{"tipo_operacion": "0302", **datos, **cambios})


def exporta(*lineas: Linea, operacion: str, **cambios: Any) -> Comprobante:
    """Return a factura of an export of services."""
    return factura(
        *(lineas or (linea(afectacion_igv="40"),)),
        **{"tipo_operacion": operacion, "adquirente": EXTRANJERO, **cambios},
    )


CASOS: dict[str, Callable[[], Comprobante]] = {
    "factura": factura,
    "sin_igv_en_precio": lambda: factura(linea(), precios_incluyen_igv=False),
    "cien_lineas": lambda: factura(*[linea(precio_unitario=D("1.00"))] * 100),
    "exonerada": lambda: factura(linea(), linea(afectacion_igv="20")),
    "inafecta": lambda: factura(linea(afectacion_igv="30")),
    "exportacion": lambda: factura(
        linea(afectacion_igv="40"),
        tipo_operacion="0200",
        moneda="USD",
        adquirente=Adquirente("0", "X-99123", "Acme Ltd."),
    ),
    "gratuita": lambda: factura(linea(), linea(afectacion_igv="11"), linea(afectacion_igv="21")),
    "solo_gratuita": lambda: boleta(linea(afectacion_igv="15")),
    "inafecta_gratuita": lambda: factura(linea(), linea(afectacion_igv="31")),
    "isc_al_valor": lambda: factura(linea(isc=Isc("01", tasa=D("0.10")))),
    "isc_monto_fijo": lambda: factura(linea(isc=Isc("02", monto_unitario=D("2.25")))),
    "isc_precio_publico": lambda: factura(
        linea(isc=Isc("03", tasa=D("0.278"), precio_publico=D("6.50")))
    ),
    "isc_aparte": lambda: factura(linea(isc=Isc("01", tasa=D("0.17"))), precios_incluyen_igv=False),
    "icbper": lambda: boleta(linea(), linea(cantidad=D(3), precio_unitario=D("0.10"), icbper=True)),
    "ivap": lambda: factura(linea(afectacion_igv="17")),
    "tasa_10_5": lambda: factura(tasa_igv=D("0.105")),
    "descuento_linea": lambda: factura(linea(descuento=D("3.33"))),
    "descuento_no_afecto": lambda: factura(linea(descuento_no_afecto=D("1.50"))),
    "cargo_linea": lambda: factura(linea(cargo=D("2.00")), linea(cargo_no_afecto=D("0.75"))),
    "descuento_global": lambda: factura(cargos=(CargoGlobal("02", D("5.00")),)),
    "descuento_global_aparte": lambda: factura(
        cargos=(CargoGlobal("02", D("5.00")),), precios_incluyen_igv=False
    ),
    "descuento_global_no_afecto": lambda: factura(cargos=(CargoGlobal("03", D("5.00")),)),
    "propina_y_cargos": lambda: factura(
        cargos=(CargoGlobal("46", D("2.00")), CargoGlobal("49", D("3.00")))
    ),
    "anticipo": lambda: factura(
        linea(cantidad=D(100)), anticipos=(Anticipo("02", "F001-7", D("500.00")),)
    ),
    "anticipo_exonerado": lambda: factura(
        linea(afectacion_igv="20"), anticipos=(Anticipo("02", "F001-7", D("10.00"), "05"),)
    ),
    "anticipo_total": lambda: factura(anticipos=(Anticipo("02", "F001-7", D("23.60")),)),
    "credito": lambda: factura(contado=False, cuotas=(Cuota(manana()), Cuota(manana(60)))),
    "credito_con_montos": lambda: factura(
        contado=False, cuotas=(Cuota(manana(), D("10.00")), Cuota(manana(60), D("13.60")))
    ),
    "detraccion": lambda: factura(
        linea(cantidad=D(100)),
        tipo_operacion="1001",
        detraccion=Detraccion("037", D(12), CUENTA),
        contado=False,
        cuotas=(Cuota(manana()),),
    ),
    "detraccion_en_dolares": lambda: factura(
        linea(cantidad=D(100)),
        tipo_operacion="1001",
        moneda="USD",
        tipo_cambio=D("3.385"),
        detraccion=Detraccion("037", D(12), CUENTA),
    ),
    "hidrobiologicos": lambda: con_detraccion(
        con(*HIDROBIOLOGICOS, cantidad=D(100)), operacion="1002", bien="004"
    ),
    "transporte_pasajeros": lambda: con_detraccion(
        con("3050", "3051", "3052", "3053", "3054", "3055", "3056", "3057", "3058", "3059", "3060"),
        operacion="1003",
        bien="028",
    ),
    "transporte_carga": lambda: con_detraccion(linea(viaje=VIAJE), operacion="1004", bien="027"),
    "exporta_servicio": lambda: exporta(operacion="0201", pais_uso="CL"),
    "exporta_en_parte": lambda: exporta(operacion="0208", pais_uso="US"),
    "hospedaje": lambda: exporta(con(*HOSPEDAJE, afectacion_igv="40"), operacion="0202"),
    "paquete_turistico": lambda: exporta(
        con("4000", "4007", "4008", "4009", afectacion_igv="40"), operacion="0205"
    ),
    "porte_aereo": lambda: factura(con("4030", "4031", "4032", "4033"), tipo_operacion="0301"),
    "tren": lambda: en_tren(con(*TREN)),
    "renta_segunda": lambda: factura(tipo_operacion="2002", cargos=(CargoGlobal("63", D("1.18")),)),
    "credito_de_consumo": lambda: boleta(con("7004", "7005", "7012"), tipo_operacion="2101"),
    "credito_hipotecario": lambda: factura(
        con("7001", "7004", "7005", "7012", codigo_sunat="84121901"), tipo_operacion="2103"
    ),
    "seguro": lambda: factura(con("7013", "7014", "7015", "7016"), tipo_operacion="2104"),
    "afp": lambda: boleta(con("7017", "7018", "7019"), tipo_operacion="2105"),
    "turista": lambda: factura(adquirente=EXTRANJERO, tipo_operacion="2106"),
    "estado": lambda: factura(con("5000", "5001", "5002", "5003")),
    "vehiculo": lambda: factura(con("7000", "5010", "5012", "7021")),
    "percepcion": lambda: factura(tipo_operacion="2001", percepcion=Percepcion("51")),
    "retencion": lambda: factura(
        linea(cantidad=D(100)), retencion=True, contado=False, cuotas=(Cuota(manana()),)
    ),
    "dolares": lambda: factura(moneda="USD"),
    "referencias": lambda: factura(
        orden_compra="OC-15",
        relacionados=(Relacionado("09", "T001-3"), Relacionado("31", "V001-4")),
    ),
    "amazonia": lambda: factura(linea(afectacion_igv="20"), leyendas=("2001",)),
    "redondeo": lambda: boleta(redondeo=D("-0.05")),
    "vence": lambda: factura(fecha_vencimiento=manana()),
    "boleta": boleta,
    "nrus": lambda: boleta(linea(afectacion_igv="30"), tipo_operacion="0113"),
    "nota_credito": nota,
    "nota_credito_boleta": lambda: nota(
        serie="BC01",
        adquirente=PERSONA,
        modifica=Modifica("03", "B001", 4, "07", "Devolución por ítem"),
    ),
    "nota_credito_13": lambda: nota(
        linea(precio_unitario=D(0)), motivo="13", contado=False, cuotas=(Cuota(manana(), D(10)),)
    ),
    "nota_credito_ivap": lambda: nota(linea(afectacion_igv="17"), motivo="12"),
    "nota_con_descuento": lambda: nota(
        linea(descuento=D("5.00"), cargo=D("1.00")), linea(cargo_no_afecto=D("2.00"))
    ),
    "nota_debito_con_descuento": lambda: nota(linea(descuento=D("7.50")), tipo="08"),
    "nota_debito": lambda: nota(tipo="08"),
    "nota_debito_boleta": lambda: nota(
        tipo="08",
        serie="BD01",
        adquirente=PERSONA,
        modifica=Modifica("03", "B001", 4, "02", "Aumento en el valor"),
    ),
}
"""A document of each kind that the addon issues, by what it shows."""


# Random documents ---------------------------------------------------------------------------------

PRECIOS = st.decimals("0.01", "99999.99", places=6)
CANTIDADES = st.one_of(st.integers(1, 500).map(Decimal), st.decimals("0.001", "999.999", places=3))
FRACCIONES = st.decimals("0", "0.9", places=2)


@st.composite
def lineas(draw: st.DrawFn, afectaciones: tuple[str, ...]) -> Linea:
    """Return a line worth something."""
    afectacion = draw(st.sampled_from(afectaciones))
    cantidad, precio = draw(CANTIDADES), draw(PRECIOS)
    valor = (cantidad * precio).quantize(D("0.01"))
    descuento = (valor * draw(FRACCIONES)).quantize(D("0.01")) if valor > 1 else D("0.00")
    cargo = draw(st.sampled_from([D("0.00"), D("0.00"), D("1.37")]))
    isc = None
    if afectacion == "10" and draw(st.integers(0, 4)) == 0:
        isc = draw(
            st.one_of(
                st.decimals("0.01", "0.5", places=3).map(lambda t: Isc("01", tasa=t)),
                st.just(
                    Isc("03", tasa=D("0.278"), precio_publico=(precio / 4).quantize(D("0.01")))
                ),
            )
        )
        if isc.sistema == "03" and not isc.precio_publico:
            isc = None
    return Linea(
        draw(st.text("añ<&>\"' zZ9", min_size=1).filter(str.strip)),
        cantidad,
        precio,
        afectacion_igv=afectacion,
        descuento=descuento,
        cargo=cargo,
        cargo_no_afecto=draw(st.sampled_from([D("0.00"), D("0.55")])),
        isc=isc,
    )


@st.composite
def comprobantes(draw: st.DrawFn) -> Comprobante:
    """Return a factura or boleta of any mixture of lines."""
    ivap = draw(st.integers(0, 9)) == 0
    afectaciones = ("17",) if ivap else ("10", "10", "10", "20", "30", "11", "21", "31")
    detalle = draw(st.lists(lineas(afectaciones), min_size=1, max_size=12))
    hecho = draw(st.sampled_from([factura, boleta]))
    cambios: dict[str, Any] = {
        "precios_incluyen_igv": draw(st.booleans()),
        "tasa_igv": draw(st.sampled_from([D("0.18"), D("0.105")])),
    }
    gravado = sum(
        (
            una.cantidad * una.precio_unitario - una.descuento
            for una in detalle
            if una.afectacion_igv in ("10", "17")
        ),
        D(0),
    )
    if gravado > 10 and draw(st.booleans()):
        monto = (gravado * draw(st.decimals("0.01", "0.3", places=2))).quantize(D("0.01"))
        cambios["cargos"] = (CargoGlobal(draw(st.sampled_from(["02", "49", "46"])), monto),)
    if gravado > 10 and draw(st.booleans()):
        monto = (gravado * draw(st.decimals("0.01", "0.3", places=2))).quantize(D("0.01"))
        cambios["anticipos"] = (Anticipo("02", "F001-9", monto),)
    if draw(st.integers(0, 3)) == 0:
        cambios |= {
            "contado": False,
            "cuotas": (Cuota(manana()), Cuota(manana(61)), Cuota(manana(90))),
        }
    adquirente = EMPRESA if hecho is factura else PERSONA
    return hecho(*detalle, adquirente=adquirente, **cambios)


def esquemas() -> Path | None:
    """Return the folder of SUNAT's schemas, where it is."""
    return XSD if XSD.is_dir() else None
