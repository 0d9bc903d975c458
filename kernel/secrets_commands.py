"""Commands about keys: ``server.py secrets status``, ``rotate``, ``new-key``. See docs/keys.md."""

from __future__ import annotations

import typer

commands = typer.Typer(no_args_is_help=True, help="Keys that seal stored secrets.")


@commands.command("status")
def show_status() -> None:
    """Show how many stored secrets each version of the master key wraps."""
    from kernel import cli, processes, rotation

    runtime = processes.make_runtime(cli.ready())
    known = runtime.vault.fingerprints()
    lost = 0
    for one in rotation.standing(runtime):
        for version, count in one.versions.items():
            age = "newest" if version == runtime.vault.current else "older"
            state = f"{age}, {known[version]}" if version in known else "NOT in MASTER_KEY"
            lost += count if version not in known else 0
            typer.echo(f"{one.column!s:<40} version {version}: {count} ({state})")
        if one.odd:
            lost += one.odd
            typer.echo(f"{one.column!s:<40} not sealed: {one.odd}")
    runtime.close()
    raise SystemExit(1 if lost else 0)


@commands.command("rotate")
def rotate_keys() -> None:
    """Wrap every stored secret by the newest master key; safe to interrupt and to repeat."""
    from kernel import cli, processes, rotation

    runtime = processes.make_runtime(cli.ready())
    left = 0
    for one in rotation.rotate(runtime):
        typer.echo(f"{one.column!s:<40} {one.rewrapped} wrapped by version {runtime.vault.current}")
        for cause, count in one.unreadable.items():
            left += count
            typer.echo(f"{one.column!s:<40} {count} LEFT: {cause}")
    runtime.close()
    raise SystemExit(1 if left else 0)


@commands.command("new-key")
def make_key() -> None:
    """Print MASTER_KEY with a new key added; put it into the settings of every host."""
    from kernel import cli, secrets

    present = cli.ready().master_key.get_secret_value()
    version = secrets.Vault.from_settings(present).current + 1
    versioned = present if ":" in present.partition(",")[0] else f"1:{present}"
    typer.echo(f"MASTER_KEY={versioned},{version}:{secrets.generate_key()}")
