"""The files of a comprobante: signed XML and CDR, from the row or the storage."""

from __future__ import annotations

from addons.sunat.errors import ArchivoPendiente
from addons.sunat.services import emision
from kernel.context import Ctx


def xml(ctx: Ctx, comprobante_id: int) -> tuple[str, bytes]:
    """Return name and bytes of the signed XML.

    Raises:
        NotFound: there is no such comprobante.
    """
    de = emision.encontrar(ctx, comprobante_id)
    return f"{de.nombre_archivo}.xml", _bytes(ctx, de.xml, de.xml_path)


def cdr(ctx: Ctx, comprobante_id: int) -> tuple[str, bytes]:
    """Return name and bytes of the package with SUNAT's CDR.

    Raises:
        NotFound: there is no such comprobante.
        ArchivoPendiente: SUNAT has not answered with one.
    """
    de = emision.encontrar(ctx, comprobante_id)
    if de.cdr is None and de.cdr_path is None:
        raise ArchivoPendiente(f"No hay CDR: el comprobante está {de.estado_sunat}.")
    return f"R-{de.nombre_archivo}.zip", _bytes(ctx, de.cdr, de.cdr_path)


def _bytes(ctx: Ctx, guardado: bytes | None, clave: str | None) -> bytes:
    return bytes(guardado) if guardado is not None else ctx.runtime.storage.get(clave or "")
