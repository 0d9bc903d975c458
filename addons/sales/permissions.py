"""Who may do what in sales, and the payment methods every shop starts with."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement

from addons.sales.models import (
    Arqueo,
    Caja,
    Cotizacion,
    Devolucion,
    MovimientoCaja,
    OrdenVenta,
    Venta,
    VentaOffline,
)
from kernel.context import Ctx
from kernel.model import Model
from kernel.rbac import Permission, RowRule, among
from kernel.words import act, module, table

VENDEN = ("GERENTE_VENTAS", "VENDEDOR", "CAJERO")
COTIZAN = ("GERENTE_VENTAS", "VENDEDOR")
MIRAN = (*VENDEN, "SUPERVISOR_ALMACEN", "CONTADOR")

PERMISSIONS = [
    Permission("ventas", "ver", "Ver las ventas", (*VENDEN, "CONTADOR")),
    Permission("ventas", "crear", "Registrar ventas", VENDEN),
    Permission("ventas", "exportar", "Exportar las ventas", ("GERENTE_VENTAS", "CONTADOR")),
    Permission("ventas", "cambiar_precio", "Vender a otro precio", VENDEN),
    Permission("ventas", "anular", "Anular ventas", ("GERENTE_VENTAS",)),
    Permission("ventas", "devolver", "Recibir devoluciones", VENDEN),
    Permission("ventas", "confirmar_pago", "Confirmar pagos anunciados", (*VENDEN, "CONTADOR")),
    Permission("ventas", "reintentar", "Reintentar ventas sin conexión", ("GERENTE_VENTAS",)),
    Permission("cotizaciones", "ver", "Ver las cotizaciones", VENDEN),
    Permission("cotizaciones", "crear", "Crear y duplicar cotizaciones", COTIZAN),
    Permission("cotizaciones", "editar", "Editar y anular cotizaciones", COTIZAN),
    Permission("cotizaciones", "enviar", "Enviar cotizaciones por correo", COTIZAN),
    Permission("cotizaciones", "exportar", "Exportar las cotizaciones", ("GERENTE_VENTAS",)),
    Permission("ordenes_venta", "ver", "Ver las órdenes de venta", MIRAN),
    Permission("ordenes_venta", "crear", "Crear órdenes de venta", COTIZAN),
    Permission("ordenes_venta", "anular", "Anular órdenes de venta", COTIZAN),
    Permission("ordenes_venta", "exportar", "Exportar las órdenes", ("GERENTE_VENTAS",)),
    Permission("cajas", "ver", "Ver las cajas", (*VENDEN, "CONTADOR")),
    Permission("cajas", "abrir", "Abrir caja", VENDEN),
    Permission("cajas", "cerrar", "Cerrar caja", VENDEN),
    Permission("cajas", "cerrar_ajena", "Cerrar la caja de otro", ("GERENTE_VENTAS",)),
    Permission("cajas", "mover", "Ingresar y retirar dinero de la caja", VENDEN),
    Permission("cajas", "exportar", "Exportar las cajas", ("GERENTE_VENTAS", "CONTADOR")),
    Permission("metodos_pago", "ver", "Ver los métodos de pago", (*VENDEN, "CONTADOR")),
    Permission("metodos_pago", "crear", "Crear métodos de pago"),
    Permission("metodos_pago", "editar", "Editar métodos de pago"),
    Permission("clientes", "ver", "Ver los clientes", MIRAN),
    Permission("clientes", "crear", "Crear clientes", VENDEN),
    Permission("clientes", "editar", "Editar clientes", VENDEN),
    Permission("clientes", "dar_credito", "Decidir el crédito de un cliente", ("GERENTE_VENTAS",)),
    Permission("clientes", "eliminar", "Eliminar clientes", ("GERENTE_VENTAS",)),
    Permission("clientes", "abonar", "Recibir pagos de deudas", VENDEN),
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
    Permission("listas_precio", "ver", "Ver las listas de precios", VENDEN),
    Permission("listas_precio", "crear", "Crear listas de precios", ("GERENTE_VENTAS",)),
    Permission("listas_precio", "editar", "Editar listas de precios", ("GERENTE_VENTAS",)),
    Permission("listas_precio", "eliminar", "Eliminar listas de precios", ("GERENTE_VENTAS",)),
    Permission("listas_precio", "exportar", "Exportar las listas de precios", ("GERENTE_VENTAS",)),
    Permission("reportes_ventas", "ver", "Ver reportes de ventas", ("GERENTE_VENTAS", "CONTADOR")),
]
WORDS = [
    module("ventas", "Ventas"),
    module("cotizaciones", "Cotizaciones"),
    module("ordenes_venta", "Órdenes de venta"),
    module("cajas", "Cajas"),
    module("metodos_pago", "Métodos de pago"),
    module("clientes", "Clientes"),
    module("productos", "Productos"),
    module("listas_precio", "Listas de precios"),
    module("reportes_ventas", "Reportes de ventas"),
    act("confirmar_pago", "Confirmó el pago"),
    table("metodos_pago", "Método de pago"),
    table("movimientos_caja", "Movimiento de caja"),
    table("unidades_medida", "Unidad de medida"),
]


def in_sucursal(model: Any) -> Callable[[Ctx], ColumnElement[bool] | None]:
    """Return the condition on the rows of a table whose ``sucursal_id`` is within reach."""

    def condition(ctx: Ctx) -> ColumnElement[bool] | None:
        permitidas = ctx.scope("sucursales")
        return None if permitidas is None else among(model.sucursal_id, permitidas)

    return condition


def _rule(model: type[Model], what: str) -> RowRule:
    name = f"sales.{model.__tablename__}"
    return RowRule(name, model, in_sucursal(model), f"Solo {what} de su sucursal.")


ROW_RULES = [
    _rule(Caja, "las cajas"),
    _rule(MovimientoCaja, "los movimientos de caja"),
    _rule(Arqueo, "los arqueos"),
    _rule(Venta, "las ventas"),
    _rule(Devolucion, "las devoluciones"),
    _rule(Cotizacion, "las cotizaciones"),
    _rule(OrdenVenta, "las órdenes"),
    _rule(VentaOffline, "las ventas sin conexión"),
]

METODOS_PAGO: list[dict[str, Any]] = [
    {"codigo": "efectivo", "nombre": "Efectivo", "es_efectivo": True},
    {"codigo": "tarjeta", "nombre": "Tarjeta"},
    {"codigo": "yape", "nombre": "Yape"},
    {"codigo": "plin", "nombre": "Plin"},
    {"codigo": "transferencia", "nombre": "Transferencia"},
    {"codigo": "credito", "nombre": "Crédito", "es_credito": True},
]
