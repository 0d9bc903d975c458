"""Amounts of a sale: properties that hold for any lines. Source: reference on SUNAT, 1.4."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.sales.services.importes import (
    Importe,
    Linea,
    bruto,
    calcular,
    con_descuento_global,
    parte_devuelta,
)
from kernel.money import CENT, round_half_up

IGV = Decimal("0.18")
CERO = Decimal(0)

cantidades = st.integers(1, 99_990_000).map(lambda n: Decimal(n).scaleb(-4))
precios = st.integers(0, 9_999_999_999).map(lambda n: Decimal(n).scaleb(-6))
partes = st.integers(0, 10_000).map(lambda n: Decimal(n).scaleb(-4))
tasas = st.sampled_from([CERO, IGV, Decimal("0.105"), Decimal("0.10")])


@st.composite
def lineas_de(draw: st.DrawFn, tasa: st.SearchStrategy[Decimal] = tasas) -> Linea:
    """A line whose discount doesn't exceed its value."""
    cantidad, precio = draw(cantidades), draw(precios)
    valor = round_half_up(cantidad * precio)
    descuento = round_half_up(valor * draw(partes)).min(valor)
    return Linea(cantidad, precio, descuento, draw(tasa))


varias = st.lists(lineas_de(), min_size=1, max_size=12)
gravadas = st.lists(lineas_de(st.just(IGV)), min_size=1, max_size=12)
both = pytest.mark.parametrize("incluyen_igv", [True, False], ids=["con IGV", "sin IGV"])


def suma(importes: list[Importe], nombre: str) -> Decimal:
    return sum((getattr(uno, nombre) for uno in importes), CERO)


@both
@given(varias)
def test_calcular_lines_add_up_to_the_header(incluyen_igv: bool, lineas: list[Linea]) -> None:
    total, importes = calcular(lineas, incluyen_igv=incluyen_igv)
    for nombre in ("subtotal", "igv", "total"):
        assert suma(importes, nombre) == getattr(total, nombre)
    for uno in (total, *importes):
        assert uno.subtotal + uno.igv == uno.total


@both
@given(varias)
def test_calcular_amounts_are_cents_and_never_negative(
    incluyen_igv: bool, lineas: list[Linea]
) -> None:
    total, importes = calcular(lineas, incluyen_igv=incluyen_igv)
    for uno in (total, *importes):
        for monto in (uno.subtotal, uno.igv, uno.total):
            assert monto.as_tuple().exponent == -2
            assert monto >= 0


@given(varias)
def test_calcular_with_igv_included_charges_the_shelf_prices(lineas: list[Linea]) -> None:
    total, importes = calcular(lineas, incluyen_igv=True)
    assert total.total == sum(map(bruto, lineas), CERO)
    assert [uno.total for uno in importes] == [bruto(linea) for linea in lineas]


@given(varias)
def test_calcular_without_igv_has_the_prices_as_base(lineas: list[Linea]) -> None:
    total, importes = calcular(lineas, incluyen_igv=False)
    assert total.subtotal == sum(map(bruto, lineas), CERO)
    assert [uno.subtotal for uno in importes] == [bruto(linea) for linea in lineas]


@both
@given(gravadas)
def test_calcular_igv_of_the_header_is_its_base_by_the_rate(
    incluyen_igv: bool, lineas: list[Linea]
) -> None:
    total, _ = calcular(lineas, incluyen_igv=incluyen_igv)
    assert abs(total.igv - total.subtotal * IGV) <= CENT


@both
@given(varias)
def test_calcular_igv_of_each_rate_is_its_base_by_that_rate(
    incluyen_igv: bool, lineas: list[Linea]
) -> None:
    _, importes = calcular(lineas, incluyen_igv=incluyen_igv)
    for tasa in {linea.tasa for linea in lineas}:
        pares = zip(lineas, importes, strict=True)
        mismas = [uno for linea, uno in pares if linea.tasa == tasa]
        assert abs(suma(mismas, "igv") - suma(mismas, "subtotal") * tasa) <= CENT


@both
@given(varias)
def test_calcular_igv_of_a_line_is_within_two_cents(
    incluyen_igv: bool, lineas: list[Linea]
) -> None:
    """SUNAT's rule 3103 allows a whole sol."""
    _, importes = calcular(lineas, incluyen_igv=incluyen_igv)
    for linea, uno in zip(lineas, importes, strict=True):
        assert abs(uno.igv - uno.subtotal * linea.tasa) <= 2 * CENT


@both
@given(varias, lineas_de())
def test_calcular_another_line_changes_no_line_before_it(
    incluyen_igv: bool, lineas: list[Linea], otra: Linea
) -> None:
    antes, importes = calcular(lineas, incluyen_igv=incluyen_igv)
    despues, con_otra = calcular([*lineas, otra], incluyen_igv=incluyen_igv)
    assert con_otra[:-1] == importes
    for nombre in ("subtotal", "igv", "total"):
        assert getattr(despues, nombre) >= getattr(antes, nombre)


@both
@given(varias, st.randoms())
def test_calcular_order_of_the_lines_changes_no_total(
    incluyen_igv: bool, lineas: list[Linea], azar: object
) -> None:
    revueltas = list(lineas)
    azar.shuffle(revueltas)  # type: ignore[attr-defined]  # a random.Random
    ordenado, _ = calcular(lineas, incluyen_igv=incluyen_igv)
    revuelto, _ = calcular(revueltas, incluyen_igv=incluyen_igv)
    assert ordenado == revuelto


@both
@given(st.integers(1, 400), st.decimals("0.01", "9.99", places=2))
def test_calcular_rounding_does_not_drift_with_the_number_of_lines(
    incluyen_igv: bool, veces: int, precio: Decimal
) -> None:
    linea = Linea(Decimal(1), precio, CERO, IGV)
    muchas, _ = calcular([linea] * veces, incluyen_igv=incluyen_igv)
    una, _ = calcular([Linea(Decimal(veces), precio, CERO, IGV)], incluyen_igv=incluyen_igv)
    assert muchas == una


@both
@given(varias)
def test_calcular_without_rate_has_no_igv(incluyen_igv: bool, lineas: list[Linea]) -> None:
    exoneradas = [Linea(x.cantidad, x.precio_unitario, x.descuento, CERO) for x in lineas]
    total, _ = calcular(exoneradas, incluyen_igv=incluyen_igv)
    assert (total.igv, total.subtotal) == (0, total.total)


@pytest.mark.parametrize(
    ("precio", "incluyen_igv", "esperado"),
    [
        ("11.80", True, ("10.00", "1.80", "11.80")),
        ("10.00", False, ("10.00", "1.80", "11.80")),
        ("0.01", True, ("0.01", "0.00", "0.01")),
        ("0.03", True, ("0.03", "0.00", "0.03")),
        ("0.04", True, ("0.03", "0.01", "0.04")),
        ("1.00", True, ("0.85", "0.15", "1.00")),
        ("99.99", True, ("84.74", "15.25", "99.99")),
        ("99.99", False, ("99.99", "18.00", "117.99")),
    ],
)
def test_calcular_known_amounts(
    precio: str, incluyen_igv: bool, esperado: tuple[str, str, str]
) -> None:
    total, _ = calcular([Linea(Decimal(1), Decimal(precio), CERO, IGV)], incluyen_igv=incluyen_igv)
    assert (str(total.subtotal), str(total.igv), str(total.total)) == esperado


def test_bruto_rounds_the_value_before_the_discount() -> None:
    assert bruto(Linea(Decimal(3), Decimal("0.335"), Decimal("0.01"), IGV)) == Decimal("1.00")
    assert bruto(Linea(Decimal("0.3333"), Decimal(10), CERO, IGV)) == Decimal("3.33")


@both
@given(varias, st.decimals(0, 1, places=4))
def test_discount_on_all_lines_takes_off_exactly_itself(
    incluyen_igv: bool, lineas: list[Linea], parte: Decimal
) -> None:
    monto = round_half_up(sum((bruto(una) for una in lineas), CERO) * parte)
    con = con_descuento_global(lineas, monto)
    total, importes = calcular(con, incluyen_igv=incluyen_igv)
    assert sum((una.descuento_global for una in con), CERO) == monto
    assert sum((bruto(una) for una in con), CERO) == sum(map(bruto, lineas), CERO) - monto
    assert all(uno.subtotal >= 0 and uno.igv >= 0 for uno in importes)
    pagado = total.total if incluyen_igv else total.subtotal
    assert pagado == sum(map(bruto, lineas), CERO) - monto


@both
@given(lineas_de(), st.lists(st.decimals("0.0001", "1", places=4), max_size=12))
def test_parts_of_a_line_that_come_back_add_up_to_it(
    incluyen_igv: bool, linea: Linea, partes: list[Decimal]
) -> None:
    importe = calcular([linea], incluyen_igv=incluyen_igv)[0]
    antes, vueltas = CERO, []
    for parte in [*partes, Decimal(1)]:
        queda = linea.cantidad - antes
        ahora = queda if parte == 1 else (queda * parte).quantize(Decimal("0.0001"))
        if ahora:
            vueltas.append(parte_devuelta(importe, linea.cantidad, antes, ahora))
            antes += ahora
    for nombre in ("subtotal", "igv", "total"):
        assert all(getattr(una, nombre) >= 0 for una in vueltas)
    if antes == linea.cantidad:
        assert [suma(vueltas, nombre) for nombre in ("subtotal", "igv", "total")] == [
            importe.subtotal,
            importe.igv,
            importe.total,
        ]
