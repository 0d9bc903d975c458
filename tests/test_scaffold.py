"""``server.py addon new NAME``: what it writes passes every check of the tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel import scaffold
from kernel.errors import ConfigurationError
from kernel.manifest import ROOT
from tests import tree

NAME = "warranty_claims"


@pytest.fixture(scope="module")
def scaffolded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree with a new addon."""
    root = tree.copy_to(tmp_path_factory.mktemp("scaffold"))
    written = tree.run(root, "python", "server.py", "addon", "new", NAME).splitlines()
    assert all((root / line).is_file() for line in written[:-1])
    assert len(written) == len(list(scaffold.TEMPLATE.rglob(f"*{scaffold.SUFFIX}"))) + 1
    return root


def new_files(root: Path) -> list[str]:
    """Return the Python files of the new addon."""
    return [str(path.relative_to(root)) for path in root.rglob("*.py") if NAME in str(path)]


def test_create_leaves_no_placeholder(scaffolded: Path) -> None:
    for path in scaffolded.rglob(f"*{NAME}*"):
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        assert "$" not in text + str(path.name)
        assert "NAME" not in text + str(path.name)


@pytest.mark.slow
def test_create_makes_an_addon_that_passes_ruff(scaffolded: Path) -> None:
    tree.run(scaffolded, "ruff", "check", "--no-cache", *new_files(scaffolded))
    tree.run(scaffolded, "ruff", "format", "--no-cache", "--check", *new_files(scaffolded))


@pytest.mark.slow
def test_create_makes_an_addon_that_deserves_silver(scaffolded: Path) -> None:
    verdict = tree.run(scaffolded, "python", "server.py", "addon", "check", NAME)
    assert "Medal: silver.\nMissing for gold: screens.\n" in verdict


@pytest.mark.slow
def test_create_makes_an_addon_that_keeps_the_import_contracts(scaffolded: Path) -> None:
    tree.run(scaffolded, "lint-imports", "--no-cache")


@pytest.mark.slow
def test_create_makes_an_addon_that_passes_codespell(scaffolded: Path) -> None:
    tree.run(scaffolded, "codespell", *new_files(scaffolded))


@pytest.mark.slow
def test_create_makes_an_addon_that_passes_the_tests_of_every_addon(scaffolded: Path) -> None:
    tests = ("tests/test_every_addon.py", f"tests/addons/{NAME}")
    general = "folder_of_an_addon"
    tree.run(scaffolded, "pytest", "-q", "-n0", "-k", f"{NAME} or {general}", *tests)


@pytest.mark.parametrize("name", ["pos", "abcdefgh_jklmn_opq"])
def test_create_is_formatted_whatever_the_length_of_the_name(name: str, tmp_path: Path) -> None:
    scaffold.create(name, tmp_path)
    config = ("--no-cache", "--config", str(ROOT / "pyproject.toml"))
    tree.run(tmp_path, "ruff", "format", "--check", *config, ".")
    tree.run(tmp_path, "ruff", "check", "--select", "E501", *config, ".")


@pytest.mark.parametrize("name", ["Warranty", "9lives", "a__b", "con-guion", "class", "x" * 19, ""])
def test_create_with_a_bad_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is no name for an addon"):
        scaffold.create(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["kernel", "model"])
def test_create_with_a_name_of_the_kernel_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="part of the kernel"):
        scaffold.create(name, tmp_path)


def test_create_over_an_existing_addon_is_refused(tmp_path: Path) -> None:
    scaffold.create("warranty", tmp_path)
    with pytest.raises(ConfigurationError, match="an addon «warranty» already"):
        scaffold.create("warranty", tmp_path)
