"""Every text in both languages, and pages in English."""

from __future__ import annotations

import pytest

from kernel import texts, translations
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
