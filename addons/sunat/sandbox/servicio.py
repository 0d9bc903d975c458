"""The service over one SQLite file, which several processes may share.

Source: SUNAT, "Validaciones" v20260212, General and Factura; reference on SUNAT, 5.
"""

from __future__ import annotations

import base64
import binascii
import io
import random
import re
import sqlite3
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from pydantic import BaseModel

from addons.sunat.documents.escritura import CAC, CBC, EXT, el, grupo, raiz
from addons.sunat.documents.firma import Llave, abrir_pfx, firmar
from addons.sunat.documents.soap import SERVICIO, SOAP, WSSE
from addons.sunat.documents.ubl import EXTENSION
from addons.sunat.sandbox import juez
from kernel.xml import XmlRefused, parse_xml

if TYPE_CHECKING:
    from lxml.etree import _Element

Falla = Literal[
    "rechazar_conexion",
    "perder_respuesta",
    "perder_envio",
    "cortar",
    "demorar",
    "error_503",
    "error_0109",
    "error_0130",
    "cdr_danado",
    "cdr_ajeno",
]
"""What it does wrong: refuse the connection, register and never answer, lose the request, answer
half, stall, answer 503 HTML, or a transient code, a damaged CDR, the CDR of another document."""

USUARIO_LIBRE, CLAVE_LIBRE = "MODDATOS", "moddatos"
"""Any RUC may use them, as at SUNAT's own beta."""
RUC_SUNAT = "20131312955"
_CLAVE_PFX = "sandbox"
_RAICES = {
    "01": "Invoice",
    "03": "Invoice",
    "07": "CreditNote",
    "08": "DebitNote",
}
_NOMBRE = re.compile(r"(?P<ruc>\d{11})-(?P<tipo>\d{2})-(?P<serie>[A-Z0-9]{4})-(?P<numero>\d{1,8})")
_TABLAS = """
CREATE TABLE IF NOT EXISTS comprobantes (
  ruc TEXT, tipo TEXT, serie TEXT, numero INTEGER, estado INTEGER, fecha TEXT, importe TEXT,
  moneda TEXT, digest TEXT, codigo INTEGER, cdr BLOB, veces INTEGER DEFAULT 1,
  PRIMARY KEY (ruc, tipo, serie, numero));
CREATE TABLE IF NOT EXISTS ajustes (id INTEGER PRIMARY KEY CHECK (id = 1), datos TEXT,
  llamadas INTEGER DEFAULT 0);
INSERT OR IGNORE INTO ajustes VALUES (1, '{}', 0);
CREATE TABLE IF NOT EXISTS usuarios (usuario TEXT PRIMARY KEY, clave TEXT);
CREATE TABLE IF NOT EXISTS llaves (id INTEGER PRIMARY KEY CHECK (id = 1), pfx BLOB);
"""


class Corte(Exception):
    """The answer doesn't come; ``registrado`` says whether the document was registered."""

    def __init__(self, falla: Falla) -> None:
        super().__init__(falla)
        self.falla = falla


class Negativa(Exception):
    """SUNAT refuses a call with a code."""

    def __init__(self, codigo: int, detalle: str = "") -> None:
        super().__init__(codigo)
        self.codigo = codigo
        self.detalle = detalle


class Ajustes(BaseModel):
    """How the sandbox behaves; kept in its file, so that all processes see the same.

    What goes wrong is certain for a series in ``por_serie`` or with ``siempre``, else by chance:
    the same seed and the same number of the call give the same fault.
    """

    por_serie: dict[str, Falla] = {}
    probabilidad: dict[Falla, float] = {}
    siempre: Falla | None = None
    semilla: int = 20261119
    inactivos: list[str] = []
    """RUCs that SUNAT has struck off: whatever they send is rejected."""
    esquemas: Path | None = None
    """A folder with SUNAT's and OASIS' XSD, where there is one."""
    demora: float = 0.0

    def falla(self, serie: str, llamada: int) -> Falla | None:
        """Return what goes wrong with a call."""
        if self.siempre or serie in self.por_serie:
            return self.siempre or self.por_serie[serie]
        tirada = random.Random(f"{self.semilla}:{llamada}").random()  # noqa: S311
        for falla, cuota in self.probabilidad.items():
            if tirada < cuota:
                return falla
            tirada -= cuota
        return None


@dataclass(frozen=True, slots=True)
class Registro:
    """A document that SUNAT has: 1 accepted, 0 rejected."""

    ruc: str
    tipo: str
    serie: str
    numero: int
    estado: int
    fecha: date
    digest: str
    codigo: int
    cdr: bytes


class Sunat:
    """The service, over the file at ``ruta``."""

    def __init__(self, ruta: Path, reloj: Callable[[], datetime]) -> None:
        self.ruta = ruta
        self.reloj = reloj
        self._candado = threading.RLock()
        self._firmante: Llave | None = None
        ruta.parent.mkdir(parents=True, exist_ok=True)
        with self._base() as base:
            base.executescript(_TABLAS)

    @contextmanager
    def _base(self) -> Iterator[sqlite3.Connection]:
        base = sqlite3.connect(self.ruta, timeout=10)
        try:
            with base:
                yield base
        finally:
            base.close()

    def ajustar(self, **cambios: Any) -> None:
        """Change how it behaves; see ``Ajustes``."""
        with self._base() as base:
            base.execute("BEGIN IMMEDIATE")
            datos = base.execute("SELECT datos FROM ajustes").fetchone()[0]
            antes = Ajustes.model_validate_json(datos)
            despues = Ajustes.model_validate({**antes.model_dump(), **cambios})
            base.execute("UPDATE ajustes SET datos = ?", (despues.model_dump_json(),))

    def _llamada(self) -> tuple[Ajustes, int]:
        """Return how to behave, and which call this is."""
        with self._base() as base:
            fila = base.execute(
                "UPDATE ajustes SET llamadas = llamadas + 1 RETURNING datos, llamadas"
            ).fetchone()
        return Ajustes.model_validate_json(fila[0]), fila[1]

    @property
    def llamadas(self) -> int:
        """How often it was called."""
        with self._base() as base:
            veces: int = base.execute("SELECT llamadas FROM ajustes").fetchone()[0]
        return veces

    def permitir(self, usuario: str, clave: str) -> None:
        """Let a user (RUC and name together) sign in."""
        with self._base() as base:
            base.execute("INSERT OR REPLACE INTO usuarios VALUES (?, ?)", (usuario, clave))

    def registrados(self) -> list[tuple[str, str, int, int, int]]:
        """Return (type, series, number, state, times registered) of all that SUNAT has."""
        with self._base() as base:
            return base.execute(
                "SELECT tipo, serie, numero, estado, veces FROM comprobantes ORDER BY 1, 2, 3"
            ).fetchall()

    def atender(self, cuerpo: bytes) -> tuple[int, bytes]:
        """Return status and body of the answer to a request.

        Raises:
            Corte: no answer comes, or half of one.
        """
        ajustes, llamada = self._llamada()
        if ajustes.demora:
            time.sleep(ajustes.demora)
        try:
            pedido, usuario = _abrir(cuerpo)
            self._identificar(*usuario)
            operacion = juez.nombre_de(pedido)
            if operacion == "sendBill":
                return 200, self._recibir(pedido, usuario[0], ajustes, llamada)
            if operacion == "getStatusCdr":
                return 200, self._consultar(pedido, ajustes)
            raise Negativa(1, f"operación {operacion}")
        except Negativa as negativa:
            return 500, _falla(negativa.codigo, negativa.detalle)

    def _identificar(self, usuario: str, clave: str) -> None:
        if not re.fullmatch(r"\d{11}\S+", usuario):
            raise Negativa(103)
        if usuario[11:] == USUARIO_LIBRE and clave == CLAVE_LIBRE:
            return
        with self._base() as base:
            fila = base.execute(
                "SELECT clave FROM usuarios WHERE usuario = ?", (usuario,)
            ).fetchone()
        if fila is None:
            raise Negativa(103)
        if fila[0] != clave:
            raise Negativa(102)

    # Receiving ----------------------------------------------------------------------------------

    def _recibir(self, pedido: _Element, usuario: str, ajustes: Ajustes, llamada: int) -> bytes:
        archivo = pedido.findtext("fileName") or ""
        partes = _NOMBRE.fullmatch(archivo.removesuffix(".zip"))
        if partes is None or not archivo.endswith(".zip"):
            raise Negativa(151)
        falla = ajustes.falla(partes["serie"], llamada)
        self._antes(falla)
        if partes["ruc"] != usuario[:11]:
            raise Negativa(154)
        nombre = archivo.removesuffix(".zip")
        xml = _desempaquetar(_base64(pedido.findtext("contentFile") or ""), nombre)
        registro = self._registrar(partes, xml, ajustes)
        if falla == "perder_respuesta":
            raise Corte(falla)
        paquete = _respuesta_danada(registro, falla) if falla else registro.cdr
        respuesta = el("applicationResponse", base64.b64encode(paquete).decode())
        sobre = _sobre(
            f'<br:sendBillResponse xmlns:br="{SERVICIO}">{respuesta}</br:sendBillResponse>'
        )
        if falla == "cortar":
            raise Corte(falla)
        return sobre

    def _antes(self, falla: Falla | None) -> None:
        """Do what goes wrong before anything is registered."""
        if falla in ("rechazar_conexion", "perder_envio", "error_503", "demorar"):
            raise Corte(falla)
        if falla == "error_0109":
            raise Negativa(109)
        if falla == "error_0130":
            raise Negativa(130)

    def _registrar(self, partes: re.Match[str], xml: bytes, ajustes: Ajustes) -> Registro:
        """Return the document as SUNAT keeps it; a second time it is refused, whatever it holds."""
        ruc, tipo, serie, numero = partes["ruc"], partes["tipo"], partes["serie"], partes["numero"]
        hallado = self._revisar(partes, xml, ajustes)
        llave = self._llave()
        with self._candado, self._base() as base:
            base.execute("BEGIN IMMEDIATE")
            clave = (ruc, tipo, serie, int(numero))
            ya = base.execute(
                "SELECT estado FROM comprobantes WHERE ruc=? AND tipo=? AND serie=? AND numero=?",
                clave,
            ).fetchone()
            if ya is not None:
                raise Negativa(1033 if ya[0] == 1 else 1032)
            facts = hallado.hechos
            cdr = self._cdr(partes, hallado, llave)
            estado = 0 if hallado.codigo else 1
            base.execute(
                "INSERT INTO comprobantes (ruc, tipo, serie, numero, estado, fecha, importe,"
                " moneda, digest, codigo, cdr) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                (
                    *clave,
                    estado,
                    facts["fecha"],
                    facts["importe"],
                    facts["moneda"],
                    hallado.digest,
                    hallado.codigo,
                    cdr,
                ),
            )
        fecha = date.fromisoformat(facts["fecha"])
        return Registro(
            ruc, tipo, serie, int(numero), estado, fecha, hallado.digest, hallado.codigo, cdr
        )

    def _revisar(self, partes: re.Match[str], xml: bytes, ajustes: Ajustes) -> juez.Veredicto:
        """Return what a document's content comes to.

        Raises:
            Negativa: it is an exception: nothing is registered.
        """
        documento = _leer_documento(xml, _RAICES.get(partes["tipo"], ""))
        if error := juez.error_de_esquema(documento, ajustes.esquemas):
            raise Negativa(306, error)
        veredicto = juez.juzgar(documento, partes["tipo"], self.reloj().astimezone(_LIMA).date())
        identificador = f"{partes['serie']}-{partes['numero']}"
        if veredicto.ruc != partes["ruc"]:
            raise Negativa(1034)
        if veredicto.identificador.partition("-")[0] != partes["serie"]:
            raise Negativa(1035)
        if veredicto.identificador != identificador:
            raise Negativa(1036)
        if veredicto.codigo and veredicto.codigo < 2000:
            raise Negativa(veredicto.codigo, veredicto.detalle)
        if partes["ruc"] in ajustes.inactivos:
            return replace(veredicto, codigo=2010, detalle="El contribuyente no esta activo")
        return veredicto

    def _cdr(self, partes: re.Match[str], hallado: juez.Veredicto, llave: Llave) -> bytes:
        ahora = self.reloj()
        identificador = f"{partes['serie']}-{partes['numero']}"
        if hallado.codigo:
            texto = f"{hallado.codigo} - {hallado.detalle}"
        else:
            documento = {"01": "La Factura", "03": "La Boleta"}.get(partes["tipo"], "La Nota")
            texto = f"{documento} numero {identificador}, ha sido aceptada"
        xml = _constancia(partes["ruc"], identificador, hallado, texto, ahora)
        nombre = f"R-{partes[0]}"
        salida = io.BytesIO()
        with zipfile.ZipFile(salida, "w", zipfile.ZIP_DEFLATED) as paquete:
            paquete.writestr("dummy/", b"")
            paquete.writestr(f"{nombre}.xml", firmar(xml, llave).xml)
        return salida.getvalue()

    def _llave(self) -> Llave:
        """Return the key that signs CDRs, made once for a sandbox."""
        with self._candado:
            if self._firmante is None:
                with self._base() as base:
                    fila = base.execute("SELECT pfx FROM llaves").fetchone()
                    pfx = fila[0] if fila else certificado(RUC_SUNAT, "SUNAT", self.reloj())
                    base.execute("INSERT OR IGNORE INTO llaves VALUES (1, ?)", (pfx,))
                    pfx = base.execute("SELECT pfx FROM llaves").fetchone()[0]
                self._firmante = abrir_pfx(pfx, _CLAVE_PFX)
            return self._firmante

    # Being asked --------------------------------------------------------------------------------

    def _consultar(self, pedido: _Element, ajustes: Ajustes) -> bytes:
        ruc, tipo, serie, numero = (
            (pedido.findtext(nombre) or "").strip()
            for nombre in (
                "rucComprobante",
                "tipoComprobante",
                "serieComprobante",
                "numeroComprobante",
            )
        )
        self._antes(ajustes.siempre)
        if tipo not in ("01", "07", "08") or not serie.startswith("F"):
            return _estado("0008" if tipo == "03" else "0009", "El tipo o la serie no se consultan")
        with self._base() as base:
            fila = base.execute(
                "SELECT estado, cdr FROM comprobantes WHERE ruc=? AND tipo=? AND serie=?"
                " AND numero=?",
                (ruc, tipo, serie, int(numero or 0)),
            ).fetchone()
        if fila is None:
            return _estado("0011", "El comprobante de pago electrónico no existe")
        return _estado("0004", "La constancia existe", fila[1])


_LIMA = ZoneInfo("America/Lima")


def _abrir(cuerpo: bytes) -> tuple[_Element, tuple[str, str]]:
    """Return what is asked for, and user and password."""
    try:
        sobre = parse_xml(cuerpo, limit=32 * 1024 * 1024)
    except XmlRefused:
        raise Negativa(0, "SOAP ilegible") from None
    pedido = sobre.find(f"{{{SOAP}}}Body/*")
    usuario = sobre.findtext(f".//{{{WSSE}}}Username")
    clave = sobre.findtext(f".//{{{WSSE}}}Password")
    if usuario is None or clave is None or pedido is None:
        raise Negativa(101)
    return pedido, (usuario, clave)


def _base64(texto: str) -> bytes:
    try:
        return base64.b64decode(texto, validate=True)
    except (binascii.Error, ValueError):
        raise Negativa(156) from None


def _desempaquetar(paquete: bytes, nombre: str) -> bytes:
    if not paquete:
        raise Negativa(155)
    try:
        with zipfile.ZipFile(io.BytesIO(paquete)) as abierto:
            entradas = [uno for uno in abierto.infolist() if not uno.is_dir()]
            if not entradas:
                raise Negativa(157)
            if len(entradas) > 1:
                raise Negativa(158)
            if entradas[0].file_size > 4 * 1024 * 1024:
                raise Negativa(156)
            xml = abierto.read(entradas[0])
    except (zipfile.BadZipFile, EOFError, RuntimeError):
        raise Negativa(156) from None
    if not entradas[0].filename.lower().endswith(".xml"):
        raise Negativa(159)
    if not xml:
        raise Negativa(160)
    if entradas[0].filename != f"{nombre}.xml":
        raise Negativa(161)
    return xml


def _leer_documento(xml: bytes, esperada: str) -> _Element:
    try:
        documento = parse_xml(xml)
    except XmlRefused as error:
        raise Negativa(306, error.message) from None
    if juez.nombre_de(documento) != esperada:
        raise Negativa(306, "raíz inesperada")
    return documento


def _sobre(dentro: str) -> bytes:
    return (
        f'<soap-env:Envelope xmlns:soap-env="{SOAP}"><soap-env:Header/>'
        f"<soap-env:Body>{dentro}</soap-env:Body></soap-env:Envelope>"
    ).encode()


def _falla(codigo: int, detalle: str) -> bytes:
    return _sobre(
        "<soap-env:Fault>"
        + el("faultcode", f"soap-env:Client.{codigo:04d}")
        + el("faultstring", f"{juez.TEXTOS.get(codigo, 'Error')} {detalle}".strip())
        + "</soap-env:Fault>"
    )


def _estado(codigo: str, mensaje: str, cdr: bytes | None = None) -> bytes:
    contenido = el("content", base64.b64encode(cdr).decode()) if cdr else ""
    estado = grupo("statusCdr", contenido, el("statusCode", codigo), el("statusMessage", mensaje))
    return _sobre(
        f'<br:getStatusCdrResponse xmlns:br="{SERVICIO}">{estado}</br:getStatusCdrResponse>'
    )


def _constancia(
    ruc: str, identificador: str, hallado: juez.Veredicto, texto: str, ahora: datetime
) -> str:
    local = ahora.astimezone(_LIMA)
    dia, hora = local.date().isoformat(), f"{local:%H:%M:%S}"
    hijos = [
        EXTENSION,
        el("cbc:UBLVersionID", "2.0"),
        el("cbc:CustomizationID", "1.0"),
        el("cbc:ID", f"{ahora:%Y%m%d%H%M%S%f}"),
        el("cbc:IssueDate", dia),
        el("cbc:IssueTime", hora),
        el("cbc:ResponseDate", dia),
        el("cbc:ResponseTime", hora),
        *(el("cbc:Note", nota) for nota in hallado.observaciones),
        grupo("cac:SenderParty", grupo("cac:PartyIdentification", el("cbc:ID", RUC_SUNAT))),
        grupo("cac:ReceiverParty", grupo("cac:PartyIdentification", el("cbc:ID", ruc))),
        grupo(
            "cac:DocumentResponse",
            grupo(
                "cac:Response",
                el("cbc:ReferenceID", identificador),
                el("cbc:ResponseCode", str(hallado.codigo)),
                el("cbc:Description", texto),
            ),
            grupo(
                "cac:DocumentReference",
                el("cbc:ID", identificador),
                grupo(
                    "cac:Attachment",
                    grupo("cac:ExternalReference", el("cbc:DocumentHash", hallado.digest)),
                ),
            ),
        ),
    ]
    espacio = "urn:oasis:names:specification:ubl:schema:xsd:ApplicationResponse-2"
    return raiz("ApplicationResponse", espacio, {"cac": CAC, "cbc": CBC, "ext": EXT}, hijos)


def _respuesta_danada(registro: Registro, falla: Falla) -> bytes:
    if falla == "cdr_danado":
        return registro.cdr[: len(registro.cdr) // 2]
    if falla == "cdr_ajeno":
        ajeno = f"{registro.serie}-{registro.numero}".encode()
        with zipfile.ZipFile(io.BytesIO(registro.cdr)) as abierto:
            nombre = next(uno for uno in abierto.namelist() if uno.startswith("R-"))
            xml = abierto.read(nombre).replace(ajeno, b"F999-99999999")
        salida = io.BytesIO()
        with zipfile.ZipFile(salida, "w") as paquete:
            paquete.writestr(nombre, xml)
        return salida.getvalue()
    return registro.cdr


def certificado(
    ruc: str, nombre: str, ahora: datetime, *, clave: str = _CLAVE_PFX, dias: int = 365
) -> bytes:
    """Return a PFX made just now, self-signed, that is of a RUC: good for a sandbox only."""
    privada = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    titular = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "PE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, nombre[:64]),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, ruc),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{ruc} SANDBOX"),
        ]
    )
    hecho = (
        x509.CertificateBuilder()
        .subject_name(titular)
        .issuer_name(titular)
        .public_key(privada.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ahora - timedelta(days=1))
        .not_valid_after(ahora + timedelta(days=dias))
        .sign(privada, hashes.SHA256())
    )
    cifrado = serialization.BestAvailableEncryption(clave.encode())
    return pkcs12.serialize_key_and_certificates(b"sandbox", privada, hecho, None, cifrado)
