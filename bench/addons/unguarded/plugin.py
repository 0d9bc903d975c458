"""What the addon declares to the kernel."""

from bench.addons.unguarded import routes
from kernel.hookspecs import hookimpl
from kernel.http import Endpoint, endpoints_in


@hookimpl
def register_routes() -> list[Endpoint]:
    """The list that nothing guards."""
    return endpoints_in(routes)
