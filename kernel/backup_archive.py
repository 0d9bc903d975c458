"""The archive of a backup: a tar file whose last members say what the others must be."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from kernel.backup_tables import Content
from kernel.backup_tools import BackupError

FORMAT = 1
DUMP, HEADS, MANIFEST, SEAL = "database.dump", "head.log", "manifest.json", "manifest.sha256"
FILES = "files/"
CHUNK = 1024 * 1024
LARGEST_MANIFEST = 256 * CHUNK
DAMAGED = "Use otra copia; esta no se restauró y la base de datos no se tocó."


@dataclass(frozen=True, slots=True)
class Member:
    """A file of the archive."""

    sha256: str
    size: int


@dataclass(slots=True)
class Manifest:
    """What a backup holds and where it comes from. Never a key: only fingerprints."""

    at: str
    kernel: str
    server: int
    dump_major: int
    addons: dict[str, str]
    revisions: dict[str, str]
    master_keys: dict[str, str]
    """Version → fingerprint of each master key that sealed something."""
    audit: dict[str, Any] | None
    """The end of the audit chain."""
    storage: str
    """Where the files are; those of a local folder are in the archive."""
    tables: dict[str, Content]
    members: dict[str, Member] = field(default_factory=dict)
    format: int = FORMAT

    def dump(self) -> bytes:
        """Return the manifest as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True).encode()

    @classmethod
    def parse(cls, data: bytes) -> Manifest:
        """Return the manifest in JSON.

        Raises:
            BackupError: it is none, or of a later format.
        """
        try:
            facts = json.loads(data)
            if facts["format"] > FORMAT:
                raise BackupError(
                    f"La copia es de un formato posterior ({facts['format']}).", "Actualice Andes."
                )
            facts["tables"] = {name: Content(**one) for name, one in facts["tables"].items()}
            facts["members"] = {name: Member(**one) for name, one in facts["members"].items()}
            return cls(**facts)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise BackupError("El manifiesto de la copia no se entiende.", DAMAGED) from None


class Writer:
    """Adds members to a new archive."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.members: dict[str, Member] = {}

    def add(self, name: str, content: IO[bytes], size: int) -> None:
        """Add a member of a known size."""
        metered = _Metered(content)
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        self._tar.addfile(info, cast("IO[bytes]", metered))
        self.members[name] = Member(metered.digest.hexdigest(), size)

    def seal(self, manifest: Manifest) -> None:
        """Add the manifest and its digest; nothing comes after."""
        manifest.members = dict(self.members)
        data = manifest.dump()
        self.add(MANIFEST, io.BytesIO(data), len(data))
        digest = hashlib.sha256(data).hexdigest().encode()
        self.add(SEAL, io.BytesIO(digest), len(digest))


class _Metered:
    def __init__(self, content: IO[bytes]) -> None:
        self._content = content
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._content.read(size)
        self.digest.update(data)
        return data


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """Open a new archive, private to us and on disk when the block ends."""
    with path.open("xb") as file:
        path.chmod(0o600)
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
            yield Writer(tar)
        file.flush()
        os.fsync(file.fileno())


def verify(source: Path) -> Manifest:
    """Return the manifest of an archive that is whole.

    Raises:
        BackupError: it is damaged, cut, or no archive of ours; the member at fault is named.
    """
    found: dict[str, Member] = {}
    kept = {MANIFEST: b"", SEAL: b""}
    with reading(source) as members:
        for name, content, size in members:
            if name in found:
                raise BackupError(f"{source}: {name} está dos veces.", DAMAGED)
            digest = hashlib.sha256()
            while data := content.read(CHUNK):
                digest.update(data)
                if name in kept and len(kept[name]) < LARGEST_MANIFEST:
                    kept[name] += data
            found[name] = Member(digest.hexdigest(), size)
    if not kept[SEAL] or found[MANIFEST].sha256 != kept[SEAL].decode("ascii", "replace"):
        raise BackupError(f"{source} está incompleta o su manifiesto fue alterado.", DAMAGED)
    manifest = Manifest.parse(kept[MANIFEST])
    del found[MANIFEST], found[SEAL]
    for name in sorted({*found, *manifest.members}):
        if found.get(name) != manifest.members.get(name):
            raise BackupError(f"{source}: {name} no es lo que se guardó.", DAMAGED)
    return manifest


@contextmanager
def reading(source: Path) -> Iterator[Iterator[tuple[str, IO[bytes], int]]]:
    """Open an archive as an iterator of (name, content, size); contents are read in turn.

    Raises:
        BackupError: it cannot be read.
    """
    try:
        with tarfile.open(source, "r:") as tar:
            yield _members(source, tar)
    except FileNotFoundError:
        raise BackupError(f"No existe {source}.", "Indique la ruta de una copia.") from None
    except (tarfile.TarError, OSError, EOFError) as error:
        raise BackupError(f"{source} no se puede leer: {error}.", DAMAGED) from None


def _members(source: Path, tar: tarfile.TarFile) -> Iterator[tuple[str, IO[bytes], int]]:
    for info in tar:
        content = tar.extractfile(info) if info.isfile() else None
        if content is None:
            raise BackupError(f"{source}: {info.name} no es un archivo.", DAMAGED)
        yield info.name, content, info.size
