"""Rules of inventory: stock moves in set-based statements. Source: módulo 2.

Rows are locked in the order of the product, so that two sales of the same goods wait for each
other instead of failing.
"""

from collections import defaultdict
from decimal import Decimal

from sqlalchemy import select

from addons.base.schemas import UsuarioCreado
from addons.base.services import cuentas
from addons.base.services.usuarios import ALCANCE
from addons.inventory.models import Almacen, UsuarioAlmacen
from addons.inventory.schemas import (
    AlmacenesCambio,
    AlmacenesDelUsuario,
    EntradaNueva,
    MovimientoCreado,
)
from addons.sales.errors import StockInsuficiente
from addons.sales.schemas import LineaVendida, VentaRegistrada
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import FieldError, Forbidden
from kernel.events import Subscriber
from kernel.messages import refused
from kernel.rbac import Scope

LIMITE = Decimal("9999999999.9999")
"""The largest quantity that the tables hold."""

VENDER = Statement(
    "stock_vender",
    """
    WITH almacen AS (
      SELECT id FROM almacenes WHERE sucursal_id = %(sucursal)s AND activo
       ORDER BY tipo <> 'PRINCIPAL', id LIMIT 1
    ), pedido AS (
      SELECT * FROM unnest(%(productos)s::bigint[], %(cantidades)s::numeric[])
                    AS p(producto_id, cantidad)
    ), fila AS (
      SELECT pa.id, pa.producto_id, pa.stock_actual, p.cantidad,
             pa.stock_actual >= p.cantidad OR pr.permite_venta_sin_stock AS alcanza
        FROM almacen
        JOIN productos_almacen pa ON pa.almacen_id = almacen.id
        JOIN pedido p ON p.producto_id = pa.producto_id
        JOIN productos pr ON pr.id = pa.producto_id
       ORDER BY pa.producto_id
         FOR NO KEY UPDATE OF pa, pr
    ), falta AS (
      SELECT p.producto_id, coalesce(f.stock_actual, 0) AS hay, f.id IS NULL AS sin_fila
        FROM pedido p LEFT JOIN fila f USING (producto_id)
       WHERE NOT coalesce(f.alcanza, false)
    ), cambio AS (
      UPDATE productos_almacen pa SET stock_actual = pa.stock_actual - f.cantidad
        FROM fila f WHERE pa.id = f.id AND NOT EXISTS (SELECT FROM falta)
      RETURNING pa.producto_id, pa.stock_actual, pa.stock_minimo
    ), total AS (
      UPDATE productos pr SET stock_actual = pr.stock_actual - f.cantidad
        FROM fila f WHERE pr.id = f.producto_id AND NOT EXISTS (SELECT FROM falta)
    ), movimiento AS (
      INSERT INTO movimientos_stock (producto_id, almacen_origen_id, tipo_movimiento, cantidad,
                                     usuario_id, referencia_doc, created_at)
      SELECT f.producto_id, almacen.id, 'VENTA', f.cantidad, %(usuario)s, %(referencia)s, %(ahora)s
        FROM fila f, almacen WHERE NOT EXISTS (SELECT FROM falta)
    )
    SELECT 'falta', producto_id, hay, sin_fila FROM falta
    UNION ALL
    SELECT 'minimo', producto_id, stock_actual, false FROM cambio
     WHERE stock_actual < 0 OR (stock_minimo > 0 AND stock_actual <= stock_minimo)
    """,
)
ABRIR_FILAS = Statement(
    "stock_abrir_filas",
    """
    INSERT INTO productos_almacen (almacen_id, producto_id)
    SELECT a.id, pr.id
      FROM (SELECT id FROM almacenes WHERE sucursal_id = %(sucursal)s AND activo
             ORDER BY tipo <> 'PRINCIPAL', id LIMIT 1) a,
           productos pr
     WHERE pr.id = ANY(%(productos)s::bigint[]) AND pr.permite_venta_sin_stock
    ON CONFLICT DO NOTHING
    RETURNING producto_id
    """,
)
COMPROBAR = Statement(
    "stock_comprobar",
    """
    SELECT (SELECT activo FROM almacenes WHERE id = %(almacen)s),
           (SELECT stock_actual FROM productos WHERE id = %(producto)s)
    """,
    reads=True,
)
ENTRAR = Statement(
    "stock_entrar",
    """
    WITH fila AS (
      INSERT INTO productos_almacen AS pa (almacen_id, producto_id, stock_actual)
      VALUES (%(almacen)s, %(producto)s, %(cantidad)s)
      ON CONFLICT (almacen_id, producto_id)
      DO UPDATE SET stock_actual = pa.stock_actual + excluded.stock_actual
    ), total AS (
      UPDATE productos SET stock_actual = stock_actual + %(cantidad)s WHERE id = %(producto)s
    )
    INSERT INTO movimientos_stock (producto_id, almacen_destino_id, tipo_movimiento, cantidad,
                                   motivo, usuario_id, referencia_doc, created_at)
    VALUES (%(producto)s, %(almacen)s, 'ENTRADA', %(cantidad)s, %(motivo)s, %(usuario)s,
            %(referencia)s, %(ahora)s)
    RETURNING id
    """,
)
LIBRO = Statement(
    "stock_libro",
    """
    WITH libro AS (
      SELECT almacen_id, producto_id, sum(cantidad) AS cantidad FROM (
        SELECT almacen_destino_id AS almacen_id, producto_id, cantidad FROM movimientos_stock
         WHERE almacen_destino_id IS NOT NULL
        UNION ALL
        SELECT almacen_origen_id, producto_id, -cantidad FROM movimientos_stock
         WHERE almacen_origen_id IS NOT NULL) m
      GROUP BY 1, 2
    )
    SELECT coalesce(pa.almacen_id, libro.almacen_id), coalesce(pa.producto_id, libro.producto_id),
           coalesce(pa.stock_actual, 0), coalesce(libro.cantidad, 0)
      FROM productos_almacen pa FULL JOIN libro USING (almacen_id, producto_id)
     WHERE coalesce(pa.stock_actual, 0) <> coalesce(libro.cantidad, 0)
     ORDER BY 1, 2 LIMIT 1
    """,
)
TOTALES = Statement(
    "stock_totales",
    """
    SELECT pr.id, pr.stock_actual, coalesce(sum(pa.stock_actual), 0)
      FROM productos pr LEFT JOIN productos_almacen pa ON pa.producto_id = pr.id
     GROUP BY pr.id HAVING pr.stock_actual <> coalesce(sum(pa.stock_actual), 0)
     ORDER BY pr.id LIMIT 1
    """,
)


def descontar_venta(ctx: Ctx, venta: VentaRegistrada) -> None:
    """Take the sold goods out of the sucursal's warehouse, in the sale's transaction.

    Raises:
        StockInsuficiente: a product without enough units; every such line is named.
    """
    cantidades = _sumar(venta.lineas)
    rows = _vender(ctx, venta, cantidades)
    sin_fila = [row[1] for row in rows if row[3]]
    if sin_fila and ctx.sql(ABRIR_FILAS, sucursal=venta.sucursal_id, productos=sin_fila):
        rows = _vender(ctx, venta, cantidades)
    faltas = {row[1]: row[2] for row in rows if row[0] == "falta"}
    if faltas:
        raise _sin_stock(venta, faltas)
    bajos = [row[1] for row in rows if row[0] == "minimo"]
    if bajos:
        ctx.enqueue("inventory.avisar_stock_minimo", sucursal_id=venta.sucursal_id, productos=bajos)


def _sumar(lineas: tuple[LineaVendida, ...]) -> dict[int, Decimal]:
    cantidades: dict[int, Decimal] = defaultdict(Decimal)
    for linea in lineas:
        cantidades[linea.producto_id] += linea.cantidad
    return cantidades


def _vender(
    ctx: Ctx, venta: VentaRegistrada, cantidades: dict[int, Decimal]
) -> list[tuple[str, int, Decimal, bool]]:
    return ctx.sql(
        VENDER,
        sucursal=venta.sucursal_id,
        productos=list(cantidades),
        cantidades=list(cantidades.values()),
        usuario=ctx.user_id,
        referencia=f"venta:{venta.venta_id}",
        ahora=ctx.now,
    )


def _sin_stock(venta: VentaRegistrada, faltas: dict[int, Decimal]) -> StockInsuficiente:
    errors = [
        FieldError(
            linea.campo, "stock_insuficiente", f"Quedan {faltas[linea.producto_id].normalize():f}."
        )
        for linea in venta.lineas
        if linea.producto_id in faltas
    ]
    return StockInsuficiente("No hay stock suficiente.", errors=errors)


def registrar_entrada(ctx: Ctx, entrada: EntradaNueva) -> MovimientoCreado:
    """Return the movement that brings goods into a warehouse.

    Raises:
        ValidationFailed: the product or the warehouse doesn't exist, or so much doesn't fit.
        Forbidden: the warehouse is out of the user's reach.
    """
    _comprobar(ctx, entrada)
    rows = ctx.sql(
        ENTRAR,
        almacen=entrada.almacen_id,
        producto=entrada.producto_id,
        cantidad=entrada.cantidad,
        motivo=entrada.motivo,
        usuario=ctx.user_id,
        referencia=entrada.referencia_doc,
        ahora=ctx.now,
    )
    ctx.audit(
        "entrada", "movimientos_stock", rows[0][0], despues=entrada.model_dump(), modulo="inventory"
    )
    return MovimientoCreado(id=rows[0][0])


def _comprobar(ctx: Ctx, entrada: EntradaNueva) -> None:
    [(activo, stock)] = ctx.sql(COMPROBAR, almacen=entrada.almacen_id, producto=entrada.producto_id)
    faults = []
    if not activo:
        faults.append(FieldError("almacen_id", "no_existe", "No existe un almacén activo así."))
    if stock is None:
        faults.append(FieldError("producto_id", "no_existe", "No existe un producto con este id."))
    elif stock + entrada.cantidad > LIMITE:
        faults.append(FieldError("cantidad", "excede", "El stock sería demasiado grande."))
    if faults:
        raise refused(faults)
    permitidos = ctx.scope("almacenes")
    if permitidos is not None and entrada.almacen_id not in permitidos:
        raise Forbidden("Su usuario no mueve este almacén.", field="almacen_id")


def revisar_libro(ctx: Ctx) -> str | None:
    """Return the first stock that is not the sum of its movements, or None."""
    rows = ctx.sql(LIBRO)
    if rows:
        almacen, producto, stock, suma = rows[0]
        return (
            f"productos_almacen(almacen {almacen}, producto {producto}) dice {stock} y sus "
            f"movimientos suman {suma}"
        )
    rows = ctx.sql(TOTALES)
    if rows:
        producto, stock, suma = rows[0]
        return f"productos({producto}) dice {stock} y sus almacenes suman {suma}"
    return None


# Where a user may look and move ------------------------------------------------------------------

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


SUBSCRIBERS = [
    Subscriber("venta_registrada", descontar_venta),
    Subscriber("usuario_creado", confinar_nuevo),
]


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
