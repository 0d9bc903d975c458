"""A factura, boleta or note as UBL 2.1, canonical and unsigned.

The order of elements is that of the XSD. Source: UBL 2.1 maindoc Invoice, CreditNote, DebitNote;
SUNAT's guides of each; rules v20260212.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from addons.sunat.documents import codigos
from addons.sunat.documents.articulo import articulo, viaje
from addons.sunat.documents.codigos import Tributo
from addons.sunat.documents.escritura import CAC, CBC, EXT, diez, dos, el, grupo, raiz
from addons.sunat.documents.importes import (
    CargoCalculado,
    Importe,
    Totales,
    calcular,
)
from addons.sunat.documents.letras import en_letras
from addons.sunat.documents.modelo import Comprobante, Emisor
from kernel.money import round_half_up

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
        return f'<cbc:{nombre} currencyID="{self.moneda}">{monto:.2f}</cbc:{nombre}>'

    def precio(self, nombre: str, monto: Decimal) -> str:
        """Return a unit price."""
        return f'<cbc:{nombre} currencyID="{self.moneda}">{diez(monto)}</cbc:{nombre}>'

    def partes(self) -> Iterator[str]:
        """Yield what the root holds, in the order of the XSD."""
        yield EXTENSION
        yield from self._cabecera()
        yield from self._referencias()
        yield firmante(self.de.emisor)
        yield self._emisor()
        yield self._adquirente()
        yield self._uso()
        yield from self._pago()
        if not self.es_nota:
            yield from self._anticipos()
        for cargo in self.totales.cargos:
            yield self._cargo(cargo)
        yield self._impuestos()
        yield self._montos()
        for orden, linea in enumerate(self.totales.lineas, 1):
            yield self._linea(orden, linea)

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

    def _pago(self) -> Iterator[str]:
        de = self.de
        detraccion = de.detraccion
        if detraccion is not None:
            yield grupo(
                "cac:PaymentMeans",
                el("cbc:ID", "Detraccion"),
                el("cbc:PaymentMeansCode", detraccion.medio_pago),
                grupo("cac:PayeeFinancialAccount", el("cbc:ID", detraccion.cuenta)),
            )
        if de.medio_pago:
            autorizacion = de.autorizacion_pago
            yield grupo(
                "cac:PaymentMeans",
                el("cbc:PaymentMeansCode", de.medio_pago),
                el("cbc:PaymentID", autorizacion) if autorizacion else "",
            )
        if detraccion is not None:
            yield grupo(
                "cac:PaymentTerms",
                el("cbc:ID", "Detraccion"),
                el("cbc:PaymentMeansID", detraccion.codigo),
                el("cbc:PaymentPercent", diez(detraccion.porcentaje)),
                el("cbc:Amount", dos(self.totales.detraccion), currencyID="PEN"),
            )
        if de.percepcion is not None:
            soles = round_half_up(self.totales.total * (de.tipo_cambio or 1))
            soles += self.totales.percepcion
            yield grupo(
                "cac:PaymentTerms",
                el("cbc:ID", "Percepcion"),
                el("cbc:Amount", dos(soles), currencyID="PEN"),
            )
        yield from self._forma_pago()

    def _forma_pago(self) -> Iterator[str]:
        nota_de_cuotas = self.es_nota and bool(self.de.cuotas)
        if self.de.tipo != codigos.FACTURA and not nota_de_cuotas:
            return
        if self.de.contado:
            yield grupo(
                "cac:PaymentTerms", el("cbc:ID", "FormaPago"), el("cbc:PaymentMeansID", "Contado")
            )
            return
        yield grupo(
            "cac:PaymentTerms",
            el("cbc:ID", "FormaPago"),
            el("cbc:PaymentMeansID", "Credito"),
            self.monto("Amount", self.totales.neto_pendiente),
        )
        for orden, cuota in enumerate(self.totales.cuotas, 1):
            yield grupo(
                "cac:PaymentTerms",
                el("cbc:ID", "FormaPago"),
                el("cbc:PaymentMeansID", f"Cuota{orden:03d}"),
                self.monto("Amount", cuota.monto),
                el("cbc:PaymentDueDate", cuota.fecha),
            )

    def _anticipos(self) -> Iterator[str]:
        for orden, anticipo in enumerate(self.de.anticipos, 1):
            yield grupo(
                "cac:PrepaidPayment",
                el("cbc:ID", str(orden)),
                self.monto("PaidAmount", anticipo.monto),
            )

    def _cargo(self, cargo: CargoCalculado) -> str:
        factor = el("cbc:MultiplierFactorNumeric", diez(cargo.factor)) if cargo.factor else ""
        moneda = "PEN" if cargo.codigo in codigos.PERCEPCIONES else self.moneda
        return grupo(
            "cac:AllowanceCharge",
            el("cbc:ChargeIndicator", "true" if cargo.es_cargo else "false"),
            el("cbc:AllowanceChargeReasonCode", cargo.codigo),
            factor,
            el("cbc:Amount", dos(cargo.monto), currencyID=moneda),
            el("cbc:BaseAmount", dos(cargo.base), currencyID=moneda),
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
            grupo("cac:TaxCategory", _esquema(tributo)),
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

    def _linea(self, orden: int, uno: Importe) -> str:
        linea = uno.linea
        return grupo(
            f"cac:{self.forma.linea}",
            el("cbc:ID", str(orden)),
            el(
                f"cbc:{self.forma.cantidad}",
                diez(linea.cantidad),
                unitCode=linea.unidad_medida,
            ),
            self.monto("LineExtensionAmount", uno.valor_venta),
            self._precio_venta(uno),
            viaje(linea.viaje) if linea.viaje is not None else "",
            *self._cargos_de_linea(uno),
            self._impuestos_de_linea(uno),
            articulo(uno.linea),
            grupo("cac:Price", self.precio("PriceAmount", uno.valor_unitario)),
        )

    def _precio_venta(self, uno: Importe) -> str:
        return grupo(
            "cac:PricingReference",
            grupo(
                "cac:AlternativeConditionPrice",
                self.precio("PriceAmount", uno.precio_venta),
                el("cbc:PriceTypeCode", "02" if uno.gratuito else "01"),
            ),
        )

    def _cargos_de_linea(self, uno: Importe) -> Iterator[str]:
        linea = uno.linea
        montos = {
            "00": uno.descuento,
            "01": linea.descuento_no_afecto,
            "47": uno.cargo,
            "48": linea.cargo_no_afecto,
        }
        base = uno.valor_venta + uno.descuento - uno.cargo
        for codigo, monto in montos.items():
            if monto:
                es_cargo = codigos.CARGOS_LINEA[codigo].es_cargo
                yield self._cargo(CargoCalculado(codigo, es_cargo, monto, base))

    def _impuestos_de_linea(self, uno: Importe) -> str:
        return grupo(
            "cac:TaxTotal",
            self.monto("TaxAmount", uno.impuestos),
            self._isc_de_linea(uno) if uno.linea.isc is not None else "",
            grupo(
                "cac:TaxSubtotal",
                self.monto("TaxableAmount", uno.base_igv),
                self.monto("TaxAmount", uno.igv),
                grupo(
                    "cac:TaxCategory",
                    el("cbc:Percent", diez(uno.tasa * 100)),
                    el("cbc:TaxExemptionReasonCode", uno.linea.afectacion_igv),
                    _esquema(uno.tributo),
                ),
            ),
            self._icbper_de_linea(uno) if uno.icbper else "",
        )

    def _isc_de_linea(self, uno: Importe) -> str:
        sistema = uno.linea.isc.sistema if uno.linea.isc else ""
        return grupo(
            "cac:TaxSubtotal",
            self.monto("TaxableAmount", uno.base_isc),
            self.monto("TaxAmount", uno.isc),
            grupo(
                "cac:TaxCategory",
                el("cbc:Percent", diez(uno.tasa_isc)),
                el("cbc:TierRange", sistema),
                _esquema(codigos.ISC),
            ),
        )

    def _icbper_de_linea(self, uno: Importe) -> str:
        return grupo(
            "cac:TaxSubtotal",
            self.monto("TaxAmount", uno.icbper),
            el("cbc:BaseUnitMeasure", diez(uno.linea.cantidad), unitCode=uno.linea.unidad_medida),
            grupo(
                "cac:TaxCategory",
                self.monto("PerUnitAmount", uno.icbper_unitario),
                _esquema(codigos.ICBPER),
            ),
        )


def _esquema(tributo: Tributo) -> str:
    return _ESQUEMAS[tributo]


def escribir_tributo(tributo: Tributo) -> str:
    """Return a tribute as XML names it."""
    return grupo(
        "cac:TaxScheme",
        el("cbc:ID", tributo.codigo),
        el("cbc:Name", tributo.nombre),
        el("cbc:TaxTypeCode", tributo.internacional),
    )


_ESQUEMAS = {
    uno: escribir_tributo(uno)
    for uno in (*codigos.AFECTACIONES.values(), codigos.ISC, codigos.ICBPER)
}
