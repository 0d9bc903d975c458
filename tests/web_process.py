"""A web process of some addons, on its own: what it loads and how it answers, as JSON.

``python -m tests.web_process '{"addons": […], "settings": {…}, "login": {…}, "get": [path, …]}'``
"""

from __future__ import annotations

import json
import sys
from typing import Any

from kernel import generation, processes
from kernel.settings import Settings

OPENAPI = "/api/openapi.json"
READY = "/health/ready"
LOGIN = "/api/auth/login/"


def main() -> None:
    """Build the application, let it answer, and print what a test wants to know of it."""
    order = json.loads(sys.argv[1])
    settings = Settings(_env_file=None, **order["settings"])
    registry = generation.load(settings, order["addons"])
    application = processes.web_app(processes.make_runtime(settings, registry))
    found = {"addons": [one.name for one in registry.manifests], **answers(application, order)}
    print(json.dumps({**found, "modules": sorted(sys.modules)}))


def answers(application: Any, order: dict[str, Any]) -> dict[str, Any]:
    """Return the status of some requests, and the paths of the OpenAPI document."""
    from starlette.testclient import TestClient

    with TestClient(application, raise_server_exceptions=False) as client:
        login = client.post(LOGIN, json=order["login"])
        client.headers["Authorization"] = f"Bearer {login.json().get('access', '')}"
        return {
            "ready": client.get(READY).status_code,
            "login": login.status_code,
            "paths": sorted(client.get(OPENAPI).json()["paths"]),
            "answers": {path: client.get(path).status_code for path in order["get"]},
        }


if __name__ == "__main__":
    main()
