"""The pages of ``docs/`` as tests read them: sections, code blocks, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kernel.manifest import ROOT

DOCS = ROOT / "docs"
_FENCE = re.compile(r"^```(\w+)(?: (.*?))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, what the fence says besides, and the text."""

    language: str
    facts: str
    text: str


def blocks(page: str, language: str = "") -> list[Block]:
    """Return the fenced blocks of a page, of one language if given, in order."""
    found = [Block(one[1], one[2] or "", one[3]) for one in _FENCE.finditer(page)]
    return [one for one in found if language in ("", one.language)]


def sections(page: str, level: int = 2) -> dict[str, str]:
    """Return the text under each heading of a level, by heading."""
    parts = re.split(rf"^{'#' * level} (.+)$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def prose(text: str) -> str:
    """Return a text without its fenced blocks."""
    return _FENCE.sub("", text).strip()


def headings(page: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub names them."""
    words = (one[2].lower() for one in _HEADING.finditer(_FENCE.sub("", page)))
    return {re.sub(r"[^\w\- ]", "", word).replace(" ", "-") for word in words}


def links(page: str) -> Iterator[str]:
    """Yield the targets of a page's links."""
    return (one[1] for one in _LINK.finditer(_FENCE.sub("", page)))


def markdown_files() -> list[Path]:
    """Return every page of the product."""
    beside = [*ROOT.glob("*.md"), *ROOT.glob("addons/*/README.md")]
    return sorted([*beside, *DOCS.rglob("*.md")])
