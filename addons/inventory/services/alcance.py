"""Which almacenes a user may look at and move. Source: módulos 2 and 9."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select

from addons.base.schemas import UsuarioCreado
from addons.base.services import cuentas
from addons.base.services.usuarios import ALCANCE
from addons.inventory.models import Almacen, UsuarioAlmacen
from addons.inventory.schemas import AlmacenesCambio, AlmacenesDelUsuario
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import FieldError, Forbidden
from kernel.events import Subscriber
from kernel.messages import refused
from kernel.rbac import Scope

ACTIVOS = Statement(
    "almacenes_activos",
    "SELECT id FROM almacenes WHERE id = ANY(%(ids)s::bigint[]) AND activo",
    reads=True,
)
ASIGNADOS = Statement(
    "almacenes_asignados",
    """
    SELECT nullif(ARRAY(SELECT almacen_id FROM usuario_almacenes
                         WHERE usuario_id = %(usuario)s ORDER BY 1), '{}')
    """,
    reads=True,
)
ALCANZABLES = Statement(
    "almacenes_del_usuario",
    f"""
    SELECT CASE WHEN alcance.sucursales IS NOT NULL OR alcance.almacenes IS NOT NULL THEN
             ARRAY(SELECT a.id FROM almacenes a
                    WHERE (alcance.sucursales IS NULL OR a.sucursal_id = ANY(alcance.sucursales))
                      AND (alcance.almacenes IS NULL OR a.id = ANY(alcance.almacenes)))
           END
      FROM (SELECT ({ALCANCE.sql}) AS sucursales, ({ASIGNADOS.sql}) AS almacenes) AS alcance
    """,  # noqa: S608  # our own pieces
    reads=True,
)
"""The almacenes within a user's sucursales and, if some are assigned to them, among those."""


def almacenes_asignados(ctx: Ctx) -> frozenset[int] | None:
    """Return the almacenes that are assigned to the user, or None where the sucursales decide."""
    return None if ctx.user is None else _asignados(ctx, ctx.user.id)


def _asignados(ctx: Ctx, usuario_id: int) -> frozenset[int] | None:
    ids = ctx.sql(ASIGNADOS, usuario=usuario_id)[0][0]
    return None if ids is None else frozenset(ids)


def almacenes_del_usuario(ctx: Ctx) -> frozenset[int] | None:
    """Return the almacenes that the user may look at and move, or None for all."""
    if ctx.user is None:
        return None
    ids = ctx.sql(ALCANZABLES, usuario=ctx.user.id)[0][0]
    return None if ids is None else frozenset(ids)


SCOPES = [
    Scope("almacenes", almacenes_del_usuario),
    Scope("almacenes_asignados", almacenes_asignados),
]


def comprobar(ctx: Ctx, almacenes: Mapping[str, int], faltas: Iterable[FieldError] = ()) -> None:
    """Refuse almacenes, by the field that names each, that don't work or are out of reach.

    Raises:
        ValidationFailed: one doesn't exist or is inactive; ``faltas`` are told along with it.
        Forbidden: one is out of the user's reach.
    """
    existen(ctx, almacenes, faltas)
    for field, almacen_id in almacenes.items():
        exigir(ctx, almacen_id, field)


def existen(ctx: Ctx, almacenes: Mapping[str, int], faltas: Iterable[FieldError] = ()) -> None:
    """Refuse almacenes that don't exist or are inactive.

    Raises:
        ValidationFailed: some are; ``faltas`` are told along with them.
    """
    activos = {row[0] for row in ctx.sql(ACTIVOS, ids=list(almacenes.values()))}
    faults = [
        FieldError(field, "no_existe", "No existe un almacén activo así.")
        for field, almacen_id in almacenes.items()
        if almacen_id not in activos
    ]
    faults += faltas
    if faults:
        raise refused(faults)


def exigir(ctx: Ctx, almacen_id: int, field: str | None = None) -> None:
    """Refuse an almacén that is out of the user's reach.

    Raises:
        Forbidden: it is.
    """
    permitidos = ctx.scope("almacenes")
    if permitidos is not None and almacen_id not in permitidos:
        raise Forbidden("Su usuario no mueve este almacén.", field=field)


def ver_almacenes(ctx: Ctx, usuario_id: int) -> AlmacenesDelUsuario:
    """Return the almacenes that are assigned to a user.

    Raises:
        NotFound: there is no such user.
    """
    cuentas.buscar_usuario(ctx, usuario_id)
    asignados = _asignados(ctx, usuario_id)
    return AlmacenesDelUsuario(
        usuario_id=usuario_id, almacenes=sorted(asignados or ()), todos=asignados is None
    )


def poner_almacenes(ctx: Ctx, usuario_id: int, cambio: AlmacenesCambio) -> AlmacenesDelUsuario:
    """Return the almacenes of a user after they were replaced; none: the sucursales decide.

    Raises:
        NotFound: there is no such user.
        ValidationFailed: an almacén doesn't exist or is out of who asks' reach.
        Forbidden: the user is out of reach, or would be free of what confines who asks.
    """
    usuario = cuentas.buscar_usuario(ctx, usuario_id, lock=True)
    cuentas.comprobar_alcanzable(ctx, usuario)
    _comprobar_asignables(ctx, cambio.almacenes)
    antes, pedidos = _asignados(ctx, usuario_id), frozenset(cambio.almacenes)
    query = select(UsuarioAlmacen).where(UsuarioAlmacen.usuario_id == usuario_id)
    tiene = {uno.almacen_id: uno for uno in ctx.session.scalars(query)}
    for almacen_id in tiene.keys() - pedidos:
        ctx.session.delete(tiene[almacen_id])
    for almacen_id in sorted(pedidos - tiene.keys()):
        ctx.session.add(UsuarioAlmacen(usuario_id=usuario_id, almacen_id=almacen_id))
    ctx.session.flush()
    ctx.audit(
        "cambiar_almacenes",
        "usuarios",
        usuario_id,
        antes={"almacenes": sorted(antes or ())},
        despues={"almacenes": sorted(pedidos)},
        modulo="inventory",
    )
    return ver_almacenes(ctx, usuario_id)


def confinar_nuevo(ctx: Ctx, nuevo: UsuarioCreado) -> None:
    """Confine a new user to the almacenes of who made them, or these would be free through them."""
    for almacen_id in sorted(ctx.scope("almacenes_asignados") or ()):
        ctx.session.add(UsuarioAlmacen(usuario_id=nuevo.usuario_id, almacen_id=almacen_id))
    ctx.session.flush()


SUBSCRIBERS = [Subscriber("usuario_creado", confinar_nuevo)]


def _comprobar_asignables(ctx: Ctx, pedidos: list[int]) -> None:
    if not pedidos and ctx.scope("almacenes_asignados") is not None:
        raise Forbidden(
            "Usted está limitado a sus almacenes y solo dispone sobre ellos.",
            code="lugar_ajeno",
            field="almacenes",
        )
    known = set(ctx.session.scalars(select(Almacen.id).where(Almacen.id.in_(pedidos))))
    faults = [
        FieldError(f"almacenes.{index}", "no_existe", "No existe o no está a su alcance.")
        for index, uno in enumerate(pedidos)
        if uno not in known
    ]
    if faults:
        raise refused(faults)
