"""Commands on addons: ``server.py addon …``."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from kernel import usage
from kernel.settings import Settings

commands = typer.Typer(no_args_is_help=True, help="Installed and available addons.")

Names = Annotated[list[str], typer.Argument(help="Addons, all in one change.")]

STATES = {
    "requested": "asked for",
    "expanding": "loading the new generation as a trial, and making its tables",
    "rolling": "replacing processes one by one",
    "contracting": "every process serves it; taking away what nobody uses",
    "reverting": "going back",
    "current": "done",
    "failed": "failed",
}


def _ready() -> Settings:
    from kernel import cli

    return cli.ready()


@commands.command("list")
def list_addons() -> None:
    """List the addons of this host and which are installed."""
    from kernel import installed, lifecycle, manifest

    found = _ready()
    with lifecycle.owner(found) as engine:
        rows = {row.name: row for row in installed.rows(engine)}
    survey = manifest.survey(found.addon_roots)
    for name, one in sorted(survey.manifests.items()):
        typer.echo(f"{name:<20} {one.version:<10} {_state(rows, name):<18} {one.summary['es']}")
    for name, bad in sorted(survey.invalid.items()):
        typer.echo(f"{name:<20} {'—':<10} {'invalid':<18} {bad.reason}")
    for name in sorted(rows.keys() - survey.manifests.keys() - survey.invalid.keys()):
        typer.echo(f"{name:<20} {'—':<10} {'missing':<18} Its code is not on this host.")


def _state(rows: dict[str, object], name: str) -> str:
    row = rows.get(name)
    if row is None:
        return "available"
    state = str(getattr(row, "state", ""))
    return f"installed {getattr(row, 'version', '')}" if state == "enabled" else state


@commands.command("schema")
def manifest_schema() -> None:
    """Print the JSON Schema of manifests, as docs/manifest.schema.json holds it."""
    from kernel import manifest

    typer.echo(json.dumps(manifest.schema(), ensure_ascii=False, indent=2))


@commands.command("plan")
def plan_addon(
    action: Annotated[str, typer.Argument(help="install, upgrade, enable, disable, purge …")],
    names: Names,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    archive: Annotated[str, typer.Option(help="For import: the archive's key.")] = "",
) -> None:
    """Show what a change of addons would do to this database; changes nothing."""
    from kernel import addon_changes, planning

    if action not in addon_changes.ACTIONS:
        raise typer.BadParameter(f"An action is one of: {', '.join(addon_changes.ACTIONS)}.")
    plan = planning.make(_ready(), action, names, archive)
    if as_json:
        typer.echo(json.dumps(plan.document(), ensure_ascii=False, indent=1))
    else:
        typer.echo(planning.page(plan))


def _make(action: str, names: list[str], archive: str = "", confirm: str | None = None) -> str:
    from kernel import installing, redaction
    from kernel.generations import Generation

    def tell(found: Generation) -> None:
        typer.echo(f"generation {found.number}: {STATES.get(found.state, found.state)}")
        if found.error and found.state in ("contracting", "current"):
            typer.echo(redaction.clean(found.error))

    done = installing.make(
        _ready(),
        action,  # type: ignore[arg-type]  # our own words
        names,
        archive=archive,
        confirm=confirm,
        tell=tell,
    )
    return done.archive


@commands.command()
def install(names: Names) -> None:
    """Install addons and what they depend on."""
    _make("install", names)


@commands.command()
def upgrade(names: Names) -> None:
    """Bring addons to the version of this host's code."""
    _make("upgrade", names)


@commands.command()
def disable(names: Names) -> None:
    """Switch addons off; their tables stay."""
    _make("disable", names)


@commands.command()
def enable(names: Names) -> None:
    """Switch addons on again."""
    _make("enable", names)


@commands.command("archive")
def archive_addons(names: Names) -> None:
    """Write the rows of addons to a file, then drop them."""
    typer.echo(f"Archive: {_make('archive', names)}")


@commands.command("import")
def import_archive(
    key: Annotated[str, typer.Argument(help="Key in the storage, or a file on this host.")],
) -> None:
    """Fill addons from an archive; installs them if need be."""
    from kernel import addon_archive
    from kernel.storage import Storage

    storage = Storage.from_url(_ready().files_url)
    if (path := Path(key)).is_file():
        folder = addon_archive.folder_of(addon_archive.addons_in(path))
        data = path.read_bytes()
        key = f"{addon_archive.FOLDER}/{folder}/import-{sha256(data).hexdigest()[:16]}.tar"
        storage.put(key, data, content_type="application/x-tar")
    _make("import", list(addon_archive.read(storage, key).addons), archive=key)


@commands.command()
def purge(
    names: Names,
    confirm: Annotated[
        str, typer.Option(help="The names once more, separated by commas, in any order.")
    ] = "",
) -> None:
    """Drop addons and all that they hold, for good."""
    if not confirm:
        confirm = typer.prompt(f"This deletes every row. Type «{','.join(names)}» to confirm")
    _make("purge", names, confirm=confirm)


@commands.command("new")
def new_addon(
    name: Annotated[str, typer.Argument(help="An English noun, such as warranty.")],
) -> None:
    """Write a new addon from the template: code, manifest, migration, test."""
    from kernel import manifest, scaffold

    for path in scaffold.create(name):
        typer.echo(path.relative_to(manifest.ROOT))
    typer.echo(f"Install it with: python server.py addon install {name}")
    if hint := usage.hint():
        typer.echo(hint)
