"""Addresses of what a company issues with: series, certificates, credentials."""

from addons.sunat import schemas
from addons.sunat.models import Certificado, SerieComprobante
from addons.sunat.services import empresa
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.listing import Finish
from kernel.resource import Resource

SERIES = Resource(
    path="/api/facturacion/series/",
    model=SerieComprobante,
    modulo="series",
    fields=("id", "tipo", "serie", "sucursal_id", "inicio", "activo"),
    create=schemas.SerieNueva,
    create_with=empresa.crear_serie,
    update_with=empresa.cambiar_serie,
    filters=("tipo", "sucursal_id", "activo"),
    sort=("id", "serie"),
    actions=("list", "detail", "create", "update"),
)

CERTIFICADOS = Resource(
    path="/api/facturacion/certificados/",
    model=Certificado,
    modulo="certificados",
    fields=tuple(schemas.CertificadoLeido.model_fields),
    filters=("activo", "hasta"),
    sort=("-id", "hasta"),
    actions=("list", "detail"),
    finish=Finish(empresa.con_plazo, ("hasta",), {"dias_restantes": int}),
)

RESOURCES = [SERIES, CERTIFICADOS]


@endpoint(
    "POST",
    "/api/facturacion/certificados/",
    permission="certificados.cargar",
    status=201,
    fresh=True,
)
def cargar_certificado(ctx: Ctx, nuevo: schemas.CertificadoNuevo) -> schemas.CertificadoLeido:
    """Carga el certificado digital de la empresa; desde ahora firma."""
    made = empresa.guardar_certificado(ctx, nuevo)
    return schemas.CertificadoLeido.model_validate(made)


@endpoint("GET", "/api/facturacion/credenciales/", permission="certificados.ver", statuses=(404,))
def ver_credencial(ctx: Ctx) -> schemas.CredencialLeida:
    """El usuario con que la empresa entra a SUNAT; ninguna clave sale."""
    return schemas.CredencialLeida.model_validate(empresa.ver_credencial(ctx))


@endpoint("PUT", "/api/facturacion/credenciales/", permission="certificados.cargar", fresh=True)
def guardar_credencial(ctx: Ctx, nueva: schemas.CredencialNueva) -> schemas.CredencialLeida:
    """Guarda el usuario SOL, o el de un OSE con sus direcciones."""
    made = empresa.guardar_credencial(ctx, nueva)
    return schemas.CredencialLeida.model_validate(made)
