"""Customers from a spreadsheet, known by their document."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, tuple_

from addons.sales.models import Cliente, ListaPrecio
from addons.sales.schemas import LARGO_DNI, LARGO_RUC, FilaCliente
from addons.sales.services.clientes import CREDITO, DAR_CREDITO, SIN_CREDITO
from kernel.context import Ctx
from kernel.imports import Import, Row, Target, Written

LLAVE = ("tipo_doc", "numero_doc")


def _documento(fila: Any) -> tuple[str, str] | None:
    """Return the type and number of a row's document, the type by its length if nobody says it."""
    if not fila.numero_doc:
        return None
    por_largo = {LARGO_RUC: "6", LARGO_DNI: "1"} if fila.numero_doc.isdigit() else {}
    tipo = fila.tipo_doc or por_largo.get(len(fila.numero_doc))
    return (tipo, fila.numero_doc) if tipo else None


def revisar(ctx: Ctx, filas: Sequence[Row], _importacion_id: int) -> None:
    """Find the customers that are there, and the price lists that rows name."""
    query = select(ListaPrecio.nombre, ListaPrecio.id)
    listas = {nombre.lower(): uno for nombre, uno in ctx.session.execute(query)}
    llaves = {fila.number: _documento(fila.data) for fila in filas}
    conocidas = [llave for llave in llaves.values() if llave is not None]
    busca = select(Cliente).where(tuple_(Cliente.tipo_doc, Cliente.numero_doc).in_(conocidas))
    hay = {(uno.tipo_doc, uno.numero_doc): uno for uno in ctx.session.scalars(busca)}
    da_credito = ctx.can(DAR_CREDITO)
    for fila in filas:
        for nombre in () if da_credito else (uno for uno in CREDITO if uno in fila.given):
            fila.refuse(nombre, SIN_CREDITO, "sin_permiso")
        llave = llaves[fila.number]
        cambios: dict[str, Any] = {}
        if llave is not None:
            fila.record = hay.get(llave)
            cambios["tipo_doc"] = llave[0]
        elif fila.data.numero_doc:
            fila.refuse("tipo_doc", "Dígalo: no son los dígitos de un RUC ni de un DNI.", "falta")
        lista = fila.given.get("lista_precio")
        if lista and lista.lower() not in listas:
            fila.refuse("lista_precio", f"No hay una lista de precios «{lista}».", "no_existe")
        elif lista:
            cambios["lista_precio_id"] = listas[lista.lower()]
        fila.data = fila.data.model_copy(update=cambios)


def escribir(ctx: Ctx, filas: Sequence[Row], _importacion_id: int) -> Written:
    """Write the customers: new ones, and what the cells of known ones say."""
    nuevos = [fila for fila in filas if fila.record is None]
    for fila in filas:
        columnas = fila.data.model_dump(exclude_unset=True, exclude={"lista_precio"})
        if fila.record is None:
            ctx.session.add(Cliente(**columnas))
            continue
        for nombre, valor in columnas.items():
            if nombre not in LLAVE:
                setattr(fila.record, nombre, valor)
    ctx.session.flush()
    return Written(len(nuevos), len(filas) - len(nuevos))


CLIENTES = Import(
    "clientes",
    "Clientes",
    ("clientes.crear", "clientes.editar"),
    FilaCliente,
    (
        Target(
            "numero_doc",
            "Número de documento",
            "RUC, DNI u otro",
            ("ruc", "dni", "ruc dni", "dni ruc", "documento"),
        ),
        Target(
            "tipo_doc",
            "Tipo de documento",
            "RUC, DNI, código del catálogo 06; si falta se deduce de los dígitos",
            ("tipo doc", "tipo"),
        ),
        Target("razon_social", "Razón social o nombre", "", ("razon social", "nombre", "cliente")),
        Target("email", "Correo", "", ("correo electronico", "e mail", "mail")),
        Target("telefono", "Teléfono", "", ("celular", "movil")),
        Target("direccion", "Dirección", "", ("domicilio",)),
        Target("categoria", "Categoría", "", ("rubro",)),
        Target("limite_credito", "Límite de crédito", "En soles", ("linea de credito",)),
        Target("dias_credito", "Días de crédito", "", ("plazo",)),
        Target("lista_precio", "Lista de precios", "Por su nombre", ("lista",)),
        Target("tags", "Etiquetas", "Separadas con coma", ("etiqueta",)),
        Target("activo", "Activo", "sí o no", ("vigente",)),
    ),
    _documento,
    revisar,
    escribir,
)
