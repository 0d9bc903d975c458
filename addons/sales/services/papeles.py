"""Price offers and reports Z on paper, and offers by mail. Source: módulo 1."""

from typing import Any

from sqlalchemy import select

from addons.base.models import Configuracion
from addons.base.services import idiomas
from addons.sales import documents
from addons.sales.models import Cliente, Cotizacion, DetalleCotizacion, Producto
from addons.sales.schemas import (
    TIPOS_DOC,
    CotizacionLeida,
    EnvioAceptado,
    EnvioCotizacion,
)
from addons.sales.services.cajas import ver_reporte
from addons.sales.services.cotizaciones import tomar_cotizacion, ver_cotizacion
from kernel.context import Ctx
from kernel.errors import ValidationFailed
from kernel.identity import Usuario
from kernel.money import round_half_up
from kernel.phrases import Phrase, phrase

AFECTACIONES = {"10": "Gravado", "20": "Exonerado", "30": "Inafecto"}


def papel_de_cotizacion(ctx: Ctx, cotizacion_id: int) -> tuple[str, str]:
    """Return the name of an offer's file, without its ending, and the offer as a page.

    Raises:
        NotFound: it doesn't exist or is out of the user's reach.
    """
    leida = ver_cotizacion(ctx, cotizacion_id)
    return f"cotizacion-{leida.numero}", _pagina(ctx, leida)


def _pagina(ctx: Ctx, leida: CotizacionLeida) -> str:
    cliente = ctx.session.get_one(Cliente, leida.cliente_id)
    empresa = ctx.session.get_one(Configuracion, 1)
    return documents.render(
        "cotizacion.html",
        ctx.time_zone,
        cotizacion=leida,
        empresa=_empresa(empresa),
        incluyen_igv=empresa.precios_incluyen_igv,
        cliente={
            "razon_social": cliente.razon_social,
            "documento": TIPOS_DOC.get(cliente.tipo_doc, "Documento"),
            "numero_doc": cliente.numero_doc,
            "direccion": cliente.direccion,
        },
        vendedor=_nombre(ctx, leida.vendedor_id),
        lineas=_lineas(ctx, leida),
    )


def _lineas(ctx: Ctx, leida: CotizacionLeida) -> list[dict[str, Any]]:
    query = (
        select(DetalleCotizacion, Producto)
        .join(Producto, Producto.id == DetalleCotizacion.producto_id)
        .where(DetalleCotizacion.cotizacion_id == leida.id)
        .order_by(DetalleCotizacion.id)
    )
    return [
        {
            "sku": producto.sku,
            "nombre": producto.nombre,
            "unidad": producto.unidad_medida,
            "cantidad": una.cantidad,
            "precio": una.precio,
            "descuento": una.descuento,
            "importe": round_half_up(una.cantidad * una.precio) - una.descuento,
        }
        for una, producto in ctx.session.execute(query)
    ]


def _empresa(empresa: Configuracion) -> dict[str, str]:
    campos = ("razon_social", "nombre_comercial", "ruc", "direccion")
    return documents.empresa_de({nombre: getattr(empresa, nombre) for nombre in campos})


def _nombre(ctx: Ctx, usuario_id: int) -> str:
    return ctx.session.scalar(select(Usuario.nombre).where(Usuario.id == usuario_id)) or ""


def papel_de_reporte_z(ctx: Ctx, caja_id: int) -> tuple[str, str]:
    """Return the name of a report's file, without its ending, and the report as a page.

    Raises:
        NotFound: the caja doesn't exist or is out of the user's reach.
    """
    z = ver_reporte(ctx, caja_id)
    empresa = ctx.session.get(Configuracion, 1)
    if empresa is None:
        raise ValidationFailed("Configure primero los datos de la empresa.", code="sin_empresa")
    nombre = f"reporte-z-{z.sucursal_id}-{z.numero}" if z.numero else f"reporte-x-caja-{caja_id}"
    pagina = documents.render(
        "reporte_z.html",
        ctx.time_zone,
        z=z,
        empresa=_empresa(empresa),
        afectaciones=AFECTACIONES,
    )
    return nombre, pagina


def pedir_envio(ctx: Ctx, cotizacion_id: int, envio: EnvioCotizacion) -> EnvioAceptado:
    """Return where an offer will be sent by a job.

    Raises:
        NotFound, CotizacionVencida, CotizacionCerrada: see ``tomar_cotizacion``.
        ValidationFailed: neither the request nor the cliente has an address.
    """
    cotizacion = tomar_cotizacion(ctx, cotizacion_id)
    email = envio.email or ctx.session.get_one(Cliente, cotizacion.cliente_id).email
    if not email:
        raise ValidationFailed("El cliente no tiene correo; escriba uno.", field="email")
    ctx.enqueue(
        "sales.enviar_cotizacion",
        cotizacion_id=cotizacion.id,
        email=email,
        mensaje=envio.mensaje,
    )
    return EnvioAceptado(cotizacion_id=cotizacion.id, email=email)


def enviar_cotizacion(ctx: Ctx, cotizacion_id: int, email: str, mensaje: str) -> None:
    """Send an offer by mail with its PDF, and note when; the job behind ``pedir_envio``."""
    from kernel import pdf  # it takes seconds to load, and mail needs smtplib: for jobs only
    from kernel.mail import Attachment, Message

    def leer(propia: Ctx) -> tuple[CotizacionLeida, str, Phrase, str]:
        leida = ver_cotizacion(propia, cotizacion_id)
        carta = _carta(propia, leida, mensaje)
        return leida, _pagina(propia, leida), carta, idiomas.de_la_empresa(propia)

    leida, pagina, carta, idioma = ctx.runtime.transact(leer)
    archivo = Attachment(f"cotizacion-{leida.numero}.pdf", pdf.render(pagina), pdf.MEDIA)
    job = ctx.job
    if job is None:
        return
    ctx.runtime.mailer.send(
        Message(
            email,
            phrase("Cotización {numero}", numero=leida.numero),
            carta,
            attachments=[archivo],
            language=idioma,
        ),
        f"cotizacion:{job.id}",
    )
    ctx.session.get_one(Cotizacion, cotizacion_id).enviada_at = ctx.now


def _carta(ctx: Ctx, leida: CotizacionLeida, mensaje: str) -> Phrase:
    empresa = ctx.session.get_one(Configuracion, 1)
    adjunta = phrase("Adjuntamos la cotización {numero} que nos pidieron.", numero=leida.numero)
    return phrase(
        "Estimados señores {cliente}:\n\n{mensaje}\n\n"
        "Total: S/ {total}. Vale hasta el {vence}.\n\n{vendedor}\n{empresa}\n",
        cliente=ctx.session.get_one(Cliente, leida.cliente_id).razon_social,
        mensaje=mensaje or adjunta,
        total=documents.money(leida.total),
        vence=documents.day(leida.fecha_vencimiento),
        vendedor=_nombre(ctx, leida.vendedor_id),
        empresa=empresa.nombre_comercial or empresa.razon_social,
    )
