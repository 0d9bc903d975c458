"""The quality scale of addons: rules, each of a medal, and an addon's own list of them.

A manifest's table ``[quality]`` says of a rule that it is ``"done"``, which counts for the rules
that only a person can judge, or that the addon is exempt from it, with the reason. What a program
can judge is judged by ``server.py addon check``, whatever the list says. No addon is exempt from a
rule of bronze: they keep an instance whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Medal = Literal["bronze", "silver", "gold"]
MEDALS: tuple[Medal, ...] = ("bronze", "silver", "gold")


@dataclass(frozen=True, slots=True)
class Rule:
    """What an addon of a medal fulfils, and what its author does where it doesn't."""

    medal: Medal
    says: str
    cure: str
    judged: bool = True
    """Whether a program judges it; else the addon's quality list says so."""


RULES: Mapping[str, Rule] = {
    # Bronze: it may be installed.
    "shape": Rule(
        "bronze",
        "Files and folders have the one shape.",
        "Name the file as the table in docs/addons.md does, or put its code where it belongs.",
    ),
    "imports": Rule(
        "bronze",
        "Other addons are imported only if the manifest depends on them, and only their rules.",
        "Add the addon to [depends], or subscribe to its event; glue goes to plugin_<other>.py.",
    ),
    "layers": Rule(
        "bronze",
        "Imports inside the addon point down.",
        "Move what both files need into one that stands below them.",
    ),
    "loads": Rule(
        "bronze",
        "It loads together with all that it depends on.",
        "Correct what the error names; nothing else of the addon is examined until then.",
    ),
    "hooks": Rule(
        "bronze",
        "Every hook takes and returns what the contract says.",
        "Write the function as kernel/hookspecs.py has it, with its annotations.",
    ),
    "routes": Rule(
        "bronze",
        "Every route says who may call it.",
        'Give @endpoint(permission="modulo.accion"), or public=True.',
    ),
    "tables": Rule(
        "bronze",
        "Its tables are registered, and extended tables belong to what it depends on.",
        "Return the class from register_models, or add the owner of the table to [depends].",
    ),
    "history": Rule(
        "bronze",
        "Its migrations are one numbered line.",
        "Number them 0001, 0002, … without a branch; makemigration does it.",
    ),
    "migrations": Rule(
        "bronze",
        "Migrations go up, down and up again, and make what the models say.",
        "Run makemigration, or complete downgrade(); a released migration is never edited.",
    ),
    "transactions": Rule(
        "bronze",
        "It commits nothing itself, writes no SQL text and reads no clock.",
        "Leave commits to the unit of work, use kernel.db.Statement and ctx.now.",
    ),
    # Silver: its author and its users can rely on it.
    "types": Rule(
        "silver",
        "mypy --strict finds no fault in it and what it depends on.",
        "Correct the line; python -m mypy shows the same.",
    ),
    "api": Rule(
        "silver",
        "It imports only public names of the kernel.",
        "Use a name that docs/addons.md lists, or ask for one; others change without notice.",
    ),
    "plugin": Rule(
        "silver",
        "plugin.py holds hooks of at most three lines, and nothing else.",
        "Move what they do into the file whose work it is.",
    ),
    "heavy": Rule(
        "silver",
        "Libraries that take seconds to load are imported inside functions.",
        "Move the import into the function of the job or report that needs it.",
    ),
    "permissions": Rule(
        "silver",
        "Every permission that it declares is asked for somewhere.",
        "Name it on a route, a view or a field rule, or take it away.",
    ),
    "fields": Rule(
        "silver",
        "Answers mark the columns that stand under a field rule.",
        "Declare the field with kernel.rbac.Protected.",
    ),
    "docstrings": Rule(
        "silver",
        "Modules, and public classes and functions, say what they are for.",
        "Write a docstring: what it returns, then only what the signature cannot say.",
    ),
    "readme": Rule(
        "silver",
        "README.md names its tables and what it depends on.",
        "Write the page; the template's README.md has its form.",
    ),
    "tests": Rule(
        "silver",
        "It has tests.",
        "Write tests that go through its API; server.py addon test runs them.",
    ),
    "languages": Rule(
        "silver",
        "Its summary stands in Spanish and in English.",
        "Fill es and en under [summary]; a sentence each, not the template's.",
    ),
    # Gold: it is a pleasure to build upon.
    "pyright": Rule(
        "gold",
        "pyright finds no fault in it.",
        "Correct the line; python -m pyright shows the same.",
    ),
    "messages": Rule(
        "gold",
        "Every refusal has a code of its own and a text for people.",
        "Give the error class a docstring and a code in snake_case, and the raise a sentence.",
    ),
    "used": Rule(
        "gold",
        "Jobs, events and sequences that it declares are used by it or by what it needs.",
        "Enqueue the job, publish the event, take the number, or remove the declaration.",
    ),
    "outside": Rule(
        "gold",
        "What it says to other systems goes through client.py and is tested with sandbox.py.",
        "Write a faithful local stand-in of the outside system in sandbox.py.",
    ),
    "sizes": Rule(
        "gold",
        "No function is longer than 80 lines, no file longer than 400.",
        "Split it by the things that it does.",
    ),
    "deprecations": Rule(
        "gold",
        "It uses no name of the kernel that is going to be removed.",
        "Use the name that the message gives.",
    ),
    "screens": Rule(
        "gold",
        "Somebody used its screens with the keyboard alone, in dark mode and on a phone.",
        'Do so; then write screens = "done" under [quality].',
        judged=False,
    ),
}
"""Every rule by name, in the order in which they are reported."""


class Exempt(BaseModel):
    """Why a rule does not hold for an addon."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    exempt: str = Field(min_length=20, description="The reason, for whoever reads the verdict.")


Mark = Annotated[
    Literal["done"] | Exempt,
    Field(description="«done», or why the addon is exempt."),
]


def check_list(marks: Mapping[str, Mark]) -> None:
    """Refuse an unknown rule, and an exemption from a rule of bronze.

    Raises:
        ValueError: the rule, and what to do.
    """
    for name, mark in marks.items():
        if name not in RULES:
            raise ValueError(f"{name}: no es una regla; las hay: {', '.join(RULES)}")
        if RULES[name].medal == "bronze" and isinstance(mark, Exempt):
            raise ValueError(f"{name}: de las reglas de bronce nadie está exento")
