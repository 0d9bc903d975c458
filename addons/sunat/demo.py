"""The demo's comprobantes: a certificate for the sandbox, and the last sales invoiced."""

from sqlalchemy import select

from addons.sales.models import Venta
from addons.sunat.sandbox.servicio import certificado
from addons.sunat.services import empresa, ventas
from kernel.context import Ctx
from kernel.demo import DemoData, DemoFacts

VENTAS = 20
CLAVE = "sandbox"


def load(ctx: Ctx, _: DemoFacts) -> None:
    """Give the company a key that only its sandbox accepts, and invoice its last sales."""
    de = empresa.configuracion(ctx)
    pfx = certificado(de.ruc, de.razon_social, ctx.now, clave=CLAVE)
    empresa.sellar_certificado(ctx, pfx, CLAVE)
    ultimas = ctx.session.scalars(select(Venta.id).order_by(Venta.id.desc()).limit(VENTAS))
    for venta_id in sorted(ultimas):
        ventas.emitir_de_venta(ctx, venta_id)
    ctx.audit("cargar_demo", "comprobantes", None, despues={"comprobantes": VENTAS}, modulo="sunat")


DEMO = DemoData("sunat", load)
