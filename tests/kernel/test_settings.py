"""Settings: from the environment, from files, and each wrong one by its name with its cure."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from kernel import processes
from kernel.errors import ConfigurationError
from kernel.registry import Registry
from kernel.settings import SECRETS, Settings, load

GOOD = {
    "DATABASE_URL": "postgresql://andes_app@127.0.0.1/andes",
    "SECRET_KEY": "s" * 32,
    "MASTER_KEY": "1:" + base64.b64encode(bytes(range(32))).decode(),
}


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that says no more than what is needed, in an empty folder."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)


def refusal() -> str:
    with pytest.raises(ConfigurationError) as caught:
        load()
    return str(caught.value)


def test_load_of_the_least_is_enough() -> None:
    found = load()
    assert found.database_url == "postgresql+psycopg://andes_app@127.0.0.1/andes"
    assert found.owner_url == found.database_url
    assert found.files_url == (Path("var").resolve() / "files").as_uri()
    assert found.mail_url == (Path("var").resolve() / "mail").as_uri()


def test_load_of_nothing_names_every_missing_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in GOOD:
        monkeypatch.delenv(name)
    lines = refusal().splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "DATABASE_URL",
        "SECRET_KEY",
        "MASTER_KEY",
    ]
    for line in lines:
        field = Settings.model_fields[line.partition(":")[0].lower()]
        assert line.endswith(str(field.description))


WRONG = {
    "DATABASE_URL": [
        "mysql://root@db/andes",
        "sqlite:///andes.db",
        "andes",
        "",
        "postgresql://user@host:puerto/base",
        "postgresql://user@host",
    ],
    "DATABASE_OWNER_URL": ["oracle://x", "postgresql+psycopg://"],
    "DATABASE_POOL": ["0", "1000", "diez", "1.5"],
    "REDIS_URL": ["127.0.0.1:6379", "http://127.0.0.1", "redis://host:puerto/0"],
    "SECRET_KEY": ["corta"],
    "WEB_PROCESSES": ["0", "-1", "65"],
    "PORT": ["0", "65536", "http"],
    "TRUSTED_PROXIES": ["proxy", "10.0.0.0/99", "10.0.0.1/8"],
    "BODY_LIMIT": ["1"],
    "ACCESS_TOKEN_SECONDS": ["1"],
    "PASSWORD_COST": ["3", "40"],
    "LOG_LEVEL": ["debug", "TODO"],
    "LOG_FORMAT": ["xml"],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in WRONG.items() for v in values])
def test_load_of_wrong_setting_names_it_and_its_cure(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    (line,) = refusal().splitlines()
    assert line.startswith(f"{name}: ")
    assert line.endswith(str(Settings.model_fields[name.lower()].description))


def test_load_of_several_wrong_settings_names_all(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PORT", "LOG_LEVEL", "DATABASE_POOL"):
        monkeypatch.setenv(name, "mal")
    assert {line.partition(":")[0] for line in refusal().splitlines()} == {
        "PORT",
        "LOG_LEVEL",
        "DATABASE_POOL",
    }


def test_load_never_shows_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "clave-corta")
    monkeypatch.setenv("DATABASE_URL", "mysql://root:hunter2@db/andes")
    assert "clave-corta" not in refusal()
    assert "hunter2" not in refusal()
    monkeypatch.setenv("SECRET_KEY", "x" * 40)
    monkeypatch.setenv("DATABASE_URL", GOOD["DATABASE_URL"])
    assert "x" * 40 not in repr(load())
    assert GOOD["MASTER_KEY"] not in repr(load())


SETTINGS_MADE_LATER = {
    "MASTER_KEY": "no-es-base64",
    "SECRET_KEY": "s" * 32 + ",corta",
    "STORAGE_URL": "ftp://files",
    "SMTP_URL": "http://mail",
}


@pytest.mark.parametrize(("name", "value"), SETTINGS_MADE_LATER.items())
def test_check_settings_of_what_is_made_late_names_it(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, registry: Registry
) -> None:
    monkeypatch.setenv(name, value)
    runtime = processes.make_runtime(load(), registry)
    with pytest.raises(ConfigurationError, match=name):
        runtime.check_settings()
    runtime.close()


def test_load_of_lists_takes_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", " 10.0.0.0/8, 127.0.0.1 ,fd00::/8")
    monkeypatch.setenv("ADDON_ROOTS", "/srv/a,/srv/b")
    found = load()
    assert found.trusted_proxies == ["10.0.0.0/8", "127.0.0.1", "fd00::/8"]
    assert found.addon_roots == [Path("/srv/a"), Path("/srv/b")]
    monkeypatch.setenv("TRUSTED_PROXIES", "")
    assert load().trusted_proxies == []


@pytest.mark.parametrize("prefix", ["postgres", "postgresql", "postgresql+psycopg"])
def test_load_of_any_usual_address_names_our_driver(
    prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"{prefix}://u:p%40ss@h:5433/b?sslmode=require")
    assert load().database_url == "postgresql+psycopg://u:p%40ss@h:5433/b?sslmode=require"


@pytest.mark.parametrize("name", SECRETS)
def test_load_of_a_secret_takes_it_from_its_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = {
        "DATABASE_URL": "postgresql+psycopg://de@archivo/andes",
        "DATABASE_OWNER_URL": "postgresql+psycopg://de@archivo/andes",
        "REDIS_URL": "redis://archivo:6379/1",
    }.get(name, "ñ" + "f" * 40)
    file = tmp_path / "secreto"
    file.write_text(f"\n{value}\n", encoding="utf-8")
    monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(f"{name}_FILE", str(file))
    found = getattr(load(), name.lower())
    assert (found if isinstance(found, str) else found.get_secret_value()) == value


def test_load_of_a_secret_whose_file_cannot_be_read_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = tmp_path / "binario"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "nada", tmp_path, binary):
        monkeypatch.setenv("SECRET_KEY_FILE", str(path))
        message = refusal()
        assert message.startswith("SECRET_KEY_FILE: ")
        assert str(path) in message


def test_load_of_an_empty_secret_file_is_refused_as_the_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "vacío"
    file.touch()
    monkeypatch.setenv("SECRET_KEY_FILE", str(file))
    assert refusal().startswith("SECRET_KEY: ")


def test_load_reads_dot_env_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("PORT=8123\nHOST=0.0.0.0\nDESCONOCIDO=1\n", encoding="utf-8")
    monkeypatch.setenv("HOST", "127.0.0.9")
    found = load()
    assert (found.port, found.host) == (8123, "127.0.0.9")


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())
    assert {name.lower() for name in SECRETS} <= set(Settings.model_fields)
