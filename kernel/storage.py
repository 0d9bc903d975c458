"""Files: a local folder, S3 or Azure behind one small class, through the library obstore.

A file has a **key**: ASCII segments joined by ``/``. Names that people give never become keys; they
are kept in the row that owns the file, with the size and digest that ``put`` returns. A write is
all or nothing, and is on disk when ``put`` returns.

obstore 0.12 writes local files without fsync (seen with strace), so a power cut could empty a file
that a committed row names. Local writes are done here instead: staging file, fsync, rename, fsync
of the folders. Everything else goes through obstore. Cloud credentials come from the cloud's own
environment variables (``AWS_ACCESS_KEY_ID``, ``AZURE_STORAGE_ACCOUNT_KEY``, …), never from the URL.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, urlsplit
from urllib.request import url2pathname

from kernel.errors import ConfigurationError, CredentialsRefused, Permanent, Transient

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_SEGMENT = r"[A-Za-z0-9_](?:[A-Za-z0-9._=-]{0,126}[A-Za-z0-9_=-])?"
_KEY = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT}){{0,15}}")
_LONGEST_KEY = 512
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")
_CONTENT_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(?:; ?charset=[\w-]+)?", re.ASCII)
_STAGING = ".staging"
_CHUNK = 1024 * 1024
_OPTIONS = frozenset({"region", "endpoint", "virtual_hosted_style_request", "account_name"})
_CURE = "STORAGE_URL: give file:///folder, s3://bucket/prefix or az://container/prefix"


class FileMissing(LookupError):
    """No file has this key."""


class KeyRefused(ValueError):
    """The text cannot be a key: a traversal, an absolute path, a name made by a person."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What was stored: its key, its size in bytes, the hexadecimal SHA-256 of its content."""

    key: str
    size: int
    sha256: str


class Storage:
    """The files of one instance."""

    def __init__(self, store: ObjectStore, folder: Path | None = None) -> None:
        """Use an obstore store; ``folder`` is where it lives when it is local."""
        self._store = store
        self._folder = folder

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Return the storage at ``file:///folder``, ``s3://…``, ``az://…`` or ``memory://``.

        Cloud addresses take ``?region=``, ``endpoint=``, ``account_name=``,
        ``virtual_hosted_style_request=``, ``ca=`` (a PEM file to trust besides the system's) and
        ``allow_http=1`` (an endpoint inside the house without TLS).

        Raises:
            ConfigurationError: the address is wrong; the message says how it should be.
        """
        scheme = urlsplit(url).scheme
        if scheme == "file":
            return cls._local(url)
        if scheme not in ("memory", "s3", "az"):
            raise ConfigurationError(f"{_CURE}; {scheme or url!r} is none of them.")
        from obstore.exceptions import BaseError
        from obstore.store import MemoryStore, from_url

        if scheme == "memory":
            return cls(MemoryStore())
        try:
            return cls(from_url(url.partition("?")[0], **_cloud_options(url)))
        except BaseError as error:
            raise ConfigurationError(f"{_CURE}. {_first_line(error)}") from None

    @classmethod
    def _local(cls, url: str) -> Self:
        from obstore.store import LocalStore

        parts = urlsplit(url)
        folder = Path(url2pathname(parts.path))
        if parts.netloc or not folder.is_absolute():
            raise ConfigurationError(f"{_CURE}; the folder must be absolute.")
        try:
            _make_folder(folder / _STAGING)
        except OSError as error:
            raise ConfigurationError(f"{_CURE}; {folder}: {error.strerror}.") from None
        return cls(LocalStore(prefix=folder), folder)

    def put(self, key: str, data: bytes | Iterable[bytes], *, content_type: str) -> StoredFile:
        """Store the bytes under the key, replacing what was there, and return their digest.

        ``content_type`` travels to S3 and Azure; a local folder does not keep it.

        Raises:
            KeyRefused: the key is not one.
            Transient, CredentialsRefused, Permanent: the storage did not take it.
        """
        _check(key)
        if not _CONTENT_TYPE.fullmatch(content_type):
            raise ValueError(f"not a content type: {content_type!r}")
        metered = _Metered(data)
        with _faults(key):
            if self._folder is None:
                self._upload(key, metered, content_type)
            else:
                _write(self._folder, key, metered)
        return StoredFile(key, metered.size, metered.digest.hexdigest())

    def _upload(self, key: str, metered: _Metered, content_type: str) -> None:
        import obstore

        body = b"".join(metered) if metered.is_whole else metered
        obstore.put(self._store, key, body, attributes={"Content-Type": content_type})

    def get(self, key: str) -> bytes:
        """Return the whole content.

        Raises:
            FileMissing: there is no such file.
        """
        return b"".join(self.open_stream(key))

    def open_stream(self, key: str) -> Iterator[bytes]:
        """Return the content in chunks of about one megabyte.

        Raises:
            FileMissing: there is no such file; raised here, not at the first chunk.
        """
        import obstore

        _check(key)
        with _faults(key):
            stream = obstore.get(self._store, key).stream(_CHUNK)
        return _chunks(key, stream)

    def delete(self, key: str) -> None:
        """Remove the file; removing an absent one is no error."""
        import obstore

        _check(key)
        with suppress(FileMissing), _faults(key):
            obstore.delete(self._store, key)

    def exists(self, key: str) -> bool:
        """Return whether there is a file of this key."""
        import obstore

        _check(key)
        with suppress(FileMissing), _faults(key):
            obstore.head(self._store, key)
            return True
        return False

    def list(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys below a prefix of whole segments, in no particular order."""
        if prefix:
            _check(prefix)
        return self._list(prefix)

    def _list(self, prefix: str) -> Iterator[str]:
        import obstore

        with _faults(prefix):
            for batch in obstore.list(self._store, prefix or None, chunk_size=1000):
                yield from (meta["path"] for meta in batch if is_key(meta["path"]))


def new_key(prefix: str, filename: str = "") -> str:
    """Return an unused random key below the prefix; of the file's name only the suffix remains.

    ``new_key("adjuntos", "Guía nº 3.PDF")`` is ``adjuntos/4f/4f2a….pdf``.
    """
    suffix = PurePosixPath(filename).suffix.lower()
    name = secrets.token_hex(16)
    key = f"{prefix}/{name[:2]}/{name}{suffix if _SUFFIX.fullmatch(suffix) else ''}"
    _check(key)
    return key


def is_key(text: str) -> bool:
    """Return whether the text can be a key."""
    return len(text) <= _LONGEST_KEY and _KEY.fullmatch(text) is not None


def _check(key: str) -> None:
    if not is_key(key):
        raise KeyRefused(f"not a storage key: {key[:80]!r}")


class _Metered:
    """The chunks of a file, measured as they pass."""

    def __init__(self, data: bytes | Iterable[bytes]) -> None:
        self.is_whole = isinstance(data, bytes)
        self._chunks = [data] if isinstance(data, bytes) else data
        self.size = 0
        self.digest = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.size += len(chunk)
            self.digest.update(chunk)
            yield chunk


def _write(folder: Path, key: str, chunks: Iterable[bytes]) -> None:
    staged = folder / _STAGING / secrets.token_hex(16)
    target = folder / key
    _make_folder(staged.parent)
    try:
        with open(staged, "xb", opener=_private) as file:
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
        _make_folder(target.parent)
        Path(staged).replace(target)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise
    _sync_folders(target.parent, folder)


def _make_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync_folders(lowest: Path, highest: Path) -> None:
    """Put the new names on disk too; Windows has no such call and keeps them by itself."""
    if sys.platform == "win32":
        return
    for folder in (lowest, *lowest.parents):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if folder == highest:
            return


def _chunks(key: str, stream: Iterable[bytes]) -> Iterator[bytes]:
    with _faults(key):
        for chunk in stream:
            yield bytes(chunk)


@contextmanager
def _faults(key: str) -> Iterator[None]:
    """Turn what obstore and the disk raise into our four errors."""
    from obstore import exceptions

    try:
        yield
    except FileNotFoundError:
        raise FileMissing(key) from None
    except (exceptions.UnauthenticatedError, exceptions.PermissionDeniedError) as error:
        raise CredentialsRefused(f"storage: {_first_line(error)}") from None
    except (FileExistsError, IsADirectoryError, NotADirectoryError):
        raise Permanent(f"storage: {key} is a folder, or lies below a file") from None
    except (OSError, exceptions.GenericError) as error:
        raise Transient(f"storage: {_first_line(error)}") from None
    except exceptions.BaseError as error:
        raise Permanent(f"storage: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    """Return the error without obstore's dump and without query strings, which carry signatures."""
    return re.sub(r"\?\S+", "?…", str(error).partition("\n")[0])


def _cloud_options(url: str) -> dict[str, Any]:
    given = dict(parse_qsl(urlsplit(url).query))
    client: dict[str, Any] = {"connect_timeout": "5s", "timeout": "60s"}
    if given.pop("allow_http", "") == "1":
        client["allow_http"] = True
    if ca := given.pop("ca", ""):
        client["root_certificate"] = _read_certificate(ca)
    if unknown := given.keys() - _OPTIONS:
        raise ConfigurationError(f"{_CURE}; unknown option {min(unknown)!r}.")
    retries = {"max_retries": 3, "retry_timeout": timedelta(seconds=60)}
    return {**given, "client_options": client, "retry_config": retries}


def _read_certificate(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{_CURE}; ca={path}: {error.strerror}.") from None
