"""``server.py empresa`` against a real database."""

from __future__ import annotations

import os
import subprocess
import sys

from kernel.manifest import ROOT
from kernel.settings import Settings


def server(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    """Return how a command of the test's instance ended."""
    instance = {
        "DATABASE_URL": settings.database_url,
        "DATABASE_OWNER_URL": settings.database_owner_url,
        "SECRET_KEY": settings.secret_key.get_secret_value(),
        "MASTER_KEY": settings.master_key.get_secret_value(),
        "DATA_DIR": str(settings.data_dir),
    }
    return subprocess.run(
        [sys.executable, "server.py", *words],
        cwd=ROOT,
        env={**os.environ, **instance},
        capture_output=True,
        text=True,
    )


def test_configurar_changes_what_ver_shows(settings: Settings) -> None:
    words = ("--ruc", "20100070970", "--razon-social", "Comercial Andina S.A.C.")
    done = server(settings, "empresa", "configurar", *words, "--no-precios-incluyen-igv")
    assert done.returncode == 0, done.stderr
    shown = server(settings, "empresa", "ver").stdout
    assert shown == done.stdout
    assert "20100070970" in shown
    assert "Comercial Andina S.A.C." in shown


def test_configurar_with_a_wrong_ruc_is_a_sentence(settings: Settings) -> None:
    words = ("--ruc", "20100070971", "--razon-social", "Comercial Andina S.A.C.")
    done = server(settings, "empresa", "configurar", *words)
    assert done.returncode == 1
    assert "dígito verificador" in done.stderr
    assert "Traceback" not in done.stderr
