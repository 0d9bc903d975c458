"""Refusals of sunat."""

from kernel.errors import Conflict, NotFound, Unavailable, Unprocessable, ValidationFailed


class ComprobanteRechazado(ValidationFailed):
    """SUNAT would reject the document; every finding is told, and no number was used."""

    code = "comprobante_no_valido"


class CertificadoRechazado(ValidationFailed):
    """The certificate cannot sign for this company."""

    code = "certificado_no_valido"


class SinConfigurar(Unprocessable):
    """Issuing needs something that nobody has set up yet."""

    code = "facturacion_sin_configurar"


class NadaQueResumir(Unprocessable):
    """No boleta waits for a resumen diario."""

    code = "nada_que_resumir"


class EstadoNoPermite(Conflict):
    """What is asked for does not go with the document's state."""

    code = "estado_no_permite"


class PlazoVencido(Conflict):
    """SUNAT voids no document of that age."""

    code = "plazo_vencido"


class VentaViva(Conflict):
    """The sale of a comprobante stands, so it would be left without one."""

    code = "venta_viva"


class ArchivoPendiente(NotFound):
    """The file does not exist yet."""

    code = "archivo_pendiente"


class PdfPendiente(ArchivoPendiente):
    """The PDF is being made: the job that makes it stands, though the answer is a refusal."""

    stands = True


class SunatNoResponde(Unavailable):
    """SUNAT is out of reach, or refuses who asks."""

    code = "sunat_no_responde"
