"""Redaction: secrets cut out of any text that is about to be written to a log.

By shape (tokens, API keys, PEM blocks, password hashes, addresses with a password), by the name
before them (``password=…``), and by value: what this process itself was configured with. A line
without any of the marks costs a few look-ups of short strings, about two microseconds; every
repetition is bounded, so that no text makes it slow.
Source: OWASP ASVS 5.0, 14.2.1, 16.2.5.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

MARK = "…"
_SHORTEST = 10
"""Shorter values would be found in ordinary words."""

_ANY_CASE = re.IGNORECASE
_QUOTE = r"(?:\\*[\"'])"
_WORD = r"(?:password|passwd|contrase(?:ñ|\\u00f1|n)a|secret|token|api_?key|pfx)\w{0,30}"
_NAME = rf"{_WORD}{_QUOTE}?"
_NAMED = rf"({_NAME}\s*(?:=\s*b?{_QUOTE}?|:\s*b?{_QUOTE}))(?!{MARK})[^\s\"'\\,;&<>)\]}}]{{3,}}"
_HEADER = rf"{_QUOTE}?\s*[:=,]\s*b?{_QUOTE}?"
_PEM = r"-----BEGIN [A-Z0-9 ]+-----(?:.{0,10000}?-----END [A-Z0-9 ]+-----|[\w+/=\\\s-]*)"


def _rule(marks: str, pattern: str, instead: str) -> tuple[list[str], re.Pattern[str], str]:
    return marks.split(), re.compile(pattern, _ANY_CASE | re.DOTALL), instead


_RULES = (
    _rule("eyj", r"eyJ[\w-]{6,400}+\.[\w-]{6,4000}+(?:\.[\w-]*)?", MARK),
    _rule("sk_", r"\bsk_[A-Za-z0-9_-]{12,}", f"sk_{MARK}"),
    _rule("-----begin", _PEM, MARK),
    _rule("$2", r"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}", MARK),
    _rule("otpauth:", r"otpauth:[^\s\"'\\<>]+", f"otpauth:{MARK}"),
    _rule("-sid=", r"(__(?:Host|Secure)-\w+=)[^\s;\"'\\,)]+", rf"\1{MARK}"),
    _rule("bearer", r"\b(bearer)\s+[\w.~+/=-]{6,}", rf"\1 {MARK}"),
    _rule("basic", r"\b(basic)\s+[A-Za-z0-9+/]{8,}={0,2}", rf"\1 {MARK}"),
    _rule("cookie", rf"(cookie{_HEADER})[^\s\"'\\=;,]+=[^\"'\\\n]+", rf"\1{MARK}"),
    _rule("authorization", rf"(authorization{_HEADER})(?!b?{_QUOTE})[^\"'\\\n]+", rf"\1{MARK}"),
    _rule("://", r"(://[^\s/:@\"'\\]*):[^\s/@\"'\\]+@", rf"\1:{MARK}@"),
    _rule("passw contrase secret token api_key apikey pfx", _NAMED, rf"\1{MARK}"),
)
"""Marks in small letters, one of which must be there; what is looked for; what stands instead."""

_known: re.Pattern[str] | None = None
_values: set[str] = set()


def hide(secrets: Iterable[str]) -> None:
    """Cut these values out of every line from now on: the secrets that the process was given."""
    global _known  # noqa: PLW0603  # one set of secrets per process
    for secret in secrets:
        _values.update(one for one in _parts(secret) if len(one) >= _SHORTEST)
    longest_first = sorted(_values, key=len, reverse=True)
    _known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None


def _parts(secret: str) -> set[str]:
    """Return a secret whole and in the parts that libraries quote: keys of a list, passwords."""
    found = {secret} if "://" not in secret else set()
    for part in secret.split(","):
        found.add(part.rpartition(":")[2] if "://" not in part else "")
    if "://" in secret:
        password = urlsplit(secret).password or ""
        found |= {password, unquote(password)}
    return found


def clean(text: str) -> str:
    """Return a text without secrets."""
    lower = text.lower()
    for marks, pattern, instead in _RULES:
        for mark in marks:
            if mark in lower:
                text = pattern.sub(instead, text)
                break
    return text if _known is None else _known.sub(MARK, text)
