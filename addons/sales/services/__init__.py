"""Rules of sales. Source: spec/erp-modules.md, módulo 1."""

from addons.sales import schemas
from kernel.events import EventType
from kernel.sequences import Sequence

EVENTS = [
    EventType("venta_registrada", schemas.VentaRegistrada, "Una venta se registró."),
    EventType("venta_anulada", schemas.VentaAnulada, "Una venta se anuló."),
    EventType("devolucion_registrada", schemas.DevolucionRegistrada, "Parte de una venta volvió."),
    EventType(
        "orden_venta_confirmada", schemas.OrdenVentaConfirmada, "Se prometió lo de una orden."
    ),
    EventType("orden_venta_cerrada", schemas.OrdenVentaCerrada, "Una orden se atendió o se anuló."),
]
SEQUENCES = [
    Sequence(name) for name in ("venta", "reporte_z", "devolucion", "cotizacion", "orden_venta")
]
"""Numbers without gaps: of sales within a caja, of closings within a sucursal, of the rest."""
