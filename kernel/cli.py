"""The command line: ``python server.py …``.

Commands import what they need when they run, so that ``--help`` and ``doctor`` answer at once and
a broken addon cannot hide the command that repairs it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from kernel import (
    addon_commands,
    developer_commands,
    generation_commands,
    logging,
    redaction,
    secrets_commands,
    settings,
    usage,
)
from kernel.errors import ConfigurationError, DomainError
from kernel.settings import Settings

BEGINNERS = ("migrate", "restore")
"""Commands that may begin with a folder where nothing is yet."""


class Commands(TyperGroup):
    """Our commands; another name is looked for among those of the installed addons."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command by name; installed addons are loaded only for theirs."""
        found = super().get_command(ctx, cmd_name)
        return found if found is not None else _of_addon(ctx, cmd_name)


def _of_addon(ctx: Any, name: str) -> Any:
    from kernel import processes

    _attach(ctx.params.get("data"))
    runtime = processes.make_runtime(ready())
    try:
        for group in runtime.registry.gather("register_commands"):
            if group.info.name == name:
                return typer.main.get_command(group)
    finally:
        runtime.close()
    return None


app = typer.Typer(
    cls=Commands,
    name="andes",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
user_commands = typer.Typer(no_args_is_help=True, help="Users.")
audit_commands = typer.Typer(no_args_is_help=True, help="The audit trail.")
developer_commands.add_to(addon_commands.commands)
app.add_typer(addon_commands.commands, name="addon")
app.add_typer(generation_commands.commands, name="generation")
app.add_typer(user_commands, name="user")
app.add_typer(audit_commands, name="audit")
app.add_typer(secrets_commands.commands, name="secrets")


def main() -> None:
    """Run the command line; an error that a person can cure is a sentence, not a traceback."""
    try:
        app()
    except (ConfigurationError, DomainError) as error:
        fail(str(error))
    except Exception as error:
        sentence = _explain(error)
        if sentence is None:
            raise
        fail(sentence)


def _explain(error: Exception) -> str | None:
    """Return what a person can do about a fault of the database; None for any other."""
    from kernel import answers, db  # slow to import, and only needed when something is wrong

    if db.is_disconnect(error):
        reason = str(getattr(error, "orig", error)).strip().partition("\n")[0]
        return f"DATABASE_URL or DATABASE_OWNER_URL: {reason}. Start it or correct its address."
    known = answers.explain(error)
    return known.message if known else None


def fail(message: str) -> NoReturn:
    """Print what is wrong and end with exit code 1."""
    typer.secho(_for_here(message), fg=typer.colors.RED, err=True)
    raise SystemExit(1)


def _for_here(message: str) -> str:
    return usage.for_here(message, Path(os.environ.get("DATA_DIR", "")))


def ready() -> Settings:
    """Return the settings of this process, its logs configured.

    Raises:
        ConfigurationError: a setting is missing or wrong.
    """
    try:
        found = settings.load()
    except ConfigurationError as error:
        raise ConfigurationError("\n".join(filter(None, [str(error), usage.hint()]))) from None
    logging.configure(found.log_level, found.log_format)
    redaction.hide(found.secrets())
    return found


@app.callback()
def main_options(
    context: typer.Context,
    data: Annotated[
        Path | None, typer.Option(help="Folder of an embedded instance, as demo makes it.")
    ] = None,
) -> None:
    """Andes: a framework of addons for Latin-American business."""
    _attach(data, make=context.invoked_subcommand in BEGINNERS)


def _attach(data: Path | None, *, make: bool = False) -> None:
    """Take the settings of an embedded instance, its database started if it isn't running."""
    if data is not None:
        from kernel import instance

        instance.attach(data, make=make)


@app.command()
def serve(
    safe: Annotated[
        bool, typer.Option("--safe", help="Leave every addon out that can be left out.")
    ] = False,
) -> None:
    """Serve web and job processes until stopped."""
    from kernel import serving

    serving.serve(ready(), safe=safe)


@app.command()
def worker() -> None:
    """Run one job process until stopped."""
    from kernel import serving

    serving.work(ready())


@app.command(hidden=True)
def zygote(descriptor: int, lifeline: int, reports: int) -> None:
    """Fork the processes of a generation; started by serve and worker."""
    from kernel import serving

    serving.be_zygote(ready(), descriptor, lifeline, reports)


@app.command()
def demo(
    data: Annotated[Path, typer.Option(help="Folder of the instance; made when missing.")],
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Serve a demo company on an embedded PostgreSQL; everything stays inside the folder."""
    from kernel import instance

    instance.demo(data, host, port)


@app.command()
def migrate(
    install: Annotated[str, typer.Option(help="Addons to install, comma separated.")] = "",
) -> None:
    """Bring the database to this code: the kernel, the installed addons, and new ones."""
    from kernel import installing, welcome

    names = [name.strip() for name in install.split(",") if name.strip()]
    found = ready()
    done = installing.bring_up_to_date(found, names)
    for line in done or ["Nothing to do: the database is up to date."]:
        typer.echo(line)
    welcome.greet(found)


@app.command()
def makemigration(addon: str, message: str) -> None:
    """Write the next migration of an addon from the difference to its models."""
    from kernel import developing

    typer.echo(developing.make_migration(ready(), addon, message))


@app.command()
def openapi() -> None:
    """Print the OpenAPI document of the installed addons."""
    from kernel import openapi as made
    from kernel import processes

    registry = processes.make_runtime(ready()).registry
    typer.echo(json.dumps(made.document(registry), ensure_ascii=False, indent=1))


@app.command()
def shell() -> None:
    """Open a Python prompt with ``ctx``, in one transaction that is rolled back at the end."""
    import code

    from kernel import processes

    runtime = processes.make_runtime(ready())
    with runtime.database.session() as session:
        names: dict[str, Any] = {"ctx": runtime.ctx(session), "runtime": runtime}
        code.interact("ctx is one transaction; ctx.finish() commits it.", local=names)


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Check settings, database, jobs, stock and audit; each fault comes with its cure."""
    from kernel import doctor as examine

    findings = examine.run()
    if as_json:
        typer.echo(json.dumps([finding.as_dict() for finding in findings], ensure_ascii=False))
    else:
        for finding in findings:
            mark = typer.style("ok ", fg="green") if finding.well else typer.style("BAD", fg="red")
            typer.echo(f"{mark} {finding.name}: {finding.message}")
            if not finding.well:
                typer.echo(f"      → {finding.cure}")
    raise SystemExit(0 if all(finding.well for finding in findings) else 1)


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="The archive to write, or a folder for it.")],
) -> None:
    """Write database, files and a manifest with checksums into one archive."""
    from kernel import backup as archive

    typer.echo(_for_here(archive.create(ready(), target)))


@app.command()
def restore(source: Path) -> None:
    """Restore an archive into an empty database and verify it."""
    from kernel import backup as archive

    typer.echo(_for_here(archive.restore(ready(), source)))


@user_commands.command("create")
def create_user(
    email: str,
    nombre: Annotated[str, typer.Option(help="Full name.")],
    rol: Annotated[str, typer.Option(help="Name of the role.")] = "ADMIN",
) -> None:
    """Create a user; the password is asked for, or read from ANDES_PASSWORD."""
    from kernel import accounts, processes

    password = os.environ.get("ANDES_PASSWORD") or typer.prompt(
        "Password", hide_input=True, confirmation_prompt=True
    )
    runtime = processes.make_runtime(ready())
    user_id = runtime.transact(lambda ctx: accounts.create(ctx, nombre, email, password, rol))
    typer.echo(f"User {user_id}: {email}, {rol}.")


@user_commands.command("first-link")
def first_link() -> None:
    """Print a new one-time link that makes the first administrator; earlier ones are void."""
    from kernel import processes, welcome

    runtime = processes.make_runtime(ready())
    try:
        for sentence in welcome.sentences(runtime):
            typer.echo(sentence)
    finally:
        runtime.close()


@audit_commands.command("verify")
def verify_audit() -> None:
    """Verify the chain of the audit; names the first altered, removed or inserted row."""
    from kernel import processes, sealing

    verdict = processes.make_runtime(ready()).transact(sealing.verify_and_note)
    typer.echo(verdict.message)
    raise SystemExit(0 if verdict.intact else 1)
