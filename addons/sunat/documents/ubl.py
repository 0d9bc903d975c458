"""A factura, boleta or note as UBL 2.1, canonical and unsigned.

The order of elements is that of the XSD. Source: UBL 2.1 maindoc Invoice, CreditNote, DebitNote;
SUNAT's guides of each; rules v20260212.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from addons.sunat.documents import codigos
from addons.sunat.documents.calculo import calcular
from addons.sunat.documents.codigos import Tributo
from addons.sunat.documents.escritura import CAC, CBC, EXT, dos, el, en, grupo, raiz
from addons.sunat.documents.importes import Totales
from addons.sunat.documents.letras import en_letras
from addons.sunat.documents.modelo import SOLES, Comprobante, Emisor
from addons.sunat.documents.ubl_linea import cargo, esquema, linea
from addons.sunat.documents.ubl_pago import anticipos, pago

PREFIJOS = {"cac": CAC, "cbc": CBC, "ext": EXT}
HUECO = "<ext:ExtensionContent></ext:ExtensionContent>"
"""Where the signature goes; empty, as the enveloped-signature transform leaves it."""
EXTENSION = f"<ext:UBLExtensions><ext:UBLExtension>{HUECO}</ext:UBLExtension></ext:UBLExtensions>"
ID_FIRMA = "AndesSign"
SUNAT = "PE:SUNAT"


class _Forma:
    """How a document type names its parts."""

    def __init__(self, raiz: str, linea: str, cantidad: str, totales: str) -> None:
        self.raiz, self.linea, self.cantidad, self.totales = raiz, linea, cantidad, totales
        self.espacio = f"urn:oasis:names:specification:ubl:schema:xsd:{raiz}-2"


INVOICE = _Forma("Invoice", "InvoiceLine", "InvoicedQuantity", "LegalMonetaryTotal")
FORMAS = {
    codigos.FACTURA: INVOICE,
    codigos.BOLETA: INVOICE,
    codigos.NOTA_CREDITO: _Forma(
        "CreditNote", "CreditNoteLine", "CreditedQuantity", "LegalMonetaryTotal"
    ),
    codigos.NOTA_DEBITO: _Forma(
        "DebitNote", "DebitNoteLine", "DebitedQuantity", "RequestedMonetaryTotal"
    ),
}


def escribir(comprobante: Comprobante, totales: Totales | None = None) -> str:
    """Return the XML of a comprobante, without declaration, with room for its signature."""
    forma = FORMAS[comprobante.tipo]
    escrito = _Escrito(comprobante, totales or calcular(comprobante), forma)
    return raiz(forma.raiz, forma.espacio, PREFIJOS, escrito.partes())


def leyendas(comprobante: Comprobante, totales: Totales) -> list[tuple[str, str]]:
    """Return what has to be said on it, by code of catalogue 52."""
    codigos_dichos = set(comprobante.leyendas)
    if any(uno.gratuito for uno in totales.lineas):
        codigos_dichos.add("1002")
    if comprobante.percepcion is not None:
        codigos_dichos.add("2000")
    if comprobante.detraccion is not None:
        codigos_dichos.add("2006")
    if any(uno.tributo is codigos.IVAP for uno in totales.lineas):
        codigos_dichos.add("2007")
    palabras = en_letras(totales.total, comprobante.moneda)
    dichas = [("1000", palabras)]
    return dichas + [(uno, codigos.LEYENDAS[uno]) for uno in sorted(codigos_dichos)]


def firmante(emisor: Emisor) -> str:
    """Return the part that says who signs."""
    return grupo(
        "cac:Signature",
        el("cbc:ID", ID_FIRMA),
        grupo(
            "cac:SignatoryParty",
            grupo("cac:PartyIdentification", el("cbc:ID", emisor.ruc)),
            grupo("cac:PartyName", el("cbc:Name", emisor.razon_social)),
        ),
        grupo(
            "cac:DigitalSignatureAttachment",
            grupo("cac:ExternalReference", el("cbc:URI", f"#{ID_FIRMA}")),
        ),
    )


class _Escrito:
    """One comprobante being written."""

    def __init__(self, comprobante: Comprobante, totales: Totales, forma: _Forma) -> None:
        self.de = comprobante
        self.totales = totales
        self.forma = forma
        self.moneda = comprobante.moneda
        self.es_nota = comprobante.tipo in codigos.NOTAS

    def monto(self, nombre: str, monto: Decimal) -> str:
        """Return an amount in the comprobante's currency."""
        return en(self.moneda, nombre, dos(monto))

    def partes(self) -> Iterator[str]:
        """Yield what the root holds, in the order of the XSD."""
        yield EXTENSION
        yield from self._cabecera()
        yield from self._referencias()
        yield firmante(self.de.emisor)
        yield self._emisor()
        yield self._adquirente()
        yield self._uso()
        yield from pago(self.de, self.totales)
        if not self.es_nota:
            yield from anticipos(self.de)
        for uno in self.totales.cargos:
            yield cargo(uno, SOLES if uno.codigo in codigos.PERCEPCIONES else self.moneda)
        yield self._impuestos()
        yield self._montos()
        forma = self.forma
        for orden, importe in enumerate(self.totales.lineas, 1):
            yield linea(orden, importe, forma.linea, forma.cantidad, self.moneda)

    def _cabecera(self) -> Iterator[str]:
        de = self.de
        yield el("cbc:UBLVersionID", "2.1")
        yield el("cbc:CustomizationID", "2.0")
        yield el("cbc:ID", de.identificador)
        yield el("cbc:IssueDate", de.fecha_emision.isoformat())
        yield el("cbc:IssueTime", f"{de.hora_emision:%H:%M:%S}")
        if not self.es_nota:
            if de.fecha_vencimiento is not None:
                yield el("cbc:DueDate", de.fecha_vencimiento.isoformat())
            yield el("cbc:InvoiceTypeCode", de.tipo, listID=de.tipo_operacion)
        for codigo, texto in leyendas(de, self.totales):
            yield el("cbc:Note", texto, languageLocaleID=codigo)
        yield el("cbc:DocumentCurrencyCode", self.moneda)

    def _referencias(self) -> Iterator[str]:
        de = self.de
        if de.modifica is not None:
            numero = f"{de.modifica.serie}-{de.modifica.numero}"
            yield grupo(
                "cac:DiscrepancyResponse",
                el("cbc:ReferenceID", numero),
                el("cbc:ResponseCode", de.modifica.motivo_codigo),
                el("cbc:Description", de.modifica.motivo_descripcion),
            )
        if de.orden_compra:
            yield grupo("cac:OrderReference", el("cbc:ID", de.orden_compra))
        if de.modifica is not None:
            referida = grupo(
                "cac:InvoiceDocumentReference",
                el("cbc:ID", f"{de.modifica.serie}-{de.modifica.numero}"),
                el("cbc:DocumentTypeCode", de.modifica.tipo),
            )
            yield grupo("cac:BillingReference", referida)
        for guia in de.relacionados:
            yield grupo(
                "cac:DespatchDocumentReference",
                el("cbc:ID", guia.numero),
                el("cbc:DocumentTypeCode", guia.tipo),
            )
        if self.es_nota:
            return
        for orden, anticipo in enumerate(de.anticipos, 1):
            yield grupo(
                "cac:AdditionalDocumentReference",
                el("cbc:ID", anticipo.numero),
                el("cbc:DocumentTypeCode", anticipo.tipo),
                el("cbc:DocumentStatusCode", str(orden)),
                grupo(
                    "cac:IssuerParty",
                    grupo("cac:PartyIdentification", el("cbc:ID", de.emisor.ruc, schemeID="6")),
                ),
            )

    def _emisor(self) -> str:
        emisor = self.de.emisor
        nombre = emisor.nombre_comercial
        linea = ""
        if emisor.direccion:
            linea = grupo("cac:AddressLine", el("cbc:Line", emisor.direccion))
        direccion = grupo(
            "cac:RegistrationAddress",
            el("cbc:ID", emisor.ubigeo) if emisor.ubigeo else "",
            el("cbc:AddressTypeCode", emisor.codigo_anexo),
            linea,
            grupo("cac:Country", el("cbc:IdentificationCode", "PE")),
        )
        return grupo(
            "cac:AccountingSupplierParty",
            grupo(
                "cac:Party",
                grupo("cac:PartyIdentification", el("cbc:ID", emisor.ruc, schemeID="6")),
                grupo("cac:PartyName", el("cbc:Name", nombre)) if nombre else "",
                grupo(
                    "cac:PartyLegalEntity",
                    el("cbc:RegistrationName", emisor.razon_social),
                    direccion,
                ),
                self._agente(),
            ),
        )

    def _agente(self) -> str:
        if not self.de.agente_viajes:
            return ""
        suyo = el("cbc:ID", self.de.agente_viajes, schemeID="6")
        return grupo("cac:AgentParty", grupo("cac:PartyIdentification", suyo))

    def _uso(self) -> str:
        """Return in which country an exported service is used."""
        if not self.de.pais_uso:
            return ""
        pais = grupo("cac:Country", el("cbc:IdentificationCode", self.de.pais_uso))
        return grupo("cac:Delivery", grupo("cac:DeliveryLocation", grupo("cac:Address", pais)))

    def _adquirente(self) -> str:
        suyo = self.de.adquirente
        direccion = ""
        if suyo.direccion:
            linea = grupo("cac:AddressLine", el("cbc:Line", suyo.direccion))
            direccion = grupo("cac:RegistrationAddress", linea)
        return grupo(
            "cac:AccountingCustomerParty",
            grupo(
                "cac:Party",
                grupo(
                    "cac:PartyIdentification",
                    el("cbc:ID", suyo.numero_doc, schemeID=suyo.tipo_doc),
                ),
                grupo(
                    "cac:PartyLegalEntity",
                    el("cbc:RegistrationName", suyo.razon_social),
                    direccion,
                ),
            ),
        )

    def _impuestos(self) -> str:
        return grupo(
            "cac:TaxTotal",
            self.monto("TaxAmount", self.totales.impuestos),
            *(self._subtotal(*uno) for uno in self.totales.tributos),
        )

    def _subtotal(self, tributo: Tributo, base: Decimal, monto: Decimal) -> str:
        sin_base = tributo is codigos.ICBPER
        return grupo(
            "cac:TaxSubtotal",
            "" if sin_base else self.monto("TaxableAmount", base),
            self.monto("TaxAmount", monto),
            grupo("cac:TaxCategory", esquema(tributo)),
        )

    def _montos(self) -> str:
        suma = self.totales
        return grupo(
            f"cac:{self.forma.totales}",
            self.monto("LineExtensionAmount", suma.valor_venta),
            self.monto("TaxInclusiveAmount", suma.precio_venta),
            self.monto("AllowanceTotalAmount", suma.descuentos) if suma.descuentos else "",
            self.monto("ChargeTotalAmount", suma.otros_cargos) if suma.otros_cargos else "",
            self.monto("PrepaidAmount", suma.anticipos) if suma.anticipos else "",
            self.monto("PayableRoundingAmount", suma.redondeo) if suma.redondeo else "",
            self.monto("PayableAmount", suma.total),
        )
