"""What changes by itself around a page: counts beside menu entries, and work that is going on.

A page asks for it once it is there, and again when the server says that something changed; so no
page waits for it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from pydantic_core import to_json

from kernel import translations
from kernel.answers import JSON, Outcome
from kernel.context import Ctx
from kernel.errors import DomainError
from kernel.page import fetch
from kernel.web_seen import may

JOBS = "/api/jobs/"
MOST = 3
"""Jobs that are told of."""


def show(ctx: Ctx) -> Outcome:
    """Return the counts by the id of their entry, and the running jobs."""
    menus = ctx.runtime.registry.screens.entries(ctx.can)
    counts = {one.id: _count(ctx, one.badge) for one in menus if one.badge}
    return Outcome(200, to_json({"counts": counts, "jobs": _jobs(ctx)}), JSON)


def _count(ctx: Ctx, path: str) -> int:
    try:
        answer = fetch(ctx, path)
    except DomainError:
        return 0
    return next((one for one in answer.values() if isinstance(one, int)), 0)


def _jobs(ctx: Ctx) -> list[dict[str, Any]]:
    if not may(ctx, "GET", JOBS):
        return []
    fields = "id,name,progress_done,progress_total,progress_line"
    query = urlencode({"status": "running", "limit": MOST, "fields": fields})
    return [
        {
            "address": f"/app/jobs/{one['id']}/",
            "title": _title(ctx, one["name"]),
            "done": one["progress_done"],
            "total": one["progress_total"],
            "line": one["progress_line"],
        }
        for one in fetch(ctx, JOBS, query)["items"]
    ]


def _title(ctx: Ctx, name: str) -> str:
    job = ctx.runtime.registry.jobs.get(name)
    return translations.translate(job.summary) if job is not None and job.summary else name
