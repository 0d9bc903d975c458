"""Whose failures are counted together. Source: docs/decisions/0008-slowing-guesses.md.

A delay that strangers can cause must not keep the owner out. So the places from where a user signed
in before count on their own, each apart; everybody else's attempts on that account count together.
"""

from datetime import timedelta

from kernel.context import Ctx
from kernel.credentials import digest
from kernel.db import Statement
from kernel.throttle import origin

CONOCIDO = timedelta(days=90)
"""How long a place stays known after a login from there."""

ORIGENES = Statement(
    "origenes_conocidos",
    """
    SELECT DISTINCT s.ip
      FROM usuarios u JOIN sesiones s ON s.usuario_id = u.id
     WHERE lower(u.email) = %(email)s AND s.ip IS NOT NULL AND s.created_at > %(desde)s
    """,
)


def cuenta(ctx: Ctx, uso: str, email: str) -> str:
    """Return under which name attempts on this account from here are counted.

    It is made of the e-mail, whether anybody has it or not, and tells nothing about it.
    """
    name = f"{uso}:{digest(email.lower())}"
    here = origin(ctx.request.ip)
    rows = ctx.sql(ORIGENES, email=email.lower(), desde=ctx.now - CONOCIDO)
    return f"{name}@{here}" if here in {origin(row[0]) for row in rows} else name
