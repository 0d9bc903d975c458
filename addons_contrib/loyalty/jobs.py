"""Jobs of loyalty."""

from addons_contrib.loyalty import services
from kernel.context import Ctx
from kernel.jobs import Job, Schedule


def vencer(ctx: Ctx) -> None:
    """Let points expire that nobody moved for long."""
    services.vencer_puntos(ctx)


JOBS = [Job("loyalty.vencer", vencer, "Vence los puntos sin movimiento")]
SCHEDULES = [Schedule("loyalty.vencer", "20 1 * * *", "loyalty.vencer")]
