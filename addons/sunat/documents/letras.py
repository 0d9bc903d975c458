"""Amounts in words, as leyenda 1000 wants them: ``CIENTO DIECIOCHO CON 50/100 SOLES``."""

from __future__ import annotations

from decimal import Decimal

_HASTA_29 = """
    CERO UNO DOS TRES CUATRO CINCO SEIS SIETE OCHO NUEVE DIEZ ONCE DOCE TRECE CATORCE QUINCE
    DIECISÉIS DIECISIETE DIECIOCHO DIECINUEVE VEINTE VEINTIUNO VEINTIDÓS VEINTITRÉS VEINTICUATRO
    VEINTICINCO VEINTISÉIS VEINTISIETE VEINTIOCHO VEINTINUEVE
"""
HASTA_29 = _HASTA_29.split()
_DECENAS = """
    TREINTA CUARENTA CINCUENTA SESENTA SETENTA OCHENTA NOVENTA
"""
DECENAS = _DECENAS.split()
_CENTENAS = """
    CIENTO DOSCIENTOS TRESCIENTOS CUATROCIENTOS QUINIENTOS SEISCIENTOS SETECIENTOS OCHOCIENTOS
    NOVECIENTOS
"""
CENTENAS = _CENTENAS.split()
MONEDAS = {"PEN": "SOLES", "USD": "DÓLARES AMERICANOS", "EUR": "EUROS"}


def en_letras(monto: Decimal, moneda: str) -> str:
    """Return an amount of up to 12 whole digits in words; other currencies by their code."""
    enteros, centimos = divmod(int(monto * 100), 100)
    return f"{numero(enteros)} CON {centimos:02d}/100 {MONEDAS.get(moneda, moneda)}"


def numero(valor: int) -> str:
    """Return a number below a million millions in words."""
    millones, resto = divmod(valor, 1_000_000)
    partes = []
    if millones:
        partes.append("UN MILLÓN" if millones == 1 else f"{_apocope(_miles(millones))} MILLONES")
    if resto or not millones:
        partes.append(_miles(resto))
    return " ".join(partes)


def _miles(valor: int) -> str:
    miles, resto = divmod(valor, 1000)
    partes = []
    if miles:
        partes.append("MIL" if miles == 1 else f"{_apocope(_cientos(miles))} MIL")
    if resto or not miles:
        partes.append(_cientos(resto))
    return " ".join(partes)


def _cientos(valor: int) -> str:
    cientos, resto = divmod(valor, 100)
    if valor == 100:
        return "CIEN"
    partes = [CENTENAS[cientos - 1]] if cientos else []
    if resto or not cientos:
        partes.append(_decenas(resto))
    return " ".join(partes)


def _decenas(valor: int) -> str:
    if valor < 30:
        return HASTA_29[valor]
    decenas, unidades = divmod(valor, 10)
    decena = DECENAS[decenas - 3]
    return f"{decena} Y {HASTA_29[unidades]}" if unidades else decena


def _apocope(texto: str) -> str:
    """Return a number as it stands before MIL and MILLONES: VEINTIÚN, TREINTA Y UN."""
    if texto.endswith("VEINTIUNO"):
        return f"{texto.removesuffix('VEINTIUNO')}VEINTIÚN"
    return texto.removesuffix("O") if texto.endswith("UNO") else texto
