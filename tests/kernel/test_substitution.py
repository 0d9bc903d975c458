"""Texts that users write: values go in, and nothing else happens."""

from __future__ import annotations

import html
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import ValidationFailed
from kernel.substitution import MAX_RESULT, Target, Value, check, fill

VALUES: dict[str, Value] = {
    "cliente": "Peña & Hijos <S.A.C.>",
    "venta.total": Decimal("1180.50"),
    "fecha": date(2026, 1, 31),
    "cantidad": 3,
    "nota": None,
}


def codes(template: str, field: str = "plantilla") -> list[str]:
    with pytest.raises(ValidationFailed) as refusal:
        check(template, VALUES, field=field)
    assert {one.field for one in refusal.value.errors} == {field}
    return [one.code for one in refusal.value.errors]


def test_fill_puts_each_value_in_its_place() -> None:
    template = "Hola {{ cliente }}:\n{{cantidad}} por S/ {{  venta.total  }} el {{fecha}}.{{nota}}"
    assert fill(template, VALUES, "text") == (
        "Hola Peña & Hijos <S.A.C.>:\n3 por S/ 1180.50 el 2026-01-31."
    )


def test_fill_for_a_page_escapes_all_of_it() -> None:
    made = fill("<b>{{ cliente }}</b>\r\n\"'", VALUES, "html")
    assert made == ("&lt;b&gt;Peña &amp; Hijos &lt;S.A.C.&gt;&lt;/b&gt;<br>\n&quot;&#x27;")


def test_fill_for_a_line_is_one_line() -> None:
    values: dict[str, Value] = {"x": "a\r\nBcc: otro@evil.example\x00\u2028fin"}
    assert fill(" Asunto:\n{{x}} ", values, "line") == "Asunto: a Bcc: otro@evil.example fin"


def test_fill_looks_at_a_value_once() -> None:
    values: dict[str, Value] = {"a": "{{ b }}", "b": "secreto", "c": "}}{{ b"}
    assert fill("{{a}} {{c}}", values, "text") == "{{ b }} }}{{ b"


def test_check_names_every_unknown_field_once() -> None:
    with pytest.raises(ValidationFailed) as refusal:
        check("{{ clinte }} {{ total }} {{ clinte }}", VALUES, field="asunto")
    messages = [one.message for one in refusal.value.errors]
    assert len(messages) == 2
    assert "«clinte»" in messages[0]
    assert "cantidad, cliente, fecha" in messages[0]
    assert refusal.value.errors[0].field == "asunto"


@pytest.mark.parametrize("template", ["{{", "}}", "{{ cliente", "{{{{ cliente }}", "{{ {{ a }} }}"])
def test_check_braces_without_a_pair_are_refused(template: str) -> None:
    assert "llaves" in codes(template)


@pytest.mark.parametrize("template", ["", "{", "} {", "{%", "100 %", "{ cliente }", "${x}", "%s"])
def test_check_plain_text_is_plain(template: str) -> None:
    check(template, VALUES)
    assert fill(template, VALUES, "text") == template


def test_fill_endless_result_is_refused() -> None:
    values: dict[str, Value] = {"x": "y" * 1000}
    with pytest.raises(ValidationFailed, match="no es válido"):
        fill("{{x}}" * (MAX_RESULT // 1000 + 1), values, "text")


TARGETS: list[Target] = ["text", "html", "line"]


@given(st.text(max_size=200), st.dictionaries(st.sampled_from("abc"), st.text(max_size=50)))
def test_fill_any_text_is_filled_or_refused(template: str, given_values: dict[str, str]) -> None:
    values: dict[str, Value] = dict(given_values)
    for target in TARGETS:
        try:
            made = fill(template, values, target)
        except ValidationFailed:
            continue
        if target == "html":
            assert "<" not in made.replace("<br>", "")
            assert html.unescape(made).count("{{") <= template.count("{{") + sum(
                value.count("{{") for value in given_values.values()
            )
        if target == "line":
            assert made.splitlines() in ([], [made])
