"""Writing XML in canonical form: what is hashed and signed is what is written, byte for byte.

Canonical XML 1.0 leaves a writer little choice: UTF-8, no empty-element tags, attributes by name,
``xmlns`` before ``xmlns:…`` by prefix, five characters escaped in texts and six in attributes, no
declaration. Writing that at once spares a parser and its canonicaliser; tests compare with both
libxml2 and xmlsec. Source: W3C, Canonical XML 1.0, 2.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

DECLARACION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_PROHIBIDOS = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
CAC = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
EXT = "urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2"
SAC = "urn:sunat:names:specification:ubl:peru:schema:xsd:SunatAggregateComponents-1"
DS = "http://www.w3.org/2000/09/xmldsig#"


def legible(texto: str) -> str:
    """Return a text without characters that XML has no way to write."""
    return _PROHIBIDOS.sub("", texto)


def escapar(texto: str) -> str:
    """Return a text as an element holds it, without characters that XML has no way to write."""
    limpio = legible(texto).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return limpio.replace("\r", "&#xD;")


def _atributo(texto: str) -> str:
    limpio = legible(texto).replace("&", "&amp;").replace("<", "&lt;")
    limpio = limpio.replace('"', "&quot;").replace("\t", "&#x9;")
    return limpio.replace("\n", "&#xA;").replace("\r", "&#xD;")


def dos(monto: Decimal) -> str:
    """Return an amount with 2 decimals."""
    return f"{monto:.2f}"


def diez(numero: Decimal) -> str:
    """Return a number with as many decimals as it needs, up to 10."""
    texto = f"{numero:.10f}".rstrip("0").rstrip(".")
    return "0" if texto in ("", "-0") else texto


def en(moneda: str, nombre: str, monto: str) -> str:
    """Return an element of CBC with an amount of a currency."""
    return f'<cbc:{nombre} currencyID="{moneda}">{monto}</cbc:{nombre}>'


def el(nombre: str, texto: object = "", /, **atributos: str) -> str:
    """Return an element with a text."""
    return _elemento(nombre, escapar(str(texto)), atributos)


def grupo(nombre: str, /, *hijos: str) -> str:
    """Return an element with the elements inside it; nothing where there are none."""
    dentro = "".join(hijos)
    return f"<{nombre}>{dentro}</{nombre}>" if dentro else ""


def _elemento(nombre: str, dentro: str, atributos: dict[str, str]) -> str:
    if not atributos:
        return f"<{nombre}>{dentro}</{nombre}>"
    pares = "".join(f' {uno}="{_atributo(atributos[uno])}"' for uno in sorted(atributos))
    return f"<{nombre}{pares}>{dentro}</{nombre}>"


def raiz(nombre: str, espacio: str, prefijos: dict[str, str], hijos: Iterable[str]) -> str:
    """Return the root element, with its namespaces; ``espacio`` is the default one."""
    espacios = "".join(f' xmlns:{uno}="{prefijos[uno]}"' for uno in sorted(prefijos))
    return f'<{nombre} xmlns="{espacio}"{espacios}>{"".join(hijos)}</{nombre}>'
