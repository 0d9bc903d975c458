"""The demo's comprobantes: a certificate for the sandbox, the last sales invoiced, and one of each
other document: a nota, a guía and a retención."""

from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import Select, select

from addons.base.demo import hoy
from addons.sales.models import Cliente, Producto, Venta
from addons.sunat import schemas
from addons.sunat.documents import codigos
from addons.sunat.models import Comprobante, NotaCreditoDebito
from addons.sunat.sandbox.servicio import Sunat, certificado
from addons.sunat.services import bajas, empresa, guias, notas, retenciones, validez, ventas
from addons.sunat.services.conexion import RUTA_SANDBOX
from kernel.context import Ctx
from kernel.demo import DemoAct, DemoData, DemoFacts

VENTAS = 20
CLAVE = "sandbox"
PROVEEDOR, COMPRA, PAGADO = "20695831146", ("F001", 2841), Decimal("2360.00")
"""Who sold to the company, what factura, and for how much."""
DESCONOCIDO = "20695840218"
OBRA = 3
"""Products that are taken to a customer's building site."""


def load(ctx: Ctx, _: DemoFacts) -> None:
    """Give the company a key that only its sandbox accepts, and issue what it would issue."""
    de = empresa.configuracion(ctx)
    pfx = certificado(de.ruc, de.razon_social, ctx.now, clave=CLAVE)
    empresa.sellar_certificado(ctx, pfx, CLAVE)
    ultimas = ctx.session.scalars(select(Venta.id).order_by(Venta.id.desc()).limit(VENTAS))
    emitidos = [ventas.emitir_de_venta(ctx, venta_id) for venta_id in sorted(ultimas)]
    _rebajar(ctx, next(uno for uno in emitidos if uno is not None))
    _llevar(ctx)
    _retener(ctx)
    despues = {"comprobantes": len(emitidos), "notas": 1, "guias": 1, "retenciones": 1}
    ctx.audit("cargar_demo", "comprobantes", None, despues=despues, modulo="sunat")


def _rebajar(ctx: Ctx, origen_id: int) -> None:
    rebaja = schemas.LineaPedida(
        descripcion="Rebaja por empaque dañado",
        cantidad=Decimal(1),
        precio_unitario=Decimal("2.00"),
    )
    nota = schemas.NotaNueva(
        comprobante_origen_id=origen_id,
        motivo_codigo="09",
        motivo_descripcion="Empaque dañado",
        detalle=[rebaja],
    )
    notas.emitir_nota(ctx, nota)


def _llevar(ctx: Ctx) -> None:
    empresas = select(Cliente.id).where(Cliente.tipo_doc == codigos.RUC).order_by(Cliente.id)
    productos = select(Producto.id).order_by(Producto.id).limit(OBRA)
    guia = schemas.GuiaNueva(
        cliente_id=ctx.session.scalars(empresas.limit(1)).one(),
        peso_bruto=Decimal("118.500"),
        partida=schemas.PuntoNuevo(ubigeo="150122", direccion="Av. Larco 812, Miraflores"),
        llegada=schemas.PuntoNuevo(
            ubigeo="150131", direccion="Calle Amador Merino 465, San Isidro"
        ),
        vehiculos=[schemas.VehiculoNuevo(placa="BTN842")],
        conductores=[
            schemas.ConductorNuevo(
                numero_doc="45678912",
                nombres="Rubén",
                apellidos="Ccori Paucar",
                licencia="Q45678912",
            )
        ],
        bienes=[
            schemas.BienPedido(producto_id=uno, cantidad=Decimal(4 * lugar))
            for lugar, uno in enumerate(ctx.session.scalars(productos), 1)
        ],
    )
    guias.emitir_guia(ctx, guia)


def _retener(ctx: Ctx) -> None:
    pago = schemas.PagoRetenido(
        numero=f"{COMPRA[0]}-{COMPRA[1]}",
        fecha_emision=_comprado(ctx),
        total=PAGADO,
        pago=PAGADO,
        fecha_pago=hoy(ctx),
    )
    proveedor = schemas.PersonaNueva(
        numero_doc=PROVEEDOR, razon_social="Distribuidora Ferretera Andina S.A.C."
    )
    retenciones.emitir_retencion(ctx, schemas.RetencionNueva(sujeto=proveedor, pagos=[pago]))


def _comprado(ctx: Ctx) -> date:
    return hoy(ctx) - timedelta(days=2)


# What its people do -----------------------------------------------------------------------------


def dar_de_baja(ctx: Ctx) -> None:
    """Ask that a factura and a boleta be voided, and issued again."""
    for tipo, motivo in (
        (codigos.FACTURA, "RUC de otro cliente"),
        (codigos.BOLETA, "Emitida a otro nombre"),
    ):
        de = ctx.session.scalars(_vendidos(tipo).limit(1)).first()
        if de is not None:
            bajas.pedir_baja(ctx, de, schemas.BajaNueva(motivo=motivo, reemitir=True))


def _vendidos(tipo: str) -> Select[int]:
    """Return the comprobantes of sales, the last first, that no nota changes."""
    origenes = select(NotaCreditoDebito.comprobante_origen_id)
    return (
        select(Comprobante.id)
        .where(
            Comprobante.tipo == tipo,
            Comprobante.venta_id.is_not(None),
            Comprobante.id.not_in(origenes),
        )
        .order_by(Comprobante.id.desc())
    )


def preguntar(ctx: Ctx) -> None:
    """Ask SUNAT about two facturas of suppliers: one that it has, and one that it doesn't."""
    serie, numero = COMPRA
    ruta = ctx.runtime.settings.data_dir / RUTA_SANDBOX
    sunat = Sunat(ruta, ctx.runtime.clock)
    sunat.conocer((PROVEEDOR, codigos.FACTURA, serie, numero), _comprado(ctx), PAGADO)
    for ruc, cual, monto in (
        (PROVEEDOR, numero, PAGADO),
        (DESCONOCIDO, 118, Decimal("1475.00")),
    ):
        consulta = schemas.ConsultaValidez(
            ruc=ruc, serie=serie, numero=cual, fecha_emision=_comprado(ctx), monto=monto
        )
        validez.validar(ctx, consulta)


DEMO = DemoData(
    "sunat",
    load,
    acts=(DemoAct("contador@demo.pe", dar_de_baja), DemoAct("contador@demo.pe", preguntar)),
)
