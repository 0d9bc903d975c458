"""Mail: a real SMTP server in this process, a folder, and what must never go out."""

from __future__ import annotations

import datetime as dt
import email
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kernel.errors import ConfigurationError, CredentialsRefused, Permanent, RemoteError, Transient
from kernel.mail import Attachment, Mailer, Message
from kernel.phrases import verbatim

SENDER = "Andes <andes@tienda.pe>"
NOW = dt.datetime(2026, 11, 20, 15, 30, tzinfo=dt.UTC)


class Inbox:
    """What the server took, and how it answers."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], EmailMessage]] = []
        self.answers: dict[str, str] = {}

    async def handle_RCPT(  # noqa: N802  # the library names it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # the library names it
        if "DATA" in self.answers:
            return self.answers["DATA"]
        assert isinstance(envelope.content, bytes)
        parsed = email.message_from_bytes(envelope.content, policy=default)
        self.mails.append((envelope.rcpt_tos, parsed))
        return "250 OK"

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # the library names it
        return self.answers.get("QUIT", "221 Bye")


@contextmanager
def serving(inbox: Inbox, **options: Any) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def mailer(inbox: Inbox) -> Iterator[Mailer]:
    with serving(inbox) as port:
        yield mailer_at(f"smtp://127.0.0.1:{port}?tls=none")


def mailer_at(url: str) -> Mailer:
    return Mailer.from_url(url, sender=SENDER, clock=lambda: NOW)


def message(**changed: Any) -> Message:
    facts: dict[str, Any] = {"to": "rosa@demo.pe", "subject": "Su pedido", "text": "Está listo."}
    facts |= changed
    words = {name: verbatim(facts.pop(name)) for name in ("subject", "text")}
    return Message(**facts, **words)


def test_send_arrives_with_its_headers_and_text(mailer: Mailer, inbox: Inbox) -> None:
    sent = mailer.send(message(subject="Año nuevo: S/ 1,234.50 ñ"), "pedido-7")
    [(to, mail)] = inbox.mails
    assert to == ["rosa@demo.pe"]
    assert mail["From"] == SENDER
    assert mail["Subject"] == "Año nuevo: S/ 1,234.50 ñ"
    assert mail["Message-ID"] == sent.message_id
    assert mail["Date"].datetime == NOW
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().rstrip("\r\n") == "Está listo."
    assert sent.refused == {}


def test_send_same_key_gives_the_same_message_id(mailer: Mailer) -> None:
    first = mailer.send(message(), "pedido-7")
    assert mailer.send(message(subject="Otro"), "pedido-7").message_id == first.message_id
    assert mailer.send(message(), "pedido-8").message_id != first.message_id
    assert first.message_id.endswith("@tienda.pe>")


def test_send_html_and_attachments_arrive(mailer: Mailer, inbox: Inbox) -> None:
    files = [
        Attachment("Factura nº 7.pdf", b"%PDF-1.7", "application/pdf"),
        Attachment("datos.csv", "ñ;1".encode(), "text/csv"),
        Attachment("sin tipo", bytes(range(256))),
    ]
    mailer.send(message(html="<p>Está <b>listo</b>.</p>", attachments=files), "k")
    mail = inbox.mails[0][1]
    html = mail.get_body(("html",))
    assert html is not None
    assert "<b>listo</b>" in html.get_content()
    parts = [
        (part.get_filename(), part.get_payload(decode=True), part.get_content_type())
        for part in mail.iter_attachments()
    ]
    assert parts == [
        ("Factura nº 7.pdf", b"%PDF-1.7", "application/pdf"),
        ("datos.csv", "ñ;1".encode(), "text/csv"),
        ("sin tipo", bytes(range(256)), "application/octet-stream"),
    ]


def test_send_long_lines_and_dots_arrive_as_written(mailer: Mailer, inbox: Inbox) -> None:
    text = ".\r\n..\r\n" + "ñandú " * 2000 + "\r\nFrom aquí\r\n"
    mailer.send(message(text=text), "k")
    assert inbox.mails[0][1].get_content().replace("\r\n", "\n") == text.replace("\r\n", "\n")


def test_send_text_that_no_charset_has_still_arrives(mailer: Mailer, inbox: Inbox) -> None:
    mailer.send(message(text="a\0b\ud800c 🦙"), "k")
    assert inbox.mails[0][1].get_content().rstrip("\r\n") == "a?b?c 🦙"


def test_send_domain_with_accents_goes_out_in_ascii(mailer: Mailer, inbox: Inbox) -> None:
    mailer.send(message(to="Peña & Hijos <ventas@peña.pe>"), "k")
    assert inbox.mails[0][0] == ["ventas@xn--pea-8ma.pe"]


def test_send_one_of_two_refused_is_reported(mailer: Mailer, inbox: Inbox) -> None:
    inbox.answers["nadie@demo.pe"] = "550 No such user"
    sent = mailer.send(message(to=["rosa@demo.pe", "nadie@demo.pe"]), "k")
    assert sent.refused == {"nadie@demo.pe": "550 No such user"}
    assert inbox.mails[0][0] == ["rosa@demo.pe"]


@pytest.mark.parametrize(
    ("where", "answer", "kind"),
    [
        ("rosa@demo.pe", "450 Mailbox busy", Transient),
        ("rosa@demo.pe", "550 No such user", Permanent),
        ("rosa@demo.pe", "530 Authentication required", CredentialsRefused),
        ("DATA", "451 Try later", Transient),
        ("DATA", "421 Closing", Transient),
        ("DATA", "554 Spam", Permanent),
    ],
)
def test_send_refusal_is_of_the_right_kind(
    mailer: Mailer, inbox: Inbox, where: str, answer: str, kind: type[RemoteError]
) -> None:
    inbox.answers[where] = answer
    with pytest.raises(kind, match=answer.partition(" ")[2]):
        mailer.send(message(), "k")
    assert inbox.mails == []


def test_send_busy_and_unknown_recipients_is_transient(mailer: Mailer, inbox: Inbox) -> None:
    inbox.answers |= {"a@demo.pe": "550 No", "b@demo.pe": "450 Later"}
    with pytest.raises(Transient):
        mailer.send(message(to=["a@demo.pe", "b@demo.pe"]), "k")


def test_send_server_rude_at_goodbye_is_sent(mailer: Mailer, inbox: Inbox) -> None:
    inbox.answers["QUIT"] = "451 Leave me alone"
    mailer.send(message(), "k")
    assert len(inbox.mails) == 1


def test_send_no_server_is_transient() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(Transient, match=str(port)):
        mailer_at(f"smtp://127.0.0.1:{port}?tls=none").send(message(), "k")


def test_send_silent_server_is_transient() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(Transient):
            mailer_at(f"smtp://127.0.0.1:{port}?tls=none&timeout=1").send(message(), "k")


INJECTIONS = ["x\r\nBcc: mal@evil.test", "x\nBcc: mal@evil.test", "x\rBcc: y", "x\0y", "x\u2028y"]


@pytest.mark.parametrize("text", [*INJECTIONS, "x\ud800"])
def test_send_control_characters_in_a_header_are_refused(
    mailer: Mailer, inbox: Inbox, text: str
) -> None:
    bad = [
        message(subject=text),
        message(to=text + "@demo.pe"),
        message(to=f"{text} <rosa@demo.pe>"),
        message(attachments=[Attachment(text, b"")]),
        message(attachments=[Attachment("a", b"", f"text/{text}")]),
    ]
    for one in bad:
        with pytest.raises(Permanent):
            mailer.send(one, "k")
    assert inbox.mails == []


@pytest.mark.parametrize(
    "to",
    [
        "",
        [],
        "rosa",
        "@demo.pe",
        "rosa@",
        "rosa@demo..pe",
        "rosa@demo.pe, mal@evil.test",
        "rosa@demo.pe>, <mal@evil.test",
        "a <b@c.pe> <d@e.pe>",
        "rosa quispe@demo.pe",
        '"x" rosa@demo.pe',
        "rosa@" + "a" * 70 + ".pe",
        "x" * 65 + "@demo.pe",
    ],
)
def test_send_bad_address_is_permanent(mailer: Mailer, inbox: Inbox, to: str | list[str]) -> None:
    with pytest.raises(Permanent):
        mailer.send(message(to=to), "k")
    assert inbox.mails == []


def test_send_to_a_folder_writes_one_file_per_key(tmp_path: Path) -> None:
    mailer = mailer_at(f"file://{tmp_path}/correo")
    sent = mailer.send(message(), "pedido-7")
    mailer.send(message(), "pedido-7")
    mailer.send(message(), "pedido-8")
    files = sorted((tmp_path / "correo").iterdir())
    assert len(files) == 2
    assert {path.suffix for path in files} == {".eml"}
    [mine] = [path for path in files if path.stem in sent.message_id]
    mail = email.message_from_bytes(mine.read_bytes(), policy=default)
    assert mail["To"] == "rosa@demo.pe"
    assert b"\r\n" in mine.read_bytes()


def test_send_to_a_folder_that_is_a_file_is_transient(tmp_path: Path) -> None:
    (tmp_path / "correo").write_bytes(b"")
    with pytest.raises(Transient):
        mailer_at(f"file://{tmp_path}/correo").send(message(), "k")


def certificate(folder: Path) -> Path:
    """Return a PEM with a fresh key and a certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + built.public_bytes(serialization.Encoding.PEM)
    )
    return path


def context(pem: Path) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(pem)
    return made


def only_ana(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
) -> AuthResult:
    good = LoginPassword(b"ana@tienda.pe", "cl@ve:ñ".encode())
    return AuthResult(success=data == good, handled=False)


def test_send_over_starttls_with_login_arrives(inbox: Inbox, tmp_path: Path) -> None:
    pem = certificate(tmp_path)
    options = {
        "tls_context": context(pem),
        "require_starttls": True,
        "authenticator": only_ana,
        "auth_required": True,
    }
    with serving(inbox, **options) as port:
        mailer = mailer_at(f"smtp://ana%40tienda.pe:cl%40ve%3A%C3%B1@127.0.0.1:{port}?ca={pem}")
        mailer.send(message(), "k")
        for password in ("otra", "%C3%B1"):
            wrong = mailer_at(f"smtp://ana%40tienda.pe:{password}@127.0.0.1:{port}?ca={pem}")
            with pytest.raises(CredentialsRefused):
                wrong.send(message(), "k")
        without = mailer_at(f"smtp://127.0.0.1:{port}?ca={pem}")
        with pytest.raises(CredentialsRefused):
            without.send(message(), "k")
    assert len(inbox.mails) == 1


def test_send_to_a_certificate_nobody_signed_is_transient(inbox: Inbox, tmp_path: Path) -> None:
    pem = certificate(tmp_path)
    with serving(inbox, tls_context=context(pem)) as port, pytest.raises(Transient, match="CERT"):
        mailer_at(f"smtp://127.0.0.1:{port}").send(message(), "k")
    assert inbox.mails == []


def test_send_server_without_starttls_gets_neither_login_nor_mail(inbox: Inbox) -> None:
    with serving(inbox) as port, pytest.raises(CredentialsRefused, match="STARTTLS"):
        mailer_at(f"smtp://ana:clave@127.0.0.1:{port}").send(message(), "k")
    assert inbox.mails == []


def test_send_login_where_none_is_offered_stops_the_remote(inbox: Inbox) -> None:
    with serving(inbox) as port, pytest.raises(CredentialsRefused):
        mailer_at(f"smtp://ana:clave@127.0.0.1:{port}?tls=none").send(message(), "k")


def test_send_local_part_with_accents_needs_a_server_that_knows_them(inbox: Inbox) -> None:
    with serving(inbox, enable_SMTPUTF8=False) as port, pytest.raises(Permanent):
        mailer_at(f"smtp://127.0.0.1:{port}?tls=none").send(message(to="peña@demo.pe"), "k")
    with serving(inbox) as port:
        mailer_at(f"smtp://127.0.0.1:{port}?tls=none").send(message(to="peña@demo.pe"), "k")
    assert inbox.mails[0][0] == ["peña@demo.pe"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "host",
        "http://host",
        "smtp://",
        "smtp://host:puerto",
        "smtp://host:70000",
        "smtp://host?tls=maybe",
        "smtp://host?verify=0",
        "smtp://host?timeout=mucho",
        "smtp://host?ca=/no/such/file",
        "smtp://ana:clave@mail.tienda.pe?tls=none",
        "file://relative/x",
    ],
)
def test_from_url_bad_address_names_the_setting_and_no_password(url: str) -> None:
    with pytest.raises(ConfigurationError, match="SMTP_URL") as refusal:
        mailer_at(url)
    assert "clave" not in str(refusal.value)


def test_from_url_bad_sender_names_the_setting() -> None:
    with pytest.raises(ConfigurationError, match="MAIL_SENDER"):
        Mailer.from_url("file:///tmp", sender="nadie", clock=lambda: NOW)


def test_smtp_delivery_shown_hides_the_password() -> None:
    from kernel.mail import SmtpDelivery, _split

    delivery = SmtpDelivery.from_parts(_split("smtps://ana:clave@mail.tienda.pe"))
    assert (delivery.port, delivery.tls) == (465, "implicit")
    assert "clave" not in repr(delivery)
