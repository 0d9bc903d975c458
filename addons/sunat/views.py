"""Screens and menus of sunat."""

from addons.sunat.documents.codigos import MOTIVOS_CREDITO
from addons.sunat.documents.guia import MODALIDADES
from addons.sunat.documents.guia import MOTIVOS as DE_TRASLADO
from kernel.views import (
    Button,
    Choice,
    Column,
    Field,
    Filter,
    FormView,
    Link,
    ListView,
    Menu,
    Patch,
    Section,
    StateBar,
    View,
)

TIPOS = (
    Choice("01", "Factura", "info"),
    Choice("03", "Boleta"),
    Choice("07", "Nota de crédito", "warn"),
    Choice("08", "Nota de débito", "warn"),
    Choice("09", "Guía de remitente"),
    Choice("31", "Guía de transportista"),
    Choice("20", "Retención"),
    Choice("40", "Percepción"),
)
ESTADOS = (
    Choice("PENDIENTE", "Pendiente", "info"),
    Choice("ENVIADO", "Enviado", "info"),
    Choice("CONTINGENCIA", "Contingencia", "warn"),
    Choice("ACEPTADO", "Aceptado", "good"),
    Choice("RECHAZADO", "Rechazado", "bad"),
    Choice("EXCEPCION", "Excepción", "bad"),
    Choice("ANULADO", "Anulado"),
)
RESUMENES = (
    Choice("PENDIENTE", "Pendiente", "info"),
    Choice("ENVIADO", "Enviado", "info"),
    Choice("EN_PROCESO", "En proceso", "info"),
    Choice("SIN_TICKET", "Ticket perdido", "warn"),
    Choice("ACEPTADO", "Aceptado", "good"),
    Choice("RECHAZADO", "Rechazado", "bad"),
    Choice("EXCEPCION", "Excepción", "bad"),
)
CLASES = (
    Choice("RC", "Resumen diario"),
    Choice("RA", "Comunicación de baja", "warn"),
    Choice("RR", "Resumen de reversiones", "warn"),
)
BAJAS = (
    Choice("pedida", "Pedida", "info"),
    Choice("enviada", "Enviada", "info"),
    Choice("aceptada", "Aceptada", "good"),
    Choice("rechazada", "Rechazada", "bad"),
)
MOTIVOS = tuple(Choice(codigo, nombre) for codigo, nombre in MOTIVOS_CREDITO.items())
CANALES = (Choice("individual", "Uno a uno"), Choice("resumen", "Resumen diario"))
ENVIOS = (
    Choice("enviando", "Enviando", "info"),
    Choice("aceptado", "Aceptado", "good"),
    Choice("rechazado", "Rechazado", "bad"),
    Choice("excepcion", "Excepción", "bad"),
    Choice("desconocido", "Sin respuesta", "warn"),
    Choice("no_enviado", "No enviado", "warn"),
    Choice("en_proceso", "En proceso", "info"),
    Choice("sistemico", "SUNAT no admite a la empresa", "bad"),
)

DE_COMPROBANTE = "/api/facturacion/comprobantes/{id}/"
DE_RESUMEN = "/api/facturacion/resumen-diario/{id}/"
RESPONDIDOS = ("ACEPTADO", "RECHAZADO", "ANULADO")
"""States of comprobantes of which SUNAT has told something: there is a CDR."""

DE_GUIA = (
    ("fecha_traslado", "Traslado"),
    ("serie", "Serie"),
    ("numero", "Número"),
    ("destinatario", "Destinatario"),
    ("punto_partida", "Partida"),
    ("punto_llegada", "Llegada"),
    ("motivo_traslado", "Motivo"),
    ("modalidad_traslado", "Modalidad"),
    ("peso_bruto", "Peso"),
    ("unidad_peso", "Unidad"),
    ("venta_id", "Venta"),
    ("comprobante_id", "Comprobante"),
)
DE_RETENCION = (
    ("fecha_emision", "Fecha"),
    ("serie", "Serie"),
    ("numero", "Número"),
    ("sujeto_numero_doc", "RUC o documento"),
    ("sujeto_razon_social", "Proveedor o cliente"),
    ("tasa", "Tasa"),
    ("total_retenido", "Retenido o percibido"),
    ("total_pagado", "Pagado o cobrado"),
    ("comprobante_id", "Comprobante"),
)


DE_LISTA = {
    "tipo": TIPOS,
    "motivo_traslado": tuple(Choice(codigo, texto) for codigo, texto in DE_TRASLADO.items()),
    "modalidad_traslado": tuple(Choice(codigo, texto) for codigo, texto in MODALIDADES.items()),
}


def _de_otros(clave: str, titulo: str, campos: tuple[tuple[str, str], ...], icono: str) -> ListView:
    """Return the list of what is no sale; each row leads to its comprobante."""
    columnas = tuple(
        Column(uno, dicho, "money" if uno.startswith("total_") else "", DE_LISTA.get(uno, ()))
        for uno, dicho in (("tipo", "Tipo"), *campos)
    )
    ruta = f"/api/facturacion/{clave}/"
    return ListView(f"sunat.{clave}.list", titulo, f"{clave}.ver", ruta, columnas, icon=icono)


VIEWS: list[View] = [
    ListView(
        "sunat.comprobantes.list",
        "Comprobantes",
        "facturacion.ver",
        "/api/facturacion/comprobantes/",
        (
            Column("fecha_emision", "Fecha"),
            Column("tipo", "Tipo", choices=TIPOS),
            Column("serie", "Serie"),
            Column("numero", "Número"),
            Column("cliente_id", "Cliente"),
            Column("total_venta", "Total", "money", total=True),
            Column("estado_sunat", "Estado", choices=ESTADOS),
            Column("mensaje_sunat", "Respuesta de SUNAT"),
            Column("limite_envio", "Plazo", optional=True),
            Column("intentos", "Intentos", optional=True),
            Column("canal", "Envío", choices=CANALES, optional=True),
        ),
        filters=(
            Filter("hoy", "Hoy", "fecha_emision__gte=@today"),
            Filter("en_cola", "En cola", "estado_sunat__in=PENDIENTE,ENVIADO,CONTINGENCIA"),
            Filter("rechazados", "Rechazados", "estado_sunat=RECHAZADO"),
            Filter("excepciones", "Excepciones", "estado_sunat=EXCEPCION"),
            Filter("contingencia", "Contingencia", "estado_sunat=CONTINGENCIA"),
        ),
        icon="receipt",
        empty="Cargue el certificado digital y registre una venta.",
    ),
    FormView(
        "sunat.comprobantes.form",
        "Comprobante",
        "facturacion.ver",
        "/api/facturacion/comprobantes/",
        (
            Section(
                "comprobante",
                "Comprobante",
                (
                    Field("tipo", "Tipo", choices=TIPOS),
                    Field("serie", "Serie"),
                    Field("numero", "Número"),
                    Field("fecha_emision", "Fecha"),
                    Field("cliente_id", "Cliente", span=2),
                    Field("venta_id", "Venta"),
                    Field("moneda", "Moneda"),
                    Field("total_gravada", "Gravado"),
                    Field("total_igv", "IGV"),
                    Field("total_venta", "Total", "money"),
                ),
            ),
            Section(
                "respuesta",
                "SUNAT",
                (
                    Field("codigo_sunat", "Código"),
                    Field("mensaje_sunat", "Respuesta", span=3),
                    Field("intentos", "Intentos"),
                    Field("proximo_intento", "Próximo intento"),
                    Field("limite_envio", "Plazo"),
                    Field("hash", "Valor resumen", span=2),
                    Field("canal", "Envío", choices=CANALES),
                    Field("corrige_id", "Corrige a"),
                    Field("correo", "Enviado por correo a"),
                    Field("correo_enviado_at", "Enviado por correo"),
                ),
            ),
        ),
        buttons=(
            Button(
                "reenviar",
                "Reenviar",
                "/api/facturacion/comprobantes/{id}/reenviar/",
                when=("PENDIENTE", "ENVIADO", "CONTINGENCIA", "EXCEPCION"),
            ),
            Button(
                "corregir",
                "Corregir y emitir otra vez",
                "/api/facturacion/comprobantes/{id}/corregir/",
                when=("RECHAZADO", "EXCEPCION"),
                fields=(Field("cliente_id", "Cliente", span=4),),
            ),
            Button(
                "nota",
                "Nota de crédito",
                "/api/facturacion/notas/",
                when=("PENDIENTE", "ENVIADO", "CONTINGENCIA", "ACEPTADO"),
                fields=(
                    Field("motivo_codigo", "Motivo", choices=MOTIVOS, span=2),
                    Field("motivo_descripcion", "Descripción", span=2),
                ),
                identifies="comprobante_origen_id",
            ),
            Button(
                "correo",
                "Enviar por correo",
                "/api/facturacion/comprobantes/{id}/enviar-correo/",
                when=("ACEPTADO",),
                fields=(Field("email", "Correo", span=4),),
            ),
            Button(
                "anular",
                "Dar de baja",
                "/api/facturacion/comprobantes/{id}/anular/",
                when=("PENDIENTE", "ENVIADO", "CONTINGENCIA", "ACEPTADO"),
                fields=(
                    Field("motivo", "Motivo", span=4),
                    Field("reemitir", "Emitir otro de la misma venta"),
                ),
            ),
        ),
        links=(
            Link("pdf", "PDF", f"{DE_COMPROBANTE}pdf/", "file-text"),
            Link("ticket", "Ticket 80 mm", f"{DE_COMPROBANTE}pdf/?formato=ticket", "receipt"),
            Link("xml", "XML", f"{DE_COMPROBANTE}xml/", "file-code"),
            Link("cdr", "CDR", f"{DE_COMPROBANTE}cdr/", "file-check", RESPONDIDOS),
        ),
        states=StateBar("estado_sunat", ESTADOS),
        name="nombre_archivo",
    ),
    ListView(
        "sunat.envios.list",
        "Envíos a SUNAT",
        "facturacion.ver",
        "/api/facturacion/envios/",
        (
            Column("fecha_envio", "Fecha"),
            Column("comprobante_id", "Comprobante"),
            Column("resumen_id", "Resumen"),
            Column("operacion", "Llamada"),
            Column("estado", "Estado", choices=ENVIOS),
            Column("codigo_respuesta", "Código"),
            Column("mensaje_respuesta", "Mensaje"),
            Column("intentos", "Intento"),
            Column("limite", "Plazo", optional=True),
        ),
        icon="send",
    ),
    ListView(
        "sunat.resumenes.list",
        "Resúmenes y bajas",
        "facturacion.ver",
        "/api/facturacion/resumen-diario/",
        (
            Column("nombre_archivo", "Archivo"),
            Column("tipo", "Clase", choices=CLASES),
            Column("fecha_referencia", "Del día"),
            Column("cantidad_documentos", "Documentos"),
            Column("estado_envio", "Estado", choices=RESUMENES),
            Column("codigo_ticket", "Ticket"),
            Column("mensaje_sunat", "Respuesta de SUNAT"),
            Column("limite_envio", "Plazo", optional=True),
        ),
        filters=(
            Filter("en_curso", "En curso", "estado_envio__in=PENDIENTE,ENVIADO,EN_PROCESO"),
            Filter("rechazados", "Rechazados", "estado_envio=RECHAZADO"),
        ),
        buttons=(
            Button("resumir", "Resumir boletas pendientes", "/api/facturacion/resumen-diario/"),
        ),
        icon="layers",
        empty="Las boletas se resumen a las 23:50, si la empresa así las envía.",
    ),
    FormView(
        "sunat.resumenes.form",
        "Resumen",
        "facturacion.ver",
        "/api/facturacion/resumen-diario/",
        (
            Section(
                "resumen",
                "Resumen",
                (
                    Field("tipo", "Clase", choices=CLASES),
                    Field("fecha", "Generado"),
                    Field("fecha_referencia", "Del día"),
                    Field("cantidad_documentos", "Documentos"),
                    Field("codigo_ticket", "Ticket"),
                    Field("codigo_sunat", "Código"),
                    Field("mensaje_sunat", "Respuesta", span=2),
                    Field("intentos", "Intentos"),
                    Field("proximo_intento", "Próximo intento"),
                    Field("limite_envio", "Plazo"),
                    Field("reemplaza_id", "En lugar de"),
                ),
            ),
        ),
        links=(
            Link("xml", "XML", f"{DE_RESUMEN}xml/", "file-code"),
            Link("cdr", "CDR", f"{DE_RESUMEN}cdr/", "file-check", ("ACEPTADO", "RECHAZADO")),
        ),
        states=StateBar("estado_envio", RESUMENES),
        name="nombre_archivo",
    ),
    ListView(
        "sunat.bajas.list",
        "Bajas pedidas",
        "facturacion.ver",
        "/api/facturacion/bajas/",
        (
            Column("created_at", "Pedida"),
            Column("comprobante_id", "Comprobante"),
            Column("motivo", "Motivo"),
            Column("estado", "Estado", choices=BAJAS),
            Column("mensaje", "Respuesta"),
            Column("resumen_id", "Con"),
            Column("limite", "Plazo"),
        ),
        filters=(Filter("en_curso", "En curso", "estado__in=pedida,enviada"),),
        icon="ban",
    ),
    ListView(
        "sunat.series.list",
        "Series",
        "series.ver",
        "/api/facturacion/series/",
        (
            Column("tipo", "Tipo", choices=TIPOS),
            Column("serie", "Serie"),
            Column("sucursal_id", "Sucursal"),
            Column("inicio", "Desde el número"),
            Column("activo", "Activa"),
        ),
        icon="hash",
    ),
    FormView(
        "sunat.series.form",
        "Serie",
        "series.ver",
        "/api/facturacion/series/",
        (
            Section(
                "serie",
                "Serie",
                (
                    Field("tipo", "Tipo", choices=TIPOS),
                    Field("serie", "Serie"),
                    Field("sucursal_id", "Sucursal"),
                    Field("inicio", "Desde el número"),
                    Field("activo", "Activa"),
                ),
            ),
        ),
        name="serie",
    ),
    ListView(
        "sunat.certificados.list",
        "Certificados",
        "certificados.ver",
        "/api/facturacion/certificados/",
        (
            Column("titular", "Titular"),
            Column("desde", "Desde"),
            Column("hasta", "Hasta"),
            Column("activo", "Firma"),
        ),
        icon="certificate",
    ),
]

VIEWS += [
    _de_otros("guias", "Guías de remisión", DE_GUIA, "truck"),
    _de_otros("retenciones", "Retenciones y percepciones", DE_RETENCION, "percent"),
]

PATCHES = [
    Patch(
        "sales.ventas.form",
        Link(
            "comprobantes",
            "Comprobantes",
            "/app/facturacion/comprobantes/?venta_id={id}",
            "receipt",
        ),
        inside="links",
    ),
]

MENUS = [
    Menu(
        "sunat.comprobantes",
        "Comprobantes",
        "sunat.comprobantes.list",
        "base.tributario",
        "receipt",
        310,
    ),
    Menu("sunat.envios", "Envíos a SUNAT", "sunat.envios.list", "base.tributario", "send", 320),
    Menu(
        "sunat.resumenes",
        "Resúmenes y bajas",
        "sunat.resumenes.list",
        "base.tributario",
        "layers",
        322,
    ),
    Menu("sunat.bajas", "Bajas pedidas", "sunat.bajas.list", "base.tributario", "ban", 324),
    Menu("sunat.series", "Series", "sunat.series.list", "base.tributario", "hash", 330),
    Menu(
        "sunat.certificados",
        "Certificados",
        "sunat.certificados.list",
        "base.tributario",
        "key-round",
        340,
    ),
    Menu("sunat.guias", "Guías de remisión", "sunat.guias.list", "base.tributario", "truck", 314),
    Menu(
        "sunat.retenciones",
        "Retenciones y percepciones",
        "sunat.retenciones.list",
        "base.tributario",
        "percent",
        316,
    ),
]
