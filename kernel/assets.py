"""Fetches the browser libraries that `package.json` lists, as `package-lock.json` pins them.

`python -m kernel.assets` does what `npm ci` would, without Node: it takes each locked tarball from
the registry, verifies its SHA-512 and unpacks only the files listed under `andes.assets`, which has
per package: `folder` (under `static/vendor`), `from` (folder inside the package), `files`
(patterns). Licences come along. Nothing is fetched while lock and list stay as they were.
"""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import io
import json
import os
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import httpx

from kernel.errors import ConfigurationError
from kernel.filelock import locked

ROOT = Path(__file__).resolve().parents[1]
VENDOR = ROOT / "kernel" / "web" / "static" / "vendor"
PUBLIC_REGISTRY = "https://registry.npmjs.org/"
DIGEST_FILE = ".digest"
LICENCES = "LICEN[SC]E*"
TIMEOUT_SECONDS = 60


class AssetsError(ConfigurationError):
    """The browser libraries cannot be had; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One locked package and the files wanted from it."""

    package: str
    url: str
    integrity: str
    folder: str
    source: str
    patterns: Sequence[str]


def fetch(
    root: Path = ROOT,
    vendor: Path = VENDOR,
    registry: str | None = None,
    section: str = "assets",
) -> bool:
    """Bring `vendor` up to date and return whether that took any fetching.

    ``section`` is the list to take: ``devAssets`` are what tests need.

    Raises:
        AssetsError: a package cannot be fetched, differs from its lock or lacks a listed file.
    """
    digest = _digest(root)
    vendor.parent.mkdir(parents=True, exist_ok=True)
    with locked(vendor.parent / ".vendor.lock"):
        marker = vendor / DIGEST_FILE
        if marker.exists() and marker.read_text() == digest:
            return False
        assets = read_assets(root, section)
        with tempfile.TemporaryDirectory(prefix=".vendor-", dir=vendor.parent) as name:
            fresh = Path(name) / "vendor"
            for asset, tarball in zip(assets, _download(assets, registry), strict=True):
                _unpack(asset, tarball, fresh / asset.folder)
            (fresh / DIGEST_FILE).write_text(digest)
            shutil.rmtree(vendor, ignore_errors=True)
            fresh.rename(vendor)
    return True


def read_assets(root: Path = ROOT, section: str = "assets") -> list[Asset]:
    """Return what `package.json` asks for, with address and digest from the lock."""
    wanted = json.loads((root / "package.json").read_text())["andes"][section]
    packages = json.loads((root / "package-lock.json").read_text())["packages"]
    assets = []
    for package, choice in wanted.items():
        entry = packages.get(f"node_modules/{package}")
        if entry is None:
            raise AssetsError(
                f"package-lock.json no contiene {package}.\n"
                "  → Regenérelo con `npm install --package-lock-only`."
            )
        where = (choice["folder"], choice["from"], choice["files"])
        assets.append(Asset(package, entry["resolved"], entry["integrity"], *where))
    return assets


def _digest(root: Path) -> str:
    content = (root / "package.json").read_bytes() + (root / "package-lock.json").read_bytes()
    return hashlib.sha256(content).hexdigest()


def _download(assets: Sequence[Asset], registry: str | None) -> Iterator[bytes]:
    """Return the verified tarballs, in order."""
    base = (registry or _configured_registry()).rstrip("/") + "/"
    transport = httpx.HTTPTransport(retries=2)
    with (
        httpx.Client(transport=transport, timeout=TIMEOUT_SECONDS, follow_redirects=True) as client,
        ThreadPoolExecutor() as pool,
    ):
        yield from pool.map(lambda asset: _download_one(client, asset, base), assets)


def _configured_registry() -> str:
    """Return the registry that npm would use: environment, then the user's `.npmrc`."""
    names = ("npm_config_registry", "NPM_CONFIG_REGISTRY")  # npm itself sets the lower-case one
    configured = next((os.environ[name] for name in names if os.environ.get(name)), "")
    npmrc = Path.home() / ".npmrc"
    lines = npmrc.read_text().splitlines() if not configured and npmrc.is_file() else []
    for line in lines:
        name, _, value = line.partition("=")
        if name.strip() == "registry":
            configured = value.strip()
    return configured or PUBLIC_REGISTRY


def _download_one(client: httpx.Client, asset: Asset, registry: str) -> bytes:
    url = asset.url.replace(PUBLIC_REGISTRY, registry, 1)
    try:
        content = client.get(url).raise_for_status().content
    except httpx.HTTPError as fault:
        raise AssetsError(
            f"No se pudo descargar {asset.package} de {url}: {fault}\n"
            "  → Compruebe la conexión a Internet; si usa un espejo de npm, indíquelo en"
            " NPM_CONFIG_REGISTRY."
        ) from fault
    algorithm, _, expected = asset.integrity.partition("-")
    found = base64.b64encode(hashlib.sha512(content).digest()).decode()
    if algorithm != "sha512" or found != expected:
        raise AssetsError(
            f"{asset.package} descargado de {url} no coincide con package-lock.json.\n"
            "  → No lo use: alguien lo alteró por el camino, o el registro no es el de confianza."
        )
    return content


def _unpack(asset: Asset, tarball: bytes, folder: Path) -> None:
    """Write the wanted files; anything that is no plain file inside the package is passed over."""
    missing = set(asset.patterns)
    with tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz") as archive:
        for member in archive:
            name = _inner_name(member, asset.source)
            found = {pattern for pattern in asset.patterns if fnmatch.fnmatchcase(name, pattern)}
            licence = fnmatch.fnmatchcase(_inner_name(member, ""), LICENCES)
            content = archive.extractfile(member) if found or licence else None
            if content is not None:
                target = folder / (name if found else PurePosixPath(member.name).name)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read())
                missing -= found
    if missing:
        raise AssetsError(
            f"{asset.package} ya no contiene {', '.join(sorted(missing))}.\n"
            "  → Corrija la lista andes.assets de package.json."
        )


def _inner_name(member: tarfile.TarInfo, source: str) -> str:
    """Return the path of a plain file below `source` in its package, else ""."""
    path = PurePosixPath(member.name)
    base = PurePosixPath("package") / source
    plain = member.isfile() and ".." not in path.parts and path.is_relative_to(base)
    return str(path.relative_to(base)) if plain else ""


def main() -> None:
    """Fetch what is missing and say so in one line."""
    try:
        fetched = fetch()
    except AssetsError as fault:
        sys.exit(str(fault))
    if fetched:
        print(f"Bibliotecas del navegador en {VENDOR.relative_to(ROOT)}")  # noqa: T201  # a command


if __name__ == "__main__":
    main()
