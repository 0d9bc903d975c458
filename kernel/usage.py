"""Usage: how the commands of ``server.py`` are typed for the instance at hand.

Messages name commands as a server takes them; an embedded instance needs ``--data`` besides.
"""

from __future__ import annotations

from pathlib import Path

COMMAND = "python server.py "
USUAL = Path("var")
"""Where ``make run`` makes its instance."""


def is_embedded(data_dir: Path) -> bool:
    """Return whether a data folder holds an instance with its own PostgreSQL."""
    return (data_dir / "postgres").is_dir()


def for_here(text: str, data_dir: Path) -> str:
    """Return a text whose commands name the folder, where that is an embedded instance."""
    return text.replace(COMMAND, f"{COMMAND}--data {data_dir} ") if is_embedded(data_dir) else text


def hint() -> str:
    """Return what to type instead, for who forgot ``--data``; empty where nothing is embedded."""
    if not is_embedded(USUAL):
        return ""
    return f"En «{USUAL}» hay una instancia embebida; para ella: {COMMAND}--data {USUAL} …"
