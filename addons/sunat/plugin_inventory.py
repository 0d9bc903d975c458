"""What sunat does where inventory is installed: a transferencia that was sent asks for a guía."""

from addons.sunat import views
from addons.sunat.services import borradores
from kernel.events import Subscriber
from kernel.hookspecs import hookimpl
from kernel.views import Patch


@hookimpl
def register_subscribers() -> list[Subscriber]:
    """Goods on their way between almacenes need a guía."""
    return [Subscriber("transferencia_enviada", borradores.al_enviar)]


@hookimpl
def register_view_patches() -> list[Patch]:
    """A transferencia that was sent leads to its guía."""
    return views.DE_TRANSFERENCIAS
