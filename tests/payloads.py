"""Files as senders make them, good and hostile: what tests of uploads and corpora send."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

from openpyxl import Workbook

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
XML = "<?xml version='1.0' encoding='UTF-8'?><Invoice><Total>ñ 10.00</Total></Invoice>".encode()
TEXT = "Guía nº 3\r\nentregada".encode()
CSV = "sku,nombre\nA-1,Café\n".encode("cp1252")
WEBP = b"RIFF\x1a\0\0\0WEBPVP8L\x0e\0\0\0\x2f\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
GIF = b"GIF89a\x01\0\x01\0\0\0\0;"
JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
    b"\xff\xc0\x00\x0b\x08\x00\x02\x00\x03\x01\x01\x11\x00\xff\xda\x00\x08\x01\x01\0\0\x3f\0\xff\xd9"
)
PFX = b"\x30\x82\x09\x99\x02\x01\x03\x30\x82\x09\x5f" + b"\x06" * 80


def png(width: int = 1, height: int = 1) -> bytes:
    """Return a PNG that claims a size; of a picture of one line there is one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">L", len(data)) + body + struct.pack(">L", zlib.crc32(body))

    head = chunk(b"IHDR", struct.pack(">2L5B", width, height, 8, 2, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"\0" + b"\xff" * 3))
    return b"\x89PNG\r\n\x1a\n" + head + data + chunk(b"IEND", b"")


def zipped(members: Mapping[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an archive."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return target.getvalue()


def xlsx(*rows: tuple[object, ...], more: Mapping[str, bytes] | None = None) -> bytes:
    """Return a workbook, with further members in its archive."""
    book = Workbook()
    for row in rows or (("sku", "precio"), ("A-1", 11.8)):
        book.worksheets[0].append(list(row))
    target = io.BytesIO()
    book.save(target)
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (more or {}).items():
            archive.writestr(name, content)
    return target.getvalue()


def encrypted() -> bytes:
    """Return an archive whose only member says that it needs a password."""
    made = bytearray(zipped({"a.txt": "hola"}))
    made[6] |= 1
    made[made.rfind(b"PK\x01\x02") + 8] |= 1
    return bytes(made)


def linked() -> bytes:
    """Return an archive with a symbolic link to the outside."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        link = zipfile.ZipInfo("enlace")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return target.getvalue()


def overlapped(copies: int = 300) -> bytes:
    """Return an archive whose directory names the same bytes again and again."""
    whole = zipped({"a.txt": b"\0" * 200_000})
    start, end = whole.index(b"PK\x01\x02"), whole.index(b"PK\x05\x06")
    entry = whole[start:end]
    directory = b"".join(entry.replace(b"a.txt", b"%05d" % number) for number in range(copies))
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, copies, copies, len(directory), start, 0)
    return whole[:start] + directory + tail


def lying() -> bytes:
    """Return an archive whose directory says that a member of 40 MB has ten bytes."""
    made = bytearray(zipped({"xl/workbook.xml": b"\0" * 40_000_000}))
    place = made.rfind(b"PK\x01\x02")
    made[place + 24 : place + 28] = struct.pack("<L", 10)
    return bytes(made)


ZIP_BOMBS = {
    "one member of 90 MB": zipped({"xl/worksheets/sheet1.xml": b"\0" * 90_000_000}),
    "many members of 1 MB": zipped({f"{n}.xml": b"\0" * 1_000_000 for n in range(60)}),
    "thousands of names": zipped(dict.fromkeys(map(str, range(5000)), b""), zipfile.ZIP_STORED),
    "an archive inside": zipped({"a/b.txt": zipped({"c.txt": b"x"})}),
    "an archive inside, by name": zipped({"interior.zip": b"x"}),
    "shared bytes": overlapped(),
}
"""What unpacks to more than anybody sent."""

TRAVERSALS = {
    "up": zipped({"../../etc/cron.d/x": b"x"}),
    "absolute": zipped({"/etc/passwd": b"x"}),
    "drive": zipped({"C:/Windows/x": b"x"}),
    "backslashes": zipped({"..\\..\\x": b"x"}),
    "a link": linked(),
}
"""Archives whose names lead out of the folder they would be unpacked into."""

DAMAGED = {
    "cut off": zipped({"a.txt": "hola" * 100})[:-30],
    "no directory": b"PK\x03\x04" + b"\0" * 200,
    "directory beyond the end": zipped({"a.txt": "x"})[:-22]
    + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 2**31, 0, 0),
    "too many to be true": zipped({"a.txt": "x"})[:-22]
    + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 46, 0, 0),
    "only an end": struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 3, 3, 0, 0, 0),
}

ACTIVE = {
    "page.html": b"<!DOCTYPE html><html><script>alert(1)</script></html>",
    "page.txt": b"hola\n<SCRIPT src=//evil.example/x.js></SCRIPT>",
    "notes.csv": b"a,b\n1,<svg/onload=alert(1)>",
    "logo.svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "logo.xml": b"<?xml version='1.0'?><x:svg xmlns:x='http://www.w3.org/2000/svg'/>",
    "page.xml": b"<?xml version='1.0'?><h xmlns='http://www.w3.org/1999/xhtml'><script/></h>",
    "style.xml": b"<?xml version='1.0'?><?xml-stylesheet href='x.xsl'?><a/>",
    "bomb.xml": b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
    "image.png": b"<html><body>no soy una imagen</body></html>",
    "marked.txt": b"\xef\xbb\xbf  <iframe src='javascript:alert(1)'></iframe>",
    "far.txt": b"x" * 300_000 + b"<script>" + b"y" * 300_000,
    "edge.txt": b"x" * (256 * 1024 - 4) + b"<script>",
}
"""What a browser would run if it were handed out as it is."""

UNKNOWN = {
    "program.exe": b"MZ\x90\0" + b"\0" * 60,
    "program.pdf": b"\x7fELF\x02\x01\x01" + b"\0" * 60,
    "libro.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 60,
    "nul.txt": b"hola\0mundo",
    "utf16.txt": "hola".encode("utf-16"),
    "macros.xlsx": xlsx(more={"xl/vbaProject.bin": b"\0"}),
    "vacio.txt": b"",
}

MISNAMED = {
    "foto.pdf": png(),
    "factura.html": PDF,
    "factura.pdf.exe": PDF,
    "sin-extension": PDF,
    "libro.zip": xlsx(),
    "nota.js": TEXT,
}
"""Good content under a name that says something else."""

GOOD = {
    "Guía nº 3.PDF": (PDF, "application/pdf"),
    "foto.png": (png(), "image/png"),
    "foto.JPeG": (JPEG, "image/jpeg"),
    "foto.gif": (GIF, "image/gif"),
    "foto.webp": (WEBP, "image/webp"),
    "precios.xlsx": (
        xlsx(),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    "comprobante.xml": (XML, "application/xml"),
    "cdr.zip": (zipped({"R-20.xml": XML}), "application/zip"),
    "lista.csv": (CSV, "text/csv"),
    "nota.txt": (TEXT, "text/plain"),
    "datos.json": (b'{"a": 1}', "application/json"),
}
