"""What the sandbox remembers, in one SQLite file that several processes may share."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from addons.sunat.documents.firma import Llave, abrir_pfx
from addons.sunat.sandbox.ajustes import Ajustes
from addons.sunat.sandbox.constancias import CLAVE_PFX, RUC_SUNAT, certificado

_TABLAS = """
CREATE TABLE IF NOT EXISTS comprobantes (
  ruc TEXT, tipo TEXT, serie TEXT, numero INTEGER, estado INTEGER, fecha TEXT, importe TEXT,
  moneda TEXT, digest TEXT, codigo INTEGER, cdr BLOB, veces INTEGER DEFAULT 1,
  PRIMARY KEY (ruc, tipo, serie, numero));
CREATE TABLE IF NOT EXISTS ajustes (id INTEGER PRIMARY KEY CHECK (id = 1), datos TEXT,
  llamadas INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS tickets (
  ticket TEXT PRIMARY KEY, ruc TEXT, nombre TEXT UNIQUE, xml BLOB, consultas INTEGER DEFAULT 0,
  codigo INTEGER, cdr BLOB);
INSERT OR IGNORE INTO ajustes VALUES (1, '{}', 0);
CREATE TABLE IF NOT EXISTS usuarios (usuario TEXT PRIMARY KEY, clave TEXT);
CREATE TABLE IF NOT EXISTS llaves (id INTEGER PRIMARY KEY CHECK (id = 1), pfx BLOB);
"""


class Archivo:
    """The memory of the sandbox, over the file at ``ruta``."""

    def __init__(self, ruta: Path, reloj: Callable[[], datetime]) -> None:
        self.ruta = ruta
        self.reloj = reloj
        self._candado = threading.RLock()
        self._firmante: Llave | None = None
        ruta.parent.mkdir(parents=True, exist_ok=True)
        with self.base() as base:
            base.executescript(_TABLAS)

    @contextmanager
    def base(self) -> Iterator[sqlite3.Connection]:
        """Open the file for the length of the block, which is a transaction."""
        base = sqlite3.connect(self.ruta, timeout=10)
        try:
            with base:
                yield base
        finally:
            base.close()

    def conocer(self, clave: tuple[str, str, str, int], fecha: date, importe: Decimal) -> None:
        """Remember a comprobante that somebody else had accepted: RUC, tipo, serie, número."""
        with self.base() as base:
            base.execute(
                "INSERT OR IGNORE INTO comprobantes (ruc, tipo, serie, numero, estado, fecha,"
                " importe, moneda, digest, codigo) VALUES (?,?,?,?,1,?,?,'PEN','',0)",
                (*clave, fecha.isoformat(), f"{importe:.2f}"),
            )

    def ajustar(self, **cambios: Any) -> None:
        """Change how it behaves; see ``Ajustes``."""
        with self.base() as base:
            base.execute("BEGIN IMMEDIATE")
            datos = base.execute("SELECT datos FROM ajustes").fetchone()[0]
            antes = Ajustes.model_validate_json(datos)
            despues = Ajustes.model_validate({**antes.model_dump(), **cambios})
            base.execute("UPDATE ajustes SET datos = ?", (despues.model_dump_json(),))

    def llamada(self) -> tuple[Ajustes, int]:
        """Return how to behave, and which call this is."""
        with self.base() as base:
            fila = base.execute(
                "UPDATE ajustes SET llamadas = llamadas + 1 RETURNING datos, llamadas"
            ).fetchone()
        return Ajustes.model_validate_json(fila[0]), fila[1]

    @property
    def llamadas(self) -> int:
        """How often it was called."""
        with self.base() as base:
            veces: int = base.execute("SELECT llamadas FROM ajustes").fetchone()[0]
        return veces

    def permitir(self, usuario: str, clave: str) -> None:
        """Let a user (RUC and name together) sign in."""
        with self.base() as base:
            base.execute("INSERT OR REPLACE INTO usuarios VALUES (?, ?)", (usuario, clave))

    def registrados(self) -> list[tuple[str, str, int, int, int]]:
        """Return (type, series, number, state, times registered) of all that SUNAT has."""
        with self.base() as base:
            return base.execute(
                "SELECT tipo, serie, numero, estado, veces FROM comprobantes ORDER BY 1, 2, 3"
            ).fetchall()

    def llave(self) -> Llave:
        """Return the key that signs CDRs, made once for a sandbox."""
        with self._candado:
            if self._firmante is None:
                with self.base() as base:
                    fila = base.execute("SELECT pfx FROM llaves").fetchone()
                    pfx = fila[0] if fila else certificado(RUC_SUNAT, "SUNAT", self.reloj())
                    base.execute("INSERT OR IGNORE INTO llaves VALUES (1, ?)", (pfx,))
                    pfx = base.execute("SELECT pfx FROM llaves").fetchone()[0]
                self._firmante = abrir_pfx(pfx, CLAVE_PFX)
            return self._firmante
