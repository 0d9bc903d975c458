"""Translations: Spanish is the source of every text; other languages come from gettext catalogues.

The kernel and each addon have a catalogue of their own, ``locale/<language>/LC_MESSAGES/andes.po``
in their folder; those of the installed addons are read together when a language is first spoken,
and the kernel's word counts before an addon's. The language of a request is kept for its thread of
work. ``kernel.texts`` gathers what is to be translated and keeps the catalogues complete.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

KERNEL = Path(__file__).parent
LANGUAGES = ("es", "en")
LEAST_LETTERS = 6
"""Letters that a message with values in it must have besides, to be recognised."""

_spoken: ContextVar[str] = ContextVar("language", default="es")
_folders: dict[Path, None] = {KERNEL: None}
_CHOSEN = re.compile(r"(?:^|;\s*)idioma=(es|en)(?=;|$)")
_ACCEPTED = re.compile(
    r"(?:^|,)\s*([A-Za-z]{2})\b[^,;]*(?:;\s*q=([01](?:\.[0-9]{1,3})?))?", re.ASCII
)
_VALUE = re.compile(r"\{(\w+)\}")


def later(text: T) -> T:
    """Mark a text, or the texts of a mapping or sequence, as one that is translated when shown."""
    return text


def declare(folders: Iterable[Path]) -> None:
    """Say where installed addons are, whose catalogues count."""
    _folders.update(dict.fromkeys(folders))
    catalogue.cache_clear()


def place(folder: Path, language: str) -> Path:
    """Return where a folder of code has its catalogue of a language."""
    return folder / "locale" / language / "LC_MESSAGES" / "andes.po"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The texts of a language, plurals by their singular, and messages that hold values."""

    texts: dict[str, str] = field(default_factory=dict)
    plurals: dict[str, tuple[str, ...]] = field(default_factory=dict)
    patterns: tuple[tuple[re.Pattern[str], str], ...] = ()

    def message(self, text: str) -> str:
        """Return a message that was written with its values already in it."""
        if text in self.texts:
            return self.texts[text]
        for pattern, told in self.patterns:
            found = pattern.fullmatch(text)
            if found is not None:
                values = {name: self.message(value) for name, value in found.groupdict().items()}
                return told.format(**values)
        return text


@functools.cache
def catalogue(language: str) -> Catalogue:
    """Return what the catalogues of a language say; Spanish needs none."""
    if language == "es":
        return Catalogue()
    from babel.messages.pofile import read_po  # once a process, when somebody asks for it

    texts: dict[str, str] = {}
    plurals: dict[str, tuple[str, ...]] = {}
    for path in (place(folder, language) for folder in _folders):
        if not path.is_file():
            continue
        with path.open("rb") as file:
            told: Any = read_po(file, locale=language)
        for one in told:
            if isinstance(one.id, tuple):
                plurals.setdefault(one.id[0], tuple(one.string))
            elif one.id and one.string:
                texts.setdefault(one.id, one.string)
    return Catalogue(texts, plurals, tuple(_patterns(texts)))


def _patterns(texts: dict[str, str]) -> Iterable[tuple[re.Pattern[str], str]]:
    """Yield the messages with values in them as patterns, those that say most first."""
    holding = [one for one in texts if _VALUE.search(one)]
    for text in sorted(holding, key=lambda one: -len(_VALUE.sub("", one))):
        if sum(map(str.isalpha, _VALUE.sub("", text))) >= LEAST_LETTERS:
            parts = _VALUE.split(text)
            seen: set[str] = set()
            for at in range(1, len(parts), 2):
                again = parts[at] in seen
                seen.add(parts[at])
                parts[at] = f"(?P={parts[at]})" if again else f"(?P<{parts[at]}>.*?)"
            parts[::2] = [re.escape(one) for one in parts[::2]]
            yield re.compile("".join(parts), re.DOTALL), texts[text]


def values_of(text: str) -> list[str]:
    """Return the names of the values that a text holds."""
    return _VALUE.findall(text)


def speak(language: str) -> None:
    """Say which language the rest of this request is in."""
    _spoken.set(language if language in LANGUAGES else "es")


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak a language for the length of the block."""
    before = spoken()
    speak(language)
    try:
        yield
    finally:
        speak(before)


def wanted(cookie: str, accepted: str) -> str:
    """Return the language of a request: that of its cookie, else the one it accepts most.

    ``accepted`` is an Accept-Language header; what names none of ours is answered in Spanish.
    """
    if found := _CHOSEN.search(cookie):
        return found[1]
    best, most = "es", 0.0
    for tag, weight in _ACCEPTED.findall(accepted):
        if tag.lower() in LANGUAGES and float(weight or 1) > most:
            best, most = tag.lower(), float(weight or 1)
    return best


def spoken() -> str:
    """Return the language of this request."""
    return _spoken.get()


def translate(text: str, /, **values: object) -> str:
    """Return a text in the language of this request, its ``{names}`` filled in."""
    language = _spoken.get()
    told = text if language == "es" else catalogue(language).texts.get(text, text)
    return told.format(**values) if values else told


def message(text: str) -> str:
    """Return a message, which may hold values already, in the language of this request."""
    language = _spoken.get()
    return text if language == "es" else catalogue(language).message(text)


def number(one: str, many: str, count: int, /, **values: object) -> str:
    """Return a text in the singular or plural, ``{n}`` and the values filled in."""
    language = _spoken.get()
    forms = (one, many) if language == "es" else catalogue(language).plurals.get(one, (one, many))
    return forms[0 if count == 1 else 1].format(n=count, **values)
