"""Acts on all records that a list finds: a job that does to each what a person would, and says how.

It acts as who asked, through the API: what they may not do to a record is not done, and keeps no
other from it. A cancelled job leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from kernel.context import Ctx
from kernel.errors import DomainError
from kernel.jobs import Job
from kernel.page import attempt, fetch, send

DELETE = "_eliminar"
NAME = "kernel.bulk"
PER_PAGE = 200


def act_on_all(ctx: Ctx, path: str, act: str, query: str) -> None:
    """Do an act to every record of a list's query; ``act`` is a button's path, or ``DELETE``."""
    ids = list(_ids(ctx, path, query))
    refused = 0
    for done, one in enumerate(ids, 1):
        if not act_on(ctx, path, act, one):
            refused += 1
        if ctx.job is not None:
            ctx.job.check_cancelled()
            ctx.job.progress(done, len(ids), f"{done - refused} / {len(ids)}")


def act_on(ctx: Ctx, path: str, act: str, record_id: int) -> bool:
    """Do an act to a record, and return whether it was not refused."""
    method, where = ("DELETE", f"{path}{{id}}/") if act == DELETE else ("POST", act)

    def run() -> Any:
        return send(ctx, method, where, {}, id=record_id)

    try:
        attempt(ctx, run)
    except DomainError:
        return False
    return True


def _ids(ctx: Ctx, path: str, query: str) -> Iterator[int]:
    """Yield the ids that a query finds, page by page."""
    given = {n: v for n, v in parse_qsl(query) if n not in ("next", "limit", "fields")}
    following = ""
    while True:
        more = {"next": following} if following else {}
        page = fetch(ctx, path, urlencode({**given, "limit": PER_PAGE, "fields": "id", **more}))
        yield from (one["id"] for one in page["items"])
        following = page["next"] or ""
        if not following:
            return


JOBS = [
    Job(
        NAME,
        act_on_all,
        "Actúa sobre todos los registros de una lista",
        max_attempts=1,
        timeout=timedelta(hours=1),
    )
]
