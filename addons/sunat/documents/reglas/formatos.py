"""Formats that several rules ask for."""

from __future__ import annotations

import re
from decimal import Decimal

from stdnum.pe import ruc

from addons.sunat.documents import codigos
from addons.sunat.documents.escritura import legible
from addons.sunat.documents.modelo import Adquirente

DOCE_ENTEROS = Decimal(10) ** 12
TOPE = Decimal(10) ** 10
"""Amounts of a comprobante are kept with 10 digits before the point; SUNAT would take 12."""
SERIES = {
    "01": re.compile(r"F[A-Z0-9]{3}|[0-9]{1,4}"),
    "03": re.compile(r"B[A-Z0-9]{3}|[0-9]{1,4}"),
    "07": re.compile(r"[FB][A-Z0-9]{3}|[0-9]{1,4}"),
    "08": re.compile(r"[FB][A-Z0-9]{3}|[0-9]{1,4}"),
}
MODIFICADOS = {
    "01": re.compile(r"(F[A-Z0-9]{3}|E001|[0-9]{1,4})-[0-9]{1,8}"),
    "03": re.compile(r"(B[A-Z0-9]{3}|EB01|[0-9]{1,4})-[0-9]{1,8}"),
}
GUIAS = {
    "09": re.compile(r"(T[A-Z0-9]{3}|EG0[1-4]|[0-9]{4})-[0-9]{1,8}"),
    "31": re.compile(r"(V[A-Z0-9]{3}|EG0[5-9]|[0-9]{4})-[0-9]{1,8}"),
}


def visible(texto: str) -> str:
    """Return what is left of a text in XML, without blanks around it."""
    return legible(texto).strip()


def en_una_linea(texto: str, minimo: int, maximo: int) -> bool:
    """Return whether a text has a length, and no tabs or line ends."""
    return minimo <= len(texto) <= maximo and not re.search(r"[\t\r\n]", texto)


def decimales(numero: Decimal) -> int:
    """Return how many decimals a number needs."""
    exponente = numero.normalize().as_tuple().exponent
    return max(0, -exponente) if isinstance(exponente, int) else 99


def cabe(numero: Decimal, lugares: int) -> bool:
    """Return whether a number is finite, not negative, below 10^12, with so many decimals."""
    return numero.is_finite() and 0 <= numero < DOCE_ENTEROS and decimales(numero) <= lugares


def documento_valido(uno: Adquirente) -> bool:
    """Return whether somebody's number can exist: RUC by its digit, DNI by its length."""
    if uno.tipo_doc == codigos.RUC:
        return bool(ruc.is_valid(uno.numero_doc))
    if uno.tipo_doc == codigos.DNI:
        return re.fullmatch(r"[0-9]{8}", uno.numero_doc) is not None
    return re.fullmatch(r"[^\s]{1,15}", uno.numero_doc) is not None
