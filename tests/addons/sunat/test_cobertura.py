"""The page of rules is true: to the addon's table always, to SUNAT's sheet where it is."""

from __future__ import annotations

import re

import pytest

from tests.addons.sunat import cobertura

con_hoja = pytest.mark.skipif(
    not cobertura.HOJA.is_file(), reason="SUNAT's sheet of rules is not beside us"
)


@con_hoja
def test_every_error_code_of_the_sheet_went_to_one_place() -> None:
    sueltos = {
        codigo: dichas
        for codigo in cobertura.hoja()
        if len(dichas := cobertura.clases(codigo)) != 1
    }
    assert sueltos == {}


@con_hoja
def test_nothing_is_said_of_codes_that_the_sheet_has_not() -> None:
    dichos = {
        *cobertura.razones(cobertura.IMPOSIBLES),
        *cobertura.razones(cobertura.SOLO_SUNAT),
    }
    assert dichos - set(cobertura.hoja()) == set()
    simples = {uno for codigo in cobertura.hoja() for uno in codigo.split("/")}
    assert set(cobertura.implementados()) - simples == set()


@con_hoja
def test_page_is_what_the_rules_and_the_sheet_say() -> None:
    assert cobertura.DOC.read_text(encoding="utf-8") == cobertura.pagina(), (
        "run python -m tests.addons.sunat.cobertura"
    )


def test_page_tells_as_implemented_what_the_addon_has_rules_for() -> None:
    pagina = cobertura.DOC.read_text(encoding="utf-8")
    filas = re.findall(r"^\| ([0-9/]+) \|.*\| implemented: `([a-z, ]+)` \|$", pagina, re.MULTILINE)
    assert filas
    dichos = {
        next(uno for uno in codigo.split("/") if uno in cobertura.implementados()): modulos
        for codigo, modulos in filas
    }
    assert dichos == cobertura.implementados()
