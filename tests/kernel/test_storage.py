"""Files: one contract on a folder, in memory and on S3; keys; durability; faults."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import pytest

from kernel.errors import ConfigurationError, CredentialsRefused, Permanent, Transient
from kernel.storage import FileMissing, KeyRefused, Storage, StoredFile, is_key, new_key

XML = b"<Invoice/>"
DIGEST = hashlib.sha256(XML).hexdigest()


class Bucket(ThreadingHTTPServer):
    """A small S3: one bucket ``andes``, one good access key, uploads whole or in parts."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), BucketHandler)
        self.objects: dict[str, tuple[bytes, str]] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        self.broken = False

    @property
    def url(self) -> str:
        return (
            f"s3://andes/demo?region=us-east-1&endpoint=http://127.0.0.1:{self.server_port}"
            "&allow_http=1"
        )


class BucketHandler(BaseHTTPRequestHandler):
    server: Bucket
    protocol_version = "HTTP/1.1"

    def handle_request(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server.broken:
            self.answer(503, b"<Error><Code>SlowDown</Code></Error>")
        elif "Credential=good/" not in self.headers.get("Authorization", ""):
            self.answer(403, b"<Error><Code>InvalidAccessKeyId</Code></Error>")
        else:
            parts = urlsplit(self.path)
            query = {k: v[0] for k, v in parse_qs(parts.query, keep_blank_values=True).items()}
            key = unquote(parts.path).removeprefix("/andes").removeprefix("/")
            self.serve_object(key, query, body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_request

    def serve_object(self, key: str, query: dict[str, str], body: bytes) -> None:
        objects, parts = self.server.objects, self.server.parts
        content_type = self.headers.get("Content-Type", "")
        if "delete" in query:
            names = re.findall(r"<Key>(.*?)</Key>", body.decode())
            for name in names:
                objects.pop(name, None)
            rows = "".join(f"<Deleted><Key>{name}</Key></Deleted>" for name in names)
            self.answer(200, f"<DeleteResult>{rows}</DeleteResult>".encode())
        elif "uploads" in query:
            parts[key] = {}
            objects[key + "?type"] = (b"", content_type)
            self.answer(
                200,
                b"<InitiateMultipartUploadResult><UploadId>1</UploadId>"
                b"</InitiateMultipartUploadResult>",
            )
        elif "partNumber" in query:
            parts[key][int(query["partNumber"])] = body
            self.answer(200, b"")
        elif "uploadId" in query and self.command == "POST":
            objects[key] = (_joined(parts.pop(key)), objects.pop(key + "?type")[1])
            self.answer(
                200,
                b"<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>",
            )
        elif "list-type" in query:
            self.answer(200, listing(objects, query.get("prefix", "")))
        elif self.command == "PUT":
            objects[key] = (body, content_type)
            self.answer(200, b"")
        elif self.command == "DELETE":
            objects.pop(key, None)
            self.answer(204, b"")
        elif key in objects:
            self.answer(200, objects[key][0], objects[key][1])
        else:
            self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def answer(self, status: int, body: bytes, content_type: str = "application/xml") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", content_type)
        self.send_header("ETag", '"e"')
        self.send_header("Last-Modified", "Fri, 20 Nov 2026 10:00:00 GMT")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


def _joined(parts: dict[int, bytes]) -> bytes:
    return b"".join(parts[number] for number in sorted(parts))


def listing(objects: dict[str, tuple[bytes, str]], prefix: str) -> bytes:
    rows = "".join(
        f"<Contents><Key>{escape(key)}</Key><Size>{len(body)}</Size><ETag>e</ETag>"
        "<LastModified>2026-11-20T10:00:00.000Z</LastModified></Contents>"
        for key, (body, _) in objects.items()
        if key.startswith(prefix)
    )
    return f"<ListBucketResult>{rows}<IsTruncated>false</IsTruncated></ListBucketResult>".encode()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "good")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Bucket() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(params=["file", "memory", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "file":
        return Storage.from_url(f"file://{tmp_path}/con espacios")
    if request.param == "memory":
        return Storage.from_url("memory://")
    bucket: Bucket = request.getfixturevalue("bucket")
    return Storage.from_url(bucket.url)


def put(storage: Storage, key: str, data: bytes = XML) -> StoredFile:
    return storage.put(key, data, content_type="application/xml")


def test_put_then_get_gives_the_bytes_and_their_digest(storage: Storage) -> None:
    stored = put(storage, "cpe/20512345678-01-F001-7.xml")
    assert stored == StoredFile("cpe/20512345678-01-F001-7.xml", len(XML), DIGEST)
    assert storage.get(stored.key) == XML


def test_put_again_replaces(storage: Storage) -> None:
    put(storage, "a/b.xml", b"x" * 1000)
    put(storage, "a/b.xml")
    assert storage.get("a/b.xml") == XML


def test_put_empty_file_is_kept(storage: Storage) -> None:
    assert put(storage, "a/vacio", b"").size == 0
    assert storage.get("a/vacio") == b""


def test_put_chunks_are_measured_and_streamed_back(storage: Storage) -> None:
    chunks = [bytes([n]) * 1_500_000 for n in range(5)]
    stored = storage.put("a/grande", iter(chunks), content_type="application/octet-stream")
    assert stored.size == 7_500_000
    assert stored.sha256 == hashlib.sha256(b"".join(chunks)).hexdigest()
    assert b"".join(storage.open_stream("a/grande")) == b"".join(chunks)


def test_put_chunks_that_fail_leave_nothing(storage: Storage) -> None:
    def broken() -> Iterator[bytes]:
        yield XML
        raise ValueError("the upload broke off")

    with pytest.raises(ValueError, match="broke off"):
        storage.put("a/roto", broken(), content_type="text/plain")
    assert not storage.exists("a/roto")
    assert list(storage.list()) == []


def test_exists_tells_absent_from_present(storage: Storage) -> None:
    assert not storage.exists("a/b.xml")
    put(storage, "a/b.xml")
    assert storage.exists("a/b.xml")
    assert not storage.exists("a")


def test_delete_twice_is_no_error(storage: Storage) -> None:
    put(storage, "a/b.xml")
    storage.delete("a/b.xml")
    storage.delete("a/b.xml")
    assert not storage.exists("a/b.xml")


@pytest.mark.parametrize("method", ["get", "open_stream"])
def test_get_absent_file_is_missing(storage: Storage, method: str) -> None:
    with pytest.raises(FileMissing):
        getattr(storage, method)("a/b.xml")


def test_list_prefix_means_whole_segments(storage: Storage) -> None:
    for key in ("cpe/1.xml", "cpe/2/3.xml", "cpe2/4.xml"):
        put(storage, key)
    assert sorted(storage.list("cpe")) == ["cpe/1.xml", "cpe/2/3.xml"]
    assert sorted(storage.list()) == ["cpe/1.xml", "cpe/2/3.xml", "cpe2/4.xml"]
    assert list(storage.list("nada")) == []


BAD_KEYS = [
    "",
    "/",
    "/etc/passwd",
    "../x",
    "a/../../x",
    "a/./b",
    "a//b",
    "a/",
    "a\\b",
    "C:/x",
    "a/b\0",
    "a/b\n",
    "a b",
    "a/ñ",
    "a/%2e%2e/b",
    "~/x",
    ".staging/x",
    ".env",
    "a/.git",
    "a/b.",
    "a/b#1",
    "a?b",
    "a" * 200,
    "/".join("a" * 17),
]


@pytest.mark.parametrize("key", BAD_KEYS)
def test_every_method_bad_key_is_refused(key: str) -> None:
    storage = Storage.from_url("memory://")
    for act in (storage.get, storage.open_stream, storage.delete, storage.exists):
        with pytest.raises(KeyRefused):
            act(key)
    with pytest.raises(KeyRefused):
        put(storage, key)
    if key:
        with pytest.raises(KeyRefused):
            storage.list(key)


@pytest.mark.parametrize(
    ("filename", "suffix"),
    [
        ("Guía nº 3.PDF", ".pdf"),
        ("../../etc/passwd", ""),
        ("x.tar.gz", ".gz"),
        ("sin", ""),
        ("x.p\0hp", ""),
        ("x.<svg>", ""),
    ],
)
def test_new_key_keeps_only_the_suffix(filename: str, suffix: str) -> None:
    key = new_key("adjuntos/venta", filename)
    assert re.fullmatch(rf"adjuntos/venta/[0-9a-f]{{2}}/[0-9a-f]{{32}}{re.escape(suffix)}", key)
    assert is_key(key)
    assert key != new_key("adjuntos/venta", filename)


def test_new_key_bad_prefix_is_refused() -> None:
    with pytest.raises(KeyRefused):
        new_key("../x", "a.pdf")


@pytest.mark.parametrize("content_type", ["", "text", "text/plain\r\nX: y", "texto/ñ"])
def test_put_bad_content_type_is_refused(content_type: str) -> None:
    with pytest.raises(ValueError, match="content type"):
        Storage.from_url("memory://").put("a", b"", content_type=content_type)


def test_put_on_s3_sends_the_content_type(bucket: Bucket) -> None:
    put(Storage.from_url(bucket.url), "a/b.xml")
    assert bucket.objects == {"demo/a/b.xml": (XML, "application/xml")}


def test_get_from_s3_with_other_credentials_stops_the_remote(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "stranger")
    storage = Storage.from_url(bucket.url)
    with pytest.raises(CredentialsRefused):
        storage.get("a/b.xml")


def test_get_from_s3_that_is_down_is_transient(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = Storage.from_url(bucket.url)
    bucket.broken = True
    with pytest.raises(Transient) as fault:
        storage.get("a/b.xml")
    assert "\n" not in str(fault.value)


def test_put_in_a_folder_is_private_and_leaves_no_staging_file(tmp_path: Path) -> None:
    put(Storage.from_url(f"file://{tmp_path}/files"), "a/b.xml")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files == [tmp_path / "files/a/b.xml"]
    assert files[0].stat().st_mode & 0o077 == 0


def test_put_in_a_folder_syncs_the_file_before_its_name_and_the_folders_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = Storage.from_url(f"file://{tmp_path}")
    seen: list[str] = []
    sync, replace = os.fsync, os.replace

    def noted_sync(descriptor: int) -> None:
        seen.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        sync(descriptor)

    def noted_replace(source: Path, target: Path) -> None:
        seen.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", noted_sync)
    monkeypatch.setattr(os, "replace", noted_replace)
    put(storage, "a/b/c.xml")
    assert seen == ["file", "rename", "folder", "folder", "folder"]


def test_put_below_a_file_is_permanent(tmp_path: Path) -> None:
    storage = Storage.from_url(f"file://{tmp_path}")
    put(storage, "a")
    with pytest.raises(Permanent):
        put(storage, "a/b")
    put(storage, "c/d")
    with pytest.raises(Permanent):
        put(storage, "c")


def test_put_on_a_full_disk_is_transient_and_the_old_file_stays(tmp_path: Path) -> None:
    storage = Storage.from_url(f"file://{tmp_path}")
    put(storage, "a/b.xml")
    code = (
        "import resource, signal, sys\n"
        "from kernel.errors import Transient\n"
        "from kernel.storage import Storage\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n"
        "    Storage.from_url(sys.argv[1]).put('a/b.xml', b'x' * 9999, content_type='a/b')\n"
        "except Transient:\n"
        "    print('transient')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, f"file://{tmp_path}"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout == "transient\n"
    assert storage.get("a/b.xml") == XML
    assert list((tmp_path / ".staging").iterdir()) == []


def test_list_of_a_folder_shows_no_strange_files(tmp_path: Path) -> None:
    storage = Storage.from_url(f"file://{tmp_path}")
    put(storage, "a/b.xml")
    (tmp_path / ".staging" / "left").write_bytes(b"")
    (tmp_path / "a" / "con espacio.txt").write_bytes(b"")
    assert list(storage.list()) == ["a/b.xml"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/var/files",
        "ftp://host/x",
        "file://relative/x",
        "file://",
        "file:///proc/1/nope/x",
        "s3://",
        "s3://b?allow_invalid_certificates=1",
        "s3://b?ca=/no/such/file",
        "az://container",
    ],
)
def test_from_url_bad_address_names_the_setting(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    with pytest.raises(ConfigurationError, match="STORAGE_URL"):
        Storage.from_url(url)


def test_from_url_azure_container_is_accepted() -> None:
    assert Storage.from_url("az://andes/demo?account_name=prueba")


def test_import_does_not_load_obstore() -> None:
    code = "import sys, kernel.storage; print('obstore' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout == "False\n"
