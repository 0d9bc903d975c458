"""Fetching browser libraries, from a registry that runs inside the test."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kernel.assets import PUBLIC_REGISTRY, AssetsError, fetch, read_assets

FILES = {
    "package/dist/widget.js": b"let a;",
    "package/dist/more.js": b"",
    "package/LICENSE": b"MIT",
}


def pack(files: Mapping[str, bytes], links: Mapping[str, str]) -> bytes:
    """Return an npm tarball with plain files and symbolic links."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for name, target in links.items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return buffer.getvalue()


class Registry:
    """An npm registry with one package, and the project that wants it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.vendor = root / "static" / "vendor"
        self.tarball = b""
        self.requests = 0
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                registry.requests += 1
                self.send_response(200 if self.path == "/widget/-/widget-1.0.0.tgz" else 404)
                self.end_headers()
                self.wfile.write(registry.tarball)

            def log_message(self, *_: object) -> None:
                """Keep the test output clean."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.publish(pack(FILES, {}), ["widget.js"])

    def publish(self, tarball: bytes, wanted: list[str], version: str = "1.0.0") -> None:
        """Serve a tarball and lock it."""
        self.tarball = tarball
        digest = base64.b64encode(hashlib.sha512(tarball).digest()).decode()
        entry = {
            "resolved": f"{PUBLIC_REGISTRY}widget/-/widget-{version}.tgz",
            "integrity": f"sha512-{digest}",
        }
        asset = {"folder": "w", "from": "dist", "files": wanted}
        (self.root / "package.json").write_text(
            json.dumps({"andes": {"assets": {"widget": asset}}})
        )
        (self.root / "package-lock.json").write_text(
            json.dumps({"packages": {"node_modules/widget": entry}})
        )

    def fetch(self) -> bool:
        return fetch(self.root, self.vendor, self.url)

    def fetched(self) -> set[str]:
        files = (path for path in self.vendor.rglob("*") if path.is_file())
        return {str(path.relative_to(self.vendor)) for path in files} - {".digest"}


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    registry = Registry(tmp_path)
    thread = threading.Thread(target=registry.server.serve_forever, args=(0.01,))
    thread.start()
    yield registry
    registry.server.shutdown()
    registry.server.server_close()
    thread.join()


def test_fetch_takes_listed_files_and_licence(registry: Registry) -> None:
    assert registry.fetch()
    assert registry.fetched() == {"w/widget.js", "w/LICENSE"}
    assert (registry.vendor / "w" / "widget.js").read_bytes() == b"let a;"


def test_fetch_again_asks_nobody(registry: Registry) -> None:
    registry.fetch()
    assert not registry.fetch()
    assert registry.requests == 1


def test_fetch_lock_changed_replaces_everything(registry: Registry) -> None:
    registry.fetch()
    registry.publish(pack({"package/dist/other.js": b"2"}, {}), ["other.js"])
    assert registry.fetch()
    assert registry.fetched() == {"w/other.js"}


def test_fetch_wrong_digest_refuses_and_keeps_the_old(registry: Registry) -> None:
    registry.fetch()
    registry.publish(pack({"package/dist/widget.js": b"2"}, {}), ["widget.js"])
    registry.tarball += b"tampered"
    with pytest.raises(AssetsError, match="no coincide"):
        registry.fetch()
    assert (registry.vendor / "w" / "widget.js").read_bytes() == b"let a;"
    assert [path.name for path in registry.vendor.parent.iterdir() if path.is_dir()] == ["vendor"]


def test_fetch_weaker_digest_refuses(registry: Registry) -> None:
    lock = registry.root / "package-lock.json"
    lock.write_text(lock.read_text().replace("sha512-", "sha1-"))
    with pytest.raises(AssetsError, match="no coincide"):
        registry.fetch()


def test_fetch_members_that_leave_the_package_are_passed_over(
    registry: Registry,
) -> None:
    hostile = {
        **FILES,
        "package/dist/../../../../evil.js": b"evil",
        "/package/dist/absolute.js": b"evil",
        "../package/dist/up.js": b"evil",
    }
    registry.publish(pack(hostile, {"package/dist/link.js": "/etc/passwd"}), ["*.js"])
    registry.fetch()
    assert registry.fetched() == {"w/widget.js", "w/more.js", "w/LICENSE"}
    assert not list(registry.root.parent.rglob("evil.js"))


def test_fetch_listed_file_absent_names_it(registry: Registry) -> None:
    registry.publish(pack(FILES, {}), ["widget.js", "gone.css"])
    with pytest.raises(AssetsError, match=r"ya no contiene gone\.css"):
        registry.fetch()


def test_fetch_package_absent_from_registry_explains(registry: Registry) -> None:
    registry.publish(registry.tarball, ["widget.js"], version="9.9.9")
    with pytest.raises(AssetsError, match="404"):
        registry.fetch()


def test_fetch_offline_explains(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(AssetsError, match="conexión a Internet"):
        fetch(tmp_path, registry.vendor, "http://127.0.0.1:1")


def test_fetch_registry_from_environment(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("npm_config_registry", registry.url)
    assert fetch(registry.root, registry.vendor)


def test_read_assets_package_missing_from_lock_explains(registry: Registry) -> None:
    (registry.root / "package-lock.json").write_text('{"packages": {}}')
    with pytest.raises(AssetsError, match="package-lock"):
        read_assets(registry.root)


def test_read_assets_of_the_repository_are_locked_by_sha512_of_the_public_registry() -> None:
    for asset in read_assets():
        assert asset.url.startswith(PUBLIC_REGISTRY)
        assert asset.integrity.startswith("sha512-")
