"""Ports: the socket that a host listens on, and what to say where that is not possible."""

from __future__ import annotations

import errno
import socket

from kernel.errors import ConfigurationError

BACKLOG = 2048


class PortTaken(ConfigurationError):
    """The address cannot be listened on; the message says which and what to do."""


def listen(host: str, port: int) -> socket.socket:
    """Return an inheritable socket that listens on `host` and `port` (0: any free one).

    Raises:
        PortTaken: another process has the port, or the address is not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as fault:
        listener.close()
        raise PortTaken(_explain(fault, host, port)) from fault
    listener.set_inheritable(True)
    return listener


def _explain(fault: OSError, host: str, port: int) -> str:
    if fault.errno == errno.EADDRINUSE:
        return (
            f"El puerto {port} de {host} ya está en uso por otro programa.\n"
            f"  → Ciérrelo (`ss -ltnp 'sport = :{port}'` dice cuál es) o elija otro con --port."
        )
    if fault.errno == errno.EACCES:
        return (
            f"El sistema no permite usar el puerto {port} de {host}.\n"
            "  → Los puertos menores de 1024 son de root: elija otro con --port."
        )
    return f"No se puede escuchar en {host}, puerto {port}: {fault}.\n  → Revise --host y --port."
