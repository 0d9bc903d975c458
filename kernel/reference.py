"""Pages of ``docs/`` that are made from the code: the settings.

``python -m kernel.reference > docs/settings.md``
"""

from __future__ import annotations

import sys
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from kernel.settings import SECRETS, Settings

HEAD = """\
# Settings

Every setting is an environment variable, or a line of the file `.env` in the folder where \
`server.py` is started; the environment wins. A wrong or missing setting stops the start with its \
name and its cure. `python server.py demo` needs none of them: it makes its own.

This page is made from `kernel/settings.py` by `python -m kernel.reference > docs/settings.md`.

| setting | default | limits | meaning |
|---|---|---|---|
"""

TAIL = """
Secrets may come from a file instead, as container platforms hand them out: `SECRET_KEY_FILE` \
names a file that holds the value of `SECRET_KEY`. That goes for {secrets}.
"""

BOUNDS = (("ge", "≥ {}"), ("le", "≤ {}"), ("min_length", "{} characters or more"))


def settings_page() -> str:
    """Return the page of all settings, in Markdown."""
    rows = [_row(name, field) for name, field in Settings.model_fields.items()]
    secrets = ", ".join(f"`{name}`" for name in SECRETS)
    return HEAD + "\n".join(rows) + "\n" + TAIL.format(secrets=secrets)


def _row(name: str, field: FieldInfo) -> str:
    default = "**required**" if field.is_required() else _default(field)
    cells = (f"`{name.upper()}`", default, _limits(field), field.description or "")
    return f"| {' | '.join(cells)} |"


def _default(field: FieldInfo) -> str:
    value: Any = field.get_default(call_default_factory=True)
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    return f"`{value}`" if value not in ("", []) else "empty"


def _limits(field: FieldInfo) -> str:
    found = [
        text.format(getattr(mark, name))
        for mark in field.metadata
        for name, text in BOUNDS
        if getattr(mark, name, None) is not None
    ]
    patterns = [str(mark.pattern) for mark in field.metadata if getattr(mark, "pattern", None)]
    return ", ".join([*found, *map(_choices, patterns)])


def _choices(pattern: str) -> str:
    """Return what ``^(A|B)$`` allows, as words."""
    return " or ".join(f"`{word}`" for word in pattern.strip("^()$").split("|"))


if __name__ == "__main__":
    sys.stdout.write(settings_page())
