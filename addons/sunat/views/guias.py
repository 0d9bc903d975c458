"""Screens of guías, and of those that wait to be completed."""

from addons.sunat.views.campos import (
    BARRA,
    DE_LISTA,
    DOCUMENTOS,
    ESTADOS_BORRADOR,
    MODALIDADES,
    MOTIVOS_TRASLADO,
    PAGADORES,
    RELACIONADOS,
    RESPONDIDOS,
    TIPOS,
    TIPOS_GUIA,
    UNIDADES_PESO,
)
from addons.sunat.views.partes import ESTADO, RESPUESTA, persona
from kernel.views import (
    Button,
    Column,
    Field,
    Filter,
    FormView,
    Lines,
    Link,
    ListView,
    Section,
    StateBar,
    View,
)

UBIGEOS = "/api/ubigeos/"
DE_GUIA = "/api/facturacion/guias/{id}/"


def _lugar(nombre: str, titulo: str, ayuda: str = "") -> Section:
    return Section(
        nombre,
        titulo,
        (
            Field(f"{nombre}.ubigeo", "Distrito (ubigeo)", refers=UBIGEOS, help=ayuda, span=2),
            Field(f"{nombre}.direccion", "Dirección", span=2),
            Field(f"{nombre}.codigo_anexo", "Código de establecimiento", help="4 dígitos."),
            Field(f"{nombre}.ruc", "RUC del establecimiento"),
        ),
    )


GUIAS: list[View] = [
    ListView(
        "sunat.guias.list",
        "Guías de remisión",
        "guias.ver",
        "/api/facturacion/guias/",
        (
            Column("fecha_traslado", "Traslado"),
            Column("tipo", "Tipo", choices=TIPOS),
            Column("serie", "Serie"),
            Column("numero", "Número"),
            Column("destinatario", "Destinatario"),
            Column("punto_llegada", "Llegada"),
            Column("motivo_traslado", "Motivo", choices=DE_LISTA["motivo_traslado"]),
            *ESTADO,
            Column("punto_partida", "Partida", optional=True),
            Column(
                "modalidad_traslado",
                "Modalidad",
                choices=DE_LISTA["modalidad_traslado"],
                optional=True,
            ),
            Column("peso_bruto", "Peso", optional=True),
            Column("unidad_peso", "Unidad", optional=True),
            Column("venta_id", "Venta", optional=True),
            Column("referencia_doc", "Referencia", "mention", optional=True),
        ),
        filters=(
            Filter("hoy", "Se trasladan hoy", "fecha_traslado=@today"),
            Filter("entre_locales", "Entre establecimientos", "motivo_traslado=04"),
        ),
        icon="truck",
        empty="Emita la guía de lo que sale: de una venta, de una transferencia o de lo que sea.",
    ),
    FormView(
        "sunat.guias.form",
        "Guía de remisión",
        "guias.ver",
        "/api/facturacion/guias/",
        (
            Section(
                "guia",
                "Traslado",
                (
                    Field("tipo", "Tipo", choices=TIPOS_GUIA),
                    Field("serie", "Serie"),
                    Field("numero", "Número"),
                    Field("fecha_emision", "Emisión", help="Hoy, si no dice otra."),
                    Field("fecha_traslado", "Inicio del traslado", help="Hoy, si no dice otro."),
                    Field("motivo", "Motivo", choices=MOTIVOS_TRASLADO, span=2),
                    Field("motivo_descripcion", "Descripción del motivo", help="Si es otro."),
                    Field("modalidad", "Modalidad", choices=MODALIDADES, span=2),
                    Field("peso_bruto", "Peso bruto"),
                    Field("unidad_peso", "Unidad del peso", choices=UNIDADES_PESO),
                    Field("bultos", "Bultos"),
                    Field(
                        "cliente_id",
                        "Cliente que recibe",
                        help="Entre establecimientos no hace falta: recibe la empresa.",
                        refers="/api/clientes/",
                        span=2,
                    ),
                    Field("venta_id", "Venta", refers="/api/ventas/"),
                    Field("referencia_doc", "Referencia", "mention"),
                ),
            ),
            _lugar("partida", "Punto de partida", "El domicilio de la empresa, si no dice otro."),
            _lugar("llegada", "Punto de llegada"),
            Lines(
                "bienes",
                "bienes",
                "Bienes",
                (
                    Column("producto_id", "Producto"),
                    Column("descripcion", "Descripción"),
                    Column("cantidad", "Cantidad"),
                    Column("unidad_medida", "Unidad"),
                    Column("codigo_producto", "Código"),
                ),
            ),
            Lines(
                "vehiculos",
                "vehiculos",
                "Vehículos (transporte privado)",
                (Column("placa", "Placa"), Column("tuc", "Tarjeta de circulación")),
            ),
            Lines(
                "conductores",
                "conductores",
                "Conductores (transporte privado)",
                (
                    Column("tipo_doc", "Documento", choices=DOCUMENTOS),
                    Column("numero_doc", "Número"),
                    Column("nombres", "Nombres"),
                    Column("apellidos", "Apellidos"),
                    Column("licencia", "Licencia"),
                ),
            ),
            Section(
                "publico",
                "Empresa de transporte (transporte público)",
                (
                    Field("transportista.numero_doc", "RUC"),
                    Field("transportista.razon_social", "Razón social", span=2),
                    Field("transportista.mtc", "Registro MTC"),
                ),
            ),
            persona("destinatario", "Destinatario", "Solo si no es un cliente registrado."),
            persona("remitente", "Remitente (guía de transportista)"),
            Section(
                "transportista_31",
                "Guía de transportista",
                (
                    Field("pagador_flete", "Quién paga el flete", choices=PAGADORES),
                    Field("mtc", "Registro MTC propio"),
                    Field("vehiculo_menor", "Va en moto o auto (M1, L)"),
                    Field("transbordo", "Transbordo programado"),
                    Field("retorno_vacio", "Retorno vacío"),
                    Field("retorno_envases", "Retorno con envases"),
                ),
            ),
            Lines(
                "relacionados",
                "relacionados",
                "Documentos relacionados",
                (
                    Column("tipo", "Tipo", choices=RELACIONADOS),
                    Column("numero", "Número"),
                    Column("emisor", "RUC del emisor"),
                ),
            ),
            Section("notas", "", (Field("observaciones", "Observaciones", span=4),)),
            RESPUESTA,
        ),
        links=(
            Link("pdf", "PDF", f"{DE_GUIA}pdf/", "file-text"),
            Link("xml", "XML", f"{DE_GUIA}xml/", "file-code"),
            Link("cdr", "CDR", f"{DE_GUIA}cdr/", "file-check", RESPONDIDOS),
            Link(
                "comprobante",
                "Comprobante",
                "/app/facturacion/comprobantes/{comprobante_id}/",
                "receipt",
            ),
            Link("otra", "Emitir otra igual", "/app/facturacion/guias/nuevo/?guia_id={id}", "copy"),
        ),
        states=BARRA,
        name="numero",
        live=("PENDIENTE", "ENVIADO"),
        draft="/api/facturacion/guias/propuesta/",
        opens="/app/facturacion/guias/{guia_id}/",
        saves="Emitir la guía",
        alone=True,
    ),
    ListView(
        "sunat.borradores.list",
        "Guías por emitir",
        "guias.ver",
        "/api/facturacion/guias-por-emitir/",
        (
            Column("created_at", "Desde"),
            Column("descripcion", "Traslado"),
            Column("referencia_doc", "Referencia", "mention"),
            Column("sucursal_id", "Sucursal"),
            Column("estado", "Estado", choices=ESTADOS_BORRADOR),
            Column("comprobante_id", "Comprobante", optional=True),
        ),
        filters=(Filter("pendientes", "Por emitir", "estado=PENDIENTE"),),
        icon="clipboard-pen",
        empty="Cuando una transferencia sale, su guía espera aquí a que se le ponga el vehículo.",
    ),
    FormView(
        "sunat.borradores.form",
        "Guía por emitir",
        "guias.ver",
        "/api/facturacion/guias-por-emitir/",
        (
            Section(
                "borrador",
                fields=(
                    Field("descripcion", "Traslado", span=2),
                    Field("referencia_doc", "Referencia", "mention"),
                    Field("created_at", "Desde"),
                    Field("sucursal_id", "Sucursal", span=2),
                    Field("comprobante_id", "Comprobante", span=2),
                ),
            ),
        ),
        buttons=(
            Button(
                "descartar",
                "Descartar",
                "/api/facturacion/guias-por-emitir/{id}/descartar/",
                "x",
                when=("PENDIENTE",),
                confirm="¿Descartar? No se emitirá una guía de este traslado.",
            ),
        ),
        links=(
            Link(
                "completar",
                "Completar y emitir",
                "/app/facturacion/guias/nuevo/?referencia_doc={referencia_doc}",
                "truck",
                ("PENDIENTE",),
            ),
        ),
        states=StateBar("estado", ESTADOS_BORRADOR, rare=("DESCARTADA",)),
        name="descripcion",
    ),
]
