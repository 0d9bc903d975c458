"""Outgoing mail: SMTP, or a folder of ``.eml`` files (the demo's default).

The Message-ID follows from the caller's idempotency key, so that a retry after a lost answer sends
a message that receivers recognise as the same one; in a folder it replaces the same file. What a
person typed never adds a header or a recipient: control characters are refused. TLS certificates
are always verified.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, Self
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit
from urllib.request import url2pathname

from kernel.errors import ConfigurationError, CredentialsRefused, Permanent, RemoteError, Transient
from kernel.phrases import Phrase

_POLICY = SMTP.clone(cte_type="7bit")
_MAILBOX = re.compile(r"(?:(?P<name>[^<>@]*)<(?P<angled>[^<>]+)>|(?P<bare>[^<>]+))")
_SPEC = re.compile(r"[^\s@<>()\[\]\\,;:\"]{1,64}@[^\s@<>()\[\]\\,;:\"/?#_]{1,253}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+")
_LOGIN_REFUSED = frozenset({530, 534, 535, 538})
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_CURE = "SMTP_URL: give smtp://user:password@host:587?tls=starttls, smtps://… or file:///folder"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message."""

    filename: str
    content: bytes
    content_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Message:
    """A message to one address or several; each may be ``Name <user@host>``."""

    to: str | Sequence[str]
    subject: Phrase
    text: Phrase
    html: str | None = None
    attachments: Sequence[Attachment] = ()
    language: str = "es"
    """Of who reads it."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What the server took: the Message-ID, and the addresses that it refused, each with why."""

    message_id: str
    refused: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class Delivery(Protocol):
    """One way out: takes a finished message, returns the refused addresses with the reason."""

    def __call__(self, mail: EmailMessage, to: Sequence[Address]) -> Mapping[str, str]:
        """Deliver the message."""
        ...


class Mailer:
    """Composes messages and hands them to its delivery."""

    def __init__(
        self,
        delivery: Delivery,
        *,
        sender: str,
        clock: Callable[[], datetime],
    ) -> None:
        """Send as ``sender`` (``Name <user@host>``)."""
        try:
            self._sender = _mailbox(sender)
        except Permanent as error:
            raise ConfigurationError(f"MAIL_SENDER: {error}") from None
        self._delivery = delivery
        self._clock = clock

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        sender: str,
        clock: Callable[[], datetime],
    ) -> Self:
        """Return the mailer of ``smtp://…``, ``smtps://…`` or ``file:///folder``.

        ``smtp://`` takes ``?tls=starttls`` (the default: required, never silently skipped) or
        ``tls=none``; both take ``ca=`` (a PEM file to trust instead of the system's) and
        ``timeout=`` (seconds, 30).

        Raises:
            ConfigurationError: the address is wrong, or would send a password in the clear.
        """
        parts = _split(url)
        if parts.scheme == "file":
            return cls(FolderDelivery(_folder(parts)), sender=sender, clock=clock)
        return cls(SmtpDelivery.from_parts(parts), sender=sender, clock=clock)

    def send(self, message: Message, idempotency_key: str) -> Sent:
        """Send the message now; call it from a job, outside any transaction.

        Where several addresses are given and only some are refused, the others have their mail and
        ``Sent.refused`` names the rest: sending again would write to the first ones twice.

        Raises:
            Transient: a 4xx answer, or no connection; the same key may be tried again.
            Permanent: a 5xx answer, or a message that cannot be sent as it is.
            CredentialsRefused: the server refuses our login, or offers no TLS.
        """
        to = _recipients(message)
        mail = self._compose(message, to, idempotency_key)
        return Sent(mail["Message-ID"], self._delivery(mail, to))

    def _compose(self, message: Message, to: Sequence[Address], key: str) -> EmailMessage:
        mail = EmailMessage(_POLICY)
        mail["From"] = self._sender
        mail["To"] = to
        mail["Subject"] = _clean("subject", message.subject.said_in(message.language))
        mail["Date"] = self._clock()
        mail["Message-ID"] = f"<{message_digest(key)}@{self._sender.domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(_printable(message.text.said_in(message.language)))
        if message.html is not None:
            mail.add_alternative(_printable(message.html), subtype="html")
        for attachment in message.attachments:
            _attach(mail, attachment)
        return mail


@dataclass(frozen=True, slots=True)
class FolderDelivery:
    """Writes each message to ``<digest of its key>.eml``."""

    folder: Path

    def __call__(self, mail: EmailMessage, to: Sequence[Address]) -> Mapping[str, str]:
        """Write the file, all or nothing.

        Raises:
            Transient: the folder cannot be written.
        """
        name = mail["Message-ID"].strip("<>").partition("@")[0]
        staged = self.folder / f".{name}.{os.getpid()}"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            staged.write_bytes(mail.as_bytes())
            staged.replace(self.folder / f"{name}.eml")
        except OSError as error:
            with suppress(OSError):
                staged.unlink()
            raise Transient(f"mail folder: {error.strerror}") from None
        return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class SmtpDelivery:
    """Speaks SMTP to one server, one connection per message."""

    host: str
    port: int
    tls: str
    user: str = ""
    password: str = field(default="", repr=False)
    ca: str | None = None
    timeout: float = 30

    @classmethod
    def from_parts(cls, parts: SplitResult) -> Self:
        """Return the delivery of a parsed address."""
        options = dict(parse_qsl(parts.query))
        tls = "implicit" if parts.scheme == "smtps" else options.pop("tls", "starttls")
        ca, timeout = options.pop("ca", None), options.pop("timeout", "30")
        if options or tls not in ("implicit", "starttls", "none") or not timeout.isdecimal():
            raise ConfigurationError(f"{_CURE}; options are tls, ca and timeout.")
        if tls == "none" and parts.username and parts.hostname not in _LOOPBACK:
            raise ConfigurationError(f"{_CURE}; tls=none would send the password in the clear.")
        if ca is not None and not Path(ca).is_file():
            raise ConfigurationError(f"{_CURE}; ca={ca} is not a file.")
        return cls(
            parts.hostname or "",
            parts.port or (465 if tls == "implicit" else 587),
            tls,
            unquote(parts.username or ""),
            unquote(parts.password or ""),
            ca,
            float(timeout),
        )

    def __call__(self, mail: EmailMessage, to: Sequence[Address]) -> Mapping[str, str]:
        """Send the message.

        Raises:
            Transient, Permanent, CredentialsRefused: as ``Mailer.send``.
        """
        try:
            with self._session() as server:
                refused = server.send_message(mail, to_addrs=[one.addr_spec for one in to])
        except smtplib.SMTPException as error:
            raise _fault(error) from None
        except OSError as error:
            raise Transient(f"mail server {self.host}:{self.port}: {error}") from None
        return {address: _reason(*answer) for address, answer in refused.items()}

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        """Yield a connection that is logged in; how the server says goodbye changes nothing."""
        server = self._connect()
        try:
            self._greet(server)
            yield server
        finally:
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
            server.close()

    def _connect(self) -> smtplib.SMTP:
        name = socket.gethostname()
        if self.tls == "implicit":
            return smtplib.SMTP_SSL(
                self.host, self.port, name, timeout=self.timeout, context=self._context()
            )
        return smtplib.SMTP(self.host, self.port, name, timeout=self.timeout)

    def _greet(self, server: smtplib.SMTP) -> None:
        try:
            if self.tls == "starttls":
                server.starttls(context=self._context())
            if self.user:
                _login(server, self.user, self.password)
        except smtplib.SMTPNotSupportedError as error:
            raise CredentialsRefused(f"mail server {self.host}: {error}") from None

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca)


def _login(server: smtplib.SMTP, user: str, password: str) -> None:
    """Log in; beyond ASCII by AUTH PLAIN in UTF-8 (RFC 4616), which smtplib does not do."""
    if (user + password).isascii():
        server.login(user, password)
        return
    server.ehlo_or_helo_if_needed()
    if not server.has_extn("auth"):
        raise smtplib.SMTPNotSupportedError("SMTP AUTH extension not supported by server.")
    plain = base64.b64encode(f"\0{user}\0{password}".encode()).decode("ascii")
    code, text = server.docmd("AUTH", f"PLAIN {plain}")
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, text)


def message_digest(idempotency_key: str) -> str:
    """Return the left side of the Message-ID of this key: 40 hexadecimal digits."""
    return hashlib.sha256(b"andes mail " + idempotency_key.encode("utf-8")).hexdigest()[:40]


def _fault(error: smtplib.SMTPException) -> RemoteError:
    """Return our error for one of smtplib's."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers = list(error.recipients.values())
        code, text = min(answers, key=lambda answer: answer[0])
        return _fault_of(code, text)
    if isinstance(error, smtplib.SMTPResponseException):
        login = isinstance(error, smtplib.SMTPAuthenticationError) and error.smtp_code >= 500
        return _fault_of(530 if login else error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Permanent(f"mail: {error}")
    return Transient(f"mail: {error}")


def _fault_of(code: int, text: bytes | str) -> RemoteError:
    reason = f"mail: {_reason(code, text)}"
    if code in _LOGIN_REFUSED:
        return CredentialsRefused(reason)
    return Permanent(reason) if 500 <= code <= 599 else Transient(reason)


def _reason(code: int, text: bytes | str) -> str:
    shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {_CONTROL.sub(' ', shown)[:200]}"


def _recipients(message: Message) -> list[Address]:
    given = [message.to] if isinstance(message.to, str) else list(message.to)
    if not given:
        raise Permanent("mail: no recipient")
    return [_mailbox(text) for text in given]


def _mailbox(text: str) -> Address:
    """Return the one address in the text, its domain in ASCII form."""
    parts = _MAILBOX.fullmatch(_clean("address", text).strip())
    spec = (parts["angled"] or parts["bare"]).strip() if parts else ""
    if parts is None or not _SPEC.fullmatch(spec):
        raise Permanent(f"mail: not an address: {text[:80]!r}")
    user, _, domain = spec.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
        return Address((parts["name"] or "").strip().strip('"'), user, ascii_domain)
    except (UnicodeError, ValueError, IndexError):
        raise Permanent(f"mail: not an address: {text[:80]!r}") from None


def _clean(what: str, text: str) -> str:
    """Return the text of a header, unless it could end it."""
    if _CONTROL.search(text):
        raise Permanent(f"mail: control characters in the {what}")
    return text


def _printable(text: str) -> str:
    """Return a body that can be encoded: lone surrogates and NUL become a question mark."""
    return re.sub(r"[\x00\ud800-\udfff]", "?", text)


def _attach(mail: EmailMessage, attachment: Attachment) -> None:
    if not _TYPE.fullmatch(attachment.content_type):
        raise Permanent(f"mail: not a content type: {attachment.content_type[:80]!r}")
    maintype, _, subtype = attachment.content_type.partition("/")
    filename = _clean("file name", attachment.filename)
    mail.add_attachment(attachment.content, maintype=maintype, subtype=subtype, filename=filename)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        known = parts.scheme == "file" or (parts.scheme in ("smtp", "smtps") and parts.hostname)
        if known and parts.port != 0:
            return parts
    except ValueError:
        pass
    raise ConfigurationError(f"{_CURE}.")


def _folder(parts: SplitResult) -> Path:
    folder = Path(url2pathname(parts.path))
    if parts.netloc or not folder.is_absolute():
        raise ConfigurationError(f"{_CURE}; the folder must be absolute.")
    return folder
