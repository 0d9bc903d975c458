"""CDRs of the sandbox, good and damaged, and the certificates that it makes."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from addons.sunat.documents.escritura import CAC, CBC, EXT, el, grupo, raiz
from addons.sunat.documents.firma import Llave, firmar
from addons.sunat.documents.ubl import EXTENSION
from addons.sunat.sandbox import juez
from addons.sunat.sandbox.ajustes import Falla

LIMA = ZoneInfo("America/Lima")
RUC_SUNAT = "20131312955"
CLAVE_PFX = "sandbox"


def empaquetar_cdr(
    nombre: str,
    hallado: juez.Veredicto,
    aceptado: str,
    llave: Llave,
    ahora: datetime,
    *,
    enlace: str = "",
) -> bytes:
    """Return the package with the CDR of a document; ``aceptado`` is its text if it is good.

    ``enlace`` is the address that the QR of a guía shows.
    """
    texto = f"{hallado.codigo} - {hallado.detalle}" if hallado.codigo else aceptado
    xml = _constancia(nombre[:11], hallado, texto, ahora, enlace)
    salida = io.BytesIO()
    with zipfile.ZipFile(salida, "w", zipfile.ZIP_DEFLATED) as paquete:
        paquete.writestr("dummy/", b"")
        paquete.writestr(f"R-{nombre}.xml", firmar(xml, llave).xml)
    return salida.getvalue()


def _constancia(ruc: str, hallado: juez.Veredicto, texto: str, ahora: datetime, enlace: str) -> str:
    identificador = hallado.identificador
    local = ahora.astimezone(LIMA)
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
                el("cbc:DocumentDescription", enlace) if enlace else "",
                grupo(
                    "cac:Attachment",
                    grupo("cac:ExternalReference", el("cbc:DocumentHash", hallado.digest)),
                ),
            ),
        ),
    ]
    espacio = "urn:oasis:names:specification:ubl:schema:xsd:ApplicationResponse-2"
    return raiz("ApplicationResponse", espacio, {"cac": CAC, "cbc": CBC, "ext": EXT}, hijos)


def danar(cdr: bytes, identificador: str, falla: Falla) -> bytes:
    """Return the package with a CDR as a fault leaves it: cut, or about another document."""
    if falla == "cdr_danado":
        return cdr[: len(cdr) // 2]
    if falla != "cdr_ajeno":
        return cdr
    with zipfile.ZipFile(io.BytesIO(cdr)) as abierto:
        nombre = next(uno for uno in abierto.namelist() if uno.startswith("R-"))
        xml = abierto.read(nombre).replace(identificador.encode(), b"F999-99999999")
    salida = io.BytesIO()
    with zipfile.ZipFile(salida, "w") as paquete:
        paquete.writestr(nombre, xml)
    return salida.getvalue()


def certificado(
    ruc: str, nombre: str, ahora: datetime, *, clave: str = CLAVE_PFX, dias: int = 365
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
