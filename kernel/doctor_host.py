"""What the doctor looks at on the host: keys, folders, Redis, files, mail."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from kernel import pdf
from kernel.errors import ConfigurationError, RemoteError
from kernel.findings import Finding, examine, first_line, ill, well
from kernel.mail import Mailer
from kernel.runtime import utc_now
from kernel.secrets import Vault
from kernel.settings import SECRETS, Settings
from kernel.storage import Storage

FREE_BYTES = 1024**3
FREE_SHARE = 0.05
SMTP_PORTS = {"smtp": 587, "smtps": 465}
SECONDS = 5
MOUNTED = Path("/run/secrets")
"""Where container engines put secrets; the modes there are theirs."""


def run(settings: Settings) -> list[Finding]:
    """Return what was found."""
    checks: dict[str, Callable[[Settings, str], Finding | Iterable[Finding]]] = {
        "llave maestra": _master_key,
        "carpeta de datos": _data_dir,
        "disco": _disk,
        "archivos de llaves": _key_files,
        "Redis": _redis,
        "archivos": _storage,
        "correo": _mail,
        "PDF": _pdf,
    }
    return list(examine((name, partial(check, settings, name)) for name, check in checks.items()))


def _master_key(settings: Settings, name: str) -> Finding:
    try:
        vault = Vault.from_settings(settings.master_key.get_secret_value())
    except ConfigurationError as error:
        return ill(name, str(error), "MASTER_KEY=1:$(openssl rand -base64 32)")
    known = ", ".join(f"{version}: {mark}" for version, mark in vault.fingerprints().items())
    return well(name, f"Huella {known}.")


def _data_dir(settings: Settings, name: str) -> Finding:
    folder = settings.data_dir.resolve()
    probe = folder / f".doctor-{secrets.token_hex(4)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        owner = f'chown -R "$(id -un)" {folder}'
        return ill(name, f"No se puede escribir en {folder}: {error.strerror}.", owner)
    return well(name, f"Se puede escribir en {folder}.")


def _disk(settings: Settings, name: str) -> Finding:
    folder = settings.data_dir.resolve()
    usage = shutil.disk_usage(_existing(folder))
    seen = f"Quedan {usage.free / 1024**3:.1f} GiB de {usage.total / 1024**3:.1f} en {folder}."
    if usage.free < FREE_BYTES or usage.free < usage.total * FREE_SHARE:
        return ill(name, seen, f"Libere espacio o amplíe el disco; lo más grande: du -xh {folder}"
                   " | sort -h | tail")  # fmt: skip
    return well(name, seen)


def _existing(folder: Path) -> Path:
    return next(one for one in (folder, *folder.parents) if one.exists())


def _key_files(settings: Settings, name: str) -> Iterator[Finding]:
    if sys.platform == "win32":
        return
    data = settings.data_dir
    paths = [Path(".env"), data / "master.key", data / "secret.key"]
    paths += [Path(os.environ[f"{one}_FILE"]) for one in SECRETS if f"{one}_FILE" in os.environ]
    present = [path.resolve() for path in paths if path.is_file()]
    loose = [path for path in present if _is_loose(path)]
    for path in loose:
        mode = stat.S_IMODE(path.stat().st_mode)
        yield ill(name, f"{path} lo pueden leer otros (modo {mode:o}).", f"chmod 600 {path}")
    if not loose:
        yield well(name, f"{len(present)} archivos, solo para su dueño.")


def _is_loose(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o077) and MOUNTED not in path.parents


def _redis(settings: Settings, name: str) -> Finding:
    if not settings.redis_url:
        return well(name, "No se usa; PostgreSQL hace su parte.")
    import redis

    client = redis.Redis.from_url(
        settings.redis_url, socket_timeout=SECONDS, socket_connect_timeout=SECONDS
    )
    try:
        version = client.info("server")["redis_version"]
    except redis.RedisError as error:
        cure = "Inicie Redis (redis-cli ping debe decir PONG), corrija REDIS_URL o déjela vacía."
        return ill(name, f"No responde: {first_line(error)}", cure)
    finally:
        client.close()
    return well(name, f"Responde (versión {version}).")


def _storage(settings: Settings, name: str) -> Finding:
    key, content = f"doctor-{secrets.token_hex(8)}", secrets.token_bytes(64)
    try:
        storage = Storage.from_url(settings.files_url)
        storage.put(key, content, content_type="application/octet-stream")
        same = storage.get(key) == content
        storage.delete(key)
    except (ConfigurationError, RemoteError, LookupError) as error:
        cure = "Corrija STORAGE_URL, sus credenciales o los permisos de la carpeta."
        return ill(name, f"No se puede guardar en {_place(settings)}: {first_line(error)}", cure)
    if not same:
        return ill(name, f"{_place(settings)} devolvió otro contenido.", "Revise el disco: dmesg")
    return well(name, f"Se guarda y se lee en {_place(settings)}.")


def _pdf(_settings: Settings, name: str) -> Finding:
    if find_spec("weasyprint") is None:
        return well(name, "No se usa: el extra «pdf» no está instalado.")
    lack = pdf.missing()
    if lack is not None:
        return ill(name, lack.partition(". ")[0], pdf.CURE)
    return well(name, "Se pueden hacer documentos.")


def _place(settings: Settings) -> str:
    return settings.files_url.partition("?")[0]


def _mail(settings: Settings, name: str) -> Finding:
    try:
        Mailer.from_url(settings.mail_url, sender=settings.mail_sender, clock=utc_now)
    except ConfigurationError as error:
        return ill(name, str(error), "SMTP_URL=smtp://usuario:CLAVE@servidor:587?tls=starttls")
    parts = urlsplit(settings.mail_url)
    if parts.scheme == "file":
        return well(name, f"No sale: se guarda en {parts.path}. Para enviarlo, ponga SMTP_URL.")
    host, port = parts.hostname or "", parts.port or SMTP_PORTS[parts.scheme]
    try:
        socket.create_connection((host, port), timeout=SECONDS).close()
    except OSError as error:
        cure = f"Corrija SMTP_URL o abra la salida hacia {host}:{port} (nc -vz {host} {port})."
        return ill(name, f"El servidor {host}:{port} no responde: {first_line(error)}", cure)
    return well(name, f"El servidor {host}:{port} responde; remitente {settings.mail_sender}.")
