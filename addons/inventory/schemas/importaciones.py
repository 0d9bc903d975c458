"""Rows of a spreadsheet that become opening stock. Source: módulo 2."""

from addons.inventory.schemas.campos import Numero
from kernel.money import Quantity, UnitPrice
from kernel.schemas import Day, Schema, Text


class FilaStock(Schema):
    """What an almacén holds of a product, or of one lot of it, when Andes begins."""

    almacen: Text
    sku: Text
    cantidad: Quantity
    costo_unitario: UnitPrice | None = None
    numero_lote: Numero = ""
    numero_serie: Numero = ""
    fecha_vencimiento: Day | None = None
