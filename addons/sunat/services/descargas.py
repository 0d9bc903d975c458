"""Many comprobantes as one ZIP: their XML, CDR and PDF, written while it is sent."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import undefer

from addons.sunat import schemas
from addons.sunat.models import Comprobante
from kernel.context import Ctx
from kernel.errors import NotFound, Unprocessable
from kernel.storage import FileMissing

MAXIMO = 1000
PARTE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Archivo:
    """A file of a ZIP: its bytes, or where they lie in the storage."""

    nombre: str
    datos: bytes | None
    clave: str


def reunir(ctx: Ctx, pedido: schemas.Descarga) -> list[Archivo]:
    """Return the files of the comprobantes that are asked for.

    Raises:
        NotFound: there are none.
        Unprocessable: there are too many for one file.
    """
    query = (
        select(Comprobante)
        .options(undefer(Comprobante.xml), undefer(Comprobante.cdr))
        .order_by(Comprobante.id)
        .limit(MAXIMO + 1)
    )
    for columna, valor in (
        (Comprobante.tipo, pedido.tipo),
        (Comprobante.serie, pedido.serie),
        (Comprobante.estado_sunat, pedido.estado_sunat),
        (Comprobante.cliente_id, pedido.cliente_id),
    ):
        if valor:
            query = query.where(columna == valor)
    if pedido.desde is not None:
        query = query.where(Comprobante.fecha_emision >= pedido.desde)
    if pedido.hasta is not None:
        query = query.where(Comprobante.fecha_emision <= pedido.hasta)
    hallados = ctx.session.scalars(query).all()
    if not hallados:
        raise NotFound("No hay comprobantes así.")
    if len(hallados) > MAXIMO:
        raise Unprocessable(
            f"Son más de {MAXIMO} comprobantes; pídalos por fechas o por serie.",
            code="archivo_demasiado_largo",
        )
    return [uno for de in hallados for uno in _de(de)]


def _de(de: Comprobante) -> Iterator[Archivo]:
    nombre = de.nombre_archivo
    yield Archivo(f"{nombre}.xml", _bytes(de.xml), de.xml_path or "")
    if de.cdr is not None or de.cdr_path is not None:
        yield Archivo(f"R-{nombre}.zip", _bytes(de.cdr), de.cdr_path or "")
    if de.pdf_path is not None:
        yield Archivo(f"{nombre}.pdf", None, de.pdf_path)


def _bytes(guardado: bytes | None) -> bytes | None:
    return bytes(guardado) if guardado is not None else None


class _Salida(io.RawIOBase):
    """Where a ZIP is written to, and taken from piece by piece."""

    def __init__(self) -> None:
        self.partes: list[bytes] = []
        self.largo = 0

    def writable(self) -> bool:
        return True

    def write(self, datos: bytes) -> int:  # type: ignore[override]  # zipfile writes bytes
        self.partes.append(bytes(datos))
        self.largo += len(datos)
        return len(datos)

    def tomar(self) -> bytes:
        """Return what was written since the last time."""
        escrito = b"".join(self.partes)
        self.partes.clear()
        self.largo = 0
        return escrito


def comprimir(leer: Callable[[str], bytes], archivos: Sequence[Archivo]) -> Iterator[bytes]:
    """Yield a ZIP; a file that the storage lost is named in ``faltan.txt``."""
    salida = _Salida()
    faltan: list[str] = []
    with zipfile.ZipFile(salida, "w", zipfile.ZIP_DEFLATED) as paquete:
        for uno in archivos:
            try:
                datos = uno.datos if uno.datos is not None else leer(uno.clave)
            except FileMissing:
                faltan.append(uno.nombre)
                continue
            paquete.writestr(uno.nombre, datos)
            if salida.largo >= PARTE:
                yield salida.tomar()
        if faltan:
            paquete.writestr("faltan.txt", "\n".join(faltan))
    yield salida.tomar()
