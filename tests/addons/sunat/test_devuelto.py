"""A whole note comes to its comprobante: advances, discounts, charges and all, to the cent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lxml import etree
from starlette.testclient import TestClient

from addons.sunat.documents import codigos, ubl
from addons.sunat.documents.calculo import calcular
from addons.sunat.documents.devuelto import todo_de
from addons.sunat.documents.firma import firmar
from addons.sunat.documents.importes import Totales
from addons.sunat.documents.impuestos import SIN_IGV
from addons.sunat.documents.modelo import Anticipo, CargoGlobal, Comprobante, Isc, Modifica
from addons.sunat.documents.reglas import Entorno, revisar
from addons.sunat.sandbox import juez_ventas
from kernel.money import share
from tests.addons.sunat import facturas
from tests.addons.sunat.conftest import Emisora
from tests.addons.sunat.facturas import CASOS, HOY, D, boleta, factura, linea, llave
from tests.addons.sunat.test_modulo_3 import emitir, ver

NOTAS = "/api/facturacion/notas/"
SUMAS = ("total_gravada", "total_exonerada", "total_inafecta", "total_igv", "total_isc")


def nota_entera(de: Comprobante) -> Comprobante:
    """Return the note that takes back all of a comprobante."""
    todo = todo_de(de)
    ivap = any(una.afectacion_igv == "17" for una in de.detalle)
    return Comprobante(
        tipo="07",
        serie=f"{de.serie[0]}C01",
        numero=1,
        fecha_emision=HOY,
        hora_emision=de.hora_emision,
        emisor=de.emisor,
        adquirente=de.adquirente,
        detalle=todo.detalle,
        moneda=de.moneda,
        tipo_cambio=de.tipo_cambio,
        tasa_igv=de.tasa_igv,
        precios_incluyen_igv=de.precios_incluyen_igv,
        cargos=todo.cargos,
        redondeo=de.redondeo,
        modifica=Modifica(de.tipo, de.serie, de.numero, "12" if ivap else "01", "ANULACIÓN"),
    )


def assert_taken(nota: Comprobante) -> Totales:
    """Check that our rules and the sandbox take a note; return its amounts."""
    hallazgos, totales = revisar(nota, Entorno(HOY))
    assert totales is not None, hallazgos
    assert not [uno for uno in hallazgos if uno.severidad == "ERROR"]
    xml = firmar(ubl.escribir(nota, totales), llave()).xml
    veredicto = juez_ventas.juzgar(etree.fromstring(xml), nota.tipo, HOY)
    assert (veredicto.codigo, veredicto.detalle) == (0, "")
    return totales


def assert_same(totales: Totales, suyos: Totales) -> None:
    """Check that amounts are those of a comprobante, lines and whole, but for the discounts."""
    assert totales.total == suyos.total
    if not suyos.descuentos and not _suelto(suyos) and not _sin_impuesto(suyos):
        assert totales.tributos == suyos.tributos
        assert totales.impuestos == suyos.impuestos
    for tributo, base, monto in totales.tributos:
        if tributo not in (codigos.ISC, codigos.ICBPER):
            lineas = [uno for uno in totales.lineas if uno.tributo is tributo]
            assert sum((uno.valor_venta for uno in lineas), D(0)) == base
            assert sum((uno.igv for uno in lineas), D(0)) == monto


def _suelto(suyos: Totales) -> bool:
    """Return whether something is taken off the base of a tribute that no line has."""
    presentes = {tributo.codigo for tributo, _, _ in suyos.tributos}
    gravado = {"1000", "1016"} & presentes
    return any(uno.codigo in ("02", "49", "04") and not gravado for uno in suyos.cargos)


def _sin_impuesto(suyos: Totales) -> bool:
    """Return whether advances left a taxed base so small that no cent of tax is due on it."""
    gravados = [(base, monto) for uno, base, monto in suyos.tributos if uno in codigos.GRAVADOS]
    isc = suyos.monto(codigos.ISC)
    return any(base + isc > SIN_IGV and not monto for base, monto in gravados)


def test_what_advances_leave_of_a_few_cents_is_taken_back_with_a_cent_of_tax() -> None:
    arroz = linea(cantidad=D("0.217"), precio_unitario=D("1.682028"), afectacion_igv="17")
    anticipo = Anticipo("02", "F001-7", D("0.14"), "04")
    de = factura(detalle=(arroz,), anticipos=(anticipo,), precios_incluyen_igv=False)
    suyos = calcular(de)
    assert (suyos.total, suyos.impuestos) == (D("0.24"), D("0.00"))
    totales = assert_taken(nota_entera(de))
    assert (totales.total, totales.impuestos) == (D("0.24"), D("0.01"))


def test_where_advances_leave_isc_alone_a_cent_of_it_is_the_tax() -> None:
    licor = linea(cantidad=D(1), precio_unitario=D("0.38"), isc=Isc("01", tasa=D("2.407")))
    anticipo = Anticipo("02", "F001-7", D("0.14"), "04")
    de = factura(licor, anticipos=(anticipo,), tasa_igv=D("0.105"))
    suyos = calcular(de)
    assert (suyos.total, suyos.monto(codigos.ISC)) == (D("0.24"), D("0.24"))
    totales = assert_taken(nota_entera(de))
    assert totales.total == D("0.24")
    assert (totales.monto(codigos.ISC), totales.monto(codigos.IGV)) == (D("0.23"), D("0.01"))


def test_a_cent_of_tax_comes_from_a_line_that_has_several() -> None:
    licor = linea(cantidad=D(1), precio_unitario=D("0.20"), isc=Isc("01", tasa=D("0.487")))
    arroz = linea(cantidad=D(1), precio_unitario=D("0.40"))
    anticipo = Anticipo("02", "F001-7", D("0.36"), "04")
    for detalle in ((licor, arroz), (arroz, licor)):
        for incluyen in (False, True):
            de = factura(*detalle, anticipos=(anticipo,), precios_incluyen_igv=incluyen)
            assert_same(assert_taken(nota_entera(de)), calcular(de))


@pytest.mark.parametrize(
    ("sistema", "descuento", "total", "isc", "igv"),
    [
        (Isc("01", tasa=D("0.5")), "20.00", "3.60", "3.05", "0.55"),
        (Isc("02", monto_unitario=D("3.00")), "20.00", "3.60", "3.05", "0.55"),
        (Isc("03", tasa=D("0.278"), precio_publico=D("9.00")), "20.00", "3.60", "3.05", "0.55"),
        (Isc("01", tasa=D("0.5")), "5.00", "18.60", "6.67", "2.84"),
    ],
)
def test_isc_that_a_discount_beside_the_base_eats_goes_back_up_to_what_is_left(
    sistema: Isc, descuento: str, total: str, isc: str, igv: str
) -> None:
    de = factura(linea(isc=sistema), cargos=(CargoGlobal("03", D(descuento)),))
    totales = assert_taken(nota_entera(de))
    assert totales.total == calcular(de).total == D(total)
    assert totales.monto(codigos.ISC) == D(isc)
    assert totales.monto(codigos.IGV) == D(igv)


def test_isc_of_a_line_of_cents_that_a_discount_eats_up_leaves_nothing() -> None:
    licor = linea(
        cantidad=D(1),
        precio_unitario=D("0.07"),
        descuento_no_afecto=D("0.05"),
        isc=Isc("01", tasa=D("0.269")),
    )
    de = factura(licor, anticipos=(Anticipo("02", "F001-7", D("0.02")),))
    assert assert_taken(nota_entera(de)).total == calcular(de).total == D("0.00")


@pytest.mark.parametrize(
    ("descuento", "total", "icbper"), [("0.14", "0.50", "0.50"), ("0.44", "0.20", "0.00")]
)
def test_discount_that_passes_all_prices_is_borne_by_the_tax_on_bags(
    descuento: str, total: str, icbper: str
) -> None:
    bolsa = linea(cantidad=D(1), precio_unitario=D("0.14"), afectacion_igv="20", icbper=True)
    de = boleta(bolsa, cargos=(CargoGlobal("03", D(descuento)),))
    totales = assert_taken(nota_entera(de))
    assert totales.total == calcular(de).total == D(total)
    assert totales.monto(codigos.ICBPER) == D(icbper)


@pytest.mark.parametrize("caso", [uno for uno in CASOS if not uno.startswith("nota")])
def test_whole_note_of_each_kind_comes_to_it(caso: str) -> None:
    de = CASOS[caso]()
    assert_same(assert_taken(nota_entera(de)), calcular(de))


@st.composite
def con_todo(draw: st.DrawFn) -> Comprobante:
    """Return a factura or boleta with advances, discounts and charges of every kind."""
    de = draw(facturas.comprobantes())
    detalle = tuple(
        replace(
            una,
            descuento_no_afecto=draw(st.sampled_from([D("0.00"), D("0.05")])),
            icbper=una.cantidad == int(una.cantidad) and draw(st.booleans()),
        )
        for una in de.detalle
    )
    de = replace(de, detalle=detalle, cargos=(), anticipos=(), contado=True, cuotas=())
    _, totales = revisar(de, Entorno(HOY))
    assume(totales is not None)
    assert totales is not None
    queda = totales.total
    cargos, anticipos = [], []
    for codigo in draw(st.lists(st.sampled_from(["02", "03", "45", "46", "49", "50", "63"]))):
        monto = round(queda * draw(st.decimals("0.001", "0.15", places=3)), 2)
        if monto > 0:
            cargos.append(CargoGlobal(codigo, monto))
            queda -= 0 if codigos.CARGOS_GLOBALES[codigo].es_cargo else monto
    for codigo in draw(st.lists(st.sampled_from(["04", "04", "05", "06"]), max_size=3)):
        monto = round(queda * draw(st.decimals("0.001", "0.5", places=3)), 2)
        if monto > 0:
            anticipos.append(Anticipo("02", f"F001-{len(anticipos) + 7}", monto, codigo))
            queda -= monto
    redondeo = draw(st.sampled_from([D("0.00"), D("-0.04"), D("0.03")]))
    return replace(de, cargos=tuple(cargos), anticipos=tuple(anticipos), redondeo=redondeo)


@given(con_todo())
@settings(max_examples=400, deadline=None)
def test_whole_note_of_a_random_comprobante_comes_to_it(de: Comprobante) -> None:
    hallazgos, totales = revisar(de, Entorno(HOY))
    assume(totales is not None and not hallazgos)
    assert totales is not None
    assert_same(assert_taken(nota_entera(de)), totales)


@given(con_todo(), st.lists(st.decimals("0.01", "0.9", places=2), max_size=3))
@settings(max_examples=100, deadline=None)
def test_adjustments_of_the_whole_come_to_what_they_do_line_by_line(
    de: Comprobante, partes: list[D]
) -> None:
    """A discount on the whole and the same one shared out to the lines are one amount."""
    gravadas = tuple(una for una in de.detalle if una.afectacion_igv in ("10", "17"))
    limpia = replace(de, detalle=gravadas, cargos=(), anticipos=(), redondeo=D("0.00"))
    assume(gravadas and revisar(limpia, Entorno(HOY))[1] is not None)
    assume(not any(una.isc for una in gravadas))
    pesos = [round(una.cantidad * una.precio_unitario, 2) - una.descuento for una in gravadas]
    montos = [round(sum(pesos) * parte / 4, 2) for parte in partes]
    juntos = replace(limpia, cargos=tuple(CargoGlobal("02", monto) for monto in montos))
    repartidos = [
        replace(una, descuento=una.descuento + parte)
        for una, parte in zip(gravadas, share(sum(montos, D(0)), pesos), strict=True)
    ]
    suyos, otros = calcular(juntos), calcular(replace(limpia, detalle=tuple(repartidos)))
    assert (suyos.total, suyos.tributos) == (otros.total, otros.tributos)


def test_advances_that_pay_all_in_parts_leave_nothing_over() -> None:
    """Three thirds of 100.00 are 28.25 of base each, and 84.75 the base of all."""
    partes = ("33.33", "33.33", "33.34")
    de = factura(
        linea(cantidad=D(1), precio_unitario=D("100.00")),
        anticipos=tuple(Anticipo("02", f"F001-{n}", D(m)) for n, m in enumerate(partes, 7)),
    )
    hallazgos, totales = revisar(de, Entorno(HOY))
    assert not hallazgos
    assert totales is not None
    assert totales.total == totales.base(codigos.IGV) == totales.monto(codigos.IGV) == D(0)


CUERPOS: dict[str, dict[str, Any]] = {
    "anticipos": {
        "anticipos": [
            {"numero": "F001-90", "monto": "33.33"},
            {"numero": "F001-91", "monto": "7.77"},
        ]
    },
    "anticipo_de_todo": {"anticipos": [{"numero": "F001-90", "monto": "99.90"}]},
    "descuento_no_afecto": {"cargos": [{"codigo": "03", "monto": "9.99"}]},
    "descuento_sin_igv": {
        "cargos": [{"codigo": "02", "monto": "9.99"}],
        "precios_incluyen_igv": False,
    },
    "renta": {"tipo_operacion": "2002", "cargos": [{"codigo": "63", "monto": "7.99"}]},
    "percepcion": {"tipo_operacion": "2001", "percepcion": {"codigo": "51"}},
    "redondeo": {"redondeo": "-0.05"},
    "de_todo": {
        "anticipos": [{"numero": "F001-90", "monto": "33.33"}],
        "cargos": [
            {"codigo": "02", "monto": "3.33"},
            {"codigo": "03", "monto": "1.11"},
            {"codigo": "46", "monto": "5.00"},
            {"codigo": "50", "monto": "0.77"},
        ],
        "redondeo": "0.02",
    },
}


@pytest.mark.parametrize(
    ("caso", "tipo"),
    [(caso, tipo) for caso in CUERPOS for tipo in ("01", "03") if (caso, tipo) != ("renta", "03")],
)
def test_nota_without_lines_comes_to_its_comprobante_and_sunat_accepts_it(
    admin: TestClient, contador: TestClient, emisora: Emisora, caso: str, tipo: str
) -> None:
    quien = emisora.cliente if tipo == "01" else emisora.persona
    detalle = [{"descripcion": "Cemento", "cantidad": "3", "precio_unitario": "33.30"}]
    cuerpo = {"tipo": tipo, "cliente_id": quien, "detalle": detalle, **CUERPOS[caso]}
    hecho = emitir(admin, cuerpo)
    emisora.terminar()
    assert ver(admin, hecho["id"])["estado_sunat"] == "ACEPTADO"
    pedida = {"comprobante_origen_id": hecho["id"], "motivo_codigo": "06"}
    answer = contador.post(NOTAS, json=pedida)
    assert answer.status_code == 201, answer.text
    nota = answer.json()
    emisora.terminar()
    assert ver(admin, nota["id"])["estado_sunat"] == "ACEPTADO"
    assert nota["total_venta"] == hecho["total_venta"]
    if not {"03", "63"} & {uno["codigo"] for uno in cuerpo.get("cargos", [])}:
        assert [nota[una] for una in SUMAS] == [hecho[una] for una in SUMAS]
    repetida = contador.post(NOTAS, json=pedida)
    assert repetida.status_code == 400, repetida.text


REGALO = {
    "descripcion": "Muestra",
    "cantidad": "3",
    "precio_unitario": "5.00",
    "afectacion_igv": "15",
}


def pedir_nota(
    client: TestClient,
    origen_id: int,
    motivo: str = "01",
    detalle: list[dict[str, str]] | None = None,
) -> Any:
    cuerpo = {"comprobante_origen_id": origen_id, "motivo_codigo": motivo}
    return client.post(NOTAS, json=cuerpo | ({"detalle": detalle} if detalle else {}))


def faltas(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 400, answer.text
    return [(uno["field"], uno["code"]) for uno in answer.json()["errors"]]


def test_comprobante_of_gifts_is_taken_back_once(
    admin: TestClient, contador: TestClient, emisora: Emisora
) -> None:
    """Its total is zero, and so is that of each note: the quantities bound them."""
    hecho = emitir(admin, emisora.factura(detalle=[REGALO]))
    assert hecho["total_venta"] == "0.00"
    primera = pedir_nota(contador, hecho["id"])
    assert primera.status_code == 201, primera.text
    repetida = pedir_nota(contador, hecho["id"])
    assert faltas(repetida) == [("comprobante_origen_id", "por_devolver")]
    assert "«Muestra»" in repetida.json()["errors"][0]["message"]
    assert len(contador.get(NOTAS).json()["items"]) == 1


def test_gifts_are_taken_back_up_to_their_quantity_and_under_their_name(
    admin: TestClient, contador: TestClient, emisora: Emisora
) -> None:
    hecho = emitir(admin, emisora.factura(detalle=[REGALO]))
    dos = {**REGALO, "cantidad": "2"}
    assert pedir_nota(contador, hecho["id"], "07", [dos]).status_code == 201
    assert faltas(pedir_nota(contador, hecho["id"], "07", [dos])) == [
        ("detalle.0.cantidad", "por_devolver")
    ]
    otro = {**REGALO, "descripcion": "Otra cosa", "cantidad": "1"}
    assert faltas(pedir_nota(contador, hecho["id"], "07", [otro])) == [
        ("detalle.0.cantidad", "por_devolver")
    ]
    uno = {**REGALO, "cantidad": "1"}
    assert pedir_nota(contador, hecho["id"], "07", [uno]).status_code == 201


def test_lines_of_a_note_take_back_no_more_units_than_were_sold(
    admin: TestClient, contador: TestClient, emisora: Emisora
) -> None:
    cemento = {"descripcion": "Cemento", "cantidad": "2", "precio_unitario": "11.80"}
    hecho = emitir(admin, emisora.factura(detalle=[cemento]))
    barato = {**cemento, "precio_unitario": "1.00"}
    assert pedir_nota(contador, hecho["id"], "07", [barato]).status_code == 201
    assert faltas(pedir_nota(contador, hecho["id"], "07", [barato])) == [
        ("detalle.0.cantidad", "por_devolver")
    ]
    rebaja = pedir_nota(contador, hecho["id"], "09", [barato])
    assert rebaja.status_code == 201, "a lower price takes nothing back"
