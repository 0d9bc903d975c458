"""Who may do what in sales, and the payment methods every shop starts with."""

from typing import Any

from sqlalchemy import ColumnElement

from addons.sales.models import Caja, Venta
from kernel.context import Ctx
from kernel.rbac import Permission, RowRule, among

VENDEN = ("GERENTE_VENTAS", "VENDEDOR", "CAJERO")
MIRAN = (*VENDEN, "SUPERVISOR_ALMACEN", "CONTADOR")

PERMISSIONS = [
    Permission("ventas", "ver", "Ver las ventas", (*VENDEN, "CONTADOR")),
    Permission("ventas", "crear", "Registrar ventas", VENDEN),
    Permission("ventas", "exportar", "Exportar las ventas", ("GERENTE_VENTAS", "CONTADOR")),
    Permission("ventas", "cambiar_precio", "Vender a otro precio", VENDEN),
    Permission("cajas", "ver", "Ver las cajas", (*VENDEN, "CONTADOR")),
    Permission("cajas", "abrir", "Abrir caja", VENDEN),
    Permission("cajas", "cerrar", "Cerrar caja", VENDEN),
    Permission("cajas", "cerrar_ajena", "Cerrar la caja de otro", ("GERENTE_VENTAS",)),
    Permission("cajas", "exportar", "Exportar las cajas", ("GERENTE_VENTAS", "CONTADOR")),
    Permission("metodos_pago", "ver", "Ver los métodos de pago", (*VENDEN, "CONTADOR")),
    Permission("metodos_pago", "crear", "Crear métodos de pago"),
    Permission("metodos_pago", "editar", "Editar métodos de pago"),
    Permission("clientes", "ver", "Ver los clientes", MIRAN),
    Permission("clientes", "crear", "Crear clientes", VENDEN),
    Permission("clientes", "editar", "Editar clientes", VENDEN),
    Permission("clientes", "eliminar", "Eliminar clientes", ("GERENTE_VENTAS",)),
    Permission("clientes", "exportar", "Exportar los clientes", ("GERENTE_VENTAS", "CONTADOR")),
    Permission("productos", "ver", "Ver los productos", MIRAN),
    Permission("productos", "crear", "Crear productos", ("GERENTE_VENTAS",)),
    Permission("productos", "editar", "Editar productos", ("GERENTE_VENTAS",)),
    Permission("productos", "eliminar", "Eliminar productos", ("GERENTE_VENTAS",)),
    Permission("productos", "exportar", "Exportar los productos", ("GERENTE_VENTAS", "CONTADOR")),
    Permission(
        "productos",
        "ver_costo",
        "Ver los costos",
        ("GERENTE_VENTAS", "SUPERVISOR_ALMACEN", "CONTADOR"),
    ),
    Permission("reportes_ventas", "ver", "Ver reportes de ventas", ("GERENTE_VENTAS", "CONTADOR")),
]


def _cajas(ctx: Ctx) -> ColumnElement[bool] | None:
    permitidas = ctx.scope("sucursales")
    return None if permitidas is None else among(Caja.sucursal_id, permitidas)


def _ventas(ctx: Ctx) -> ColumnElement[bool] | None:
    permitidas = ctx.scope("sucursales")
    return None if permitidas is None else among(Venta.sucursal_id, permitidas)


ROW_RULES = [
    RowRule("sales.cajas", Caja, _cajas, "Solo las cajas de su sucursal."),
    RowRule("sales.ventas", Venta, _ventas, "Solo las ventas de su sucursal."),
]

METODOS_PAGO: list[dict[str, Any]] = [
    {"codigo": "efectivo", "nombre": "Efectivo", "es_efectivo": True},
    {"codigo": "tarjeta", "nombre": "Tarjeta"},
    {"codigo": "yape", "nombre": "Yape"},
    {"codigo": "plin", "nombre": "Plin"},
    {"codigo": "transferencia", "nombre": "Transferencia"},
]
