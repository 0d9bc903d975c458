"""The addon that is examined: its manifest and files, and what it declares once it is loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from kernel import solver
from kernel.checks import source, tools
from kernel.checks.source import Source
from kernel.checks.tools import Findings
from kernel.manifest import KERNEL, ROOT, Manifest
from kernel.registry import Registry

_background = ThreadPoolExecutor(2, "type-checker")


@dataclass(frozen=True)
class Subject:
    """An addon under examination; ``registry`` is None while it does not load."""

    manifest: Manifest
    available: Mapping[str, Manifest]
    registry: Registry | None = field(default=None, repr=False)
    fault: str = ""
    """Why it does not load."""
    roots: tuple[Path, ...] = ()
    """Where addons are besides those of the tree."""

    @property
    def name(self) -> str:
        """The addon's name."""
        return self.manifest.name

    @cached_property
    def sources(self) -> list[Source]:
        """The addon's Python files."""
        return source.sources_of(self.manifest)

    @cached_property
    def closure(self) -> list[Manifest]:
        """All that it depends on, and itself at the end."""
        return solver.solve(self.available, [self.name])

    @cached_property
    def histories(self) -> list[Manifest]:
        """The migrations to run for it, in order: the kernel's, its dependencies', its own."""
        others = [one for one in self.closure if one.name != self.name]
        return [KERNEL, *others, self.manifest]

    @property
    def loaded(self) -> Registry:
        """The registry; the rules that ask for it are examined only where there is one."""
        assert self.registry is not None  # noqa: S101  # see kernel.checks.examination
        return self.registry

    @property
    def alone(self) -> bool:
        """Whether this process loaded it with what it depends on, and nothing else."""
        return {it.name for it in self.loaded.manifests} == {it.name for it in self.closure}

    @cached_property
    def mypy(self) -> Future[Findings]:
        """What mypy says; asking starts it."""
        return _background.submit(tools.run_mypy, self.manifest, self.roots)

    @cached_property
    def pyright(self) -> Future[Findings]:
        """What pyright says; asking starts it."""
        return _background.submit(tools.run_pyright, self.manifest, self.roots)

    @property
    def tests(self) -> Path | None:
        """The folder of its tests: of a tree ``tests/addons/<name>``, of a project ``tests``."""
        folder = self.manifest.folder
        projects = [
            it / "tests"
            for it in (folder, *folder.parents[:2])
            if it != ROOT and (it / "pyproject.toml").is_file()
        ]
        places = [folder / "tests" / "addons" / self.name, *projects]
        return next((it for it in places if any(it.rglob("test_*.py"))), None)


Check = Callable[[Subject], Iterator[str]]
"""Yields a sentence for each fault, with its place."""
