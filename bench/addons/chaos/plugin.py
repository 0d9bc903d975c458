"""What the addon declares to the kernel."""

from bench.addons.chaos import services
from kernel.events import Subscriber
from kernel.hookspecs import hookimpl
from kernel.jobs import Job


@hookimpl
def register_subscribers() -> list[Subscriber]:
    """Each sale is delivered after its commit."""
    return [Subscriber("venta_registrada", services.anotar_entrega, "after_commit")]


@hookimpl
def register_jobs() -> list[Job]:
    """A job with one small effect."""
    return [Job("chaos.marcar", services.marcar, "Anota que corrió")]
