"""A guía de remisión as UBL 2.1 (DespatchAdvice), canonical and unsigned.

Source: UBL 2.1 maindoc DespatchAdvice; SUNAT's GRE 2022, CustomizationID 2.0.
"""

from __future__ import annotations

from collections.abc import Iterator

from addons.sunat.documents import guia as de_guia
from addons.sunat.documents.escritura import diez, el, grupo, raiz
from addons.sunat.documents.guia import Bien, Conductor, Guia, Vehiculo
from addons.sunat.documents.modelo import Adquirente, Lugar
from addons.sunat.documents.ubl import EXTENSION, PREFIJOS, firmante

ESPACIO = "urn:oasis:names:specification:ubl:schema:xsd:DespatchAdvice-2"
ENVIO = "SUNAT_Envio"


def escribir(guia: Guia) -> str:
    """Return the XML of a guía, without declaration, with room for its signature."""
    return raiz("DespatchAdvice", ESPACIO, PREFIJOS, _partes(guia))


def _partes(guia: Guia) -> Iterator[str]:
    yield EXTENSION
    yield el("cbc:UBLVersionID", "2.1")
    yield el("cbc:CustomizationID", "2.0")
    yield el("cbc:ID", guia.identificador)
    yield el("cbc:IssueDate", guia.fecha_emision.isoformat())
    yield el("cbc:IssueTime", f"{guia.hora_emision:%H:%M:%S}")
    yield el("cbc:DespatchAdviceTypeCode", guia.tipo)
    if guia.observaciones:
        yield el("cbc:Note", guia.observaciones)
    yield from _relacionados(guia)
    yield firmante(guia.emisor)
    suyo = Adquirente("6", guia.emisor.ruc, guia.emisor.razon_social)
    mtc = "" if guia.de_remitente else guia.mtc
    yield grupo("cac:DespatchSupplierParty", grupo("cac:Party", _parte(suyo, mtc)))
    yield grupo("cac:DeliveryCustomerParty", grupo("cac:Party", _parte(guia.destinatario)))
    if guia.comprador is not None:
        yield grupo("cac:BuyerCustomerParty", grupo("cac:Party", _parte(guia.comprador)))
    if guia.proveedor is not None:
        yield grupo("cac:SellerSupplierParty", grupo("cac:Party", _parte(guia.proveedor)))
    if not guia.de_remitente and guia.pagador is not None:
        yield grupo("cac:OriginatorCustomerParty", grupo("cac:Party", _parte(guia.pagador)))
    yield _envio(guia)
    for orden, bien in enumerate(guia.bienes, 1):
        yield _bien(orden, bien)


def _relacionados(guia: Guia) -> Iterator[str]:
    for uno in guia.relacionados:
        emisor = ""
        if uno.emisor:
            suyo = grupo("cac:PartyIdentification", el("cbc:ID", uno.emisor, schemeID="6"))
            emisor = grupo("cac:IssuerParty", suyo)
        yield grupo(
            "cac:AdditionalDocumentReference",
            el("cbc:ID", uno.numero),
            el("cbc:DocumentTypeCode", uno.tipo),
            el("cbc:DocumentType", de_guia.RELACIONADOS[uno.tipo]),
            emisor,
        )


def _parte(quien: Adquirente, mtc: str = "") -> str:
    """Return who somebody is, as a Party has it."""
    return grupo(
        "cac:PartyIdentification", el("cbc:ID", quien.numero_doc, schemeID=quien.tipo_doc)
    ) + grupo(
        "cac:PartyLegalEntity",
        el("cbc:RegistrationName", quien.razon_social),
        el("cbc:CompanyID", mtc) if mtc else "",
    )


def indicadores(guia: Guia) -> Iterator[str]:
    """Yield what is special about a journey, by SUNAT's names."""
    if guia.transbordo:
        yield f"{ENVIO}_IndicadorTransbordoProgramado"
    if guia.de_remitente and guia.vehiculo_menor:
        yield f"{ENVIO}_IndicadorTrasladoVehiculoM1L"
    if guia.retorno_envases:
        yield f"{ENVIO}_IndicadorRetornoVehiculoEnvaseVacio"
    if guia.retorno_vacio:
        yield f"{ENVIO}_IndicadorRetornoVehiculoVacio"
    if not guia.de_remitente:
        yield f"{ENVIO}_IndicadorPagadorFlete_{guia.pagador_flete}"


def _envio(guia: Guia) -> str:
    motivo = ""
    if guia.de_remitente:
        texto = guia.motivo_descripcion or de_guia.MOTIVOS[guia.motivo]
        motivo = el("cbc:HandlingCode", guia.motivo) + el("cbc:HandlingInstructions", texto)
    bultos = ""
    if guia.bultos is not None:
        bultos = el("cbc:TotalTransportHandlingUnitQuantity", str(guia.bultos))
    return grupo(
        "cac:Shipment",
        el("cbc:ID", ENVIO),
        motivo,
        el("cbc:GrossWeightMeasure", diez(guia.peso_bruto), unitCode=guia.unidad_peso),
        bultos,
        *(el("cbc:SpecialInstructions", uno) for uno in indicadores(guia)),
        _etapa(guia),
        _entrega(guia),
        _unidad(guia.vehiculos),
    )


def _etapa(guia: Guia) -> str:
    fecha = el("cbc:StartDate", guia.fecha_traslado.isoformat())
    transportista = ""
    if guia.transportista is not None:
        suyo = Adquirente("6", guia.transportista.numero_doc, guia.transportista.razon_social)
        transportista = grupo("cac:CarrierParty", _parte(suyo, guia.transportista.mtc))
    return grupo(
        "cac:ShipmentStage",
        el("cbc:TransportModeCode", guia.modalidad) if guia.de_remitente else "",
        grupo("cac:TransitPeriod", fecha),
        transportista,
        *(_conductor(orden, uno) for orden, uno in enumerate(guia.conductores)),
    )


def _conductor(orden: int, uno: Conductor) -> str:
    return grupo(
        "cac:DriverPerson",
        el("cbc:ID", uno.numero_doc, schemeID=uno.tipo_doc),
        el("cbc:FirstName", uno.nombres),
        el("cbc:FamilyName", uno.apellidos),
        el("cbc:JobTitle", "Secundario" if orden else "Principal"),
        grupo("cac:IdentityDocumentReference", el("cbc:ID", uno.licencia)),
    )


def _entrega(guia: Guia) -> str:
    remitente = ""
    if guia.remitente is not None and not guia.de_remitente:
        remitente = grupo("cac:DespatchParty", _parte(guia.remitente))
    return grupo(
        "cac:Delivery",
        grupo("cac:DeliveryAddress", _lugar(guia.llegada)),
        grupo("cac:Despatch", grupo("cac:DespatchAddress", _lugar(guia.partida)), remitente),
    )


def _lugar(lugar: Lugar) -> str:
    anexo = ""
    if lugar.codigo_anexo:
        anexo = el("cbc:AddressTypeCode", lugar.codigo_anexo, listID=lugar.ruc)
    linea = grupo("cac:AddressLine", el("cbc:Line", lugar.direccion))
    return el("cbc:ID", lugar.ubigeo) + anexo + linea


def _unidad(vehiculos: tuple[Vehiculo, ...]) -> str:
    """Return the vehicles: the first, and those that go with it."""
    if not vehiculos:
        return ""
    otros = (grupo("cac:AttachedTransportEquipment", _vehiculo(uno)) for uno in vehiculos[1:])
    equipo = grupo("cac:TransportEquipment", _vehiculo(vehiculos[0]), *otros)
    return grupo("cac:TransportHandlingUnit", equipo)


def _vehiculo(uno: Vehiculo) -> str:
    tuc = ""
    if uno.tuc:
        tarjeta = el("cbc:RegistrationNationalityID", uno.tuc)
        tuc = grupo("cac:ApplicableTransportMeans", tarjeta)
    return el("cbc:ID", uno.placa) + tuc


def _bien(orden: int, bien: Bien) -> str:
    codigo, de_sunat = bien.codigo_producto, bien.codigo_sunat
    clase = ""
    if de_sunat:
        clase = grupo("cac:CommodityClassification", el("cbc:ItemClassificationCode", de_sunat))
    return grupo(
        "cac:DespatchLine",
        el("cbc:ID", str(orden)),
        el("cbc:DeliveredQuantity", diez(bien.cantidad), unitCode=bien.unidad_medida),
        grupo("cac:OrderLineReference", el("cbc:LineID", str(orden))),
        grupo(
            "cac:Item",
            el("cbc:Description", bien.descripcion),
            grupo("cac:SellersItemIdentification", el("cbc:ID", codigo)) if codigo else "",
            clase,
        ),
    )
