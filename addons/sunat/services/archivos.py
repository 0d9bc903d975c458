"""The files of a comprobante: signed XML, CDR and the printed forms.

XML and CDR are committed with their row, and copied to the storage when SUNAT has accepted them;
the printed forms are made in the background and lie in the storage only.
"""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import undefer

from addons.sunat.documents import impreso, impreso_otros, retencion
from addons.sunat.documents.calculo import calcular
from addons.sunat.documents.guia import GUIAS
from addons.sunat.errors import ArchivoPendiente, PdfPendiente
from addons.sunat.models import Comprobante, ResumenDiario
from addons.sunat.services import emision, guias, notas, registro, retenciones
from kernel import filetypes
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import ConfigurationError, NotFound, Permanent
from kernel.pdf import render

DocumentoT = TypeVar("DocumentoT", Comprobante, ResumenDiario)
CARPETA = "comprobantes"
RESUMENES = "resumenes"
INFORMA = Statement(
    "sunat_resumen_que_informa",
    """
    SELECT r.id FROM detalle_resumen d JOIN resumen_diario r ON r.id = d.resumen_id
     WHERE d.comprobante_id = %(comprobante)s AND d.condicion = '1'
       AND r.estado_envio = 'ACEPTADO'
     LIMIT 1
    """,
    reads=True,
)


def xml(ctx: Ctx, comprobante_id: int) -> tuple[str, bytes]:
    """Return name and bytes of the signed XML.

    Raises:
        NotFound: there is no such comprobante.
    """
    de = _con_archivos(ctx, Comprobante, comprobante_id)
    return f"{de.nombre_archivo}.xml", _bytes(ctx, de.xml, de.xml_path)


def cdr(ctx: Ctx, comprobante_id: int) -> tuple[str, bytes]:
    """Return name and bytes of the package with SUNAT's CDR, or of the resumen that told of it.

    Raises:
        NotFound: there is no such comprobante.
        ArchivoPendiente: SUNAT has not answered with one, or it is of a resumen out of reach.
    """
    de = _con_archivos(ctx, Comprobante, comprobante_id)
    if de.cdr is None and de.cdr_path is None:
        return cdr_de_resumen(ctx, _resumen_que_informa(ctx, de))
    return f"R-{de.nombre_archivo}.zip", _bytes(ctx, de.cdr, de.cdr_path)


def _resumen_que_informa(ctx: Ctx, de: Comprobante) -> int:
    """Return the resumen that told of a comprobante.

    Raises:
        ArchivoPendiente: none was accepted, or it tells of what the user may not see.
    """
    rows = ctx.sql(INFORMA, comprobante=de.id)
    if not rows:
        raise ArchivoPendiente(f"No hay CDR: el comprobante está {de.estado_sunat}.")
    if ctx.session.get(ResumenDiario, rows[0][0]) is None:
        raise ArchivoPendiente(
            "Su CDR es el de un resumen que informa también de otra sucursal: pídalo a quien la ve."
        )
    resumen_id: int = rows[0][0]
    return resumen_id


def xml_de_resumen(ctx: Ctx, resumen_id: int) -> tuple[str, bytes]:
    """Return name and bytes of the signed XML of a resumen.

    Raises:
        NotFound: there is no such resumen.
    """
    de = _con_archivos(ctx, ResumenDiario, resumen_id)
    return f"{de.nombre_archivo}.xml", _bytes(ctx, de.xml, de.xml_path)


def cdr_de_resumen(ctx: Ctx, resumen_id: int) -> tuple[str, bytes]:
    """Return name and bytes of the package with the CDR of a resumen.

    Raises:
        NotFound: there is no such resumen.
        ArchivoPendiente: SUNAT has not answered with one.
    """
    de = _con_archivos(ctx, ResumenDiario, resumen_id)
    if de.cdr is None and de.cdr_path is None:
        raise ArchivoPendiente(f"No hay CDR: el resumen está {de.estado_envio}.")
    return f"R-{de.nombre_archivo}.zip", _bytes(ctx, de.cdr, de.cdr_path)


def _con_archivos(ctx: Ctx, modelo: type[DocumentoT], documento_id: int) -> DocumentoT:
    """Return a document with its bytes and where they lie, as of one instant.

    Read one after the other, bytes that are copied to the storage in between would be nowhere.
    """
    query = (
        select(modelo)
        .where(modelo.id == documento_id)
        .options(undefer(modelo.xml), undefer(modelo.cdr))
        .execution_options(populate_existing=True)
    )
    found = ctx.session.scalars(query).first()
    if found is None:
        raise NotFound
    return found


def pdf(ctx: Ctx, comprobante_id: int, formato: str) -> tuple[str, bytes]:
    """Return name and bytes of a printed form.

    Raises:
        NotFound: there is no such comprobante.
        PdfPendiente: it is not made yet; it will be.
    """
    de = emision.encontrar(ctx, comprobante_id)
    clave = de.pdf_path if formato == "a4" else de.ticket_path
    if clave is None:
        ctx.enqueue(registro.IMPRIMIR, priority=5, comprobante_id=de.id)
        raise PdfPendiente("El PDF se está preparando; pídalo otra vez en unos segundos.")
    sufijo = "" if formato == "a4" else "-ticket"
    return f"{de.nombre_archivo}{sufijo}.pdf", ctx.runtime.storage.get(clave)


def imprimir(ctx: Ctx, comprobante_id: int) -> None:
    """Make both printed forms of a comprobante, unless they are there.

    Takes a second or two; for job processes. The same comprobante gives the same files.

    Raises:
        Permanent: this machine cannot make PDFs; the message has the cure.
    """
    de = ctx.session.get_one(Comprobante, comprobante_id)
    if de.pdf_path is not None:
        return
    hoja, lineas = _hoja(de)
    formas = {
        "pdf_path": ("", impreso.A4),
        "ticket_path": ("-ticket", impreso.css_ticket(lineas)),
    }
    for columna, (sufijo, css) in formas.items():
        clave = _clave(de, f"{de.nombre_archivo}{sufijo}.pdf")
        ctx.runtime.storage.put(clave, _pdf(hoja, css), content_type=filetypes.PDF)
        setattr(de, columna, clave)
    ctx.session.flush()
    ctx.notify("comprobantes", comprobante_id=de.id)


def _hoja(de: Comprobante) -> tuple[str, int]:
    """Return the printed form of a comprobante, and how many lines it has."""
    if de.tipo in GUIAS:
        guia = guias.leer(de.documento)
        return impreso_otros.html_guia(guia, de.qr, de.hash), len(guia.bienes) + 8
    if de.tipo in retencion.TIPOS:
        suya = retenciones.leer(de.documento)
        totales_suyos = retencion.calcular(suya)
        return impreso_otros.html_retencion(suya, totales_suyos, de.hash), len(suya.pagos)
    documento = notas.leer(de.documento)
    totales = calcular(documento)
    return impreso.html(documento, totales, de.qr, de.hash), len(totales.lineas)


def _pdf(hoja: str, css: str) -> bytes:
    try:
        return render(hoja, css=css)
    except ConfigurationError as error:
        raise Permanent(str(error)) from None


def archivar(ctx: Ctx, comprobante_id: int) -> None:
    """Copy XML and CDR of an answered comprobante to the storage, and let the row go of them."""
    de = ctx.session.get_one(Comprobante, comprobante_id, with_for_update={"key_share": True})
    if de.xml is not None:
        de.xml_path = _clave(de, f"{de.nombre_archivo}.xml")
        ctx.runtime.storage.put(de.xml_path, bytes(de.xml), content_type=filetypes.XML)
    if de.cdr is not None:
        de.cdr_path = _clave(de, f"R-{de.nombre_archivo}.zip")
        ctx.runtime.storage.put(de.cdr_path, bytes(de.cdr), content_type=filetypes.ZIP)
    de.xml = de.cdr = None
    notas.copiar_archivos(ctx, de)
    ctx.session.flush()


def archivar_resumen(ctx: Ctx, resumen_id: int) -> None:
    """Copy XML and CDR of a resumen to the storage, and let the row go of them."""
    de = ctx.session.get_one(ResumenDiario, resumen_id, with_for_update={"key_share": True})
    carpeta = f"{RESUMENES}/{de.fecha:%Y/%m}"
    if de.xml is not None:
        de.xml_path = f"{carpeta}/{de.nombre_archivo}.xml"
        ctx.runtime.storage.put(de.xml_path, bytes(de.xml), content_type=filetypes.XML)
    if de.cdr is not None:
        de.cdr_path = f"{carpeta}/R-{de.nombre_archivo}.zip"
        ctx.runtime.storage.put(de.cdr_path, bytes(de.cdr), content_type=filetypes.ZIP)
    de.xml = de.cdr = None
    ctx.session.flush()


def _clave(de: Comprobante, nombre: str) -> str:
    return f"{CARPETA}/{de.fecha_emision:%Y/%m}/{nombre}"


def _bytes(ctx: Ctx, guardado: bytes | None, clave: str | None) -> bytes:
    return bytes(guardado) if guardado is not None else ctx.runtime.storage.get(clave or "")
