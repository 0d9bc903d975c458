"""The names that addons may import stay what docs/addons.md says, or are announced to go."""

from __future__ import annotations

import warnings
from types import ModuleType

import pytest

from kernel import deprecation, public, quality
from kernel.deprecation import DEPRECATED, Deprecation
from kernel.errors import ConfigurationError
from kernel.manifest import KERNEL_VERSION
from tests import pages

PAGE = pages.sections((pages.DOCS / "addons.md").read_text(encoding="utf-8"))

TABLE = {
    "kernel.money.round_up": Deprecation("kernel.money.round_half_up", "0.1", "0.3"),
    "kernel.money.Cash": Deprecation("kernel.money.Amount", "0.1", "0.3"),
}
SENTENCE = (
    "kernel.money.round_up is deprecated since Andes 0.1 and goes with 0.3: "
    "use kernel.money.round_half_up."
)


def test_public_names_exist() -> None:
    assert public.missing() == []


def test_public_names_are_listed_in_the_documentation() -> None:
    assert public.page() in PAGE["What an addon may import"]


def test_rules_are_listed_in_the_documentation() -> None:
    for name, rule in quality.RULES.items():
        assert f"| {rule.medal} | `{name}` | {rule.says} |\n" in PAGE["The verdict"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("kernel.context.Ctx", True),
        ("kernel.context", True),
        ("kernel.context.RequestFacts", False),
        ("kernel.errors.Conflict", True),
        ("kernel.errors._hidden", False),
        ("kernel.passwords", False),
        ("kernel.passwords.hash_password", False),
    ],
)
def test_is_public_knows_modules_and_names(name: str, expected: bool) -> None:
    assert public.is_public(name) is expected


# Deprecation ------------------------------------------------------------------------------------


def test_announcements_give_two_minor_versions_and_are_kept() -> None:
    changes = (pages.ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    for name, announced in DEPRECATED.items():
        assert announced.faults(name, KERNEL_VERSION) == []
        assert name in changes


@pytest.mark.parametrize(
    ("since", "removed_in", "current", "fault"),
    [
        ("0.1", "0.3", "0.2", None),
        ("0.1", "0.2", "0.1", "would stay for less than 2 minor versions"),
        ("1.4", "2.0", "1.4", None),
        ("0.1", "0.3", "0.3", "was to be gone with 0.3: remove it"),
    ],
)
def test_faults_of_an_announcement(
    since: str, removed_in: str, current: str, fault: str | None
) -> None:
    found = Deprecation("x", since, removed_in).faults("kernel.x", current)
    assert found == ([] if fault is None else [f"kernel.x {fault}"])


def test_announced_function_works_and_warns_whoever_calls_it() -> None:
    @deprecation.announced("kernel.money.round_up", TABLE)
    def round_up(value: int) -> int:
        """Return a number."""
        return value + 1

    with pytest.warns(DeprecationWarning, match="round_up is deprecated") as caught:
        assert round_up(1) == 2
    (warning,) = caught
    assert str(warning.message) == SENTENCE
    assert warning.filename == __file__


def test_announced_without_an_announcement_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="is not announced"):
        deprecation.announced("kernel.money.other", TABLE)


def test_moved_name_is_found_and_warned_of() -> None:
    module = ModuleType("kernel.money")
    module.__getattr__ = deprecation.moved("kernel.money", {"Cash": int}, TABLE)  # type: ignore[method-assign]
    with pytest.warns(DeprecationWarning, match=r"use kernel\.money\.Amount"):
        assert module.Cash is int
    with warnings.catch_warnings(), pytest.raises(AttributeError, match="nothing"):
        module.nothing  # noqa: B018
