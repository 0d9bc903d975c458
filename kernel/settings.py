"""Settings: one typed object from the environment and ``.env``.

Every setting has an environment variable of its own name in capitals. Secrets may come from a file
instead: ``SECRET_KEY_FILE=/run/secrets/key``. A wrong setting stops the start with its name and its
cure (``load``).
"""

from __future__ import annotations

import os
import re
import ssl
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from kernel.cors import origin
from kernel.errors import ConfigurationError
from kernel.hosts import Permission

SECRETS = (
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "MASTER_KEY",
    "SMTP_URL",
    "METRICS_TOKEN",
    "GOOGLE_CLIENT_SECRET",
)


def _split(value: object) -> object:
    if not isinstance(value, str):
        return value
    return [part.strip() for part in value.split(",") if part.strip()]


Texts = Annotated[list[str], NoDecode, BeforeValidator(_split)]
Folders = Annotated[list[Path], NoDecode, BeforeValidator(_split)]


class Settings(BaseSettings):
    """What an administrator can set; field descriptions are the documentation."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", hide_input_in_errors=True)

    database_url: str = Field(
        description="PostgreSQL address of the application role (postgresql+psycopg://…)."
    )
    database_owner_url: str = Field(
        default="", description="Address of the role that owns the tables; empty: DATABASE_URL."
    )
    database_pool: int = Field(
        default=12,
        ge=2,
        le=200,
        description="Connections per process; twice JOB_THREADS plus 3. "
        "Counting logins takes 2 more.",
    )
    redis_url: str = Field(
        default="", description="Redis address; empty: PostgreSQL does its part."
    )
    secret_key: SecretStr = Field(
        min_length=32,
        description="Signs tokens and links; 32 characters or more. Older keys may follow a comma.",
    )
    master_key: SecretStr = Field(
        description="Wraps stored secrets: 'version:base64' pairs, comma separated."
    )
    data_dir: Path = Field(default=Path("var"), description="Where files, mail and logs are kept.")
    storage_url: str = Field(
        default="", description="file:///…, s3://… or az://…; empty: DATA_DIR/files."
    )
    smtp_url: str = Field(
        default="", description="smtp://user:password@host:587?tls=starttls; empty: DATA_DIR/mail."
    )
    mail_sender: str = Field(default="andes@localhost", description="From address of all mail.")
    addon_roots: Folders = Field(
        default_factory=list,
        description="Folders with manifests/ and migrations/ besides ours, comma separated.",
    )
    load_seconds: int = Field(
        default=30, ge=2, le=600, description="How long loading the addons of a process may take."
    )
    web_processes: int = Field(default=2, ge=1, le=64, description="Web processes per host.")
    job_processes: int = Field(default=1, ge=0, le=64, description="Job processes per host.")
    job_threads: int = Field(default=4, ge=1, le=64, description="Threads per job process.")
    request_threads: int = Field(default=10, ge=1, le=200, description="Threads per web process.")
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port to listen on.")
    public_url: str = Field(
        default="",
        description="Where people reach this site, for links in mail: https://erp.company.pe; "
        "empty: HOST and PORT.",
    )
    trusted_proxies: Texts = Field(
        default_factory=list,
        description="Networks whose X-Forwarded-For and -Proto are believed: 10.0.0.0/8,127.0.0.1.",
    )
    cors_origins: Texts = Field(
        default_factory=list,
        description="Other sites whose pages may call the API: https://app.company.pe, exact.",
    )
    docs_public: bool = Field(
        default=False,
        description="Whether the API documentation is shown to who is not signed in.",
    )
    outbound_allow: Texts = Field(
        default_factory=list,
        description="Private hosts that addons may talk to: erp.lan:8069,base=10.0.0.5:8443; "
        "without a port, 80 and 443. See docs/outbound.md.",
    )
    outbound_authorities: str = Field(
        default="",
        description="PEM file of certificate authorities trusted besides the public ones.",
    )
    body_limit: int = Field(
        default=4 * 1024 * 1024, ge=1024, description="Largest JSON body accepted, in bytes."
    )
    upload_limit: int = Field(
        default=20 * 1024 * 1024,
        ge=1024,
        description="Largest form with files accepted, in bytes.",
    )
    access_token_seconds: int = Field(default=900, ge=60, le=86400, description="Life of a token.")
    refresh_token_seconds: int = Field(
        default=30 * 86400, ge=3600, description="Absolute life of a login, in seconds."
    )
    session_idle_seconds: int = Field(
        default=7 * 86400, ge=300, description="A login that nobody uses for so long ends."
    )
    login_per_minute: int = Field(
        default=5,
        ge=1,
        le=10_000,
        description="Attempts to sign in from one address in any minute, counted for all hosts.",
    )
    exports_per_minute: int = Field(
        default=30,
        ge=1,
        le=10_000,
        description="CSV and XLSX files that one user may have made in any minute.",
    )
    api_key_max_days: int = Field(
        default=730, ge=1, le=3650, description="Longest life of an API key, in days."
    )
    password_cost: int = Field(default=12, ge=4, le=16, description="bcrypt cost.")
    google_client_id: str = Field(
        default="", description="Client id for signing in with Google; empty: switched off."
    )
    google_client_secret: SecretStr = Field(
        default=SecretStr(""), description="Client secret for signing in with Google."
    )
    google_discovery_url: str = Field(
        default="https://accounts.google.com/.well-known/openid-configuration",
        description="Discovery document of the OpenID provider; another one than Google also "
        "needs OUTBOUND_ALLOW.",
    )
    google_domains: Texts = Field(
        default_factory=list,
        description="Google Workspace domains whose verified accounts are linked by themselves to "
        "the user with the same e-mail: company.pe.",
    )
    metrics_token: SecretStr = Field(
        default=SecretStr(""), description="Bearer token of /metrics; empty: loopback only."
    )
    log_level: str = Field(
        default="INFO",
        pattern="^(DEBUG|INFO|WARNING|ERROR)$",
        description="What is logged at least.",
    )
    log_format: str = Field(default="json", pattern="^(json|console)$", description="Log shape.")

    @field_validator("database_url", "database_owner_url")
    @classmethod
    def use_psycopg(cls, value: str, info: ValidationInfo) -> str:
        """Name our driver whatever the usual spelling of the address."""
        if not value and info.field_name != "database_url":
            return value
        scheme, separator, rest = value.partition("://")
        if not separator or scheme not in ("postgres", "postgresql", "postgresql+psycopg"):
            raise ValueError("Andes runs on PostgreSQL only: postgresql+psycopg://user@host/base")
        address = f"postgresql+psycopg://{rest}"
        try:
            named = make_url(address).database
        except (ArgumentError, ValueError):
            named = None
        if not named:
            raise ValueError("this is no address: postgresql+psycopg://user:password@host/base")
        return address

    @field_validator("redis_url")
    @classmethod
    def check_redis(cls, value: str) -> str:
        """Refuse what is no address of a Redis."""
        parts = urlsplit(value)
        if value and (parts.scheme not in ("redis", "rediss", "unix") or parts.port == 0):
            raise ValueError("this is no address of a Redis: redis://host:6379/0")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def check_networks(cls, value: list[str]) -> list[str]:
        """Refuse what is no network."""
        for text in value:
            ip_network(text)
        return value

    @field_validator("cors_origins")
    @classmethod
    def check_origins(cls, value: list[str]) -> list[str]:
        """Refuse what is no exact origin; write the others as browsers do."""
        return [origin(text) for text in value]

    @field_validator("outbound_allow")
    @classmethod
    def check_hosts(cls, value: list[str]) -> list[str]:
        """Refuse what is no host."""
        for text in value:
            Permission.parse(text)
        return value

    @field_validator("google_discovery_url")
    @classmethod
    def check_discovery(cls, value: str) -> str:
        """Refuse what is no address of a discovery document."""
        if not re.fullmatch(r"https?://[^\s?#]+/\.well-known/openid-configuration", value):
            raise ValueError("it ends in /.well-known/openid-configuration")
        return value

    @field_validator("outbound_authorities")
    @classmethod
    def check_authorities(cls, value: str) -> str:
        """Refuse a file that holds no certificates."""
        try:
            if value:
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=value)
        except OSError:
            raise ValueError(f"{value} is no readable PEM file of certificates") from None
        return value

    @field_validator("public_url")
    @classmethod
    def check_site(cls, value: str) -> str:
        """Refuse what is no scheme and host."""
        return origin(value.rstrip("/")) if value else value

    @property
    def site_url(self) -> str:
        """Where people reach this site, without a last slash."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def owner_url(self) -> str:
        """The address used for migrations."""
        return self.database_owner_url or self.database_url

    def secrets(self) -> list[str]:
        """Return the values that no log may show."""
        given = [getattr(self, name.lower()) for name in SECRETS]
        return [one.get_secret_value() if isinstance(one, SecretStr) else one for one in given]

    @property
    def files_url(self) -> str:
        """Where ``kernel.storage`` keeps files."""
        return self.storage_url or (self.data_dir.resolve() / "files").as_uri()

    @property
    def mail_url(self) -> str:
        """Where ``kernel.mail`` delivers."""
        return self.smtp_url or (self.data_dir.resolve() / "mail").as_uri()


def load(**overrides: Any) -> Settings:
    """Return the settings of this process.

    Raises:
        ConfigurationError: a setting is missing or wrong; the message lists each with its cure.
    """
    try:
        return Settings(**{**_from_files(), **overrides})
    except ValidationError as error:
        raise ConfigurationError(_explain(error)) from None


def _from_files() -> dict[str, str]:
    values: dict[str, str] = {}
    for name in SECRETS:
        path = os.environ.get(f"{name}_FILE")
        if path:
            values[name.lower()] = _read_secret(name, path)
    return values


def environment(settings: Settings) -> dict[str, str]:
    """Return the settings as environment variables, for child processes and for a shell."""
    return {name.upper(): _plain(value) for name, value in settings.model_dump().items()}


def _plain(value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value)


def _read_secret(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ConfigurationError(
            f"{name}_FILE: cannot read {path} ({reason}). Give a readable file."
        ) from None


def _explain(error: ValidationError) -> str:
    lines = []
    for fault in error.errors(include_url=False, include_input=False):
        name = str(fault["loc"][0])
        field = Settings.model_fields.get(name)
        cure = (field.description if field else "") or "see docs/settings.md"
        lines.append(f"{name.upper()}: {fault['msg']}. {cure}")
    return "\n".join(lines)
