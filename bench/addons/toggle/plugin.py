"""What the addon declares to the kernel."""

from bench.addons.toggle import models, services
from kernel.events import Subscriber
from kernel.hookspecs import hookimpl
from kernel.http import Endpoint
from kernel.jobs import Job
from kernel.model import Model
from kernel.rbac import Permission
from kernel.resource import Resource

SELLOS = Resource(
    path="/api/sellos/",
    model=models.Sello,
    modulo="sellos",
    fields=("id", "cliente_id", "venta_id", "created_at"),
    filters=("cliente_id",),
    sort=("-id",),
    actions=("list", "detail"),
)


@hookimpl
def register_models() -> list[type[Model]]:
    """The stamps."""
    return [models.Sello]


@hookimpl
def register_routes() -> list[Endpoint | Resource]:
    """The list of stamps."""
    return [SELLOS]


@hookimpl
def register_permissions() -> list[Permission]:
    """Who sees stamps."""
    return [Permission("sellos", "ver", "Ver los sellos", ("CAJERO",))]


@hookimpl
def register_subscribers() -> list[Subscriber]:
    """Each sale gets its stamp in its transaction."""
    return [Subscriber("venta_registrada", services.sellar)]


@hookimpl
def register_jobs() -> list[Job]:
    """A job for each stamp."""
    return [Job("toggle.mirar", services.mirar, "Mira un sello")]
