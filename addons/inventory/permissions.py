"""Who may look at stock and move it, and where. Source: módulos 2 and 9."""

from sqlalchemy import ColumnElement, or_

from addons.inventory.models import Almacen, MovimientoStock, ProductoAlmacen
from kernel.context import Ctx
from kernel.rbac import Permission, RowRule, among

CUIDAN = ("SUPERVISOR_ALMACEN",)
MIRAN = (*CUIDAN, "GERENTE_VENTAS", "CONTADOR")

PERMISSIONS = [
    Permission("almacenes", "ver", "Ver los almacenes", (*MIRAN, "VENDEDOR", "CAJERO")),
    Permission("almacenes", "crear", "Crear almacenes"),
    Permission("almacenes", "editar", "Editar almacenes"),
    Permission("almacenes", "eliminar", "Eliminar almacenes"),
    Permission("almacenes", "exportar", "Exportar los almacenes"),
    Permission("stock", "ver", "Ver el stock y sus movimientos", MIRAN),
    Permission("stock", "exportar", "Exportar el stock", MIRAN),
    Permission("stock", "entrada", "Registrar entradas", CUIDAN),
]


def _de_su_sucursal(ctx: Ctx) -> ColumnElement[bool] | None:
    permitidas = ctx.scope("sucursales")
    return None if permitidas is None else among(Almacen.sucursal_id, permitidas)


def _asignados(ctx: Ctx) -> ColumnElement[bool] | None:
    asignados = ctx.scope("almacenes_asignados")
    return None if asignados is None else among(Almacen.id, asignados)


def _stock(ctx: Ctx) -> ColumnElement[bool] | None:
    permitidos = ctx.scope("almacenes")
    return None if permitidos is None else among(ProductoAlmacen.almacen_id, permitidos)


def _movimientos(ctx: Ctx) -> ColumnElement[bool] | None:
    permitidos = ctx.scope("almacenes")
    if permitidos is None:
        return None
    return or_(
        among(MovimientoStock.almacen_origen_id, permitidos),
        among(MovimientoStock.almacen_destino_id, permitidos),
    )


ROW_RULES = [
    RowRule("inventory.almacenes", Almacen, _de_su_sucursal, "Solo los de sus sucursales."),
    RowRule("inventory.almacenes_asignados", Almacen, _asignados, "Solo sus almacenes."),
    RowRule("inventory.stock", ProductoAlmacen, _stock, "Solo el stock de sus almacenes."),
    RowRule(
        "inventory.movimientos",
        MovimientoStock,
        _movimientos,
        "Solo lo que entra en sus almacenes o sale de ellos.",
    ),
]
