"""Names and packages: ``RUC-TT-SERIE-N.zip`` with one ``.xml`` inside, and the text of the QR.

Source: SUNAT, rules v20260212, General; reference on SUNAT, 1.1, 1.5.
"""

from __future__ import annotations

import io
import zipfile
from datetime import date

from addons.sunat.documents import codigos
from addons.sunat.documents.escritura import dos
from addons.sunat.documents.importes import Totales
from addons.sunat.documents.modelo import Comprobante

_FECHA = (1980, 1, 1, 0, 0, 0)
"""Within the package: the same document gives the same bytes on every day."""


def nombre(ruc: str, tipo: str, serie: str, numero: int) -> str:
    """Return the name of a comprobante's file, without ending."""
    return f"{ruc}-{tipo}-{serie}-{numero}"


def nombre_resumen(ruc: str, tipo: str, fecha: date, correlativo: int) -> str:
    """Return the name of a summary's file: ``RUC-RC-AAAAMMDD-N``."""
    return f"{ruc}-{tipo}-{fecha:%Y%m%d}-{correlativo}"


def empaquetar(nombre_archivo: str, xml: bytes) -> bytes:
    """Return the ZIP that is sent."""
    salida = io.BytesIO()
    with zipfile.ZipFile(salida, "w", zipfile.ZIP_DEFLATED) as paquete:
        paquete.writestr(zipfile.ZipInfo(f"{nombre_archivo}.xml", _FECHA), xml, compresslevel=6)
    return salida.getvalue()


def texto_qr(comprobante: Comprobante, totales: Totales, digest: str) -> str:
    """Return what the QR says: RUC, type, number, IGV, total, day, customer, digest."""
    impuesto = totales.monto(codigos.IGV) + totales.monto(codigos.IVAP)
    campos = (
        comprobante.emisor.ruc,
        comprobante.tipo,
        comprobante.serie,
        str(comprobante.numero),
        dos(impuesto),
        dos(totales.total),
        comprobante.fecha_emision.isoformat(),
        comprobante.adquirente.tipo_doc,
        comprobante.adquirente.numero_doc,
        digest,
    )
    return "|".join(campos) + "|"
