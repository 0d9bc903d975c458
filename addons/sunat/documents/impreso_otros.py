"""The printed forms of guías, retenciones and percepciones, as HTML with everything inside."""

from __future__ import annotations

from html import escape

from addons.sunat.documents import codigos
from addons.sunat.documents import guia as de_guia
from addons.sunat.documents import retencion as de_retencion
from addons.sunat.documents.escritura import diez, dos
from addons.sunat.documents.guia import Guia
from addons.sunat.documents.impreso import cabecera, datos, imagen
from addons.sunat.documents.modelo import Adquirente, Emisor, Lugar
from addons.sunat.documents.retencion import Retencion, TotalesRetencion


def html_guia(guia: Guia, qr: str, digest: str) -> str:
    """Return a guía; ``qr`` is the address that SUNAT gave with its CDR, nothing without one."""
    filas = "".join(
        f"<tr><td class='n'>{diez(uno.cantidad)}</td><td>{escape(uno.unidad_medida)}</td>"
        f"<td>{escape(uno.codigo_producto)}</td><td>{escape(uno.descripcion)}</td></tr>"
        for uno in guia.bienes
    )
    bienes = (
        "<table class='lineas'><thead><tr><th class='n'>Cant.</th><th>Unid.</th><th>Código</th>"
        f"<th>Descripción</th></tr></thead><tbody>{filas}</tbody></table>"
    )
    notas = f"<p>{escape(guia.observaciones)}</p>" if guia.observaciones else ""
    cuerpo = datos(_de_guia(guia)) + bienes
    return _hoja(guia.emisor, guia.tipo, guia.identificador, cuerpo, qr, notas, digest)


def _de_guia(guia: Guia) -> list[tuple[str, str]]:
    motivo = guia.motivo_descripcion or de_guia.MOTIVOS.get(guia.motivo, "")
    filas = [
        ("Fecha de emisión", f"{guia.fecha_emision:%d/%m/%Y} {guia.hora_emision:%H:%M}"),
        ("Inicio del traslado", f"{guia.fecha_traslado:%d/%m/%Y}"),
    ]
    if guia.de_remitente:
        filas.append(("Motivo", motivo))
        filas.append(("Modalidad", de_guia.MODALIDADES.get(guia.modalidad, "")))
    if guia.remitente is not None:
        filas.append(("Remitente", _quien(guia.remitente)))
    filas += [
        ("Destinatario", _quien(guia.destinatario)),
        ("Punto de partida", _donde(guia.partida)),
        ("Punto de llegada", _donde(guia.llegada)),
        ("Peso bruto", f"{diez(guia.peso_bruto)} {guia.unidad_peso}"),
        ("Bultos", str(guia.bultos) if guia.bultos is not None else ""),
    ]
    if guia.transportista is not None:
        suyo = guia.transportista
        filas.append(("Transportista", f"{suyo.razon_social} (RUC {suyo.numero_doc})"))
    filas.append(("Vehículos", ", ".join(uno.placa for uno in guia.vehiculos)))
    filas.append(
        (
            "Conductores",
            ", ".join(
                f"{uno.nombres} {uno.apellidos}, {uno.numero_doc}, licencia {uno.licencia}"
                for uno in guia.conductores
            ),
        )
    )
    filas.append(("Documentos", ", ".join(uno.numero for uno in guia.relacionados)))
    return filas


def _quien(uno: Adquirente) -> str:
    return f"{uno.razon_social} ({uno.numero_doc})"


def _donde(lugar: Lugar) -> str:
    return f"{lugar.direccion} ({lugar.ubigeo})"


def html_retencion(de: Retencion, totales: TotalesRetencion, digest: str) -> str:
    """Return a retención or percepción."""
    retiene = de.tipo == de_retencion.RETENCION
    filas = "".join(
        f"<tr><td>{escape(uno.pago.tipo)}</td><td>{escape(uno.pago.numero)}</td>"
        f"<td>{uno.pago.fecha_emision:%d/%m/%Y}</td>"
        f"<td class='n'>{escape(uno.pago.moneda)} {dos(uno.pago.pago)}</td>"
        f"<td>{uno.pago.fecha_pago:%d/%m/%Y}</td>"
        f"<td class='n'>S/ {dos(uno.monto)}</td><td class='n'>S/ {dos(uno.neto)}</td></tr>"
        for uno in totales.importes
    )
    pagos = (
        "<table class='lineas'><thead><tr><th>Tipo</th><th>Documento</th><th>Fecha</th>"
        f"<th class='n'>{'Pago' if retiene else 'Cobro'}</th><th>Día</th>"
        f"<th class='n'>{'Retenido' if retiene else 'Percibido'}</th>"
        f"<th class='n'>{'Pagado' if retiene else 'Cobrado'}</th></tr></thead>"
        f"<tbody>{filas}</tbody></table>"
    )
    hechos = [
        ("Proveedor" if retiene else "Cliente", _quien(de.sujeto)),
        ("Fecha de emisión", f"{de.fecha_emision:%d/%m/%Y}"),
        ("Tasa", f"{diez(de.tasa)} %"),
        ("Total retenido" if retiene else "Total percibido", f"S/ {dos(totales.monto)}"),
        ("Total pagado" if retiene else "Total cobrado", f"S/ {dos(totales.neto)}"),
    ]
    notas = f"<p>{escape(de.observaciones)}</p>" if de.observaciones else ""
    cuerpo = datos(hechos) + pagos
    return _hoja(de.emisor, de.tipo, de.identificador, cuerpo, "", notas, digest)


def _hoja(
    emisor: Emisor, tipo: str, numero: str, cuerpo: str, qr: str, notas: str, digest: str
) -> str:
    titulo = codigos.NOMBRES[tipo]
    dibujo = f"<div class='qr'><img alt='QR' src='{imagen(qr)}'></div>" if qr else ""
    return (
        "<!doctype html><html lang='es'><head><meta charset='utf-8'>"
        f"<title>{escape(numero)}</title></head><body>"
        f"{cabecera(emisor, titulo, numero)}{cuerpo}<section class='pie'>{dibujo}</section>"
        f"<section class='notas'>{notas}<p>Valor resumen: {escape(digest)}</p>"
        f"<p>Representación impresa de: {escape(titulo.lower())}.</p></section></body></html>"
    )
