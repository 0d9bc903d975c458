"""Rules of customers. Source: spec/erp-modules.md, módulo 1."""

from addons.sales.models import Cliente
from addons.sales.schemas import check_documento
from kernel.context import Ctx
from kernel.errors import ValidationFailed


def revisar_cambio(_ctx: Ctx, cliente: Cliente, _cambio: object) -> None:
    """Refuse a change that leaves a document that cannot exist.

    Raises:
        ValidationFailed: the number is not of the type.
    """
    try:
        check_documento(cliente.tipo_doc, cliente.numero_doc)
    except ValueError as error:
        raise ValidationFailed(str(error), field="numero_doc") from None
