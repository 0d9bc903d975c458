"""Archives: whether a ZIP file (and so XLSX, DOCX) is safe to open, told from its directory alone.

Nothing is unpacked: a bomb of 300 MB in 300 KB is refused in less than a millisecond. What the
directory claims is what Python's ``zipfile`` gives out, never more, so a lying entry is harmless.
Source: OWASP ASVS 5.0, 5.2.3; PKWARE APPNOTE 6.3.10, 4.3, 4.4; Fifield, "A better zip bomb" (2019).
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO

_END = struct.Struct("<4s4H2LH")
_END_MARK = b"PK\x05\x06"
_LONGEST_COMMENT = 65_535
_ENTRY = 46 + 512
"""Bytes of one entry in the directory, with a long name and some extra fields."""
_ENCRYPTED = 0x1
_SMALL = 10 * 1024 * 1024
"""Unpacked, it may be as well packed as it likes."""
_MAGIC = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf", b"BZh", b"\xfd7zXZ")
_PACKED = "7z ar bz2 cab docm docx gz iso jar ods odt pptx rar tar tgz xlsb xlsm xlsx xz zip zst"
_SUFFIXES = frozenset(f".{one}" for one in _PACKED.split())


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be inside."""

    entries: int = 2000
    unpacked: int = 200 * 1024 * 1024
    ratio: int = 100


class ArchiveRefused(ValueError):
    """The archive is not opened; ``code`` is stable, the message is for the person who sent it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def _damaged() -> ArchiveRefused:
    return ArchiveRefused("archivo_danado", "El archivo comprimido está dañado o incompleto.")


def inspect(file: IO[bytes], limits: Limits = Limits()) -> list[str]:  # frozen
    """Return the names inside an archive that is safe to open.

    Raises:
        ArchiveRefused: it is damaged, too big unpacked, nested, encrypted, or names a way out.
    """
    size, count = _check_directory(file, limits)
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if len(entries) != count:
                raise _damaged()
            _check_sizes(entries, size, limits)
            for entry in entries:
                _check_entry(archive, entry)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        raise error if isinstance(error, ArchiveRefused) else _damaged() from None
    except (NotImplementedError, RuntimeError):  # a packing method nobody uses
        raise _damaged() from None
    return [entry.filename for entry in entries]


def _check_directory(file: IO[bytes], limits: Limits) -> tuple[int, int]:
    """Return the file's size and how many entries it has.

    The directory is not read before its size is known to be sane.
    """
    size = file.seek(0, 2)
    file.seek(max(0, size - _END.size - _LONGEST_COMMENT))
    tail = file.read()
    place = tail.rfind(_END_MARK)
    if place < 0 or len(tail) - place < _END.size:
        raise _damaged()
    _, disk, first, here, entries, directory, _, _ = _END.unpack_from(tail, place)
    if disk or first or here != entries or 0xFFFF in (here, entries) or directory > size:
        raise _damaged()
    if entries > limits.entries or directory > limits.entries * _ENTRY:
        raise ArchiveRefused(
            "archivo_demasiadas_entradas", f"Contiene más de {limits.entries} archivos."
        )
    return size, entries


def _check_sizes(entries: list[zipfile.ZipInfo], size: int, limits: Limits) -> None:
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if packed > size:  # entries that share their bytes
        raise _damaged()
    if unpacked > limits.unpacked or (unpacked > _SMALL and unpacked > limits.ratio * size):
        raise ArchiveRefused(
            "archivo_bomba", "Descomprimido es demasiado grande para lo que ocupa; no se abre."
        )


def _check_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    name = entry.filename.replace("\\", "/")
    path = PurePosixPath(name)
    outside = (
        path.is_absolute() or ".." in path.parts or ":" in name or "\x00" in entry.orig_filename
    )
    if outside or stat.S_ISLNK(entry.external_attr >> 16):
        raise ArchiveRefused("archivo_ruta", "Contiene un nombre que sale de su carpeta.")
    if entry.flag_bits & _ENCRYPTED:
        raise ArchiveRefused("archivo_cifrado", "Está protegido con contraseña; quítela.")
    if entry.is_dir():
        return
    with archive.open(entry) as content:
        start = content.read(6)
    if path.suffix.lower() in _SUFFIXES or start.startswith(_MAGIC):
        raise ArchiveRefused("archivo_anidado", "Contiene otro archivo comprimido.")
