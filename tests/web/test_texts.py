"""Every text in both languages, and pages in English."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import get_type_hints

import pytest

from addons.base.services.notificaciones import Noticia
from addons.sunat.services.validez import OCUPADA
from kernel import texts, translations
from kernel.mail import Message
from kernel.manifest import ROOT
from kernel.phrases import Phrase
from kernel.registry import Registry


@pytest.fixture
def english() -> object:
    """Speak English for the length of a test."""
    before = translations.spoken()
    translations.speak("en")
    yield
    translations.speak(before)


def test_every_text_is_translated_and_none_is_left_over(registry: Registry) -> None:
    found = texts.faults(registry)
    assert not found, "\n".join([*found, "→ make texts, then fill in each empty msgstr"])


def test_texts_are_found_in_templates_code_and_declarations(registry: Registry) -> None:
    found = texts.gathered(registry)
    assert "Buscar en esta lista" in found["kernel"]
    assert ("{n} aplicación", "{n} aplicaciones") in found["kernel"]
    assert "Sucursales" in found["base"]
    assert "En la caja hay {hay} en efectivo." in found["sales"]
    assert "Canjear puntos" in found["loyalty"]
    assert "Guardar" not in found["base"]


def test_text_of_a_refusal_is_found_by_the_name_that_a_module_gives_it(registry: Registry) -> None:
    assert OCUPADA in texts.gathered(registry)["sunat"]


def test_text_of_a_refusal_is_found_by_any_name_that_a_function_gives_it(
    registry: Registry,
) -> None:
    found = texts.gathered(registry)
    assert "El origen y el destino son el mismo almacén." in found["inventory"]
    assert "Solo una venta al crédito vence." in found["sales"]
    assert "No es un producto de la venta." in found["sales"]
    assert "Este producto ya está arriba." in found["sales"]


@pytest.mark.usefixtures("english")
def test_message_is_recognised_around_its_values() -> None:
    assert translations.message("Debe ser mayor que 0.") == "It must be greater than 0."
    told = translations.message("Su rol no tiene el permiso «ventas.crear».")
    assert told == "Your role lacks the permission “ventas.crear”."
    assert translations.message("Algo que nadie escribió.") == "Algo que nadie escribió."


@pytest.mark.usefixtures("english")
def test_number_chooses_its_form() -> None:
    told = [translations.number("{n} tarea", "{n} tareas", count) for count in (1, 2)]
    assert told == ["1 job", "2 jobs"]


def test_catalogue_of_an_addon_outside_of_the_tree_counts(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    path = translations.place(folder, "en")
    path.parent.mkdir(parents=True)
    path.write_text('msgid "Guardar"\nmsgstr "Keep"\n\nmsgid "Garantía"\nmsgstr "Warranty"\n')
    monkeypatch.setattr(translations, "_folders", dict(translations._folders))
    translations.declare([folder])
    try:
        told = translations.catalogue("en").texts
        assert (told["Garantía"], told["Guardar"]) == ("Warranty", "Save")
    finally:
        translations.catalogue.cache_clear()


CODE = ("kernel", "addons", "addons_contrib")


def said_later(source: str) -> list[str]:
    """Return what mail and notices would say that no catalogue knows."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        places = {"phrase": 1, "counted": 2}.get(node.func.id, 0)
        said = [one for text in node.args[:places] for one in _either(text)]
        found += [ast.unparse(one) for one in said if not _is_text(one)]
        if node.func.id == "verbatim":
            found += [ast.unparse(one) for one in node.args if _has_words(one)]
    return found


def _either(node: ast.expr) -> list[ast.expr]:
    return [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node]


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _has_words(node: ast.expr) -> bool:
    """Whether a text of ours hides behind what a person is said to have written."""
    parts = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant)]
    return any(re.search(r"[^\W\d_]{2}", one) for one in parts if isinstance(one, str))


def test_mail_and_notices_say_only_what_the_catalogues_know() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): faults
        for folder in CODE
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path.name != "phrases.py"
        if (faults := said_later(path.read_text(encoding="utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize(
    "source",
    ['phrase(SALUDO, n=1)', 'phrase(f"Hola {n}")', 'counted("uno", MUCHOS, 2)',
     'verbatim("Hola")', 'verbatim(f"Vence el {dia}")', 'phrase("a" if x else B)'],
)  # fmt: skip
def test_text_that_no_catalogue_would_know_is_found(source: str) -> None:
    assert said_later(source)
    assert not said_later('phrase("Hola {n}", n=1); counted("{n} a", "{n} b", 2); verbatim(nota)')


def test_mail_and_notices_take_phrases_and_no_plain_texts() -> None:
    hints = {**get_type_hints(Message), **get_type_hints(Noticia)}
    assert [hints[name] for name in ("subject", "text", "titulo")] == [Phrase] * 3
    assert hints["texto"] == Sequence[Phrase]
