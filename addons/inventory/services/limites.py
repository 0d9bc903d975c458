"""How much an almacén should hold of a product, and where it lies there. Source: módulo 2."""

from addons.inventory.models import ProductoAlmacen, UbicacionAlmacen
from addons.inventory.schemas import LimitesCambio, LimitesNuevos
from addons.inventory.services import alcance, libro
from kernel.context import Ctx
from kernel.errors import Conflict, FieldError
from kernel.messages import refused

LIMITES = ("stock_minimo", "stock_maximo", "stock_seguridad", "ubicacion_id")


def crear(ctx: Ctx, nuevos: LimitesNuevos) -> ProductoAlmacen:
    """Return the limits of a product that the almacén has not held yet.

    Raises:
        ValidationFailed: the almacén, the product or the place doesn't exist; limits contradict.
        Forbidden: the almacén is out of the user's reach.
        Conflict: the almacén has a row for it, whose limits can be changed.
    """
    abierto = libro.abrir(ctx, [nuevos.producto_id])
    faltas = abierto.faltas_de(nuevos.producto_id)
    alcance.comprobar(ctx, {"almacen_id": nuevos.almacen_id}, faltas)
    if (nuevos.almacen_id, nuevos.producto_id) in abierto.saldos:
        text = "Este almacén ya tiene este producto; cambie sus límites."
        raise Conflict(text, field="producto_id", code="ya_existe")
    fila = ProductoAlmacen(**nuevos.model_dump())
    _comprobar(ctx, fila)
    ctx.session.add(fila)
    ctx.session.flush()
    _auditar(ctx, fila, "crear")
    return fila


def revisar(ctx: Ctx, fila: ProductoAlmacen, _cambio: LimitesCambio) -> None:
    """Refuse limits that contradict each other; leave an audit row, as the table is not audited.

    Raises:
        ValidationFailed: they do, or the place is of another almacén.
    """
    _comprobar(ctx, fila)
    _auditar(ctx, fila, "editar")


def _comprobar(ctx: Ctx, fila: ProductoAlmacen) -> None:
    faults = []
    if fila.stock_maximo and fila.stock_maximo < fila.stock_minimo:
        faults.append(FieldError("stock_maximo", "menor", "Es menor que el mínimo."))
    if fila.ubicacion_id is not None:
        lugar = ctx.session.get(UbicacionAlmacen, fila.ubicacion_id)
        if lugar is None or lugar.almacen_id != fila.almacen_id:
            faults.append(FieldError("ubicacion_id", "ajena", "No es un lugar de este almacén."))
    if faults:
        raise refused(faults)


def _auditar(ctx: Ctx, fila: ProductoAlmacen, act: str) -> None:
    hechos = {name: getattr(fila, name) for name in ("producto_id", "almacen_id", *LIMITES)}
    ctx.audit(act, "productos_almacen", fila.id, despues=hechos, modulo="inventory")
