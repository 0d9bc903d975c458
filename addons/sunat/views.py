"""Screens and menus of sunat."""

from kernel.views import (
    Button,
    Choice,
    Column,
    Field,
    Filter,
    FormView,
    ListView,
    Menu,
    Section,
    StateBar,
    View,
)

TIPOS = (
    Choice("01", "Factura", "info"),
    Choice("03", "Boleta"),
    Choice("07", "Nota de crédito", "warn"),
    Choice("08", "Nota de débito", "warn"),
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
ENVIOS = (
    Choice("enviando", "Enviando", "info"),
    Choice("aceptado", "Aceptado", "good"),
    Choice("rechazado", "Rechazado", "bad"),
    Choice("excepcion", "Excepción", "bad"),
    Choice("desconocido", "Sin respuesta", "warn"),
    Choice("no_enviado", "No enviado", "warn"),
    Choice("sistemico", "SUNAT no admite a la empresa", "bad"),
)

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
            Column("total_venta", "Total", total=True),
            Column("estado_sunat", "Estado", choices=ESTADOS),
            Column("mensaje_sunat", "Respuesta de SUNAT"),
            Column("limite_envio", "Plazo", optional=True),
            Column("intentos", "Intentos", optional=True),
        ),
        filters=(
            Filter("hoy", "Hoy", "fecha_emision__gte=@today"),
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
                    Field("total_venta", "Total"),
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
        "sunat.series.list",
        "Series",
        "series.ver",
        "/api/facturacion/series/",
        (
            Column("tipo", "Tipo", choices=TIPOS),
            Column("serie", "Serie"),
            Column("sucursal_id", "Sucursal"),
            Column("activo", "Activa"),
        ),
        icon="hash",
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
    Menu("sunat.series", "Series", "sunat.series.list", "base.tributario", "hash", 330),
    Menu(
        "sunat.certificados",
        "Certificados",
        "sunat.certificados.list",
        "base.tributario",
        "key-round",
        340,
    ),
]
