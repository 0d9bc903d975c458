"""Notices to users: a row each, a hint to open screens, and a mail where one is wanted.

Other addons say what happened and who should know (``notificar``); what a user has not read yet is
theirs alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from addons.base.messages import ASUNTO_NOTIFICACIONES, notificaciones
from addons.base.models import Usuario
from addons.base.schemas import Leidas, Pendientes
from addons.base.services import idiomas
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import NotFound
from kernel.phrases import Phrase, of, verbatim
from kernel.rbac import ADMIN
from kernel.translations import message, speaking, spoken

DIAS = 90
"""Days that a notice stays, read or not."""

INSERTAR = Statement(
    "notificaciones_insertar",
    """
    INSERT INTO notificaciones (usuario_id, tipo, titulo, texto, mensaje, enlace, clave,
                                created_at)
    SELECT u.id, n.tipo, n.titulo, n.texto, n.mensaje::jsonb, n.enlace, n.clave, %(ahora)s
      FROM unnest(%(usuarios)s::bigint[], %(tipos)s::text[], %(titulos)s::text[],
                  %(textos)s::text[], %(mensajes)s::text[], %(enlaces)s::text[], %(claves)s::text[])
           AS n(usuario_id, tipo, titulo, texto, mensaje, enlace, clave)
      JOIN usuarios u ON u.id = n.usuario_id AND u.activo
    ON CONFLICT (usuario_id, clave) DO NOTHING
    RETURNING usuario_id, id
    """,
)
CON_PERMISO = Statement(
    "usuarios_con_permiso",
    """
    SELECT u.id FROM usuarios u JOIN roles r ON r.id = u.rol_id
     WHERE u.activo AND (r.nombre = %(admin)s OR EXISTS (
       SELECT FROM permisos p WHERE p.rol_id = r.id AND p.modulo = %(modulo)s
          AND p.accion = %(accion)s AND p.permitido))
     ORDER BY u.id
    """,
    reads=True,
)
LEER = Statement(
    "notificaciones_leer",
    """
    UPDATE notificaciones SET leida_at = coalesce(leida_at, %(ahora)s)
     WHERE usuario_id = %(usuario)s AND (%(id)s::bigint IS NULL OR id = %(id)s)
       AND (%(id)s::bigint IS NOT NULL OR leida_at IS NULL)
    RETURNING id
    """,
)
PENDIENTES = Statement(
    "notificaciones_pendientes",
    "SELECT count(*) FROM notificaciones WHERE usuario_id = %(usuario)s AND leida_at IS NULL",
    reads=True,
)
BORRAR = Statement(
    "notificaciones_borrar",
    "DELETE FROM notificaciones WHERE created_at < %(ahora)s - make_interval(days => %(dias)s)",
)
CARTA = Statement(
    "notificaciones_carta",
    """
    SELECT n.titulo, n.texto, n.mensaje FROM notificaciones n
     WHERE n.id = ANY(%(ids)s::bigint[]) AND n.usuario_id = %(usuario)s ORDER BY n.id
    """,
    reads=True,
)


@dataclass(frozen=True, slots=True)
class Noticia:
    """What a user should know, its ``texto`` line by line; told once for each ``clave``.

    ``enlace`` is a path of this site.
    """

    usuario_id: int
    tipo: str
    titulo: Phrase
    clave: str
    texto: Sequence[Phrase] = ()
    enlace: str = ""

    @property
    def mensaje(self) -> str:
        """The words as they are kept: a reader of any language gets theirs of it."""
        lineas = [una.data for una in self.texto]
        return to_json({"titulo": self.titulo.data, "texto": lineas}).decode()


def con_permiso(ctx: Ctx, permiso: str) -> list[int]:
    """Return the active users whose rol has a permission, wherever they may use it."""
    modulo, _, accion = permiso.partition(".")
    return [row[0] for row in ctx.sql(CON_PERMISO, modulo=modulo, accion=accion, admin=ADMIN)]


def notificar(ctx: Ctx, noticias: Sequence[Noticia], *, correo: bool = True) -> list[int]:
    """Return the ids of the notices that are new; each user gets one mail with all of theirs."""
    rows = ctx.sql(
        INSERTAR,
        usuarios=[una.usuario_id for una in noticias],
        tipos=[una.tipo for una in noticias],
        titulos=[una.titulo.said_in("es") for una in noticias],
        textos=["\n".join(linea.said_in("es") for linea in una.texto) for una in noticias],
        mensajes=[una.mensaje for una in noticias],
        enlaces=[una.enlace for una in noticias],
        claves=[una.clave for una in noticias],
        ahora=ctx.now,
    )
    por_usuario: dict[int, list[int]] = defaultdict(list)
    for usuario_id, uno in rows:
        por_usuario[usuario_id].append(uno)
    for usuario_id, ids in por_usuario.items():
        ctx.notify(f"usuario.{usuario_id}", notificaciones=ids)
        if correo:
            ctx.enqueue("base.enviar_notificaciones", usuario_id=usuario_id, ids=ids)
    return [uno for _, uno in rows]


def leer(ctx: Ctx, notificacion_id: int) -> Pendientes:
    """Return what is left after one of the user's notices was marked as read.

    Raises:
        NotFound: the user has no such notice.
    """
    if not ctx.sql(LEER, usuario=ctx.user_id, id=notificacion_id, ahora=ctx.now):
        raise NotFound
    return pendientes(ctx)


def leer_todas(ctx: Ctx) -> Leidas:
    """Return how many notices of the user were unread and are read now."""
    return Leidas(leidas=len(ctx.sql(LEER, usuario=ctx.user_id, id=None, ahora=ctx.now)))


def pendientes(ctx: Ctx) -> Pendientes:
    """Return how many notices the user has not read."""
    return Pendientes(pendientes=ctx.sql(PENDIENTES, usuario=ctx.user_id)[0][0])


def enviar(ctx: Ctx, usuario_id: int, ids: Iterable[int]) -> None:
    """Send a user's notices as one mail; the job behind ``notificar``."""
    from kernel.mail import Message  # smtplib and email, for jobs only

    def read(one: Ctx) -> tuple[str, str, str, list[tuple[str, str]]] | None:
        usuario = one.session.get(Usuario, usuario_id)
        rows = one.sql(CARTA, ids=list(ids), usuario=usuario_id)
        if usuario is None or not rows:
            return None
        idioma = idiomas.de(one, usuario)
        with speaking(idioma):
            return usuario.nombre, usuario.email, idioma, [decir(*row) for row in rows]

    found = ctx.runtime.transact(read)
    if found is None or ctx.job is None:
        return
    nombre, para, idioma, noticias = found
    cuerpo = "\n\n".join(f"{titulo}\n{texto}".strip() for titulo, texto in noticias)
    asunto = verbatim(noticias[0][0]) if len(noticias) == 1 else ASUNTO_NOTIFICACIONES
    mensaje = Message(para, asunto, notificaciones(nombre, cuerpo), language=idioma)
    ctx.runtime.mailer.send(mensaje, f"notificaciones:{ctx.job.id}")


def decir(titulo: str, texto: str, mensaje: dict[str, Any] | None) -> tuple[str, str]:
    """Return title and text of a notice in the language that is spoken.

    One that was written before words and values were kept apart is recognised by its words.
    """
    if spoken() == "es":
        return titulo, texto
    if mensaje is None:
        return message(titulo), "\n".join(map(message, texto.split("\n")))
    lineas = [str(of(una)) for una in mensaje["texto"]]
    return str(of(mensaje["titulo"])), "\n".join(lineas)


def traducir(ctx: Ctx, filas: list[dict[str, Any]]) -> None:
    """Put notices into the language of who reads them."""
    for fila in filas:
        fila["titulo"], fila["texto"] = decir(fila["titulo"], fila["texto"], fila["mensaje"])


def borrar_viejas(ctx: Ctx) -> None:
    """Delete notices that nobody will look for any more."""
    ctx.sql(BORRAR, ahora=ctx.now, dias=DIAS)
