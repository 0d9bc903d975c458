"""What the embedded PostgreSQL is told: its parameters and who may connect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

PARAMETERS: Mapping[str, str] = {
    "shared_buffers": "128MB",
    "max_connections": "100",
    "wal_compression": "on",
    "jit": "off",
    "max_logical_replication_workers": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "on",
    "log_filename": "postgresql-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %u@%d ",
    "log_error_verbosity": "terse",  # the detail of an error is the row: hashes, people, amounts
}
# Data that nobody will miss: lost if the machine fails, but not if a process is killed; as few
# background processes as possible.
THROWAWAY_PARAMETERS: Mapping[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "wal_compression": "off",
    "autovacuum": "off",
    "io_method": "sync",
    "checkpoint_timeout": "1h",
    "max_wal_size": "256MB",
    "min_wal_size": "32MB",
    "logging_collector": "off",
    "max_connections": "300",
}


def write_parameters(data: Path, parameters: Mapping[str, str]) -> None:
    """Write `postgresql.conf`; what a person sets with ALTER SYSTEM stays and wins."""
    lines = [f"{name} = {_quoted(value)}" for name, value in parameters.items()]
    header = "# Written at every start; use ALTER SYSTEM for your own settings."
    rewrite(data / "postgresql.conf", [header, *lines])


def allow_passwords(data: Path) -> None:
    """Let in over TCP, from this machine, whoever knows the password."""
    rewrite(data / "pg_hba.conf", ["host all all 127.0.0.1/32 scram-sha-256"])


def allow_accounts(data: Path, accounts: Iterable[str]) -> None:
    """Let in over the unix socket these system accounts, whatever role they ask for."""
    rules = [f"local {kind} all peer map=andes" for kind in ("all", "replication")]
    rewrite(data / "pg_hba.conf", rules)
    rewrite(data / "pg_ident.conf", [f'andes "{account}" all' for account in accounts])


def rewrite(path: Path, lines: Iterable[str]) -> None:
    """Replace the lines of a file in place, so that its owner stays."""
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
