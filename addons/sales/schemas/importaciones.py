"""Rows of a spreadsheet that become customers, products and prices. Source: módulo 1."""

from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, StringConstraints

from addons.sales.schemas.clientes import TIPOS_DOC, ClienteNuevo, TipoDoc
from addons.sales.schemas.productos import ProductoNuevo, Unidad
from kernel.money import Quantity, UnitPrice
from kernel.schemas import OptionalText, Schema, Text

DOCUMENTOS = {nombre.lower(): codigo for codigo, nombre in TIPOS_DOC.items()}
AFECTACIONES = {"gravado": "10", "exonerado": "20", "inafecto": "30"}


def _documento(value: object) -> object:
    """Return the code of a type of document that is told by its name."""
    return DOCUMENTOS.get(value.lower(), value.upper()) if isinstance(value, str) else value


def _afectacion(value: object) -> object:
    return AFECTACIONES.get(value.lower(), value) if isinstance(value, str) else value


def _mayusculas(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


class FilaCliente(ClienteNuevo):
    """A customer; without a type of document, eleven digits are a RUC and eight a DNI."""

    tipo_doc: Annotated[TipoDoc, BeforeValidator(_documento)] = "0"
    lista_precio: OptionalText = ""


class FilaProducto(ProductoNuevo):
    """A product, its family by name: one that is new is made."""

    unidad_medida: Annotated[Unidad, BeforeValidator(_mayusculas)] = "NIU"
    afectacion_igv: Annotated[
        str, BeforeValidator(_afectacion), StringConstraints(pattern=r"^(10|20|30)$")
    ] = "10"
    categoria: OptionalText = ""


class FilaPrecio(Schema):
    """A price of a list, from a quantity on."""

    lista: Text
    sku: Text
    cantidad_minima: Quantity = Decimal("1.0000")
    precio: UnitPrice
