"""Idempotency-Key: the stored answer of a creating POST, committed with its effect."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, LargeBinary, SmallInteger, func
from sqlalchemy.orm import Mapped, mapped_column

from kernel.model import Model


class IdempotencyKey(Model):
    """What was answered to a user's key, and the keyed digest of the request it belongs to."""

    __tablename__ = "andes_idempotency_keys"
    __audited__ = False

    usuario_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]
    status: Mapped[int] = mapped_column(SmallInteger)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


KEEP = """
INSERT INTO andes_idempotency_keys (usuario_id, key, digest, status, body)
SELECT %(usuario_id)s, %(key)s, %(digest)s, %(status)s, %(body)s WHERE %(key)s::text IS NOT NULL
"""
"""Part of the statement that ``Ctx.finish`` writes everything with."""
