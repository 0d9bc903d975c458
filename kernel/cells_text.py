"""Names as badges: two letters and a colour that is always the same."""

from __future__ import annotations

TONES = ("teal", "blue", "amber", "violet", "red", "green")


def initials(name: str) -> str:
    """Return two letters of a name."""
    words = [one for one in name.replace(".", " ").split() if one[0].isalnum()]
    return "".join(one[0] for one in words[:2]).upper()


def tone(name: str) -> str:
    """Return the colour of a name's badge, always the same."""
    return TONES[sum(name.encode()) % len(TONES)]
