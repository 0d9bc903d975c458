"""Physical counts: a sheet, what people count, and the corrections that follow. Source: módulo 2.

What the system says is noted at the instant of counting, so goods that are sold between counting
and closing do not show as a difference. Goods on their way to another almacén are on no shelf any
more, so they are not expected. What one count corrects, other counts of the same goods find
corrected: two sheets with one difference lead to one ajuste.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm.attributes import flag_modified

from addons.inventory.models import ABIERTO, ANULADO, CERRADO, ConteoStock, Producto
from addons.inventory.schemas import (
    MAX_HOJA,
    MAX_LINEAS,
    Contado,
    ConteoCerrado,
    ConteoLeido,
    ConteoNuevo,
    HojaTecleada,
    LineaContada,
    LineaConteo,
)
from addons.inventory.services import alcance, libro
from addons.inventory.services.eleccion import LoteLeido
from addons.inventory.services.libro import Libro, Movimiento
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import Conflict, FieldError, NotFound
from kernel.messages import refused

UNA_O_NINGUNA = (None, Decimal(0), Decimal(1))
"""What can be counted of a unit that has a number of its own."""

ABRIR = Statement(
    "conteo_abrir",
    """
    INSERT INTO detalle_conteo (conteo_id, producto_id, lote_id)
    SELECT %(conteo)s, pr.id, l.id
      FROM productos pr
      LEFT JOIN productos_almacen pa ON pa.producto_id = pr.id AND pa.almacen_id = %(almacen)s
      LEFT JOIN lotes_series l ON l.producto_id = pr.id AND l.almacen_id = %(almacen)s
           AND l.cantidad_actual > 0 AND pr.trazabilidad <> 'ninguna'
     WHERE CASE WHEN %(todos)s THEN pa.id IS NOT NULL
                ELSE pr.id = ANY(%(productos)s::bigint[]) END
       AND (pr.trazabilidad = 'ninguna' OR l.id IS NOT NULL)
     ORDER BY pr.sku, l.id
    RETURNING producto_id
    """,
)
LINEAS = Statement(
    "conteo_lineas",
    """
    SELECT d.id, d.producto_id, pr.sku, pr.nombre, d.lote_id, l.numero_lote, l.numero_serie,
           concat_ws(' / ', u.zona, nullif(u.estanteria, ''), nullif(u.seccion, '')),
           d.stock_sistema, d.cantidad_contada, d.cantidad_contada - d.stock_sistema
      FROM detalle_conteo d
      JOIN productos pr ON pr.id = d.producto_id
      LEFT JOIN lotes_series l ON l.id = d.lote_id
      LEFT JOIN productos_almacen pa ON pa.producto_id = d.producto_id
           AND pa.almacen_id = %(almacen)s
      LEFT JOIN ubicaciones_almacen u ON u.id = pa.ubicacion_id
     WHERE d.conteo_id = %(conteo)s
     ORDER BY u.zona NULLS LAST, u.estanteria, u.seccion, pr.sku, d.id
    """,
)
CONTAR = Statement(
    "conteo_contar",
    """
    INSERT INTO detalle_conteo (conteo_id, producto_id, lote_id, stock_sistema, cantidad_contada,
                                usuario_id, contado_at)
    SELECT %(conteo)s, u.*, %(usuario)s, %(ahora)s
      FROM unnest(%(productos)s::bigint[], %(lotes)s::bigint[], %(sistema)s::numeric[],
                  %(cantidades)s::numeric[]) AS u
    ON CONFLICT (conteo_id, producto_id, (coalesce(lote_id, 0)))
    DO UPDATE SET stock_sistema = excluded.stock_sistema,
                  cantidad_contada = excluded.cantidad_contada,
                  usuario_id = excluded.usuario_id, contado_at = excluded.contado_at
    """,
)
EN_CAMINO = Statement(
    "conteo_en_camino",
    """
    SELECT d.producto_id, d.lote_id, sum(d.cantidad_enviada)
      FROM detalle_transferencia d JOIN transferencias t ON t.id = d.transferencia_id
     WHERE t.almacen_origen_id = %(almacen)s AND t.estado IN ('ENVIADA', 'CON_INCIDENCIA')
       AND d.producto_id = ANY(%(productos)s::bigint[])
     GROUP BY 1, 2
    """,
)
"""What left an almacén and is in its stock until the destination confirms."""
CORREGIDAS = Statement(
    "conteo_corregidas",
    """
    UPDATE detalle_conteo d SET stock_sistema = d.stock_sistema + u.diferencia
      FROM conteos_stock c,
           unnest(%(productos)s::bigint[], %(lotes)s::bigint[], %(diferencias)s::numeric[])
           AS u(producto_id, lote_id, diferencia)
     WHERE c.id = d.conteo_id AND c.almacen_id = %(almacen)s AND c.estado = 'ABIERTO'
       AND c.id <> %(conteo)s AND d.producto_id = u.producto_id
       AND d.lote_id IS NOT DISTINCT FROM u.lote_id
    """,
)
"""Lines of other open counts: their difference is what is left of it after these corrections."""


def crear_conteo(ctx: Ctx, nuevo: ConteoNuevo) -> ConteoLeido:
    """Return the count with its sheet.

    Raises:
        ValidationFailed: the almacén or a product doesn't exist, or there is nothing to count, or
            more than a sheet holds.
        Forbidden: the almacén is out of the user's reach.
    """
    alcance.comprobar(ctx, {"almacen_id": nuevo.almacen_id}, _desconocidos(ctx, nuevo))
    uno = ConteoStock(
        almacen_id=nuevo.almacen_id, nota=nuevo.nota, usuario_id=ctx.user_id, created_at=ctx.now
    )
    ctx.session.add(uno)
    ctx.session.flush()
    rows = ctx.sql(
        ABRIR,
        conteo=uno.id,
        almacen=uno.almacen_id,
        todos=not nuevo.productos,
        productos=nuevo.productos,
    )
    field = "productos" if nuevo.productos else "almacen_id"
    if not rows:
        raise refused([FieldError(field, "vacio", "No hay nada que contar.")])
    if len(rows) > MAX_HOJA:
        text = f"Serían {len(rows)} líneas y una hoja lleva {MAX_HOJA}: cuente por partes."
        raise refused([FieldError(field, "muchas_lineas", text)])
    return _leido(ctx, uno)


def _desconocidos(ctx: Ctx, nuevo: ConteoNuevo) -> list[FieldError]:
    query = select(Producto.id).where(Producto.id.in_(nuevo.productos))
    hay = set(ctx.session.scalars(query)) if nuevo.productos else set[int]()
    return [
        FieldError(f"productos.{index}", "no_existe", "No existe un producto con este id.")
        for index, uno in enumerate(nuevo.productos)
        if uno not in hay
    ]


def ver_conteo(ctx: Ctx, conteo_id: int) -> ConteoLeido:
    """Return a count with its lines.

    Raises:
        NotFound: there is none within reach.
    """
    return _leido(ctx, _buscar(ctx, conteo_id))


def contar(ctx: Ctx, conteo_id: int, contado: Contado) -> ConteoLeido:
    """Return the count after quantities were typed; products that the sheet lacks are added.

    Raises:
        NotFound: there is none within reach.
        Conflict: it is closed.
        ValidationFailed: a product or a lot doesn't exist, or is named twice.
    """
    uno = _abierto(ctx, conteo_id)
    flag_modified(uno, "nota")  # what is counted makes a version
    abierto = libro.abrir(ctx, [linea.producto_id for linea in contado.detalle])
    lotes = _lotes(abierto, uno.almacen_id, contado.detalle)
    _comprobar_lineas(abierto, contado.detalle, lotes)
    ctx.sql(
        CONTAR,
        conteo=uno.id,
        productos=[linea.producto_id for linea in contado.detalle],
        lotes=[lote.id if lote is not None else None for lote in lotes],
        sistema=_esperadas(abierto, uno.almacen_id, contado.detalle, lotes),
        cantidades=[linea.cantidad for linea in contado.detalle],
        usuario=ctx.user_id,
        ahora=ctx.now,
    )
    return _leido(ctx, uno)


def _esperadas(
    abierto: Libro,
    almacen_id: int,
    lineas: Sequence[LineaContada],
    lotes: Sequence[LoteLeido | None],
) -> list[Decimal]:
    """Return what should be on the shelves of each line."""
    productos = [linea.producto_id for linea in lineas]
    rows = abierto.ctx.sql(EN_CAMINO, almacen=almacen_id, productos=productos)
    en_camino = {(row[0], row[1]): row[2] for row in rows}
    return [
        (abierto.saldo(almacen_id, linea.producto_id) if lote is None else lote).actual
        - en_camino.get((linea.producto_id, None if lote is None else lote.id), 0)
        for linea, lote in zip(lineas, lotes, strict=True)
    ]


def teclear(ctx: Ctx, conteo_id: int, hoja: HojaTecleada) -> ConteoLeido:
    """Return the count after lines of its sheet were typed; what did not change keeps its instant.

    Raises:
        NotFound: there is none within reach.
        Conflict: it is closed, or somebody typed in it meanwhile.
        ValidationFailed: a line is not of the sheet, or stands twice.
    """
    uno = _abierto(ctx, conteo_id)
    if hoja.version not in (None, uno.version):
        raise Conflict(
            "Otra persona tecleó en esta hoja mientras usted contaba.",
            code="version_obsoleta",
            field="version",
        )
    lineas = {linea.id: linea for linea in _lineas(ctx, uno)}
    faults, vistas = [], set[int]()
    contadas: list[LineaContada] = []
    for index, dicha in enumerate(hoja.lineas):
        linea = lineas.get(dicha.id)
        if linea is None or dicha.id in vistas:
            text = "No es una línea de esta hoja, o ya está arriba."
            faults.append(FieldError(f"lineas.{index}.id", "ajena", text))
        elif linea.numero_serie and dicha.cantidad_contada not in UNA_O_NINGUNA:
            faults.append(_por_serie(f"lineas.{index}.cantidad_contada"))
        elif dicha.cantidad_contada not in (None, linea.cantidad_contada):
            contadas.append(_contada(linea, dicha.cantidad_contada))
        vistas.add(dicha.id)
    if faults:
        raise refused(faults)
    contadas.sort(key=lambda linea: linea.producto_id)  # the order in which everybody locks them
    for start in range(0, len(contadas), MAX_LINEAS):
        contar(ctx, conteo_id, Contado(detalle=contadas[start : start + MAX_LINEAS]))
    return _leido(ctx, uno)


def _por_serie(field: str) -> FieldError:
    return FieldError(field, "una_por_serie", "Cada número de serie es una unidad.")


def _contada(linea: LineaConteo, cantidad: Decimal | None) -> LineaContada:
    return LineaContada(
        producto_id=linea.producto_id,
        numero_lote=linea.numero_lote or "",
        numero_serie=linea.numero_serie or "",
        cantidad=cantidad or Decimal(0),
    )


def _lotes(
    abierto: Libro, almacen_id: int, lineas: Sequence[LineaContada]
) -> list[LoteLeido | None]:
    """Return the lot that each line names in the almacén."""
    nombrados = [linea for linea in lineas if linea.numero_lote or linea.numero_serie]
    rows = abierto.ctx.sql(
        libro.LOTES,
        productos=[linea.producto_id for linea in nombrados],
        numeros=[n for one in nombrados for n in (one.numero_lote, one.numero_serie) if n],
        ids=[],
    )
    lotes = [lote for lote in (LoteLeido(*row) for row in rows) if lote.almacen_id == almacen_id]
    found: list[LoteLeido | None] = []
    for linea in lineas:
        iguales = [
            lote
            for lote in lotes
            if lote.producto_id == linea.producto_id
            and linea.numero_lote in ("", lote.numero_lote)
            and linea.numero_serie == lote.numero_serie
        ]
        nombra = linea.numero_lote or linea.numero_serie
        found.append(iguales[0] if nombra and iguales else None)
    return found


def _comprobar_lineas(
    abierto: Libro, lineas: Sequence[LineaContada], lotes: Sequence[LoteLeido | None]
) -> None:
    faults: list[FieldError] = []
    vistas: set[tuple[int, int]] = set()
    for index, (linea, lote) in enumerate(zip(lineas, lotes, strict=True)):
        field = f"detalle.{index}"
        faults += abierto.faltas_de(linea.producto_id, f"{field}.producto_id")
        trazado = abierto.trazado(linea.producto_id)
        if trazado and lote is None:
            text = "Indique un lote o serie que este almacén tenga; dé entrada al que falte."
            faults.append(FieldError(f"{field}.numero_lote", "lote_ajeno", text))
        elif not trazado and (linea.numero_lote or linea.numero_serie):
            text = "Este producto no lleva lotes."
            faults.append(FieldError(f"{field}.numero_lote", "sin_trazabilidad", text))
        if linea.numero_serie and linea.cantidad not in UNA_O_NINGUNA:
            faults.append(_por_serie(f"{field}.cantidad"))
        clave = linea.producto_id, lote.id if lote is not None else 0
        if clave in vistas:
            text = "Esta línea ya está arriba."
            faults.append(FieldError(f"{field}.producto_id", "repetida", text))
        vistas.add(clave)
    if faults:
        raise refused(faults)


def cerrar_conteo(ctx: Ctx, conteo_id: int) -> ConteoCerrado:
    """Return the corrections that the differences led to; what was not counted stays as it is.

    Raises:
        NotFound: there is none within reach.
        Conflict: it is closed already.
        StockInsuficiente: goods that were found missing have left since, or are promised.
    """
    uno = _abierto(ctx, conteo_id)
    lineas = _lineas(ctx, uno)
    ajustes = _corregir(ctx, uno, {linea.producto_id for linea in lineas if linea.diferencia})
    uno.estado, uno.cerrado_at = CERRADO, ctx.now
    ctx.session.flush()
    ctx.audit("ajustar", "conteos_stock", uno.id, despues={"ajustes": ajustes}, modulo="inventory")
    sin_contar = sum(1 for linea in lineas if linea.cantidad_contada is None)
    return ConteoCerrado(id=uno.id, estado=uno.estado, ajustes=ajustes, sin_contar=sin_contar)


def _corregir(ctx: Ctx, uno: ConteoStock, productos: set[int]) -> list[int]:
    """Return the ajustes of what differs of these products, told to other counts of them."""
    if not productos:
        return []
    abierto = libro.abrir(ctx, productos)
    distintas = [  # read again: another count may have corrected them before they were ours
        linea for linea in _lineas(ctx, uno) if linea.diferencia and linea.producto_id in productos
    ]
    if not distintas:
        return []
    ajustes = abierto.mover([_ajuste(uno, linea) for linea in distintas])
    ctx.sql(
        CORREGIDAS,
        conteo=uno.id,
        almacen=uno.almacen_id,
        productos=[linea.producto_id for linea in distintas],
        lotes=[linea.lote_id for linea in distintas],
        diferencias=[linea.diferencia for linea in distintas],
    )
    return ajustes


def _ajuste(uno: ConteoStock, linea: LineaConteo) -> Movimiento:
    diferencia = linea.diferencia or Decimal(0)
    sobra = diferencia > 0
    return Movimiento(
        libro.AJUSTE,
        linea.producto_id,
        abs(diferencia),
        origen_id=None if sobra else uno.almacen_id,
        destino_id=uno.almacen_id if sobra else None,
        motivo=f"Conteo {uno.id}: contado {linea.cantidad_contada}, sistema {linea.stock_sistema}",
        referencia=f"conteo:{uno.id}",
        lote_id=None if sobra else linea.lote_id,
        numero_lote=(linea.numero_lote or "") if sobra else "",
        numero_serie=(linea.numero_serie or "") if sobra else "",
        campo=f"lineas.{linea.id}.cantidad",
    )


def anular_conteo(ctx: Ctx, conteo_id: int) -> ConteoLeido:
    """Return the count after it was given up; nothing is corrected.

    Raises:
        NotFound: there is none within reach.
        Conflict: it is closed already.
    """
    uno = _abierto(ctx, conteo_id)
    uno.estado, uno.cerrado_at = ANULADO, ctx.now
    return _leido(ctx, uno)


def _buscar(ctx: Ctx, conteo_id: int, **facts: Any) -> ConteoStock:
    uno = ctx.session.get(ConteoStock, conteo_id, **facts)
    if uno is None:
        raise NotFound
    return uno


def _abierto(ctx: Ctx, conteo_id: int) -> ConteoStock:
    uno = _buscar(ctx, conteo_id, with_for_update=True)
    if uno.estado != ABIERTO:
        raise Conflict(f"El conteo está {uno.estado}.", code="estado_no_permite")
    return uno


def _lineas(ctx: Ctx, uno: ConteoStock) -> list[LineaConteo]:
    names = list(LineaConteo.model_fields)
    rows = ctx.sql(LINEAS, conteo=uno.id, almacen=uno.almacen_id)
    return [LineaConteo(**dict(zip(names, row, strict=True))) for row in rows]


def _leido(ctx: Ctx, uno: ConteoStock) -> ConteoLeido:
    ctx.session.flush()
    names = [name for name in ConteoLeido.model_fields if name != "lineas"]
    return ConteoLeido(**{name: getattr(uno, name) for name in names}, lineas=_lineas(ctx, uno))
