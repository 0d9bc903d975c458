"""docs/addons.md, run as it stands: its files, its commands, on a real database."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kernel.settings import Settings
from tests import cluster, pages, tree
from tests.conftest import settings_of
from tests.pages import DOCS, Block

pytestmark = pytest.mark.slow

PAGE = (DOCS / "addons.md").read_text(encoding="utf-8")
NAME = "raffle"
EMAIL = "admin@tienda.pe"
PASSWORD = "cordillera-violeta-47-tren"
LISTED = re.compile(rf"^\| `(.*{NAME}.*)` \|", re.MULTILINE)


@dataclass
class Reader:
    """Somebody who follows the page in a copy of the tree, with a database of their own."""

    root: Path
    settings: Settings
    before: dict[str, bytes]

    def follow(self, block: Block) -> None:
        """Write the file that a block names, or run its commands."""
        if block.language == "sh" and not block.facts:
            for line in block.text.splitlines():
                self.run(line)
        elif "/" in block.facts:
            (self.root / block.facts).write_text(block.text, encoding="utf-8")

    def run(self, line: str) -> None:
        """Run a command as the page writes it."""
        words = shlex.split(line)
        if words[0] == "make":
            self.make(words[1], dict(word.split("=", 1) for word in words[2:]))
        else:
            own = [word for word in words if word not in ("--data", "var")]
            self.tool(*own)

    def make(self, target: str, values: dict[str, str]) -> None:
        """Run what the Makefile does for a target, as far as it concerns the new addon."""
        files = [str(p.relative_to(self.root)) for p in self.root.rglob("*.py") if NAME in str(p)]
        if target == "addon":
            self.tool("python", "server.py", "addon", "new", values["NAME"])
        elif target == "fix":
            self.tool("ruff", "check", "--fix", "--exit-zero", "--no-cache", *files)
            self.tool("ruff", "format", "--quiet", "--no-cache", *files)
        else:
            assert target == "check"
            self.tool("ruff", "check", "--no-cache", *files)
            self.tool("ruff", "format", "--check", "--no-cache", *files)
            self.tool("mypy", "-p", f"addons.{NAME}")
            self.tool("lint-imports", "--no-cache")
            self.tool("codespell", *files)

    def tool(self, *words: str) -> str:
        """Run a program with the reader's database."""
        return tree.run(
            self.root,
            *words,
            DATABASE_URL=self.settings.database_url,
            DATABASE_OWNER_URL=self.settings.database_owner_url,
            SECRET_KEY=self.settings.secret_key.get_secret_value(),
            MASTER_KEY=self.settings.master_key.get_secret_value(),
            DATA_DIR=str(self.settings.data_dir),
            PASSWORD_COST="4",
            ANDES_PASSWORD=PASSWORD,
        )


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """A reader who has followed the page to its end."""
    database = cluster.create_database()
    folder = tmp_path_factory.mktemp("data")
    settings = settings_of(database.owner_url, database.app_url, folder)
    root = tree.copy_to(tmp_path_factory.mktemp("tutorial"))
    made = Reader(root, settings, tree.contents(root))
    made.tool("python", "server.py", "migrate", "--install", "sales,inventory")
    made.tool("python", "server.py", "user", "create", EMAIL, "--nombre", "Ana", "--rol", "ADMIN")
    for block in pages.blocks(PAGE):
        made.follow(block)
    yield made
    cluster.drop_database(database.name)


def test_tutorial_makes_an_addon_that_is_installed_and_answers(reader: Reader) -> None:
    settings = reader.settings
    order = {
        "addons": ["inventory", NAME],
        "settings": {
            "database_url": settings.database_url,
            "secret_key": settings.secret_key.get_secret_value(),
            "master_key": settings.master_key.get_secret_value(),
            "data_dir": str(settings.data_dir),
        },
        "login": {"email": EMAIL, "password": PASSWORD},
        "get": ["/api/movimientos-cupones/", "/api/clientes/1/cupones/"],
    }
    found = json.loads(reader.tool(sys.executable, "-m", "tests.web_process", json.dumps(order)))
    assert (found["ready"], found["login"]) == (200, 200)
    assert found["answers"] == {"/api/movimientos-cupones/": 200, "/api/clientes/1/cupones/": 404}
    assert "installed 0.1.0" in next(
        line for line in reader.tool("python", "server.py", "addon", "list").splitlines()
        if line.startswith(NAME)
    )  # fmt: skip


def test_tutorial_writes_a_migration_for_table_and_column(reader: Reader) -> None:
    (path,) = (reader.root / "migrations" / NAME).glob("*.py")
    text = path.read_text(encoding="utf-8")
    assert '"movimientos_cupones"' in text
    assert re.search(r'op\.add_column\(\s*"clientes"', text)
    assert re.search(r'op\.drop_column\(\s*"clientes", "cupones"', text)


def test_tutorial_lists_every_file_that_it_touches(reader: Reader) -> None:
    listed = LISTED.findall(pages.sections(PAGE)["Every file touched"])
    assert sorted(listed) == tree.changed(reader.before, tree.contents(reader.root))
