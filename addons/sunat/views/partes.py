"""Parts that screens of guías and retenciones have alike."""

from addons.sunat.views.campos import DOCUMENTOS, ESTADOS
from kernel.views import Column, Field, Section

ESTADO = (
    Column("estado_sunat", "Estado", choices=ESTADOS),
    Column("mensaje_sunat", "Respuesta de SUNAT"),
    Column("limite_envio", "Plazo", optional=True),
    Column("comprobante_id", "Comprobante", optional=True),
)
RESPUESTA = Section(
    "respuesta",
    "SUNAT",
    (
        Field("codigo_sunat", "Código"),
        Field("mensaje_sunat", "Respuesta", span=2),
        Field("limite_envio", "Plazo"),
    ),
)


def persona(nombre: str, titulo: str, ayuda: str = "") -> Section:
    """Return the fields of somebody, by a document of catalogue 06."""
    return Section(
        nombre,
        titulo,
        (
            Field(f"{nombre}.tipo_doc", "Documento", choices=DOCUMENTOS),
            Field(f"{nombre}.numero_doc", "Número"),
            Field(f"{nombre}.razon_social", "Nombre o razón social", help=ayuda, span=2),
        ),
    )
