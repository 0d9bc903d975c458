"""A comprobante by mail: its XML and its PDF to the client. Source: módulo 3, step 14."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from addons.base.services import idiomas
from addons.sales.models import Cliente
from addons.sunat import schemas
from addons.sunat.documents import codigos
from addons.sunat.errors import EstadoNoPermite
from addons.sunat.models import ACEPTADO, Comprobante
from addons.sunat.services import archivos, emision, empresa
from kernel import filetypes
from kernel.context import Ctx
from kernel.errors import Permanent, ValidationFailed
from kernel.phrases import Phrase, phrase, verbatim

if TYPE_CHECKING:
    from kernel.mail import Attachment

ENVIAR = "sunat.enviar_correo"


@dataclass(frozen=True, slots=True)
class Carta:
    """What is sent, read before the call."""

    asunto: Phrase
    texto: Phrase
    hash: str
    adjuntos: list[Attachment]
    idioma: str


def pedir_correo(ctx: Ctx, comprobante_id: int, nuevo: schemas.CorreoNuevo) -> schemas.CorreoPedido:
    """Return where a comprobante will be sent by a job.

    Raises:
        NotFound: there is none.
        EstadoNoPermite: SUNAT has not accepted it.
        ValidationFailed: neither the request nor the cliente has an address.
    """
    de = emision.encontrar(ctx, comprobante_id)
    if de.estado_sunat != ACEPTADO:
        raise EstadoNoPermite(f"El comprobante está {de.estado_sunat}: se envía cuando se acepta.")
    cliente = _cliente(ctx, de)
    email = nuevo.email or (cliente.email if cliente is not None else "")
    if not email:
        raise ValidationFailed("El cliente no tiene correo; escriba uno.", field="email")
    ctx.enqueue(ENVIAR, comprobante_id=de.id, email=email)
    return schemas.CorreoPedido(comprobante_id=de.id, email=email)


def al_aceptar(ctx: Ctx, de: Comprobante) -> None:
    """Send an accepted comprobante to its cliente, if the company so wants and he has a mailbox."""
    if not ctx.config(schemas.Facturacion).enviar_correo:
        return
    cliente = _cliente(ctx, de)
    if cliente is not None and cliente.email:
        ctx.enqueue(ENVIAR, key=f"{de.id}:aceptado", comprobante_id=de.id, email=cliente.email)


def _cliente(ctx: Ctx, de: Comprobante) -> Cliente | None:
    return None if de.cliente_id is None else ctx.session.get(Cliente, de.cliente_id)


def enviar_correo(ctx: Ctx, comprobante_id: int, email: str) -> None:
    """Send a comprobante, and note when; the job behind ``pedir_correo``.

    A second try has the same Message-ID, by which receivers know it.
    """
    from kernel.mail import Message  # smtplib and email: for jobs only

    carta = ctx.runtime.transact(lambda propia: _carta(propia, comprobante_id))
    ctx.runtime.mailer.send(
        Message(
            email,
            carta.asunto,
            carta.texto,
            attachments=carta.adjuntos,
            language=carta.idioma,
        ),
        f"comprobante:{comprobante_id}:{carta.hash}:{email}:{ctx.job.id if ctx.job else 0}",
    )
    de = ctx.session.get_one(Comprobante, comprobante_id)
    de.correo, de.correo_enviado_at = email, ctx.now
    ctx.audit("enviar_correo", "comprobantes", de.id, modulo="facturacion")


def _carta(ctx: Ctx, comprobante_id: int) -> Carta:
    from kernel.mail import Attachment

    de = ctx.session.get_one(Comprobante, comprobante_id)
    nombre, xml = archivos.xml(ctx, de.id)
    adjuntos = [Attachment(nombre, xml, filetypes.XML)]
    try:
        archivos.imprimir(ctx, de.id)
        nombre, pdf = archivos.pdf(ctx, de.id, "a4")
        adjuntos.insert(0, Attachment(nombre, pdf, filetypes.PDF))
    except Permanent:
        pass  # a machine that makes no PDF sends the XML, which is the comprobante
    emisor = empresa.configuracion(ctx)
    cliente = _cliente(ctx, de)
    tipo, numero = codigos.NOMBRES[de.tipo], f"{de.serie}-{de.numero}"
    texto = phrase(
        "Estimados señores {cliente}:\n\nAdjuntamos su {tipo} {numero} del {dia}, por {moneda} "
        "{total}, aceptada por la SUNAT.\n\n{empresa}\nRUC {ruc}\n",
        cliente=cliente.razon_social if cliente is not None else phrase("cliente"),
        tipo=tipo.lower(),
        numero=numero,
        dia=f"{de.fecha_emision:%d/%m/%Y}",
        moneda="S/" if de.moneda == "PEN" else de.moneda,
        total=f"{de.total_venta:,.2f}",
        empresa=emisor.nombre_comercial or emisor.razon_social,
        ruc=emisor.ruc,
    )
    asunto = verbatim(f"{tipo} {numero}")
    return Carta(asunto, texto, de.hash, adjuntos, idiomas.de_la_empresa(ctx))
