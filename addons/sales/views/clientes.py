"""Screens of customers."""

from kernel.views import Choice, Column, Field, Filter, FormView, ListView, Section, View

DOCUMENTOS = (
    Choice("6", "RUC"),
    Choice("1", "DNI"),
    Choice("4", "Carné de extranjería"),
    Choice("7", "Pasaporte"),
    Choice("0", "Sin documento"),
)

CLIENTES: list[View] = [
    ListView(
        "sales.clientes.list",
        "Clientes",
        "clientes.ver",
        "/api/clientes/",
        (
            Column("razon_social", "Razón social", "person"),
            Column("tipo_doc", "Documento", choices=DOCUMENTOS),
            Column("numero_doc", "Número"),
            Column("telefono", "Teléfono"),
            Column("email", "Correo"),
            Column("categoria", "Categoría", optional=True),
            Column("limite_credito", "Límite de crédito", "money", optional=True),
            Column("saldo_credito", "Debe", "money", optional=True),
            Column("created_at", "Desde", optional=True),
        ),
        filters=(
            Filter("empresas", "Empresas", "tipo_doc=6"),
            Filter("personas", "Personas", "tipo_doc=1"),
            Filter("deudores", "Deben", "saldo_credito__gt=0"),
        ),
        icon="users",
        empty="Cree el primer cliente. Para ventas sin nombre ya está «Clientes varios».",
    ),
    FormView(
        "sales.clientes.form",
        "Cliente",
        "clientes.ver",
        "/api/clientes/",
        (
            Section(
                "cliente",
                fields=(
                    Field("razon_social", "Razón social o nombre", span=2),
                    Field("tipo_doc", "Documento", choices=DOCUMENTOS),
                    Field("numero_doc", "Número"),
                ),
            ),
            Section(
                "contacto",
                "Contacto",
                (
                    Field("telefono", "Teléfono", "tel"),
                    Field("email", "Correo", "email"),
                    Field("direccion", "Dirección", span=2),
                ),
            ),
            Section(
                "comercial",
                "Condiciones",
                (
                    Field("categoria", "Categoría"),
                    Field("limite_credito", "Límite de crédito", "money"),
                    Field("dias_credito", "Días de crédito"),
                    Field("saldo_credito", "Debe", "money"),
                    Field("lista_precio_id", "Lista de precios"),
                    Field("tags", "Etiquetas", "tags", span=2),
                    Field("activo", "Activo"),
                ),
            ),
        ),
        name="razon_social",
    ),
]
