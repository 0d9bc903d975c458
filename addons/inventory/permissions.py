"""Who may look at stock and move it, and where. Source: módulos 2 and 9."""

from collections.abc import Callable

from sqlalchemy import ColumnElement, or_, select

from addons.inventory.models import (
    Almacen,
    ConteoStock,
    IncidenciaTransferencia,
    LoteSerie,
    MovimientoStock,
    Producto,
    ProductoAlmacen,
    ReservaStock,
    Transferencia,
    UbicacionAlmacen,
)
from kernel.context import Ctx
from kernel.rbac import FieldRule, Permission, RowRule, among
from kernel.words import act, module, table

CUIDAN = ("SUPERVISOR_ALMACEN",)
VALORAN = (*CUIDAN, "CONTADOR")
MIRAN = (*CUIDAN, "GERENTE_VENTAS", "CONTADOR")

_DeUnAlmacen = ProductoAlmacen | UbicacionAlmacen | LoteSerie | ReservaStock | ConteoStock

PERMISSIONS = [
    Permission("almacenes", "ver", "Ver los almacenes", (*MIRAN, "VENDEDOR", "CAJERO")),
    Permission("almacenes", "crear", "Crear almacenes"),
    Permission("almacenes", "editar", "Editar almacenes"),
    Permission("almacenes", "eliminar", "Eliminar almacenes"),
    Permission("almacenes", "exportar", "Exportar los almacenes"),
    Permission("ubicaciones", "ver", "Ver las ubicaciones de los almacenes", MIRAN),
    Permission("ubicaciones", "crear", "Crear ubicaciones", CUIDAN),
    Permission("ubicaciones", "editar", "Editar ubicaciones", CUIDAN),
    Permission("ubicaciones", "eliminar", "Eliminar ubicaciones", CUIDAN),
    Permission("ubicaciones", "exportar", "Exportar las ubicaciones", MIRAN),
    Permission("stock", "ver", "Ver el stock y sus movimientos", MIRAN),
    Permission("stock", "exportar", "Exportar el stock", MIRAN),
    Permission("stock", "crear", "Poner límites a un producto en un almacén", CUIDAN),
    Permission("stock", "editar", "Cambiar mínimos, máximos y ubicación", CUIDAN),
    Permission("stock", "entrada", "Registrar entradas", CUIDAN),
    Permission("stock", "salida", "Registrar salidas", CUIDAN),
    Permission("stock", "autorizar_sin_stock", "Autorizar salidas sin stock"),
    Permission("stock", "ajustar", "Ajustar el stock a mano", CUIDAN),
    Permission("stock", "transferir", "Enviar y recibir transferencias", CUIDAN),
    Permission("stock", "reservar", "Reservar stock", (*CUIDAN, "GERENTE_VENTAS", "VENDEDOR")),
    Permission("stock", "contar", "Contar el stock de un almacén", CUIDAN),
    Permission("stock", "trazar", "Cambiar la trazabilidad y bloquear lotes", CUIDAN),
    Permission("stock", "kardex", "Ver el kardex valorizado", VALORAN),
    Permission("stock", "alertas", "Ver y recibir alertas de stock", (*CUIDAN, "GERENTE_VENTAS")),
]
WORDS = [
    module("almacenes", "Almacenes"),
    module("ubicaciones", "Ubicaciones"),
    module("stock", "Stock"),
    act("ajustar", "Ajustó"),
    act("ajuste", "Ajustó"),
    act("anotar", "Anotó lo recibido"),
    act("bloquear", "Bloqueó"),
    act("cambiar_almacenes", "Cambió los almacenes"),
    act("desbloquear", "Desbloqueó"),
    act("entrada", "Registró una entrada"),
    act("incidencia", "Anotó una incidencia"),
    act("liberar", "Liberó"),
    act("reservar", "Reservó"),
    act("resolver", "Resolvió"),
    act("salida", "Registró una salida de mercadería"),
    act("trazabilidad", "Cambió la trazabilidad"),
    table("movimientos_stock", "Movimiento"),
    table("reservas_stock", "Reserva"),
    table("ubicaciones_almacen", "Ubicación"),
]


def _suyos(modelo: type[_DeUnAlmacen]) -> Callable[[Ctx], ColumnElement[bool] | None]:
    """Return the rule that a row is of an almacén within the user's reach."""

    def where(ctx: Ctx) -> ColumnElement[bool] | None:
        permitidos = ctx.scope("almacenes")
        return None if permitidos is None else among(modelo.almacen_id, permitidos)

    return where


def _de_su_sucursal(ctx: Ctx) -> ColumnElement[bool] | None:
    permitidas = ctx.scope("sucursales")
    return None if permitidas is None else among(Almacen.sucursal_id, permitidas)


def _asignados(ctx: Ctx) -> ColumnElement[bool] | None:
    asignados = ctx.scope("almacenes_asignados")
    return None if asignados is None else among(Almacen.id, asignados)


def _movimientos(ctx: Ctx) -> ColumnElement[bool] | None:
    permitidos = ctx.scope("almacenes")
    if permitidos is None:
        return None
    return or_(
        among(MovimientoStock.almacen_origen_id, permitidos),
        among(MovimientoStock.almacen_destino_id, permitidos),
    )


def _transferencias(ctx: Ctx) -> ColumnElement[bool] | None:
    permitidos = ctx.scope("almacenes")
    if permitidos is None:
        return None
    return or_(
        among(Transferencia.almacen_origen_id, permitidos),
        among(Transferencia.almacen_destino_id, permitidos),
    )


def _incidencias(ctx: Ctx) -> ColumnElement[bool] | None:
    if ctx.scope("almacenes") is None:
        return None
    suyas = select(Transferencia.id)  # narrowed by their own rule
    return IncidenciaTransferencia.transferencia_id.in_(suyas)


SUYOS = "Solo los de sus almacenes."

ROW_RULES = [
    RowRule("inventory.almacenes", Almacen, _de_su_sucursal, "Solo los de sus sucursales."),
    RowRule("inventory.almacenes_asignados", Almacen, _asignados, "Solo sus almacenes."),
    RowRule("inventory.stock", ProductoAlmacen, _suyos(ProductoAlmacen), SUYOS),
    RowRule("inventory.ubicaciones", UbicacionAlmacen, _suyos(UbicacionAlmacen), SUYOS),
    RowRule("inventory.lotes", LoteSerie, _suyos(LoteSerie), SUYOS),
    RowRule("inventory.reservas", ReservaStock, _suyos(ReservaStock), SUYOS),
    RowRule("inventory.conteos", ConteoStock, _suyos(ConteoStock), SUYOS),
    RowRule(
        "inventory.movimientos",
        MovimientoStock,
        _movimientos,
        "Solo lo que entra en sus almacenes o sale de ellos.",
    ),
    RowRule(
        "inventory.incidencias",
        IncidenciaTransferencia,
        _incidencias,
        "Solo las de transferencias que salen de sus almacenes o llegan a ellos.",
    ),
    RowRule(
        "inventory.transferencias",
        Transferencia,
        _transferencias,
        "Solo las que salen de sus almacenes o llegan a ellos.",
    ),
]

FIELD_RULES = [
    FieldRule(MovimientoStock, "costo_unitario", "productos.ver_costo"),
    FieldRule(MovimientoStock, "costo_promedio", "productos.ver_costo"),
    FieldRule(Producto, "costo_promedio", "productos.ver_costo"),
]
