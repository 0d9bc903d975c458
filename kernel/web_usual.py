"""What a form usually refers to: the record that is the only choice, so that nobody looks it up."""

from __future__ import annotations

from kernel.context import Ctx
from kernel.errors import DomainError
from kernel.page import fetch
from kernel.web_seen import may


def only(ctx: Ctx, path: str, query: str = "") -> int | None:
    """Return the one record of a resource that a query finds, if there is exactly one."""
    if not may(ctx, "GET", path):
        return None
    asked = query.replace("@me", str(ctx.user_id))
    try:
        answer = fetch(ctx, path, "&".join(filter(None, (asked, "limit=2"))))
    except DomainError:  # a list that knows no such query
        return None
    items = answer["items"] if isinstance(answer, dict) else answer
    return int(items[0]["id"]) if len(items) == 1 else None


def followed(ctx: Ctx, path: str, record: int, name: str) -> int | None:
    """Return what a record that a form refers to says of another field of the form."""
    if not may(ctx, "GET", f"{path}{{id}}/"):
        return None
    try:
        value = fetch(ctx, f"{path}{{id}}/", id=record).get(name)
    except DomainError:  # not the user's to see
        return None
    return value if isinstance(value, int) else None
