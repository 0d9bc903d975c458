"""Phrases: texts with their values, which are said later, in the language of who reads them.

Notices and mail are made when nobody is there whose language counts. A phrase keeps the Spanish
text, by which the catalogues know it, apart from its values; written down as JSON it can be said
again in any language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kernel import translations


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text whose ``{names}`` are filled in when it is said.

    With ``many`` it is the plural's counterpart, and ``n`` decides. A ``verbatim`` text is what a
    person wrote: it is the same in every language.
    """

    text: str
    values: Mapping[str, object] = field(default_factory=dict)
    many: str = ""
    n: int = 0
    verbatim: bool = False

    def __str__(self) -> str:
        """Return what is said in the language that is spoken now."""
        if self.verbatim:
            return self.text
        if self.many:
            return translations.number(self.text, self.many, self.n, **self.values)
        return translations.translate(self.text, **self.values)

    def said_in(self, language: str) -> str:
        """Return what is said in a language."""
        with translations.speaking(language):
            return str(self)

    @property
    def data(self) -> dict[str, Any]:
        """The phrase as JSON data, for ``of``."""
        values = {
            name: value.data if isinstance(value, Phrase) else value
            for name, value in self.values.items()
        }
        return {
            "text": self.text,
            "values": values,
            "many": self.many,
            "n": self.n,
            "verbatim": self.verbatim,
        }


def phrase(text: str, /, **values: object) -> Phrase:
    """Return a text of the catalogues with its values; the text is a literal."""
    return Phrase(text, {name: _plain(value) for name, value in values.items()})


def counted(one: str, many: str, n: int, /, **values: object) -> Phrase:
    """Return the text for one, or for many, with ``{n}`` besides the values."""
    return Phrase(one, {name: _plain(value) for name, value in values.items()}, many, n)


def verbatim(text: str) -> Phrase:
    """Return what a person wrote, or an authority: it is not translated."""
    return Phrase(text, verbatim=True)


def of(data: Mapping[str, Any]) -> Phrase:
    """Return a phrase from its JSON data."""
    values = {
        name: of(value) if isinstance(value, dict) else value
        for name, value in data["values"].items()
    }
    return Phrase(data["text"], values, data["many"], data["n"], data["verbatim"])


def _plain(value: object) -> object:
    """Return a value as JSON has it: a phrase, a whole number or a text."""
    return value if isinstance(value, Phrase | int) else str(value)
