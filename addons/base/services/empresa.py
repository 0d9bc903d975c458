"""The company. Source: spec/erp-modules.md, "Arquitectura general"."""

from addons.base import schemas
from addons.base.models import Configuracion
from kernel.context import Ctx
from kernel.errors import FieldError, NotFound
from kernel.messages import TEXTS, refused


def leer_configuracion(ctx: Ctx) -> Configuracion:
    """Return the company.

    Raises:
        NotFound: nobody configured it yet.
    """
    found = ctx.session.get(Configuracion, 1)
    if found is None:
        raise NotFound("La empresa aún no está configurada.")
    return found


def cambiar_configuracion(ctx: Ctx, cambio: schemas.ConfiguracionCambio) -> Configuracion:
    """Return the company with the given fields changed, created if it didn't exist.

    Raises:
        ValidationFailed: it doesn't exist yet and the RUC or the name is missing.
        Conflict: an addon cannot go on under another RUC.
    """
    data = cambio.model_dump(exclude_none=True)
    found = ctx.session.get(Configuracion, 1)
    if found is None:
        missing = [name for name in ("ruc", "razon_social") if name not in data]
        if missing:
            raise refused(FieldError(name, "missing", TEXTS["missing"]) for name in missing)
        found = Configuracion(id=1)
        ctx.session.add(found)
    antes = found.ruc
    for name, value in data.items():
        setattr(found, name, value)
    ctx.session.flush()
    if antes and antes != found.ruc:
        ctx.publish(schemas.RucCambiado(antes, found.ruc))
    ctx.session.refresh(found)
    return found
