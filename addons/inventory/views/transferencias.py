"""Screens of transfers."""

from addons.inventory.views.campos import MOTIVO
from kernel.views import (
    Button,
    Choice,
    Column,
    Field,
    Filter,
    FormView,
    Lines,
    ListView,
    Section,
    StateBar,
    View,
)

TRANSFERENCIA_ESTADOS = (
    Choice("SOLICITADA", "Solicitada", "info"),
    Choice("CANCELADA", "Cancelada"),
    Choice("ENVIADA", "Enviada", "info"),
    Choice("CON_INCIDENCIA", "Con incidencia", "bad"),
    Choice("CONFIRMADA", "Confirmada", "good"),
)

INCIDENCIA_ESTADOS = (Choice("ABIERTA", "Abierta", "bad"), Choice("RESUELTA", "Resuelta", "good"))
RESOLUCIONES = (
    Choice("enviada", "Llegó todo lo enviado"),
    Choice("recibida", "Solo salió lo contado"),
    Choice("perdida", "Lo que falta se perdió"),
)


def _confirmar(id: str, estado: str, *, primary: bool) -> Button:
    """Return the button of who receives: the next step once the goods left; before that only where
    nobody noted that they did."""
    return Button(
        id,
        "Confirmar la recepción",
        "/api/inventario/transferencia/{id}/confirmar/",
        "check",
        primary=primary,
        when=(estado,),
        fields=(
            Lines(
                "detalle",
                "detalle",
                "Lo que llegó",
                (
                    Column("detalle_id", "N.º", "hidden", begins=("id",)),
                    Column("producto_id", "Producto"),
                    Column("numero_lote", "Lote"),
                    Column("numero_serie", "Serie"),
                    Column("cantidad_enviada", "Enviado"),
                    Column(
                        "cantidad_recibida",
                        "Recibido",
                        begins=("cantidad_recibida", "cantidad_enviada"),
                    ),
                ),
                begins="detalle",
            ),
        ),
    )


TRANSFERENCIAS: list[View] = [
    ListView(
        "inventory.transferencias.list",
        "Transferencias",
        "stock.ver",
        "/api/inventario/transferencia/",
        (
            Column("id", "N.º"),
            Column("almacen_origen_id", "De"),
            Column("almacen_destino_id", "A"),
            Column("estado", "Estado", choices=TRANSFERENCIA_ESTADOS),
            Column("fecha_solicitud", "Solicitada"),
            Column("fecha_confirmacion", "Confirmada"),
            Column("nota", "Nota", optional=True),
        ),
        filters=(
            Filter("en_curso", "En curso", "estado__in=SOLICITADA,ENVIADA,CON_INCIDENCIA"),
            Filter("incidencias", "Con incidencia", "estado=CON_INCIDENCIA"),
        ),
        icon="truck",
        empty="Envíe mercadería de un almacén a otro con la primera transferencia.",
    ),
    FormView(
        "inventory.transferencias.form",
        "Transferencia",
        "stock.ver",
        "/api/inventario/transferencia/",
        (
            Section(
                "transferencia",
                fields=(
                    Field("almacen_origen_id", "De", span=2),
                    Field("almacen_destino_id", "A", span=2),
                    Field("nota", "Nota", span=4),
                    Field("fecha_solicitud", "Solicitada"),
                    Field("fecha_envio", "Enviada"),
                    Field("fecha_confirmacion", "Confirmada"),
                ),
            ),
            Lines(
                "detalle",
                "detalle",
                "Mercadería",
                (
                    Column("id", "Línea", "hidden"),
                    Column("producto_id", "Producto"),
                    Column("cantidad_enviada", "Enviado"),
                    Column("cantidad_recibida", "Recibido"),
                    Column("numero_lote", "Lote"),
                    Column("numero_serie", "Serie"),
                ),
            ),
            Lines(
                "incidencias",
                "incidencias",
                "Incidencias",
                (
                    Column("cantidad_enviada", "Enviado"),
                    Column("cantidad_recibida", "Recibido"),
                    Column("estado", "Estado"),
                    Column("resolucion", "Resolución"),
                    Column("motivo", "Motivo"),
                ),
            ),
        ),
        buttons=(
            Button(
                "enviar",
                "Enviar",
                "/api/inventario/transferencia/{id}/enviar/",
                "truck",
                primary=True,
                when=("SOLICITADA",),
            ),
            _confirmar("recibir", "SOLICITADA", primary=False),
            _confirmar("confirmar", "ENVIADA", primary=True),
            Button(
                "cancelar",
                "Cancelar",
                "/api/inventario/transferencia/{id}/cancelar/",
                "x",
                when=("SOLICITADA",),
                confirm="¿Cancelar la transferencia?",
            ),
        ),
        locked=("CON_INCIDENCIA", "CONFIRMADA", "CANCELADA"),
        states=StateBar("estado", TRANSFERENCIA_ESTADOS, rare=("CANCELADA", "CON_INCIDENCIA")),
        name="id",
    ),
    ListView(
        "inventory.incidencias.list",
        "Incidencias",
        "stock.ver",
        "/api/inventario/incidencias/",
        (
            Column("transferencia_id", "Transferencia"),
            Column("producto_id", "Producto"),
            Column("cantidad_enviada", "Enviado"),
            Column("cantidad_recibida", "Recibido"),
            Column("estado", "Estado", choices=INCIDENCIA_ESTADOS),
            Column("resolucion", "Resolución", choices=RESOLUCIONES),
            Column("motivo", "Motivo", optional=True),
            Column("created_at", "Desde"),
        ),
        filters=(Filter("abiertas", "Abiertas", "estado=ABIERTA"),),
        icon="triangle-alert",
        empty="Ninguna transferencia llegó distinta de como se envió.",
    ),
    FormView(
        "inventory.incidencias.form",
        "Incidencia",
        "stock.ver",
        "/api/inventario/incidencias/",
        (
            Section(
                "incidencia",
                fields=(
                    Field("transferencia_id", "Transferencia", span=2),
                    Field("producto_id", "Producto", span=2),
                    Field("cantidad_enviada", "Enviado"),
                    Field("cantidad_recibida", "Recibido"),
                    Field("created_at", "Desde"),
                    Field("resuelta_at", "Resuelta"),
                    Field("resolucion", "Resolución", choices=RESOLUCIONES, span=2),
                    Field("motivo", "Motivo", span=4),
                ),
            ),
        ),
        buttons=(
            Button(
                "resolver",
                "Resolver",
                "/api/inventario/incidencias/{id}/resolver/",
                "check",
                primary=True,
                when=("ABIERTA",),
                fields=(
                    Field("resolucion", "Qué pasó", choices=RESOLUCIONES, span=4),
                    MOTIVO,
                ),
            ),
        ),
        states=StateBar("estado", INCIDENCIA_ESTADOS),
        name="id",
    ),
]
