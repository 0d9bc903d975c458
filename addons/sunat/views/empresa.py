"""Screens of what a company issues with: series and certificates."""

from addons.sunat.views.campos import TIPOS
from kernel.views import Column, Field, FormView, ListView, Section, SettingsView, View

QUEDA = "En blanco deja la guardada."
EMPRESA: list[View] = [
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
            Column("hasta", "Vence"),
            Column("dias_restantes", "Días que quedan"),
            Column("activo", "Firma"),
        ),
        icon="file-key",
        empty="Cargue el certificado digital (PFX) con que la empresa firma.",
    ),
    FormView(
        "sunat.certificados.form",
        "Certificado digital",
        "certificados.ver",
        "/api/facturacion/certificados/",
        (
            Section(
                "archivo",
                "Certificado",
                (
                    Field("archivo", "Archivo PFX o P12", span=2),
                    Field("clave", "Clave del archivo", "password", span=2),
                    Field("titular", "Titular", span=2),
                    Field("serial", "Número de serie", span=2),
                    Field("desde", "Desde"),
                    Field("hasta", "Vence"),
                    Field("dias_restantes", "Días que quedan"),
                    Field("activo", "Firma"),
                ),
            ),
        ),
        name="titular",
        saves="Cargar",
    ),
    SettingsView(
        "sunat.credenciales",
        "Credenciales de SUNAT",
        "certificados.ver",
        "/api/facturacion/credenciales/",
        (
            Section(
                "sol",
                "Clave SOL",
                (
                    Field("usuario", "Usuario secundario", span=2),
                    Field("clave", "Clave", "password", help=QUEDA, span=2),
                ),
            ),
            Section(
                "aplicacion",
                "Aplicación para guías y validez",
                (
                    Field("client_id", "client_id", span=2),
                    Field("client_secret", "client_secret", "password", help=QUEDA, span=2),
                ),
            ),
            Section(
                "ose",
                "OSE",
                (
                    Field(
                        "url_envio",
                        "Dirección de envío",
                        help="Solo si la empresa envía por un OSE.",
                        span=4,
                    ),
                    Field("url_consulta", "Dirección de consulta", span=4),
                ),
            ),
        ),
        icon="key-round",
    ),
]
