"""The outbound client: where it goes, where it never goes, and how its calls end."""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import http.server
import ipaddress
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from kernel.dialing import AddressRefused
from kernel.errors import (
    ConfigurationError,
    CredentialsRefused,
    Permanent,
    RemoteDown,
    RemoteError,
    Transient,
)
from kernel.hosts import HostPolicy, Pattern, Permission, is_private, is_public
from kernel.outbound import AnswerLost, AnswerRefused, Limits, Outbound, Reply, target_of
from kernel.runtime import Runtime
from kernel.settings import Settings
from tests import source
from tests.conftest import settings_of

QUICK = Limits(connect=1, read=1, total=2)
ANYWHERE = ("*", "http://*")
"""What the least careful manifest could say; the addresses below are refused all the same."""

Handler = http.server.BaseHTTPRequestHandler


class Seen(NamedTuple):
    """A request that arrived."""

    command: str
    path: str
    headers: Any
    body: bytes


class Remote:
    """An HTTP server inside the test; ``answer`` says what it does with a request."""

    def __init__(self, host: str, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.asked: list[Seen] = []
        self.peers: set[Any] = set()
        self.answer: Callable[[Any], None] = lambda request: reply(request, b"hola")
        remote = self

        class Asked(Handler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                asked = Seen(self.command, self.path, self.headers, self.rfile.read(length))
                remote.asked.append(asked)
                remote.peers.add(self.client_address)
                with contextlib.suppress(OSError):
                    remote.answer(self)

            do_GET = do_POST = do_PUT = handle_any

            def log_message(self, *_: object) -> None:
                """Keep the test output clean."""

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, *_: object) -> None:
                """A client that hangs up is part of the tests."""

        self.server = Server((host, port), Asked)
        if tls is not None:
            self.server.socket = tls.wrap_socket(
                self.server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port: int = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def reply(request: Any, body: bytes, status: int = 200, **headers: str) -> None:
    """Answer a request."""
    request.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()
    request.wfile.write(body)


@pytest.fixture
def remotes() -> Iterator[Callable[..., Remote]]:
    """Starts servers, stopped when the test ends."""
    with contextlib.ExitStack() as started:

        def start(host: str = "127.0.0.1", **more: Any) -> Remote:
            remote = Remote(host, **more)
            started.callback(remote.close)
            return remote

        yield start


@pytest.fixture
def remote(remotes: Callable[..., Remote]) -> Remote:
    """A server on loopback."""
    return remotes()


Client = Callable[..., Outbound]


@pytest.fixture
def client() -> Iterator[Client]:
    """Makes clients of the addon ``demo``: its manifest's hosts, and OUTBOUND_ALLOW."""
    with contextlib.ExitStack() as made:

        def make(*allowed: str, hosts: tuple[str, ...] = (), authorities: str = "") -> Outbound:
            policy = HostPolicy.of("demo", hosts, allowed)
            one = Outbound(policy, authorities)
            made.callback(one.close)
            return one

        yield make


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """DNS of the test: name → the answers it gives, one after the other; the last one stays."""
    known: dict[str, list[list[str]]] = {}
    real = socket.getaddrinfo

    def answer(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in known:
            with contextlib.suppress(ValueError):
                ipaddress.ip_address(name)
                return real(host, port, *args, **kwargs)
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        answers = known[name]
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [one for it in addresses for one in real(it, port, *args, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return known


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Addresses that a connection was tried to; nobody answers there."""
    tried: list[tuple[str, int]] = []

    def connect(address: tuple[str, int], *_: Any, **__: Any) -> socket.socket:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    return tried


# Where it never goes ----------------------------------------------------------------------------

NEVER = [
    # this machine
    "http://127.0.0.1/",
    "https://127.0.0.1:8443/",
    "http://127.1.2.3/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://localhost/",
    "http://LOCALHOST:9000/",
    "http://localhost./",
    "http://0.0.0.0/",
    "http://0/",
    "http://0.1.2.3/",
    "http://[::]/",
    # networks of companies, of providers, of one cable
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://172.31.255.254/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://100.127.255.254/",
    "http://169.254.0.1/",
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fc00::1]/",
    "http://[fd12:3456:789a::1]/",
    "http://[fec0::1]/",
    # credentials of machines in clouds
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://100.100.100.200/latest/meta-data/",
    # an address of version 4 inside one of version 6
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::127.0.0.1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a00:1::1]/",
    "http://[2002:c0a8:101::1]/",
    "http://[64:ff9b::127.0.0.1]/",
    "http://[64:ff9b::a00:1]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[64:ff9b:1::a00:1]/",
    "http://[2001:0:7f00:1::1]/",
    # other spellings of an address
    "http://2130706433/",
    "http://017700000001/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://127.0.0.01/",
    "http://127.0.0.1./",
    "http://00000127.0.0.1/",
    "http://127.0.0.0x1/",
    "http://3232235777/",
    "http://0xA9FEA9FE/",
    "http://2852039166/",
    "http://①②⑦.⓪.⓪.①/",
    "http://127。0。0。1/",
    "http://１２７.０.０.１/",
    "http://4294967297/",
    "http://127.0.0.1%2f@example.com/",
    "http://127.0.0.1%00.example.com/",
    # several at once, reserved, for documentation and tests
    "http://224.0.0.1/",
    "http://239.255.255.250:1900/",
    "http://[ff02::1]/",
    "http://255.255.255.255/",
    "http://240.0.0.1/",
    "http://192.0.0.192/",
    "http://192.0.2.1/",
    "http://198.18.0.1/",
    "http://198.51.100.1/",
    "http://203.0.113.1/",
    "http://[2001:db8::1]/",
    "http://[3fff::1]/",
    "http://[100::1]/",
    # other schemes
    "file:///etc/passwd",
    "ftp://example.com/",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "dict://127.0.0.1:11211/stats",
    "ldap://127.0.0.1/",
    "jar:http://127.0.0.1!/",
    "data:text/plain,hola",
    "unix:/var/run/docker.sock",
    "ws://example.com/",
    "//example.com/",
    "/api/usuarios/",
    "",
    # credentials in the address, and hosts that are not what they look like
    "https://user:secret@example.com/",
    "https://user@example.com/",
    "https://example.com@127.0.0.1/",
    "http://127.0.0.1:80@127.0.0.1/",
    "http://127.0.0.1\\@example.com/",
    "http://127.0.0.1:80\\@example.com:80/",
    "http://exa mple.com/",
    "http://example.com\r\nHost: 127.0.0.1/",
    "http:///etc/passwd",
    "http://.example.com/",
    "http://example..com/",
    "http://example.com:0/",
    "http://example.com:99999/",
    "http://example.com:-1/",
    "http://[::1/",
    "http://[]/",
    "http://[v1.127.0.0.1]/",
    "http://-example.com/",
    f"http://{'a' * 64}.com/",
    f"http://{'a.' * 130}com/",
]


@pytest.mark.parametrize("url", NEVER)
def test_address_that_is_not_public_is_refused_before_anybody_is_called(
    url: str, client: Client, names: dict[str, list[list[str]]], dialled: list[tuple[str, int]]
) -> None:
    names["localhost"] = [["127.0.0.1", "::1"]]
    with pytest.raises(AddressRefused) as refusal:
        client(hosts=ANYWHERE).get(url, limits=QUICK)
    assert dialled == []
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    "answer",
    [
        ["127.0.0.1"],
        ["::1"],
        ["10.1.2.3"],
        ["169.254.169.254"],
        ["fe80::1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["0.0.0.0"],
        ["8.8.8.8", "10.1.2.3"],
        ["2606:4700::1111", "::1"],
    ],
    ids=str,
)
def test_name_with_an_address_that_is_not_public_is_refused(
    answer: list[str],
    client: Client,
    names: dict[str, list[list[str]]],
    dialled: list[tuple[str, int]],
) -> None:
    names["trampa.example.com"] = [answer]
    with pytest.raises(AddressRefused, match="OUTBOUND_ALLOW") as refusal:
        client(hosts=("*",)).get("https://trampa.example.com/", limits=QUICK)
    assert dialled == []
    assert not any(one in str(refusal.value) for one in answer), "tells nothing of the network"


def test_dns_answer_that_changes_after_the_check_changes_nothing(
    client: Client, names: dict[str, list[list[str]]], dialled: list[tuple[str, int]]
) -> None:
    answers = names["cambiante.example.com"] = [["8.8.8.8"], ["127.0.0.1"]]
    with pytest.raises(RemoteDown):
        client(hosts=("*",)).get("https://cambiante.example.com/", limits=QUICK)
    assert dialled == [("8.8.8.8", 443)]
    assert answers == [["127.0.0.1"]], "the name was asked for once"


def test_dns_answer_that_changes_does_not_lead_an_allowed_host_elsewhere(
    client: Client, names: dict[str, list[list[str]]], remotes: Callable[..., Remote]
) -> None:
    good = remotes("127.0.0.1")
    trap = remotes("127.0.0.2", port=good.port)
    names["erp.lan"] = [["127.0.0.1"], ["127.0.0.2"]]
    assert client(f"erp.lan:{good.port}").get(f"http://erp.lan:{good.port}/").text == "hola"
    assert (len(good.asked), trap.asked) == (1, [])


def test_second_call_over_a_kept_connection_asks_no_dns(
    client: Client, names: dict[str, list[list[str]]], remote: Remote
) -> None:
    names["erp.lan"] = [["127.0.0.1"], ["10.9.9.9"]]
    one = client(f"erp.lan:{remote.port}")
    for _ in range(2):
        assert one.get(f"http://erp.lan:{remote.port}/").status == 200
    assert (len(remote.asked), len(remote.peers)) == (2, 1)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("172.15.255.255", True),
        ("172.32.0.0", True),
        ("100.63.255.255", True),
        ("100.128.0.0", True),
        ("169.253.255.255", True),
        ("223.255.255.255", True),
        ("2606:4700::1111", True),
        ("2800:200::1", True),
        ("64:ff9b::8.8.8.8", True),
        ("2001:200::1", True),
        ("2001:1ff::1", False),
        ("4000::1", False),
        ("fe80::1%eth0", False),
    ],
)
def test_is_public_knows_the_borders(address: str, public: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is public


@given(st.ip_addresses())
def test_public_address_is_global_to_python_too(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    nat64 = address in ipaddress.ip_network("64:ff9b::/96") if address.version == 6 else False
    if is_public(address) and not nat64:
        assert address.is_global
        assert not address.is_multicast
        assert not is_private(address)


@given(st.text(max_size=60), st.sampled_from(["", "http://", "https://", "https://a.pe:"]))
def test_any_text_as_address_is_a_target_or_refused(text: str, start: str) -> None:
    with contextlib.suppress(httpx.InvalidURL, AddressRefused):
        target = target_of(httpx.URL(start + text))
        assert target.scheme in ("http", "https")
        assert target.host == target.host.lower()


# Where it goes ----------------------------------------------------------------------------------


def test_allowed_private_host_is_reached(client: Client, remote: Remote) -> None:
    answer = client(f"127.0.0.1:{remote.port}").get(
        f"http://127.0.0.1:{remote.port}/recurso", params={"q": "a&b"}, headers={"X-Uno": "1"}
    )
    assert (answer.status, answer.content) == (200, b"hola")
    asked = remote.asked[0]
    assert (asked.path, asked.headers["X-Uno"]) == ("/recurso?q=a%26b", "1")
    assert asked.headers["Host"] == f"127.0.0.1:{remote.port}"
    assert asked.headers["User-Agent"].startswith("Andes/")


@pytest.mark.parametrize(
    "allowed",
    ["127.0.0.1", "127.0.0.1:1", "otro=127.0.0.1:{port}", "127.0.0.2:{port}", "localhost:{port}"],
)
def test_permission_is_for_its_host_port_and_addon_only(
    allowed: str, client: Client, remote: Remote
) -> None:
    one = client(allowed.format(port=remote.port), hosts=ANYWHERE)
    with pytest.raises(AddressRefused):
        one.get(f"http://127.0.0.1:{remote.port}/")
    assert remote.asked == []


def test_permission_for_an_addon_is_good_for_it(client: Client, remote: Remote) -> None:
    url = f"http://127.0.0.1:{remote.port}/"
    assert client(f"demo=127.0.0.1:{remote.port}").get(url).status == 200


def test_allowed_name_never_leads_to_the_credentials_of_a_cloud(
    client: Client, names: dict[str, list[list[str]]], dialled: list[tuple[str, int]]
) -> None:
    names["erp.lan"] = [["169.254.169.254"]]
    with pytest.raises(AddressRefused):
        client("erp.lan").get("http://erp.lan/")
    assert dialled == []


@pytest.mark.parametrize(
    ("hosts", "url", "reached"),
    [
        (("api.example.com",), "https://api.example.com/x", True),
        (("api.example.com",), "https://API.Example.com/x", True),
        (("api.example.com",), "http://api.example.com/x", False),
        (("api.example.com",), "https://api.example.com:8443/x", False),
        (("api.example.com:8443",), "https://api.example.com:8443/x", True),
        (("api.example.com",), "https://otra.example.com/", False),
        (("api.example.com",), "https://api.example.com.mal.pe/", False),
        (("*.example.com",), "https://a.b.example.com/", True),
        (("*.example.com",), "https://example.com/", False),
        (("*.example.com",), "https://malexample.com/", False),
        (("http://www.example.com",), "http://www.example.com/padron.zip", True),
        (("http://www.example.com",), "https://www.example.com/", False),
        (("*",), "https://cualquiera.pe:8443/", True),
        (("*",), "http://cualquiera.pe/", False),
        ((), "https://cualquiera.pe/", False),
    ],
)
def test_public_host_is_called_if_the_manifest_names_it(
    hosts: tuple[str, ...],
    url: str,
    reached: bool,
    client: Client,
    names: dict[str, list[list[str]]],
    dialled: list[tuple[str, int]],
) -> None:
    names[httpx.URL(url).host] = [["8.8.8.8"]]
    with pytest.raises(RemoteDown if reached else AddressRefused):
        client(hosts=hosts).get(url, limits=QUICK)
    assert bool(dialled) is reached


def test_runtime_gives_an_addon_its_client(shared_runtime: Runtime) -> None:
    assert shared_runtime.outbound("base") is shared_runtime.outbound("base")
    with pytest.raises(AddressRefused, match="«base»"):
        shared_runtime.outbound("base").get("https://example.com/")
    with pytest.raises(ConfigurationError, match="nadie"):
        shared_runtime.outbound("nadie")


@pytest.mark.parametrize(
    "text",
    ["", "http://erp.lan", "erp.lan:puerto", "a b", "10.1", "0x7f.1", "169.254.169.254", "0.0.0.0",
     "224.0.0.1", "[fe80::1]", "::1", "Base Uno=erp.lan", "*", "*.lan", "10.0.0.0/8"],
)  # fmt: skip
def test_permission_that_is_no_host_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"no host|never"):
        Permission.parse(text)


@pytest.mark.parametrize(
    "text", ["", "https://a.pe", "a.pe/x", "a.*.pe", "A.pe", "10.0.0.1", "[::1]", "**", "a.pe:x"]
)
def test_pattern_that_is_no_host_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="is no host"):
        Pattern.parse(text)


def test_wrong_setting_stops_the_start(tmp_path: Path) -> None:
    def load(**more: str) -> Settings:
        url = "postgresql://nobody@127.0.0.1:1/none"
        return settings_of(url, url, tmp_path, **more)

    assert load(outbound_allow="erp.lan:8069, base=10.0.0.5").outbound_allow == [
        "erp.lan:8069",
        "base=10.0.0.5",
    ]
    with pytest.raises(ConfigurationError, match="OUTBOUND_ALLOW"):
        load(outbound_allow="erp.lan:8069,169.254.169.254")
    with pytest.raises(ConfigurationError, match="OUTBOUND_AUTHORITIES"):
        load(outbound_authorities=str(tmp_path / "none.pem"))


# Redirects --------------------------------------------------------------------------------------


def test_redirect_is_not_followed_unless_asked(client: Client, remote: Remote) -> None:
    remote.answer = lambda request: reply(request, b"", 302, Location="http://10.0.0.1/")
    answer = client(f"127.0.0.1:{remote.port}").get(f"http://127.0.0.1:{remote.port}/")
    assert (answer.status, answer.headers["location"]) == (302, "http://10.0.0.1/")
    assert len(remote.asked) == 1


@pytest.mark.parametrize(
    "location",
    ["http://127.0.0.2:{port}/", "http://169.254.169.254/", "file:///etc/passwd", "http://[::1",
     "//10.0.0.1/", "http://user:pass@127.0.0.1:{port}/", "http://2130706433:{port}/"],
)  # fmt: skip
def test_each_hop_of_a_redirect_is_checked(location: str, client: Client, remote: Remote) -> None:
    remote.answer = lambda request: reply(
        request, b"", 302, Location=location.format(port=remote.port)
    )
    one = client(f"127.0.0.1:{remote.port}", hosts=ANYWHERE)
    with pytest.raises(AddressRefused):
        one.get(f"http://127.0.0.1:{remote.port}/", redirects=3)
    assert len(remote.asked) == 1


def test_redirect_to_another_host_takes_no_credentials_along(
    client: Client, remotes: Callable[..., Remote]
) -> None:
    first, second = remotes(), remotes()
    there = f"http://127.0.0.1:{second.port}/fin"
    first.answer = lambda request: reply(request, b"", 307, Location=there)
    one = client(f"127.0.0.1:{first.port}", f"127.0.0.1:{second.port}")
    secret = {"Authorization": "Bearer x", "X-Api-Key": "y", "Cookie": "z"}
    assert one.get(f"http://127.0.0.1:{first.port}/", headers=secret, redirects=1).text == "hola"
    assert not {"Authorization", "X-Api-Key", "Cookie"} & set(second.asked[0].headers)


def test_redirects_of_one_host_keep_the_headers_and_end(client: Client, remote: Remote) -> None:
    remote.answer = lambda request: reply(request, b"", 301, Location="/otra")
    one = client(f"127.0.0.1:{remote.port}")
    with pytest.raises(Permanent, match="demasiadas veces"):
        one.get(f"http://127.0.0.1:{remote.port}/", headers={"X-Api-Key": "y"}, redirects=2)
    assert [it.path for it in remote.asked] == ["/", "/otra", "/otra"]
    assert [it.headers["X-Api-Key"] for it in remote.asked] == ["y"] * 3


# TLS --------------------------------------------------------------------------------------------


class Authority:
    """A certificate authority of the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Autoridad de prueba")])
        self.certificate = self._sign(self.name, self.key.public_key(), None)
        self.path = folder / "authority.pem"
        self.path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _sign(self, name: x509.Name, key: Any, host: str | None, days: int = 1) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=2))
            .not_valid_after(now + dt.timedelta(days=days))
            .add_extension(x509.BasicConstraints(host is None, None), critical=True)
        )
        if host is not None:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False
            )
        return builder.sign(self.key, hashes.SHA256())

    def server(self, host: str, days: int = 1) -> ssl.SSLContext:
        """Return the TLS of a server whose certificate is for a host."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        certificate = self._sign(name, key.public_key(), host, days)
        path = self.folder / f"{host}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A certificate authority that nobody else trusts."""
    return Authority(tmp_path)


def test_tls_verifies_the_name_while_the_address_is_dialled(
    client: Client,
    names: dict[str, list[list[str]]],
    remotes: Callable[..., Remote],
    authority: Authority,
) -> None:
    context = authority.server("erp.lan")
    asked_for: list[Any] = []
    context.sni_callback = lambda _socket, name, _context: asked_for.append(name)
    remote = remotes(tls=context)
    names["erp.lan"] = [["127.0.0.1"]]
    one = client(f"erp.lan:{remote.port}", authorities=str(authority.path))
    assert one.get(f"https://erp.lan:{remote.port}/").text == "hola"
    assert asked_for == ["erp.lan"]
    assert remote.asked[0].headers["Host"] == f"erp.lan:{remote.port}"


@pytest.mark.parametrize(
    ("host", "days", "trusted"),
    [("otro.lan", 1, True), ("erp.lan", -1, True), ("erp.lan", 1, False)],
)
def test_certificate_of_another_name_expired_or_of_nobody_is_refused(
    host: str,
    days: int,
    trusted: bool,
    client: Client,
    names: dict[str, list[list[str]]],
    remotes: Callable[..., Remote],
    authority: Authority,
) -> None:
    remote = remotes(tls=authority.server(host, days))
    names["erp.lan"] = [["127.0.0.1"]]
    one = client(f"erp.lan:{remote.port}", authorities=str(authority.path) if trusted else "")
    with pytest.raises(RemoteDown, match="certificado"):
        one.get(f"https://erp.lan:{remote.port}/", limits=QUICK)
    assert remote.asked == []


def test_environment_changes_neither_trust_nor_route(
    monkeypatch: pytest.MonkeyPatch,
    client: Client,
    names: dict[str, list[list[str]]],
    remotes: Callable[..., Remote],
    authority: Authority,
) -> None:
    proxy = remotes()
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    remote = remotes(tls=authority.server("erp.lan"))
    names["erp.lan"] = [["127.0.0.1"]]
    with pytest.raises(RemoteDown, match="certificado"):
        client(f"erp.lan:{remote.port}").get(f"https://erp.lan:{remote.port}/")
    assert proxy.asked == []


# Limits -----------------------------------------------------------------------------------------


def _drip(request: Any) -> None:
    request.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for _ in range(100):
        request.wfile.write(b"X-Gota: 1\r\n")
        time.sleep(0.05)


def _stall_in_body(request: Any) -> None:
    request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhola")
    time.sleep(3)


def _break_off(request: Any) -> None:
    request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhola")
    request.connection.shutdown(socket.SHUT_RDWR)


def _hang_up(request: Any) -> None:
    request.connection.shutdown(socket.SHUT_RDWR)


def _no_http(request: Any) -> None:
    request.wfile.write(b"SSH-2.0-OpenSSH_9\r\n\r\n")
    request.connection.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("act", [_drip, _stall_in_body, _break_off, _hang_up, _no_http])
def test_answer_that_never_comes_whole_is_lost_within_the_limits(
    act: Callable[[Any], None], client: Client, remote: Remote
) -> None:
    remote.answer = act
    started = time.monotonic()
    with pytest.raises(AnswerLost):
        client(f"127.0.0.1:{remote.port}").post(
            f"http://127.0.0.1:{remote.port}/",
            content=b"x",
            limits=Limits(connect=0.5, read=0.5, total=0.8),
        )
    assert time.monotonic() - started < 2.5
    assert len(remote.asked) == 1, "never sent again by itself"


def test_remote_that_does_not_listen_is_down(client: Client, remote: Remote) -> None:
    remote.server.socket.close()
    with pytest.raises(RemoteDown):
        client(f"127.0.0.1:{remote.port}").get(f"http://127.0.0.1:{remote.port}/", limits=QUICK)


def test_name_that_nobody_knows_is_down(client: Client, names: dict[str, list[list[str]]]) -> None:
    assert names == {}
    with pytest.raises(RemoteDown):
        client(hosts=("*",)).get("https://nadie.example.com/", limits=QUICK)


def test_resolver_that_stalls_is_down_in_time(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()

    def stall(*_: Any, **__: Any) -> Any:
        released.wait(10)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", stall)
    started = time.monotonic()
    with pytest.raises(RemoteDown):
        client(hosts=("*",)).get("https://lento.example.com/", limits=Limits(connect=0.2))
    assert time.monotonic() - started < 5
    released.set()


def test_second_address_is_tried_when_the_first_does_not_answer(
    client: Client, names: dict[str, list[list[str]]], remote: Remote
) -> None:
    names["erp.lan"] = [["127.0.0.3", "127.0.0.1"]]
    one = client(f"erp.lan:{remote.port}")
    assert one.get(f"http://erp.lan:{remote.port}/", limits=QUICK).status == 200


SMALL = Limits(size=1000)


@pytest.mark.parametrize("packing", ["", "gzip", "deflate"])
def test_answer_larger_than_allowed_is_refused(
    packing: str, client: Client, remote: Remote
) -> None:
    pack: dict[str, Callable[[bytes], bytes]] = {
        "": bytes,
        "gzip": gzip.compress,
        "deflate": zlib.compress,
    }
    more = {"Content_Encoding": packing} if packing else {}
    one = client(f"127.0.0.1:{remote.port}")
    for size, fits in ((1000, True), (1001, False), (50_000_000, False)):
        body = pack[packing](b"a" * size)
        remote.answer = lambda request, body=body: reply(request, body, **more)
        if fits:
            answer = one.get(f"http://127.0.0.1:{remote.port}/", limits=SMALL)
            assert answer.content == b"a" * size
        else:
            with pytest.raises(AnswerRefused, match="1000 bytes"):
                one.get(f"http://127.0.0.1:{remote.port}/", limits=SMALL)


@pytest.mark.parametrize(
    ("body", "packing", "error"),
    [
        (b"basura", "gzip", AnswerLost),
        (gzip.compress(b"hola")[:-6], "gzip", AnswerLost),
        (gzip.compress(b"hola") + b"restos", "gzip", AnswerLost),
        (b"x", "br", AnswerRefused),
        (b"x", "gzip, gzip", AnswerRefused),
    ],
    ids=["no gzip", "cut off", "with remains", "another packing", "packed twice"],
)
def test_answer_packed_wrongly_is_refused(
    body: bytes, packing: str, error: type[Exception], client: Client, remote: Remote
) -> None:
    remote.answer = lambda request: reply(request, body, Content_Encoding=packing)
    with pytest.raises(error):
        client(f"127.0.0.1:{remote.port}").get(f"http://127.0.0.1:{remote.port}/")


@pytest.mark.parametrize("wrong", [{"read": 0}, {"total": 1e9}, {"size": 2**40}, {"connect": -1}])
def test_limits_cannot_be_switched_off(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="limits"):
        Limits(**wrong)


# What is sent and what comes back ---------------------------------------------------------------


def test_cookies_are_not_kept(client: Client, remote: Remote) -> None:
    remote.answer = lambda request: reply(request, b"", Set_Cookie="sesion=1; Path=/")
    one = client(f"127.0.0.1:{remote.port}")
    for _ in range(2):
        one.get(f"http://127.0.0.1:{remote.port}/")
    assert [it.headers["Cookie"] for it in remote.asked] == [None, None]


def test_bodies_are_sent_as_form_json_or_bytes(client: Client, remote: Remote) -> None:
    one, url = client(f"127.0.0.1:{remote.port}"), f"http://127.0.0.1:{remote.port}/"
    one.post(url, form={"a": "1 2"})
    one.post(url, json={"a": "ñ"})
    one.request("PUT", url, content=b"<a/>", headers={"Content-Type": "text/xml"})
    form, document, xml = remote.asked
    assert (form.body, form.headers["Content-Type"]) == (
        b"a=1+2",
        "application/x-www-form-urlencoded",
    )
    assert (document.body, document.headers["Content-Type"]) == (
        '{"a":"ñ"}'.encode(),
        "application/json",
    )
    assert (xml.command, xml.body, xml.headers["Content-Type"]) == ("PUT", b"<a/>", "text/xml")


@pytest.mark.parametrize(
    "headers",
    [{"Host": "10.0.0.1"}, {"Transfer-Encoding": "chunked"}, {"content-length": "1"},
     {"X-Uno": "a\r\nX-Dos: b"}, {"X\r\nY": "a"}, {"X-Uno": "☃"}, {"Proxy-Authorization": "x"}],
)  # fmt: skip
def test_headers_that_would_change_the_call_are_refused(
    headers: dict[str, str], client: Client, remote: Remote
) -> None:
    with pytest.raises(Permanent):
        client(f"127.0.0.1:{remote.port}").get(f"http://127.0.0.1:{remote.port}/", headers=headers)
    assert remote.asked == []


@pytest.mark.parametrize(
    ("status", "error"),
    [(200, None), (204, None), (400, Permanent), (401, CredentialsRefused), (404, Permanent),
     (403, CredentialsRefused), (429, Transient), (500, Transient), (503, Transient)],
)  # fmt: skip
def test_status_means_what_to_do_next(status: int, error: type[RemoteError] | None) -> None:
    answer = Reply(status, {}, b"", "api.example.com")
    if error is None:
        assert answer.require_ok() is answer
    else:
        with pytest.raises(error, match=f"respondió {status}"):
            answer.require_ok()


def test_reply_reads_text_and_json() -> None:
    latin = Reply(200, {"content-type": "text/plain; charset=ISO-8859-1"}, b"\xf1", "x")
    assert latin.text == "ñ"
    assert Reply(200, {"content-type": "text/plain; charset=nada"}, b"a", "x").text == "a"
    assert str(Reply(200, {}, b'{"total": 1.10}', "x").json()["total"]) == "1.10"
    with pytest.raises(AnswerLost, match="no es JSON"):
        Reply(200, {}, b"<html>", "x").json()


# Nothing else talks to the outside --------------------------------------------------------------

HTTP_LIBRARIES = (
    "aiohttp", "http.client", "httpcore", "httpx", "requests", "urllib.request", "urllib3",
)  # fmt: skip

EXCEPT = {
    "kernel.outbound": "it is the client",
    "kernel.dialing": "its connections",
    "kernel.assets": "fetches browser libraries when Andes is installed, by pinned digests",
    "kernel.instance": "waits for its own web process on loopback",
    "kernel.mail": "turns a file: address into a path",
    "kernel.storage": "turns a file: address into a path",
}


def _all_sources() -> list[source.Source]:
    addons = [one for it in source.ADDONS.values() for one in source.sources_of(it)]
    return [*source.kernel_sources(), *addons]


def test_no_other_module_has_an_http_client() -> None:
    for one in _all_sources():
        found = [
            name
            for name in source.imports(one)
            if any(name == it or name.startswith(f"{it}.") for it in HTTP_LIBRARIES)
        ]
        assert not found or one.module in EXCEPT, f"{one.place} imports {found}"


def test_exceptions_are_needed_still() -> None:
    modules = {one.module: one for one in _all_sources()}
    for module in EXCEPT:
        names = source.imports(modules[module])
        assert any(name.startswith(HTTP_LIBRARIES) for name in names), f"take {module} off the list"


def test_nobody_switches_verification_of_tls_off() -> None:
    banned = ("verify=False", "CERT_NONE", "_create_unverified_context", "check_hostname")
    for one in _all_sources():
        text = one.path.read_text(encoding="utf-8")
        assert not [it for it in banned if it in text], one.place


def test_addon_asks_for_its_own_client() -> None:
    for name, manifest in source.ADDONS.items():
        for one in source.sources_of(manifest):
            for call in source.calls(one, "outbound"):
                assert source.texts(one, call) == [name], f"{one.place}:{call.lineno}"
