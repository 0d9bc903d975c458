"""A factura of 5 lines for SUNAT: rules, amounts, XML, signature and ZIP, per document and core.

``python -m bench.sunat [--rounds 5] [--documents 100]``. Everybody signs the same XML with the same
key, in turns, in one process. ``signxml`` is used as its README shows, with the key as PEM;
``signxml, key loaded`` with the key as an object; ``xmlsec`` through python-xmlsec. The others are
given our amounts and our XML, without rules; they parse, sign, write and pack it. Time is the
processor's, so that what else the machine does counts little.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as hour
from decimal import Decimal

from cryptography.hazmat.primitives import serialization
from lxml import etree

from addons.sunat.documents import paquete, ubl
from addons.sunat.documents.calculo import calcular
from addons.sunat.documents.firma import abrir_pfx, firmar
from addons.sunat.documents.modelo import Adquirente, Comprobante, Emisor, Linea
from addons.sunat.documents.reglas import Entorno, revisar
from addons.sunat.sandbox.servicio import certificado

RUC = "20123456786"
TODAY = date(2026, 11, 25)
TARGET_MS = 2.5
PLACE = "{urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2}ExtensionContent"

Work = Callable[[Comprobante], bytes]


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--documents", type=int, default=100)
    chosen = parser.parse_args()
    found = race(contestants(), chosen.rounds, chosen.documents)
    for name, milliseconds in found.items():
        print(f"{name:24} {milliseconds:8.2f} ms   {1000 / milliseconds:8.0f} documents/s")
    ours = found["andes"]
    print(f"target: at most {TARGET_MS} ms all in: {'kept' if ours <= TARGET_MS else 'missed'}")


def race(works: dict[str, Work], rounds: int, documents: int) -> dict[str, float]:
    """Return the median milliseconds of processor per document of each, taking turns."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            count = max(1, documents // 20) if name == "signxml, PEM" else documents
            started = time.process_time()
            for number in range(1, count + 1):
                work(factura(number))
            times[name].append((time.process_time() - started) / count * 1000)
    return {name: statistics.median(found) for name, found in times.items()}


def factura(number: int) -> Comprobante:
    """Return a factura of 5 lines."""
    line = Linea("Cemento Sol 42.5 kg", Decimal(2), Decimal("31.90"), codigo_producto="CEM-01")
    return Comprobante(
        "01",
        "F001",
        number,
        TODAY,
        hour(10, 30),
        Emisor(RUC, "Tienda de Prueba S.A.C.", "", "Av. Angamos 1, Lima", "150141"),
        Adquirente("6", "20100006376", "Cliente S.A."),
        tuple(replace(line, codigo_producto=f"CEM-{n:02d}") for n in range(5)),
    )


def contestants() -> dict[str, Work]:
    """Return what is measured, by name; a library that is not installed is left out."""
    pfx = certificado(RUC, "Tienda", datetime(2026, 1, 1, tzinfo=UTC), clave="x", dias=3650)
    key = abrir_pfx(pfx, "x")

    def andes(document: Comprobante) -> bytes:
        findings, totals = revisar(document, Entorno(TODAY + timedelta(days=1)))
        assert not findings, findings
        xml = firmar(ubl.escribir(document, totals), key).xml
        return paquete.empaquetar(f"{RUC}-01-{document.identificador}", xml)

    works: dict[str, Work] = {"andes": andes}
    pem_key = key.privada.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    pem_certificate = key.certificado.public_bytes(serialization.Encoding.PEM)
    _with_xmlsec(works, pem_key, pem_certificate)
    _with_signxml(works, key.privada, pem_key, pem_certificate)
    return works


def _tree(document: Comprobante) -> etree._Element:
    return etree.fromstring(ubl.escribir(document, calcular(document)).encode())


def _packed(document: Comprobante, root: etree._Element) -> bytes:
    return paquete.empaquetar(f"{RUC}-01-{document.identificador}", etree.tostring(root))


def _with_xmlsec(works: dict[str, Work], pem_key: bytes, pem_certificate: bytes) -> None:
    try:
        import xmlsec
    except ModuleNotFoundError:
        return
    key = xmlsec.Key.from_memory(pem_key, xmlsec.constants.KeyDataFormatPem)
    key.load_cert_from_memory(pem_certificate, xmlsec.constants.KeyDataFormatCertPem)

    def sign(document: Comprobante) -> bytes:
        root = _tree(document)
        node = xmlsec.template.create(
            root, xmlsec.Transform.EXCL_C14N, xmlsec.Transform.RSA_SHA256, ns="ds"
        )
        root.find(f".//{PLACE}").append(node)
        reference = xmlsec.template.add_reference(node, xmlsec.Transform.SHA256, uri="")
        xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
        info = xmlsec.template.ensure_key_info(node)
        xmlsec.template.add_x509_data(info)
        context = xmlsec.SignatureContext()
        context.key = key
        context.sign(node)
        return _packed(document, root)

    works["xmlsec"] = sign


def _with_signxml(
    works: dict[str, Work], loaded: object, pem_key: bytes, pem_certificate: bytes
) -> None:
    try:
        from signxml import XMLSigner
    except ModuleNotFoundError:
        return

    def signing_with(key: object) -> Work:
        def sign(document: Comprobante) -> bytes:
            root = _tree(document)
            signed = XMLSigner().sign(root, key=key, cert=pem_certificate.decode())
            return _packed(document, signed)

        return sign

    works["signxml, key loaded"] = signing_with(loaded)
    works["signxml, PEM"] = signing_with(pem_key)


if __name__ == "__main__":
    main()
