"""What a sale needs to know before it is written, and how it is written. Source: módulo 1."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from addons.sales.services import precios
from addons.sales.services.precios import Oferta
from kernel.db import Statement
from kernel.sequences import NEXT

PREPARAR = Statement(
    "venta_preparar",
    f"""
    WITH numero AS ({NEXT.sql}),
    caja AS (SELECT estado, sucursal_id FROM cajas WHERE id = %(caja)s FOR SHARE),
    {precios.OFERTA},
    metodo AS (
      SELECT array_agg(codigo) AS codigos, array_agg(id) AS ids,
             array_agg(es_efectivo) AS efectivos, array_agg(es_credito) AS creditos
        FROM metodos_pago WHERE activo
    )
    SELECT nextval('ventas_id_seq'),
           ARRAY(SELECT nextval('detalle_venta_id_seq') FROM unnest(%(productos)s::bigint[])),
           numero.last, caja.estado, caja.sucursal_id, cliente.id, empresa.precios_incluyen_igv,
           empresa.tasa_igv, metodo.codigos, metodo.ids, metodo.efectivos, metodo.creditos,
           {precios.COLUMNAS}
      FROM numero CROSS JOIN producto CROSS JOIN lista CROSS JOIN metodo
      LEFT JOIN caja ON true
      LEFT JOIN clientes cliente ON cliente.id = %(cliente)s AND cliente.activo
      LEFT JOIN configuracion empresa ON empresa.id = 1
    """,  # noqa: S608  # composed of our own constants
)
"""What a sale needs to know, its number and ids taken and its caja kept from closing."""

INSERTAR = Statement(
    "venta_insertar",
    """
    WITH venta AS (
      INSERT INTO ventas (id, serie, numero, cliente_id, usuario_id, sucursal_id, caja_id, fecha,
                          subtotal, igv, total, descuento_global, vuelto, monto_credito,
                          fecha_vencimiento, estado, modo_emision, metodo_pago_id, uuid, orden_id)
      VALUES (%(id)s, %(serie)s, %(numero)s, %(cliente)s, %(usuario)s, %(sucursal)s, %(caja)s,
              %(fecha)s, %(subtotal)s, %(igv)s, %(total)s, %(descuento_global)s, %(vuelto)s,
              %(credito)s, %(vence)s::date, 'registrada', %(modo)s, %(metodo)s, %(uuid)s::uuid,
              %(orden)s::bigint)
      RETURNING id
    ), pagos AS (
      INSERT INTO formas_pago (venta_id, metodo, monto, referencia, confirmado)
      SELECT venta.id, p.metodo, p.monto, p.referencia, coalesce(p.confirmado, true)
        FROM venta, unnest(%(metodos)s::text[], %(montos)s::numeric[], %(referencias)s::text[],
                           %(confirmados)s::boolean[])
             AS p(metodo, monto, referencia, confirmado)
    )
    INSERT INTO detalle_venta (id, venta_id, producto_id, cantidad, precio_unitario, descuento,
                               subtotal, igv, total, descuento_global, lote)
    SELECT d.id, venta.id, d.producto_id, d.cantidad, d.precio, d.descuento, d.subtotal, d.igv,
           d.total, coalesce(d.global, 0), coalesce(d.lote, '')
      FROM venta, unnest(%(ids)s::bigint[], %(productos)s::bigint[], %(cantidades)s::numeric[],
                         %(precios)s::numeric[], %(descuentos)s::numeric[],
                         %(subtotales)s::numeric[], %(igvs)s::numeric[], %(totales)s::numeric[],
                         %(globales)s::numeric[], %(lotes)s::text[])
           AS d(id, producto_id, cantidad, precio, descuento, subtotal, igv, total, global, lote)
    """,
)
"""What few sales have (shares of a discount, lots, unconfirmed payments) is null where none is."""


@dataclass(frozen=True, slots=True)
class Metodo:
    """A way to pay that is accepted."""

    id: int
    es_efectivo: bool
    es_credito: bool


@dataclass(frozen=True, slots=True)
class Preparada:
    """What PREPARAR found, by name."""

    venta_id: int
    lineas: list[int]
    """Ids of the lines, in order."""
    numero: int
    estado_caja: str | None
    sucursal_id: int | None
    cliente_id: int | None
    incluyen_igv: bool | None
    tasa: Decimal
    metodos: dict[str, Metodo]
    oferta: Oferta

    @property
    def creditos(self) -> set[str]:
        """The ways to pay later."""
        return {codigo for codigo, metodo in self.metodos.items() if metodo.es_credito}

    @classmethod
    def of(cls, row: tuple[Any, ...]) -> "Preparada":
        """Return the statement's only row by name."""
        codigos, *hechos = (one or () for one in row[8:12])
        metodos = dict(zip(codigos, map(Metodo, *hechos), strict=True))
        venta_id, lineas, numero, estado, sucursal_id, cliente_id, incluyen_igv, tasa = row[:8]
        return cls(
            venta_id,
            lineas,
            numero,
            estado,
            sucursal_id,
            cliente_id,
            incluyen_igv,
            tasa,
            metodos,
            Oferta.of(row[12:]),
        )
