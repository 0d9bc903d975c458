"""Notices by mail about a user's own access: what they did not do, they should know of.

Source: OWASP ASVS 5.0, 6.3.7; NIST SP 800-63B, 4.6.
"""

import re
from datetime import datetime
from ipaddress import ip_address, ip_network

from sqlalchemy import select

from addons.base.messages import AVISOS, Aviso
from addons.base.models import Usuario
from addons.base.services import idiomas
from kernel.context import Ctx
from kernel.identity import Sesion

ANTERIORES = 200
"""How many earlier sessions say which devices a user has."""

_VERSION = re.compile(r"\d[\d._]*")


def avisar(ctx: Ctx, usuario_id: int, aviso: Aviso, *, correo: str | None = None) -> None:
    """Leave the mail that tells a user what happened; ``correo`` instead of the address they have.

    What it says of the place is that of this request.
    """
    ctx.enqueue(
        "base.avisar",
        usuario_id=usuario_id,
        aviso=aviso,
        momento=ctx.now.isoformat(),
        ip=ctx.request.ip,
        equipo=ctx.request.user_agent,
        correo=correo,
    )


def avisar_equipo_nuevo(ctx: Ctx, usuario_id: int) -> None:
    """Leave a notice if the user never signed in from this program and network before.

    The first login of all is no news. Call it before the new session is written.
    """
    query = (
        select(Sesion.user_agent, Sesion.ip)
        .where(Sesion.usuario_id == usuario_id)
        .order_by(Sesion.id.desc())
        .limit(ANTERIORES)
    )
    vistos = {_equipo(agent, ip) for agent, ip in ctx.session.execute(query)}
    if vistos and _equipo(ctx.request.user_agent, ctx.request.ip) not in vistos:
        avisar(ctx, usuario_id, "equipo_nuevo")


def _equipo(user_agent: str | None, ip: str | None) -> tuple[str, str]:
    """Return what stays of a device from day to day: the program without its version, the net."""
    return _VERSION.sub("", user_agent or ""), _red(ip or "")


def _red(ip: str) -> str:
    try:
        address = ip_address(ip)
    except ValueError:
        return ip
    bits = 24 if address.version == 4 else 48
    return str(ip_network(f"{address}/{bits}", strict=False))


def enviar_aviso(
    ctx: Ctx,
    usuario_id: int,
    aviso: Aviso,
    momento: str,
    ip: str | None,
    equipo: str | None,
    correo: str | None,
) -> None:
    """Send a notice; the job behind ``avisar``."""
    from kernel.mail import Message  # smtplib and email, for jobs only

    def leer(one: Ctx) -> tuple[str, str, str, str] | None:
        usuario = one.session.get(Usuario, usuario_id)
        if usuario is None:
            return None
        local = datetime.fromisoformat(momento).astimezone(one.time_zone)
        para = correo or usuario.email
        return usuario.nombre, para, f"{local:%d/%m/%Y %H:%M}", idiomas.de(one, usuario)

    leido = ctx.runtime.transact(leer)
    if leido is None or ctx.job is None:
        return
    nombre, para, cuando, idioma = leido
    carta = AVISOS[aviso]
    mensaje = Message(para, carta.asunto, carta.texto(nombre, cuando, ip, equipo), language=idioma)
    ctx.runtime.mailer.send(mensaje, f"aviso:{ctx.job.id}")
