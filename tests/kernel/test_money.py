"""Money: what is an amount and what is not, and the one rounding function."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from kernel.money import CENT, Amount, Money, Quantity, UnitPrice, round_half_up, share

amounts = st.decimals(min_value="-9999999999.99", max_value="9999999999.99", places=2)


def read(kind: Any, value: object) -> Decimal:
    found: Decimal = TypeAdapter(kind).validate_python(value)
    return found


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [
        ("0.005", "0.01"),
        ("-0.005", "-0.01"),
        ("0.0049999999", "0.00"),
        ("1.115", "1.12"),
        ("2.675", "2.68"),
        ("9999999999.994", "9999999999.99"),
    ],
)
def test_round_half_up_at_the_half_goes_away_from_zero(amount: str, rounded: str) -> None:
    assert round_half_up(Decimal(amount)) == Decimal(rounded)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15))
def test_round_half_up_of_anything_is_within_half_a_cent(amount: Decimal) -> None:
    rounded = round_half_up(amount)
    assert abs(rounded - amount) <= CENT / 2
    assert rounded.as_tuple().exponent == -2
    assert round_half_up(rounded) == rounded
    assert round_half_up(-amount) == -rounded


cents = st.integers(0, 10**9).map(lambda number: Decimal(number) / 100)


@given(st.lists(cents, min_size=1, max_size=60), st.decimals(0, 1, places=6))
def test_share_loses_no_cent_and_passes_no_weight(weights: list[Decimal], part: Decimal) -> None:
    amount = round_half_up(sum(weights, Decimal(0)) * part)
    parts = share(amount, weights)
    assert sum(parts, Decimal(0)) == amount
    assert all(0 <= one <= weight for one, weight in zip(parts, weights, strict=True))


def test_share_without_any_weight_is_all_of_the_first() -> None:
    nothing = Decimal(0)
    assert share(CENT, [nothing, nothing]) == [CENT, nothing]
    assert share(CENT, []) == []


@given(amounts)
def test_money_from_text_number_or_decimal_is_the_same_amount(amount: Decimal) -> None:
    assert read(Money, str(amount)) == read(Money, amount) == amount
    assert str(read(Money, amount)) == f"{amount + 0:.2f}"


@given(st.integers(-(10**10) + 1, 10**10 - 1))
def test_money_from_integer_is_exact(amount: int) -> None:
    assert read(Money, amount) == amount


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 5",
        "5 ",
        "1_000",
        "1,50",
        "S/ 5",
        "１２",
        "٣",
        "1e2",
        "0x10",
        "NaN",
        "Infinity",
        "-Infinity",
        "sNaN",
        "--1",
        ".",
        "1.2.3",
        "\x005",
        "\ud800",
        "5\n",
    ],
)
def test_money_from_text_that_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        read(Money, text)
    assert refusal.value.errors()[0]["type"] == "decimal_parsing"


@pytest.mark.parametrize("value", [1.5, 0.1, float("nan"), float("inf"), True, False])
def test_money_from_float_or_boolean_is_refused(value: object) -> None:
    with pytest.raises(ValidationError) as refusal:
        read(Money, value)
    assert refusal.value.errors()[0]["type"] == "decimal_type"


@pytest.mark.parametrize(
    "value",
    [
        "1.001",
        "10000000000",
        "1" * 30,
        Decimal("1E+30"),
        Decimal("1E+999999999"),
        Decimal("1E-999999999"),
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("Infinity"),
        10**4000,
        [],
        {},
        None,
        b"5",
    ],
)
def test_money_beyond_its_column_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        read(Money, value)


@pytest.mark.parametrize("value", ["-0", "-0.00", Decimal("-0"), Decimal("0E+999999"), "0.000000"])
def test_money_of_any_zero_is_plain_zero(value: object) -> None:
    assert str(read(Money, value)) == "0.00"


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        (Amount, "5", "5.00"),
        (Amount, "5.100", "5.10"),
        (Amount, Decimal("1E+2"), "100.00"),
        (UnitPrice, "11.8", "11.800000"),
        (Quantity, 2, "2.0000"),
        (Quantity, ".5", "0.5000"),
        (Money, "+5.", "5.00"),
    ],
)
def test_types_give_a_value_the_places_of_its_column(kind: Any, value: object, stored: str) -> None:
    assert str(read(kind, value)) == stored


@pytest.mark.parametrize(
    ("kind", "value"), [(Amount, "-0.01"), (UnitPrice, "-1"), (Quantity, "0"), (Quantity, "-1")]
)
def test_types_with_a_floor_refuse_what_is_below(kind: Any, value: str) -> None:
    with pytest.raises(ValidationError):
        read(kind, value)
