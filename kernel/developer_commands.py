"""``server.py addon check`` and ``addon test``: for whoever writes an addon.

They need no database and no settings but ADDON_ROOTS: what they run is thrown away.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Annotated, Literal

import typer

Roots = Annotated[
    list[Path] | None,
    typer.Option("--root", help="Folder with manifests/ besides ours; default ADDON_ROOTS."),
]


def add_to(commands: typer.Typer) -> None:
    """Add the commands to a group."""
    commands.command("check")(check_addon)
    passed_on = {"allow_extra_args": True, "ignore_unknown_options": True}
    commands.command("test", context_settings=passed_on)(run_tests)


def roots_of(given: list[Path] | None) -> list[Path]:
    """Return the folders of addons outside of the tree."""
    named = filter(None, os.environ.get("ADDON_ROOTS", "").split(","))
    return [path.resolve() for path in given or [Path(name.strip()) for name in named]]


def check_addon(
    name: Annotated[str, typer.Argument(help="The addon.")],
    medal: Annotated[
        Literal["bronze", "silver", "gold"], typer.Option(help="Examine up to this medal.")
    ] = "gold",
    root: Roots = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Examine an addon: what is missing for bronze, silver, gold, and its cure.

    Ends with 0 if it deserves the medal asked for, by default at least silver.
    """
    from kernel.checks import examination
    from kernel.checks.page import page
    from kernel.quality import MEDALS
    from kernel.testing import cluster

    begun = time.monotonic()
    upto = MEDALS[: MEDALS.index(medal) + 1]
    cluster.begin_run()
    try:
        subject = examination.load(name, roots_of(root))
        report = examination.examine(subject, examination.rules_of(*upto))
    finally:
        cluster.end_run()
    if as_json:
        typer.echo(json.dumps(report.document(), ensure_ascii=False, indent=1))
    else:
        typer.echo(page(report))
        typer.echo(f"Examined in {time.monotonic() - begun:.1f} s.")
    enough = MEDALS.index("silver" if medal == "gold" else medal)
    raise SystemExit(0 if report.medal in MEDALS[enough:] else 1)


def run_tests(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The addon.")],
    root: Roots = None,
) -> None:
    """Run an addon's tests on a PostgreSQL of their own, with only what it depends on installed.

    What else is given goes to pytest: ``addon test sales -k caja -x``.
    """
    from kernel.testing import running

    raise SystemExit(running.run(name, roots_of(root), context.args))
