"""Translations: Spanish is the source of every text; other languages come from gettext catalogues.

The language of a request is kept for its thread of work; ``translate`` gives a text in it.
"""

from __future__ import annotations

import functools
import gettext
from contextvars import ContextVar
from pathlib import Path

LOCALES = Path(__file__).parent / "locale"
LANGUAGES = ("es", "en")
_spoken: ContextVar[str] = ContextVar("language", default="es")


@functools.cache
def catalogue(language: str) -> gettext.NullTranslations:
    """Return the texts of a language; Spanish needs none."""
    return gettext.translation("andes", LOCALES, [language], fallback=True)


def speak(language: str) -> None:
    """Say which language the rest of this request is in."""
    _spoken.set(language if language in LANGUAGES else "es")


def spoken() -> str:
    """Return the language of this request."""
    return _spoken.get()


def translate(text: str, **values: object) -> str:
    """Return a text in the language of this request, its ``{names}`` filled in."""
    language = _spoken.get()
    told = text if language == "es" or not text else catalogue(language).gettext(text)
    return told.format(**values) if values else told


def number(one: str, many: str, count: int) -> str:
    """Return a text in the singular or plural, ``{n}`` filled in."""
    language = _spoken.get()
    if language == "es":
        told = one if count == 1 else many
    else:
        told = catalogue(language).ngettext(one, many, count)
    return told.format(n=count)
