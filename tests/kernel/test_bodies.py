"""Request bodies: what is no JSON, what is JSON and wrong, and that every fault is named."""

from __future__ import annotations

import contextlib
import gzip
import json
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from kernel import answers, bodies
from kernel.errors import ValidationFailed
from kernel.money import Amount
from kernel.schemas import Day, Flag, RefId, Schema, Text


class Linea(Schema):
    producto_id: RefId
    monto: Amount


class Pedido(Schema):
    cliente: Text
    urgente: Flag = False
    lineas: Annotated[list[Linea], Field(max_length=500)] = []  # noqa: RUF012  # a default


def refusal(raw: bytes) -> ValidationFailed:
    with pytest.raises(ValidationFailed) as caught:
        bodies.parse(raw, Pedido)
    json.loads(answers.problem(caught.value, "r").body)  # can be written
    return caught.value


def faults(raw: bytes) -> set[tuple[str, str]]:
    return {(fault.field, fault.code) for fault in refusal(raw).errors}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"{",
        b'{"cliente": "a",}',
        b"{'cliente': 'a'}",
        b'{"cliente": "a"} {}',
        b'{"cliente": NaN}',
        b'{"cliente": Infinity}',
        b'{"cliente": -Infinity}',
        b'{"cliente": 01}',
        b'{"cliente": "a\nb"}',
        b'{"cliente": "a\x00b"}',
        b'{"cliente": "\\x41"}',
        b'{"cliente": "\\ud83"}',
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}",
        b'{"cliente": "\xed\xa0\x80"}',
        b'{"cliente": "\xff"}',
        b'{"cliente": "\xf1"}',
        gzip.compress(b'{"cliente": "a"}', mtime=0),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"cliente": ' + b"9" * 5000 + b"}",
        b'{"cliente": 1.' + b"0" * 5000 + b"}",
        b'{"cliente": 1e99999999999999999999999}',
        b"cliente=a",
        b"<cliente/>",
    ],
)
def test_parse_what_is_no_json_is_refused_as_malformed(raw: bytes) -> None:
    assert refusal(raw).code == "json_invalido"


@pytest.mark.parametrize("raw", [b"null", b"[]", b'"a"', b"5", b"true", b"1.5"])
def test_parse_what_is_no_object_is_refused(raw: bytes) -> None:
    assert faults(raw) == {("", "model_type")}


def test_parse_names_every_bad_field_at_once() -> None:
    raw = json.dumps(
        {
            "cliente": "  ",
            "urgente": "yes",
            "sobra": 1,
            "lineas": [
                {"producto_id": "1", "monto": -1},
                {"monto": "1.234"},
                {"producto_id": 2**63, "monto": None},
                [],
            ],
        }
    )
    assert faults(raw.encode()) == {
        ("cliente", "string_too_short"),
        ("urgente", "bool_type"),
        ("sobra", "extra_forbidden"),
        ("lineas.0.producto_id", "int_type"),
        ("lineas.0.monto", "greater_than_equal"),
        ("lineas.1.producto_id", "missing"),
        ("lineas.1.monto", "decimal_max_places"),
        ("lineas.2.producto_id", "less_than_equal"),
        ("lineas.2.monto", "decimal_type"),
        ("lineas.3", "model_type"),
    }


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (rb'{"cliente": "a\u0000b"}', {("cliente", "nul")}),
        (rb'{"cliente": "a\ud800b"}', {("cliente", "string_unicode")}),
        (rb'{"cliente": "\uDFFF"}', {("cliente", "string_unicode")}),
        (rb'{"cliente": "a", "x\u0000y": 1}', {("x\x00y", "nul")}),
        (
            rb'{"cliente": "a\u0000", "urgente": 1, "sobra": "\u0000"}',
            {("cliente", "nul"), ("urgente", "bool_type"), ("sobra", "nul")},
        ),
        (
            rb'{"cliente": "a", "lineas": [{"producto_id": "\u0000", "monto": 1}]}',
            {("lineas.0.producto_id", "nul")},
        ),
    ],
)
def test_parse_text_that_cannot_be_stored_is_named(
    raw: bytes, expected: set[tuple[str, str]]
) -> None:
    assert expected <= faults(raw)


def test_parse_name_that_is_no_unicode_is_named_escaped() -> None:
    assert ("\\ud800", "string_unicode") in faults(rb'{"cliente": "a", "\ud800": 1}')


def test_parse_of_nul_nested_to_the_limit_is_refused() -> None:
    for depth in range(880, 1000):
        raw = b'{"cliente": ' + b"[" * depth + rb'"\u0000"' + b"]" * depth + b"}"
        refusal(raw)


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b'{"cliente": "a", "cliente": "b"}', "cliente"),
        (b'{"cliente": "a", "lineas": [{"producto_id": 1, "producto_id": 1}]}', "producto_id"),
    ],
)
def test_parse_name_given_twice_is_refused(raw: bytes, field: str) -> None:
    assert faults(raw) == {(field, "repetido")}


def test_parse_endless_field_name_is_cut_in_the_answer() -> None:
    raw = json.dumps({"cliente": "a", "x" * 100_000: 1}).encode()
    assert len(answers.problem(refusal(raw), "r").body) < 1000


def test_parse_of_thousands_of_faults_answers_with_the_first() -> None:
    raw = json.dumps({"cliente": "a", **{f"campo{n}": n for n in range(5000)}}).encode()
    assert len(refusal(raw).errors) == 200


def test_parse_list_of_ten_thousand_lines_is_refused_by_its_length() -> None:
    lineas = [{"producto_id": 1, "monto": 1}] * 10_000
    raw = json.dumps({"cliente": "a", "lineas": lineas}).encode()
    assert faults(raw) == {("lineas", "too_long")}


@pytest.mark.parametrize(
    "monto",
    ["1" * 30, "0." + "1" * 30, "1e30", "1E-30", "1.0000000001", "-0.01", "1" * 900, "1e999999"],
)
def test_parse_amount_beyond_its_column_is_named(monto: str) -> None:
    raw = f'{{"cliente": "a", "lineas": [{{"producto_id": 1, "monto": {monto}}}]}}'
    assert {field for field, _ in faults(raw.encode())} == {"lineas.0.monto"}


@pytest.mark.parametrize(
    "text",
    ["ñandú", "😀", "مرحبا", "a\u202eb", "e\u0301", "\u200d", "日本", "𐍈", "x" * 250, "\x7f"],
)
def test_parse_any_other_text_is_kept(text: str) -> None:
    for raw in (json.dumps({"cliente": text}), json.dumps({"cliente": text}, ensure_ascii=False)):
        assert bodies.parse(raw.encode(), Pedido).cliente == text


@given(st.decimals(min_value=0, max_value="9999999999.99", places=2))
def test_parse_number_is_never_a_binary_fraction(monto: Decimal) -> None:
    raw = f'{{"cliente": "a", "lineas": [{{"producto_id": 1, "monto": {monto}}}]}}'
    assert bodies.parse(raw.encode(), Pedido).lineas[0].monto == monto


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["cliente", "urgente", "lineas", "producto_id", "monto"]) | st.text(),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(documents)
def test_parse_any_document_is_accepted_or_refused(document: Any) -> None:
    raw = json.dumps(document).encode()
    with contextlib.suppress(ValidationFailed):
        bodies.parse(raw, Pedido)
        return
    error = refusal(raw)
    assert error.errors or error.code == "json_invalido"


@given(st.binary(max_size=200))
def test_parse_any_bytes_are_accepted_or_refused(raw: bytes) -> None:
    refusal(raw)


def test_bounds_and_choices_are_told_without_words_of_python() -> None:
    class Asked(Schema):
        desde: Day
        formato: Literal["json", "csv", "xlsx"]

    with pytest.raises(ValidationFailed) as caught:
        bodies.parse(b'{"desde": "0001-01-01", "formato": "exe"}', Asked)
    assert {one.message for one in caught.value.errors} == {
        "Debe ser 1900-01-01 o más.",
        "Debe ser uno de: 'json', 'csv', 'xlsx'.",
    }
