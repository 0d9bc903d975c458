"""What a company issues with: settings, series, certificates, credentials."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, Strict, StringConstraints

from kernel import filetypes
from kernel.forms import Form
from kernel.schemas import Answer, Flag, OptionalText, RefId, Schema
from kernel.uploads import FileRule, Upload


class Facturacion(BaseModel):
    """How the company issues."""

    entorno: Literal["sandbox", "beta", "produccion"] = Field(
        default="sandbox", description="A quién se envía: sandbox es local y no sale de la máquina."
    )
    codigo_anexo: str = Field(
        default="0000", pattern=r"^[0-9]{4}$", description="Código de establecimiento del emisor."
    )
    espera: int = Field(
        default=60, ge=1, le=300, description="Segundos que se espera una respuesta."
    )
    emitir_ventas: bool = Field(
        default=True, description="Emitir un comprobante por cada venta registrada."
    )
    notas_de_devoluciones: bool = Field(
        default=True,
        description="Emitir una nota de crédito por cada devolución de una venta.",
    )
    imprimir: bool = Field(
        default=True, description="Preparar el PDF de cada comprobante al emitirlo."
    )
    boletas: Literal["una_a_una", "resumen"] = Field(
        default="una_a_una",
        description="Enviar cada boleta al emitirla, o informarlas en el resumen diario (23:50).",
    )
    enviar_correo: bool = Field(
        default=False, description="Enviar al cliente el PDF y el XML cuando SUNAT acepta."
    )


class SerieNueva(Schema):
    """A series to number with, from ``inicio`` on: after what another system issued in it."""

    tipo: Literal["01", "03", "07", "08", "09", "31", "20", "40"]
    serie: Annotated[str, StringConstraints(pattern=r"^[FBTVRP][A-Z0-9]{3}$")]
    sucursal_id: RefId | None = None
    inicio: Annotated[int, Strict(), Field(ge=1, le=99_999_999)] = 1
    activo: Flag = True


class CertificadoNuevo(Form):
    """A PFX and its password."""

    archivo: Annotated[Upload, FileRule(types=frozenset({filetypes.PKCS12}), max_bytes=100_000)]
    clave: Annotated[str, StringConstraints(max_length=200)] = ""


class CertificadoLeido(Answer):
    """A certificate; its key never leaves."""

    id: int
    titular: str
    serial: str
    desde: datetime
    hasta: datetime
    activo: bool


class CredencialNueva(Schema):
    """The secondary SOL user, or the user of an OSE with its addresses.

    A blank password or secret leaves the one that is kept.
    """

    usuario: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    clave: Annotated[str, StringConstraints(max_length=200)] = ""
    url_envio: OptionalText = ""
    url_consulta: OptionalText = ""
    client_id: OptionalText = ""
    client_secret: Annotated[str, StringConstraints(max_length=200)] = ""


class CredencialLeida(Answer):
    """How the company signs in; the password never leaves."""

    usuario: str
    url_envio: str
    url_consulta: str
    client_id: str
    updated_at: datetime
