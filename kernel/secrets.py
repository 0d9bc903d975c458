"""Secrets at rest: values sealed so that a copy of the database tells nothing.

Each value has its own random data key (AES-256-GCM); the data key is wrapped by a versioned master
key that comes from ``MASTER_KEY`` and never enters the database. The caller's row identity is
authenticated with the value, so a blob moved to another row does not open. Rotating a master key
re-wraps the 32-byte data keys only: no plaintext is touched.

A blob is ``format (1) · key version (4, big-endian) · nonce (12) · wrapped data key (48) ·
nonce (12) · ciphertext and tag``. Source: OWASP ASVS 5.0, 11.3.2, 11.3.3, 13.3.4.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Mapping
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kernel.errors import ConfigurationError

Cause = Literal["not_sealed", "unknown_key", "altered"]

_FORMAT = b"\x01"
_KEY = 32
_NONCE = 12
_TAG = 16
_HEAD = 1 + 4
_WRAP = _NONCE + _KEY + _TAG
_SHORTEST = _HEAD + _WRAP + _NONCE + _TAG
_NEWEST = 2**32 - 1
_CURE = "MASTER_KEY: give 'version:base64' pairs of 32 random bytes, comma separated"


class SecretUnreadable(Exception):
    """A sealed value does not open; ``cause`` says why, the message never shows the value."""

    def __init__(self, cause: Cause, message: str) -> None:
        super().__init__(message)
        self.cause: Cause = cause


class Vault:
    """Seals and opens values under a set of master keys; new values use the ``current`` one."""

    def __init__(self, master_keys: Mapping[int, bytes], current: int) -> None:
        """Keep the keys.

        Raises:
            ConfigurationError: a key is not 32 random-looking bytes, or ``current`` is not there.
        """
        if current not in master_keys:
            raise ConfigurationError(f"{_CURE}; version {current} is not among them.")
        for version, key in master_keys.items():
            _check_key(version, key)
        self.current = current
        self._fingerprints = {version: _fingerprint(key) for version, key in master_keys.items()}
        self._ciphers = {version: AESGCM(key) for version, key in master_keys.items()}

    @classmethod
    def from_settings(cls, text: str) -> Vault:
        """Return the vault of a ``MASTER_KEY`` setting; the highest version seals.

        The text is ``1:base64,2:base64``, or one bare base64 key, which is version 1.
        """
        keys: dict[int, bytes] = {}
        for pair in (part.strip() for part in text.split(",")):
            version, encoded = _split(pair)
            if version in keys:
                raise ConfigurationError(f"{_CURE}; version {version} stands twice.")
            keys[version] = _decode_key(encoded)
        return cls(keys, max(keys))

    def fingerprints(self) -> dict[int, str]:
        """Return a short digest of each master key, by version: names a key without showing it."""
        return dict(self._fingerprints)

    def seal(self, plain: bytes, aad: bytes) -> bytes:
        """Return the sealed value, bound to ``aad``: the row's identity, ``b"tabla:columna:7"``."""
        data_key = AESGCM.generate_key(256)
        nonce = os.urandom(_NONCE)
        return self._wrap(data_key) + nonce + AESGCM(data_key).encrypt(nonce, plain, _FORMAT + aad)

    def open(self, blob: bytes, aad: bytes) -> bytes:
        """Return the plain value.

        Raises:
            SecretUnreadable: the blob is no sealed value, its master key is not here any more, or
                it was altered or belongs to another row.
        """
        data_key = self._unwrap(blob)
        nonce, sealed = blob[_HEAD + _WRAP :][:_NONCE], blob[_HEAD + _WRAP + _NONCE :]
        try:
            return AESGCM(data_key).decrypt(nonce, sealed, _FORMAT + aad)
        except InvalidTag:
            raise SecretUnreadable(
                "altered", "the sealed value was altered, or belongs to another row"
            ) from None

    def rewrap(self, blob: bytes) -> bytes:
        """Return the blob with its data key wrapped by the current master key.

        The value itself is neither read nor re-encrypted, so its row identity is not needed. A
        blob already under the current key comes back unchanged.

        Raises:
            SecretUnreadable: as ``open``, except that an altered value is not noticed here.
        """
        data_key = self._unwrap(blob)
        if key_version(blob) == self.current:
            return blob
        return self._wrap(data_key) + blob[_HEAD + _WRAP :]

    def _wrap(self, data_key: bytes) -> bytes:
        head = _FORMAT + self.current.to_bytes(4, "big")
        nonce = os.urandom(_NONCE)
        return head + nonce + self._ciphers[self.current].encrypt(nonce, data_key, head)

    def _unwrap(self, blob: bytes) -> bytes:
        version = key_version(blob)
        if version not in self._ciphers:
            raise SecretUnreadable(
                "unknown_key", f"master key version {version} is not in MASTER_KEY"
            )
        head, wrap = blob[:_HEAD], blob[_HEAD : _HEAD + _WRAP]
        try:
            return self._ciphers[version].decrypt(wrap[:_NONCE], wrap[_NONCE:], head)
        except InvalidTag:
            raise SecretUnreadable(
                "altered", f"the data key was altered, or master key {version} is another one"
            ) from None


def key_version(blob: bytes) -> int:
    """Return the version of the master key that wraps this blob.

    Raises:
        SecretUnreadable: the bytes are no sealed value.
    """
    if len(blob) < _SHORTEST or not blob.startswith(_FORMAT):
        raise SecretUnreadable("not_sealed", "these bytes are no sealed value")
    return int.from_bytes(blob[1:_HEAD], "big")


def generate_key() -> str:
    """Return a new master key, base64, as ``MASTER_KEY`` takes it."""
    return base64.b64encode(AESGCM.generate_key(256)).decode("ascii")


def _split(pair: str) -> tuple[int, str]:
    version, colon, encoded = pair.partition(":")
    if not colon:
        return 1, pair
    if not (version.isascii() and version.isdigit() and 0 < int(version) <= _NEWEST):
        raise ConfigurationError(f"{_CURE}; {version!r} is not a version number.")
    return int(version), encoded


def _decode_key(encoded: str) -> bytes:
    text = encoded.strip().replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ConfigurationError(f"{_CURE}; one of them is not base64.") from None


def _check_key(version: int, key: bytes) -> None:
    if not 0 < version <= _NEWEST:
        raise ConfigurationError(f"{_CURE}; {version} is not a version number.")
    if len(key) != _KEY or len(set(key)) < 12:
        raise ConfigurationError(
            f"{_CURE}; version {version} is not 32 random bytes. "
            "Make one with: openssl rand -base64 32"
        )


def _fingerprint(key: bytes) -> str:
    return hashlib.sha256(b"andes master key" + key).hexdigest()[:16]
