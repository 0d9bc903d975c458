"""The software bill of materials: every library in a release, as one CycloneDX 1.5 document.

``uv export`` writes what Python gets from ``uv.lock``; this adds what browsers get from
``package-lock.json``. ``make sbom`` runs both. Source: CycloneDX 1.5; OWASP ASVS 5.0, 15.1.2.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

LOCK = Path(__file__).resolve().parent.parent / "package-lock.json"
PREFIX = "node_modules/"


def complete(document: dict[str, Any], lock: dict[str, Any]) -> dict[str, Any]:
    """Return uv's document with the browser libraries of a lock among its components."""
    browser = [
        _component(path.rpartition(PREFIX)[2], facts)
        for path, facts in sorted(lock["packages"].items())
        if path
    ]
    return {**document, "components": [*document["components"], *browser]}


def _component(name: str, facts: dict[str, Any]) -> dict[str, Any]:
    address = f"pkg:npm/{quote(name, safe='/')}@{facts['version']}"
    algorithm, _, digest = facts["integrity"].partition("-")
    hashes = [
        {
            "alg": f"SHA-{algorithm.removeprefix('sha')}",
            "content": base64.b64decode(digest).hex(),
        }
    ]
    return {
        "type": "library",
        "bom-ref": address,
        "name": name,
        "version": facts["version"],
        "purl": address,
        "hashes": hashes,
        "licenses": [{"license": {"name": facts["license"]}}] if "license" in facts else [],
        "externalReferences": [{"type": "distribution", "url": facts["resolved"]}],
    }


def main() -> None:
    """Read uv's document from standard input and write the whole one."""
    lock = json.loads(LOCK.read_text(encoding="utf-8"))
    whole = complete(json.load(sys.stdin), lock)
    sys.stdout.write(json.dumps(whole, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
