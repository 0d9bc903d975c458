"""What a company issues with: its facts, certificate, SOL user and series. Source: módulo 3."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from threading import Lock
from typing import Any

from pydantic import BaseModel
from sqlalchemy import or_, select

from addons.base.models import Configuracion
from addons.sunat import schemas
from addons.sunat.documents import modelo
from addons.sunat.documents.codigos import NOTAS
from addons.sunat.documents.firma import Llave, abrir_pfx
from addons.sunat.errors import CertificadoRechazado, EstadoNoPermite, SinConfigurar
from addons.sunat.models import Certificado, CredencialSunat, SerieComprobante
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import NotFound, ValidationFailed

_CN = re.compile(r"(?:^|,)CN=([^,]+)")
_llaves: dict[tuple[bytes | None, str | None], Llave] = {}
_candado = Lock()
EMITIR_ATRASADAS = "sunat.emitir_atrasadas"


def configuracion(ctx: Ctx) -> Configuracion:
    """Return the company.

    Raises:
        SinConfigurar: nobody has set it up.
    """
    found = ctx.session.get(Configuracion, 1)
    if found is None:
        raise SinConfigurar("Configure primero los datos de la empresa.")
    return found


def emisor(ctx: Ctx) -> modelo.Emisor:
    """Return the company as its comprobantes name it."""
    de = configuracion(ctx)
    return modelo.Emisor(
        ruc=de.ruc,
        razon_social=de.razon_social,
        nombre_comercial=de.nombre_comercial,
        direccion=de.direccion,
        ubigeo=de.ubigeo,
        codigo_anexo=ctx.config(schemas.Facturacion).codigo_anexo,
    )


ESPERAN = Statement(
    "sunat_esperan",
    """
    SELECT (SELECT count(*) FROM comprobantes
             WHERE estado_sunat IN ('PENDIENTE', 'ENVIADO', 'CONTINGENCIA')
               AND starts_with(nombre_archivo, %(suyo)s)),
           (SELECT count(*) FROM resumen_diario
             WHERE estado_envio IN ('PENDIENTE', 'ENVIADO', 'EN_PROCESO')
               AND starts_with(nombre_archivo, %(suyo)s)),
           (SELECT count(*) FROM bajas_comprobante b JOIN comprobantes c ON c.id = b.comprobante_id
             WHERE b.estado = 'pedida' AND starts_with(c.nombre_archivo, %(suyo)s))
    """,
    reads=True,
)


def exigir_que_nada_espere(ctx: Ctx, ruc: str) -> None:
    """Refuse to leave a RUC in whose name documents are signed that SUNAT has not answered.

    Raises:
        EstadoNoPermite: some are; it says how many.
    """
    [(comprobantes, resumenes, bajas)] = ctx.sql(ESPERAN, suyo=f"{ruc}-")
    if comprobantes or resumenes or bajas:
        raise EstadoNoPermite(
            f"Con el RUC {ruc} esperan a SUNAT {comprobantes} comprobantes, {resumenes} resúmenes "
            f"y {bajas} bajas. Espere las respuestas o retire las bajas, y cambie el RUC después.",
            field="ruc",
        )


def guardar_certificado(ctx: Ctx, nuevo: schemas.CertificadoNuevo) -> Certificado:
    """Return the certificate, sealed; it signs from now on.

    Raises:
        CertificadoRechazado: wrong password, no RSA key, expired, or of another company.
    """
    return sellar_certificado(ctx, nuevo.archivo.read(), nuevo.clave)


def sellar_certificado(ctx: Ctx, pfx: bytes, clave: str) -> Certificado:
    """Return the certificate of a PFX, sealed in the place of the one before.

    Where that one had expired, sales since then get the comprobantes that it could not sign.

    Raises:
        CertificadoRechazado: as ``guardar_certificado``.
    """
    llave = abrir_pfx(pfx, clave)
    _comprobar(ctx, llave)
    anterior = vigente(ctx)
    for otro in ctx.session.scalars(select(Certificado).where(Certificado.activo)):
        otro.activo = False
    made = Certificado(
        titular=llave.titular, serial=llave.serial, desde=llave.desde, hasta=llave.hasta
    )
    ctx.session.add(made)
    ctx.session.flush()
    made.pfx = base64.b64encode(pfx).decode()
    made.clave = clave
    ctx.session.flush()
    if anterior is not None and anterior.hasta <= ctx.now:
        ctx.enqueue(EMITIR_ATRASADAS, certificado_id=anterior.id)
    return made


def _comprobar(ctx: Ctx, llave: Llave) -> None:
    ruc = configuracion(ctx).ruc
    if not llave.nombra(ruc):
        raise CertificadoRechazado(
            f"El certificado no nombra el RUC {ruc}: es de otra empresa (SUNAT: 2325).",
            field="archivo",
        )
    if not llave.desde <= ctx.now < llave.hasta:
        raise CertificadoRechazado(
            f"El certificado rige del {llave.desde:%d/%m/%Y} al {llave.hasta:%d/%m/%Y} "
            "(SUNAT: 2326).",
            field="archivo",
        )


def vigente(ctx: Ctx) -> Certificado | None:
    """Return the certificate that signs."""
    query = select(Certificado).where(Certificado.activo).order_by(Certificado.id.desc()).limit(1)
    return ctx.session.scalars(query).first()


FIRMA = Statement(
    "sunat_firma",
    """
    SELECT id, desde, hasta, sha256(pfx_sellado), (SELECT ruc FROM configuracion WHERE id = 1)
      FROM certificados WHERE activo ORDER BY id DESC LIMIT 1
    """,
    reads=True,
)


def llave(ctx: Ctx) -> Llave:
    """Return the key that signs, opened once in a process.

    Raises:
        SinConfigurar: there is no certificate, or it is not valid today.
    """
    found = llave_vigente(ctx)
    if found is None:
        raise SinConfigurar("Falta el certificado digital: cárguelo en Facturación, Certificados.")
    return found


def llave_vigente(ctx: Ctx) -> Llave | None:
    """Return the key that signs, opened once in a process; none where there is no certificate.

    Raises:
        SinConfigurar: the certificate is not valid today, or of another company.
    """
    rows = ctx.sql(FIRMA)
    if not rows:
        return None
    certificado_id, desde, hasta, huella, ruc = rows[0]
    if ctx.now >= hasta:
        raise SinConfigurar(f"El certificado digital venció el {hasta:%d/%m/%Y}: cargue otro.")
    if ctx.now < desde:
        raise SinConfigurar(f"El certificado digital rige desde el {desde:%d/%m/%Y}.")
    with _candado:
        if (huella, ruc) not in _llaves:
            abierta = _abrir(ctx, certificado_id, ruc)
            _llaves.clear()
            _llaves[huella, ruc] = abierta
        return _llaves[huella, ruc]


def _abrir(ctx: Ctx, certificado_id: int, ruc: str | None) -> Llave:
    found = ctx.session.get_one(Certificado, certificado_id)
    abierta = abrir_pfx(base64.b64decode(found.pfx or ""), found.clave or "")
    if ruc is not None and not abierta.nombra(ruc):
        raise SinConfigurar(
            f"El certificado digital no nombra el RUC {ruc}: es de otra empresa (SUNAT: 2325)."
        )
    return abierta


def con_plazo(ctx: Ctx, filas: Sequence[dict[str, Any]]) -> None:
    """Give rows of certificates the days that are left, and their holders by name alone."""
    for fila in filas:
        if "hasta" in fila:
            fila["dias_restantes"] = (fila["hasta"] - ctx.now).days
        if nombre := _CN.search(fila.get("titular") or ""):
            fila["titular"] = nombre[1]


def ver_credencial(ctx: Ctx) -> CredencialSunat:
    """Return how the company signs in.

    Raises:
        NotFound: nobody has said it yet.
    """
    found = ctx.session.get(CredencialSunat, 1)
    if found is None:
        raise NotFound("Todavía no hay credenciales.")
    return found


def guardar_credencial(ctx: Ctx, nueva: schemas.CredencialNueva) -> CredencialSunat:
    """Return how the company signs in, its password sealed; a blank one leaves what is kept.

    Raises:
        ValidationFailed: none was kept yet, and none is given.
    """
    found = ctx.session.get(CredencialSunat, 1)
    if not nueva.clave and (found is None or not found.clave):
        raise ValidationFailed("Escriba la clave del usuario.", field="clave")
    if found is None:
        found = CredencialSunat(id=1, usuario=nueva.usuario)
        ctx.session.add(found)
        ctx.session.flush()
    found.usuario = nueva.usuario
    found.url_envio, found.url_consulta = nueva.url_envio, nueva.url_consulta
    found.clave = nueva.clave or found.clave
    found.secreto = nueva.client_secret or (found.secreto if nueva.client_id else None)
    found.client_id = nueva.client_id
    ctx.session.flush()
    ctx.session.refresh(found)
    return found


def serie_para(ctx: Ctx, tipo: str, sucursal_id: int | None, letra: str = "") -> str:
    """Return the series that numbers a type of document: the sucursal's own, or everybody's.

    ``letra`` is the first letter of a note's series: F on facturas, B on boletas.

    Raises:
        SinConfigurar: there is none.
    """
    query = (
        select(SerieComprobante.serie)
        .where(
            SerieComprobante.tipo == tipo,
            SerieComprobante.activo,
            or_(
                SerieComprobante.sucursal_id == sucursal_id,
                SerieComprobante.sucursal_id.is_(None),
            ),
        )
        .order_by(SerieComprobante.sucursal_id.asc().nulls_last(), SerieComprobante.id)
    )
    if tipo in NOTAS:
        query = query.where(SerieComprobante.serie.startswith(letra))
    found = ctx.session.scalars(query.limit(1)).first()
    if found is None:
        raise SinConfigurar(f"No hay una serie activa para el tipo {tipo}.", field="serie")
    return found


def encontrar_serie(ctx: Ctx, tipo: str, serie: str) -> SerieComprobante | None:
    """Return a series of the company's that numbers a type of document, if it is one."""
    query = select(SerieComprobante).where(
        SerieComprobante.tipo == tipo, SerieComprobante.serie == serie, SerieComprobante.activo
    )
    return ctx.session.scalars(query).first()


def crear_serie(ctx: Ctx, nueva: schemas.SerieNueva) -> SerieComprobante:
    """Return a series, which numbers from its ``inicio`` on."""
    made = SerieComprobante(**nueva.model_dump(exclude_unset=True))
    ctx.session.add(made)
    ctx.session.flush()
    if nueva.inicio > 1:
        _empezar(ctx, made)
    return made


def cambiar_serie(ctx: Ctx, serie: SerieComprobante, cambio: BaseModel) -> None:
    """Have a series go on from another number.

    Raises:
        EstadoNoPermite: it numbered past it already.
    """
    if "inicio" in cambio.model_fields_set:
        _empezar(ctx, serie)


def _empezar(ctx: Ctx, serie: SerieComprobante) -> None:
    if not ctx.begin_numbers("comprobante", f"{serie.tipo}-{serie.serie}", serie.inicio):
        message = f"La serie {serie.serie} ya pasó del número {serie.inicio}: no vuelve atrás."
        raise EstadoNoPermite(message, field="inicio")


SERIES = [
    {"tipo": "01", "serie": "F001"},
    {"tipo": "03", "serie": "B001"},
    {"tipo": "07", "serie": "FC01"},
    {"tipo": "07", "serie": "BC01"},
    {"tipo": "08", "serie": "FD01"},
    {"tipo": "08", "serie": "BD01"},
    {"tipo": "09", "serie": "T001"},
    {"tipo": "31", "serie": "V001"},
    {"tipo": "20", "serie": "R001"},
    {"tipo": "40", "serie": "P001"},
]
"""What a new company numbers with."""


def preparar(ctx: Ctx) -> None:
    """Give a new company its series."""
    ctx.session.add_all(SerieComprobante(**uno) for uno in SERIES)
