"""Signing: an enveloped XMLDSig, RSA with SHA-256, written without a parser.

What is signed is canonical as it is written (``escritura``), so the digest is taken of the very
bytes; the signature then goes into the empty ``ext:ExtensionContent``, from where the transform
``enveloped-signature`` takes it out again. SignedInfo is exclusive C14N: it reads the same wherever
it stands. Source: W3C, XML Signature Syntax and Processing; SUNAT, sheet "Firma" of v20260212.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from cryptography.x509.oid import ExtensionOID, NameOID

from addons.sunat.documents.escritura import DECLARACION, DS
from addons.sunat.documents.ubl import HUECO, ID_FIRMA
from addons.sunat.errors import CertificadoRechazado

C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
ENVELOPED = f"{DS}enveloped-signature"

_SIGNED_INFO = (
    f'<ds:SignedInfo xmlns:ds="{DS}">'
    f'<ds:CanonicalizationMethod Algorithm="{EXC_C14N}"></ds:CanonicalizationMethod>'
    f'<ds:SignatureMethod Algorithm="{RSA_SHA256}"></ds:SignatureMethod>'
    '<ds:Reference URI="">'
    "<ds:Transforms>"
    f'<ds:Transform Algorithm="{ENVELOPED}"></ds:Transform>'
    f'<ds:Transform Algorithm="{C14N}"></ds:Transform>'
    "</ds:Transforms>"
    f'<ds:DigestMethod Algorithm="{SHA256}"></ds:DigestMethod>'
    "<ds:DigestValue>%s</ds:DigestValue>"
    "</ds:Reference>"
    "</ds:SignedInfo>"
)
_SIGNATURE = (
    f'<ds:Signature xmlns:ds="{DS}" Id="{ID_FIRMA}">%s'
    "<ds:SignatureValue>%s</ds:SignatureValue>"
    "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>%s</ds:X509Certificate></ds:X509Data>"
    "</ds:KeyInfo></ds:Signature>"
)
_EN_SU_SITIO = f' xmlns:ds="{DS}"'


@dataclass(frozen=True, slots=True)
class Firmado:
    """A signed document: its bytes, its digest ("valor resumen") and its signature, base64."""

    xml: bytes
    digest: str
    firma: str


@dataclass(frozen=True, slots=True)
class Llave:
    """A company's key and certificate, loaded; made once, it signs in a third of a millisecond."""

    privada: rsa.RSAPrivateKey
    certificado: x509.Certificate
    certificado_b64: str

    @property
    def titular(self) -> str:
        """Whom the certificate is of, as it says."""
        return self.certificado.subject.rfc4514_string()

    @property
    def serial(self) -> str:
        """The certificate's serial number, hexadecimal."""
        return f"{self.certificado.serial_number:x}"

    @property
    def desde(self) -> datetime:
        """When it begins to hold."""
        return self.certificado.not_valid_before_utc

    @property
    def hasta(self) -> datetime:
        """When it expires."""
        return self.certificado.not_valid_after_utc

    def nombra(self, ruc: str) -> bool:
        """Return whether the certificate is of a company, by the RUC in its subject or its names.

        Peru's authorities write it into serialNumber, OU, CN or organizationIdentifier.
        """
        textos = [str(uno.value) for uno in self.certificado.subject]
        try:
            nombres = self.certificado.extensions.get_extension_for_oid(
                ExtensionOID.SUBJECT_ALTERNATIVE_NAME
            ).value
            textos.append(str(nombres))
        except (x509.ExtensionNotFound, ValueError):
            pass
        return any(ruc in texto for texto in textos)


def abrir_pfx(pfx: bytes, clave: str) -> Llave:
    """Return the key of a PFX file.

    Raises:
        CertificadoRechazado: the password is wrong, it is no PFX, or it holds no RSA key.
    """
    try:
        privada, certificado, _ = pkcs12.load_key_and_certificates(pfx, clave.encode() or None)
    except ValueError:
        raise CertificadoRechazado(
            "No se pudo abrir el certificado: la contraseña no es la suya, o no es un archivo PFX.",
            field="clave",
        ) from None
    if not isinstance(privada, rsa.RSAPrivateKey) or certificado is None:
        raise CertificadoRechazado(
            "El archivo no trae una llave RSA con su certificado.", field="archivo"
        )
    codificado = base64.b64encode(certificado.public_bytes(Encoding.DER)).decode()
    return Llave(privada, certificado, codificado)


def nombre_comun(certificado: x509.Certificate) -> str:
    """Return the CN of a certificate's subject."""
    return next((str(x.value) for x in certificado.subject.get_attributes_for_oid(_CN)), "")


_CN = NameOID.COMMON_NAME


def firmar(xml: str, llave: Llave) -> Firmado:
    """Return a canonical document, signed."""
    antes, hueco, despues = xml.partition(HUECO)
    if not hueco:
        raise ValueError("the document has no place for its signature")
    digest = base64.b64encode(hashlib.sha256(xml.encode()).digest()).decode()
    info = _SIGNED_INFO % digest
    firma = llave.privada.sign(info.encode(), padding.PKCS1v15(), hashes.SHA256())
    firma_b64 = base64.b64encode(firma).decode()
    # Inside ds:Signature the prefix is known already; exclusive C14N writes it for SignedInfo.
    dentro = info.replace(_EN_SU_SITIO, "", 1)
    bloque = _SIGNATURE % (dentro, firma_b64, llave.certificado_b64)
    abre, cierra = "<ext:ExtensionContent>", "</ext:ExtensionContent>"
    firmado = f"{antes}{abre}{bloque}{cierra}{despues}"
    return Firmado(DECLARACION + firmado.encode(), digest, firma_b64)
