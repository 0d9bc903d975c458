"""What an addon may import from the kernel: names that stay, or are announced before they go.

Everything else is the kernel's own and changes without notice. ``docs/addons.md`` lists the same
names and says for how long a name stays; ``server.py addon check`` reports other imports.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping

WHOLE: tuple[str, ...] = ()
"""In place of names: all that the module defines."""

PUBLIC: Mapping[str, tuple[str, ...]] = {
    "kernel.answers": ("Outcome",),
    "kernel.archives": ("ArchiveRefused", "Limits", "inspect"),
    "kernel.context": ("Ctx",),
    "kernel.db": ("Statement", "driver"),
    "kernel.demo": ("DemoAct", "DemoData", "DemoFacts"),
    "kernel.downloads": ("stream",),
    "kernel.errors": WHOLE,
    "kernel.events": ("EventType", "Subscriber"),
    "kernel.extensions": ("Extension",),
    "kernel.filetypes": WHOLE,
    "kernel.forms": ("Form",),
    "kernel.health": ("HealthCheck",),
    "kernel.hookspecs": ("hookimpl",),
    "kernel.http": ("Endpoint", "endpoint", "endpoints_in"),
    "kernel.identity": ("Rol", "Usuario"),
    "kernel.imports": ("Import", "Row", "Target", "Written"),
    "kernel.installable": ("Installable",),
    "kernel.jobs": ("Job", "Schedule"),
    "kernel.listing": ("Finish",),
    "kernel.logging": ("get",),
    "kernel.mail": ("Attachment", "Message"),
    "kernel.mentions": ("Mention", "told"),
    "kernel.messages": ("refused", "validation_failed"),
    "kernel.model": (
        "Id",
        "Model",
        "MoneyColumn",
        "PriceColumn",
        "QuantityColumn",
        "Ref",
        "Timestamps",
        "Versioned",
        "extend",
    ),
    "kernel.money": WHOLE,
    "kernel.outbound": ("AnswerLost", "AnswerRefused", "Limits", "Outbound", "Reply"),
    "kernel.page": (
        "Asked",
        "Pairs",
        "attempt",
        "choices",
        "draw",
        "fetch",
        "own_address",
        "page",
        "redirect",
        "send",
    ),
    "kernel.pdf": ("MEDIA", "PdfRefused", "STATUSES", "download", "render"),
    "kernel.phrases": ("Phrase", "counted", "of", "phrase", "verbatim"),
    "kernel.processes": ("make_runtime",),
    "kernel.rbac": (
        "ADMIN",
        "FieldRule",
        "Permission",
        "Protected",
        "Role",
        "RowRule",
        "Scope",
        "among",
    ),
    "kernel.reports": ("Period", "Report", "Table"),
    "kernel.resource": ("Resource",),
    "kernel.runtime": ("Runtime",),
    "kernel.schemas": WHOLE,
    "kernel.sealed": ("Sealed",),
    "kernel.sequences": ("NEXT", "Sequence"),
    "kernel.settings": ("Settings", "load"),
    "kernel.sheets": ("as_text",),
    "kernel.storage": ("FileMissing", "StoredFile"),
    "kernel.translations": ("later", "message", "number", "speaking", "spoken", "translate"),
    "kernel.uploads": ("FileRule", "Upload"),
    "kernel.views": WHOLE,
    "kernel.welcome": ("Welcome",),
    "kernel.widgets": ("Widget",),
    "kernel.words": ("FIELD", "MODULE", "ROLE", "Word", "act", "module", "of", "role", "table"),
    "kernel.workbooks": ("open_workbook", "rows"),
    "kernel.xml": ("XmlRefused", "parse_xml", "read_schema"),
}
"""Module → its public names."""


def is_public(name: str) -> bool:
    """Return whether an addon may import ``kernel.context.Ctx``, or the module ``kernel.context``.

    Of an imported module only the public names may be used.
    """
    if name in PUBLIC:
        return True
    module, _, last = name.rpartition(".")
    names = PUBLIC.get(module)
    return names is not None and not last.startswith("_") and (names == WHOLE or last in names)


def missing() -> list[str]:
    """Return the public names that the kernel doesn't have."""
    return [
        f"{module}.{name}"
        for module, names in PUBLIC.items()
        for name in names
        if not hasattr(importlib.import_module(module), name)
    ]


def page() -> str:
    """Return the list as docs/addons.md has it."""
    lines = ["| module | names |", "|---|---|"]
    for module, names in PUBLIC.items():
        listed = ", ".join(f"`{name}`" for name in names) or "all that it defines"
        lines.append(f"| `{module}` | {listed} |")
    return "\n".join(lines) + "\n"
