"""Images: width and height from the header, without decoding a pixel.

A picture of a few kilobytes can ask for gigabytes once decoded. Source: OWASP ASVS 5.0, 5.2.6;
PNG 3rd edition, 11.2.1; ITU-T T.81, B.2.2; GIF89a, 18; RFC 9649.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import IO

Size = tuple[int, int]

_NO_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_NO_FRAME = frozenset({0xC4, 0xC8, 0xCC})
"""Tables among the markers that otherwise begin a frame."""


def size(media: str, file: IO[bytes]) -> Size:
    """Return width and height of an image.

    Raises:
        ValueError: the header is cut off or makes no sense.
    """
    file.seek(0)
    try:
        width, height = _READERS[media](file)
    except (struct.error, IndexError):
        raise ValueError("the header is cut off") from None
    if not (width and height):
        raise ValueError("an image without pixels")
    return width, height


def _png(file: IO[bytes]) -> Size:
    head = file.read(24)
    if head[12:16] != b"IHDR":
        raise ValueError("no IHDR")
    width, height = struct.unpack(">2L", head[16:24])
    return width, height


def _gif(file: IO[bytes]) -> Size:
    width, height = struct.unpack("<2H", file.read(10)[6:])
    return width, height


def _jpeg(file: IO[bytes]) -> Size:
    file.seek(2)
    while True:
        mark, kind = file.read(2)
        while kind == 0xFF:  # padding
            kind = file.read(1)[0]
        if mark != 0xFF or kind in (0xD9, 0xDA):
            raise ValueError("no frame before the picture")
        if kind in _NO_LENGTH:
            continue
        (length,) = struct.unpack(">H", file.read(2))
        if 0xC0 <= kind <= 0xCF and kind not in _NO_FRAME:
            height, width = struct.unpack(">x2H", file.read(5))
            return width, height
        file.seek(length - 2, 1)


def _webp(file: IO[bytes]) -> Size:
    head = file.read(30)
    if head[12:16] == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if head[12:16] == b"VP8L" and head[20] == 0x2F:
        (bits,) = struct.unpack("<L", head[21:25])
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if head[12:16] == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<2H", head[26:30])
        return width & 0x3FFF, height & 0x3FFF
    raise ValueError("no frame")


_READERS: Mapping[str, Callable[[IO[bytes]], Size]] = {
    "image/gif": _gif,
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
}
