"""The load client: keep-alive HTTP over plain sockets, in one thread, with requests made before.

Run as a process of its own: it reads a plan as one line of JSON on standard input, drives every
connection as fast as the server answers, and writes what it measured as one line. It costs some 20
to 30 µs of CPU a request, which it reports, so that a client that is itself the limit would show.
"""

from __future__ import annotations

import json
import re
import select
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
RECEIVE = 262_144
STALLED_SECONDS = 20.0


@dataclass
class Measured:
    """What one round saw: latencies in seconds, answers by status, CPU seconds.

    ``done`` counts every answer, also those of the warm-up, and is what CPU is divided by.
    """

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    done: int = 0
    cpu: float = 0.0
    server_cpu: float = 0.0
    postgres_cpu: float = 0.0
    faults: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers 2xx a second."""
        good = sum(count for status, count in self.statuses.items() if status.startswith("2"))
        return good / self.seconds if self.seconds else 0.0

    @property
    def client_share(self) -> float:
        """Share of one core that this client took."""
        return self.cpu / self.seconds if self.seconds else 0.0

    def line(self) -> str:
        """Return it as a line of JSON."""
        shown = {**vars(self), "latencies": [round(one, 6) for one in self.latencies]}
        return json.dumps(shown) + "\n"

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Measured:
        """Return what a process wrote."""
        return cls(**{**data, "statuses": Counter(data["statuses"])})


def request(
    method: str, path: str, token: str, body: str | None = None, headers: Sequence[str] = ()
) -> str:
    """Return a whole HTTP/1.1 request as text."""
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", f"Authorization: Bearer {token}", *headers]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body.encode())}"]
    return "\r\n".join([*lines, "", body or ""])


class Connection:
    """One client: a socket and the requests that it sends again and again."""

    def __init__(self, address: tuple[str, int], requests: Iterator[bytes]) -> None:
        self.address = address
        self.requests = requests
        self.buffer = b""
        self.sent = 0.0
        self.socket = self._open()

    def _open(self) -> socket.socket:
        opened = socket.create_connection(self.address, timeout=STALLED_SECONDS)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened

    def send(self) -> None:
        """Send the next request; a connection that the server closed meanwhile is opened again."""
        self.sent = time.perf_counter()
        self.socket.sendall(next(self.requests))

    def reopen(self) -> None:
        """Replace a connection that was cut."""
        self.socket.close()
        self.buffer = b""
        self.socket = self._open()

    def receive(self) -> bytes | None:
        """Return a whole answer, or None while parts are missing.

        Raises:
            ConnectionError: the server closed the connection.
        """
        data = self.socket.recv(RECEIVE)
        if not data:
            raise ConnectionResetError("closed by the server")
        self.buffer = self.buffer + data if self.buffer else data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        length = LENGTH.search(self.buffer, 0, end)
        if length is None:
            raise ConnectionError("an answer without content-length")
        if len(self.buffer) < end + 4 + int(length[1]):
            return None
        answer, self.buffer = self.buffer, b""
        return answer


def drive(
    address: tuple[str, int], clients: Sequence[Sequence[str]], seconds: float, warmup: float
) -> Measured:
    """Return what a round measured; answers during the warm-up do not count."""
    found = Measured()
    poller = select.poll()
    by_number: dict[int, Connection] = {}
    for requests in clients:
        connection = Connection(address, cycle([text.encode() for text in requests]))
        by_number[connection.socket.fileno()] = connection
        poller.register(connection.socket, select.POLLIN)
    start = time.perf_counter() + warmup
    stop = start + seconds
    cpu = time.process_time()
    counting = False
    for connection in by_number.values():
        connection.send()
    while (now := time.perf_counter()) < stop:
        if not counting and now >= start:
            counting, start, cpu = True, now, time.process_time()
        for number, _event in poller.poll(1000):
            connection = by_number[number]
            try:
                answer = connection.receive()
            except ConnectionError as error:
                found.statuses["cut"] += 1
                found.faults.append(str(error))
                poller.unregister(number)
                del by_number[number]
                connection.reopen()
                by_number[connection.socket.fileno()] = connection
                poller.register(connection.socket, select.POLLIN)
                connection.send()
                continue
            if answer is None:
                continue
            found.done += 1
            if counting:
                _note(found, answer, time.perf_counter() - connection.sent)
            connection.send()
    found.seconds = time.perf_counter() - start
    found.cpu = time.process_time() - cpu
    _settle(by_number.values())
    return found


def _note(found: Measured, answer: bytes, seconds: float) -> None:
    status = answer[9:12].decode("ascii", "replace")
    found.statuses[status] += 1
    found.latencies.append(seconds)
    if status[0] != "2" and len(found.faults) < 3:
        found.faults.append(answer[:1500].decode("utf-8", "replace"))


def _settle(connections: Any) -> None:
    """Wait for the answers that are on their way, so that the server is at rest afterwards."""
    for connection in connections:
        connection.socket.settimeout(STALLED_SECONDS)
        try:
            while connection.receive() is None:
                pass
        except OSError:
            pass
        connection.socket.close()


def main() -> None:
    """Serve plans, one a line, until standard input ends."""
    for line in sys.stdin:
        plan = json.loads(line)
        found = drive(
            (plan["host"], plan["port"]), plan["clients"], plan["seconds"], plan["warmup"]
        )
        sys.stdout.write(found.line())
        sys.stdout.flush()
