"""Consulta integrada de validez: whether SUNAT knows a comprobante, ours or a supplier's.

It is asked while the caller waits, before anything is written; what SUNAT said is kept.
Source: reference on SUNAT, 1.9.
"""

from __future__ import annotations

from dataclasses import replace
from threading import BoundedSemaphore

from addons.sunat import schemas
from addons.sunat.client import Falla
from addons.sunat.documents.rest import Pregunta, Validez
from addons.sunat.errors import SunatNoResponde
from addons.sunat.models import ValidezConsultada
from addons.sunat.services import emision, empresa
from addons.sunat.services.conexion_rest import cliente_rest, conectar
from kernel.context import Ctx
from kernel.errors import RemoteError

ESTADOS = {
    "0": "No existe",
    "1": "Aceptado",
    "2": "Anulado",
    "3": "Autorizado",
    "4": "No autorizado",
}
ESTADOS_RUC = {
    "00": "Activo",
    "01": "Baja provisional",
    "02": "Baja provisional por oficio",
    "03": "Suspensión temporal",
    "10": "Baja definitiva",
    "11": "Baja de oficio",
    "22": "Inhabilitado-vent. única",
}
CONDICIONES = {
    "00": "Habido",
    "09": "Pendiente",
    "11": "Por verificar",
    "12": "No habido",
    "20": "No hallado",
}
VALIDOS = frozenset({"1", "3"})
OCUPADA = "Ya se pregunta a SUNAT por otros comprobantes; pregunte de nuevo en unos segundos."
ESPERA = 10
"""Seconds that an answer is waited for, by somebody and by a connection to the database."""
A_LA_VEZ = 3
"""Questions that a process waits for at once; its other threads stay free for who sells."""
_TURNOS = BoundedSemaphore(A_LA_VEZ)


def validar(
    ctx: Ctx, consulta: schemas.ConsultaValidez, *, comprobante_id: int | None = None
) -> ValidezConsultada:
    """Return what SUNAT says of a comprobante; ``comprobante_id`` where it is ours.

    Raises:
        SinConfigurar: the company has no application at SUNAT.
        SunatNoResponde: SUNAT is out of reach, refuses who asks, or is being asked enough.
    """
    pregunta = Pregunta(
        quien=empresa.configuracion(ctx).ruc,
        emisor=consulta.ruc,
        tipo=consulta.tipo,
        serie=consulta.serie,
        numero=consulta.numero,
        fecha=f"{consulta.fecha_emision:%d/%m/%Y}",
        monto=consulta.monto,
    )
    dicho = _preguntar(ctx, pregunta)
    hecha = ValidezConsultada(
        comprobante_id=comprobante_id,
        **consulta.model_dump(),
        valido=dicho.estado in VALIDOS,
        estado_cp=dicho.estado,
        estado=ESTADOS.get(dicho.estado, dicho.estado),
        estado_ruc=ESTADOS_RUC.get(dicho.estado_ruc, dicho.estado_ruc),
        condicion_domicilio=CONDICIONES.get(dicho.condicion_domicilio, dicho.condicion_domicilio),
        observaciones=list(dicho.observaciones),
        usuario_id=ctx.user_id,
    )
    ctx.session.add(hecha)
    ctx.session.flush()
    return hecha


def _preguntar(ctx: Ctx, pregunta: Pregunta) -> Validez:
    conexion = conectar(ctx)
    cliente = cliente_rest(ctx.runtime, replace(conexion, espera=min(conexion.espera, ESPERA)))
    if not _TURNOS.acquire(blocking=False):
        raise SunatNoResponde(OCUPADA)
    try:
        return cliente.validar(pregunta)
    except (RemoteError, Falla) as error:
        raise SunatNoResponde(f"SUNAT no respondió: {error}") from None
    finally:
        _TURNOS.release()


def validar_propio(ctx: Ctx, comprobante_id: int) -> ValidezConsultada:
    """Return what SUNAT says of a comprobante of ours.

    Raises:
        NotFound: there is none.
        SinConfigurar, SunatNoResponde: as ``validar``.
    """
    de = emision.encontrar(ctx, comprobante_id)
    consulta = schemas.ConsultaValidez(
        ruc=de.nombre_archivo.partition("-")[0],
        tipo=de.tipo,
        serie=de.serie,
        numero=de.numero,
        fecha_emision=de.fecha_emision,
        monto=de.total_venta,
    )
    return validar(ctx, consulta, comprobante_id=de.id)
