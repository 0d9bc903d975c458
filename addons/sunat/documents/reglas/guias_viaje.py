"""Rules of guías on the journey: both ends, who carries, who sends and who pays.

Source: SUNAT, CódigosRetorno v20260212; catalogues 06, 18.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from stdnum.pe import ruc

from addons.sunat.documents import guia as de_guia
from addons.sunat.documents.guia import GUIAS, PRIVADO, PUBLICO, TRANSPORTISTA, Guia
from addons.sunat.documents.modelo import Lugar
from addons.sunat.documents.reglas.formatos import documento_valido, en_una_linea, visible
from addons.sunat.documents.reglas.guias import DE_REMITENTE, LISTA
from addons.sunat.documents.reglas.tabla import Entorno, Falta

DE_TRANSPORTISTA = frozenset({TRANSPORTISTA})
_UBIGEO = re.compile(r"[0-9]{6}")
_ANEXO = re.compile(r"[0-9]{4}")


def _lugares(de: Guia) -> Iterator[tuple[str, Lugar]]:
    yield "partida", de.partida
    yield "llegada", de.llegada


def lleva_vehiculo(de: Guia) -> bool:
    """Return whether the guía tells vehicle and driver."""
    return not de.de_remitente or (de.modalidad == PRIVADO and not de.vehiculo_menor)


@LISTA.regla(
    "2773",
    "El valor ingresado como modalidad de transporte no es correcto.",
    "La modalidad es 01 transporte público o 02 transporte privado.",
    tipos=DE_REMITENTE,
)
def modalidad(de: Guia, _: Entorno) -> Iterator[Falta]:
    """The mode exists."""
    if de.modalidad not in de_guia.MODALIDADES:
        yield Falta("modalidad")


@LISTA.regla(
    "2775",
    "El XML no contiene el atributo o no existe informacion del codigo de ubigeo.",
    "Escriba el ubigeo, 6 dígitos.",
    tipos=GUIAS,
)
def sin_ubigeo(de: Guia, _: Entorno) -> Iterator[Falta]:
    """Both ends have an ubigeo."""
    for nombre, lugar in _lugares(de):
        if not lugar.ubigeo:
            yield Falta(f"{nombre}.ubigeo")


@LISTA.regla(
    "2776",
    "El valor ingresado como codigo de ubigeo no cumple con el estandar.",
    "El ubigeo tiene 6 dígitos.",
    tipos=GUIAS,
)
def ubigeo(de: Guia, _: Entorno) -> Iterator[Falta]:
    """An ubigeo looks like one."""
    for nombre, lugar in _lugares(de):
        if lugar.ubigeo and not _UBIGEO.fullmatch(lugar.ubigeo):
            yield Falta(f"{nombre}.ubigeo")


@LISTA.regla(
    "2777",
    "El XML no contiene el atributo o no existe informacion de direccion completa y detallada.",
    "Escriba la dirección completa.",
    tipos=GUIAS,
)
def sin_direccion(de: Guia, _: Entorno) -> Iterator[Falta]:
    """Both ends have an address."""
    for nombre, lugar in _lugares(de):
        if not visible(lugar.direccion):
            yield Falta(f"{nombre}.direccion")


@LISTA.regla(
    "2778",
    "El valor ingresado como direccion completa y detallada no cumple con el estandar.",
    "La dirección tiene de 3 a 500 caracteres, en una línea.",
    tipos=GUIAS,
)
def direccion(de: Guia, _: Entorno) -> Iterator[Falta]:
    """An address fits."""
    for nombre, lugar in _lugares(de):
        texto = visible(lugar.direccion)
        if texto and not en_una_linea(texto, 3, 500):
            yield Falta(f"{nombre}.direccion")


@LISTA.regla(
    "3365",
    "El codigo de establecimiento anexo del punto de partida no existe o no contiene informacion",
    "Entre establecimientos diga el código del que salen los bienes, 4 dígitos.",
    tipos=DE_REMITENTE,
)
def anexo_de_partida(de: Guia, _: Entorno) -> Iterator[Falta]:
    """Between establishments both are told."""
    propios = de.motivo in (de_guia.ENTRE_ESTABLECIMIENTOS, "18")
    if (propios or de.partida.codigo_anexo) and not _ANEXO.fullmatch(de.partida.codigo_anexo):
        yield Falta("partida.codigo_anexo")


@LISTA.regla(
    "3369",
    "El codigo de establecimiento anexo del punto de llegada no existe o no contiene informacion",
    "Entre establecimientos diga el código del que recibe, 4 dígitos.",
    tipos=DE_REMITENTE,
)
def anexo_de_llegada(de: Guia, _: Entorno) -> Iterator[Falta]:
    """The same, of where they arrive."""
    propios = de.motivo == de_guia.ENTRE_ESTABLECIMIENTOS
    if (propios or de.llegada.codigo_anexo) and not _ANEXO.fullmatch(de.llegada.codigo_anexo):
        yield Falta("llegada.codigo_anexo")


@LISTA.regla(
    "3414",
    "El Numero de RUC asociado al punto de partida/llegada debe ser el igual al Numero de RUC "
    "del remitente",
    "Entre establecimientos ambos son de la propia empresa.",
    tipos=DE_REMITENTE,
)
def anexo_propio(de: Guia, _: Entorno) -> Iterator[Falta]:
    """Between establishments both are ours."""
    if de.motivo == de_guia.ENTRE_ESTABLECIMIENTOS:
        for nombre, lugar in _lugares(de):
            if lugar.codigo_anexo and lugar.ruc != de.emisor.ruc:
                yield Falta(f"{nombre}.ruc")


@LISTA.regla(
    "3410",
    "Debe indicar el Numero de RUC al cual pertenece el Codigo de establecimiento anexo del "
    "punto de partida/llegada",
    "Con el código de un establecimiento diga el RUC de quién es.",
    tipos=GUIAS,
)
def anexo_con_ruc(de: Guia, _: Entorno) -> Iterator[Falta]:
    """An establishment is somebody's."""
    for nombre, lugar in _lugares(de):
        if lugar.codigo_anexo and not ruc.is_valid(lugar.ruc):
            yield Falta(f"{nombre}.ruc")


@LISTA.regla(
    "2558",
    "El XML no contiene el tag o no existe informacion en Numero de Ruc del transportista.",
    "En transporte público diga quién transporta, con su RUC.",
    tipos=DE_REMITENTE,
)
def sin_transportista(de: Guia, _: Entorno) -> Iterator[Falta]:
    """For hire, who carries is told."""
    if de.modalidad == PUBLICO and (de.transportista is None or not de.transportista.numero_doc):
        yield Falta("transportista")


@LISTA.regla(
    "2559",
    "El numero de RUC del transportista - El dato ingresado no cumple con el formato establecido.",
    "El transportista tiene un RUC de 11 dígitos.",
    tipos=DE_REMITENTE,
)
def ruc_transportista(de: Guia, _: Entorno) -> Iterator[Falta]:
    """Who carries has a RUC that can exist."""
    suyo = de.transportista.numero_doc if de.transportista is not None else ""
    if suyo and not ruc.is_valid(suyo):
        yield Falta("transportista.numero_doc")


@LISTA.regla(
    "2560",
    "Transportista no debe ser igual al remitente",
    "Si transporta la propia empresa, el transporte es privado.",
    tipos=DE_REMITENTE,
)
def transportista_ajeno(de: Guia, _: Entorno) -> Iterator[Falta]:
    """For hire it is somebody else."""
    if de.transportista is not None and de.transportista.numero_doc == de.emisor.ruc:
        yield Falta("transportista.numero_doc")


@LISTA.regla(
    "2563",
    "El XML no contiene el tag o no existe informacion de Apellido, Nombre o razon social del "
    "transportista.",
    "Escriba el nombre del transportista.",
    tipos=DE_REMITENTE,
)
def nombre_transportista(de: Guia, _: Entorno) -> Iterator[Falta]:
    """Who carries has a name."""
    if de.transportista is not None and not visible(de.transportista.razon_social):
        yield Falta("transportista.razon_social")


@LISTA.regla(
    "3347",
    "No debe consignar los datos del transportista para una operacion de Transporte Privado",
    "En transporte privado no hay transportista: quite sus datos.",
    tipos=DE_REMITENTE,
)
def transportista_en_privado(de: Guia, _: Entorno) -> Iterator[Falta]:
    """Privately nobody else carries."""
    if de.modalidad == PRIVADO and de.transportista is not None:
        yield Falta("transportista")


@LISTA.regla(
    "3383",
    "Debe consignar el Numero de documento de identidad del Remitente",
    "La guía del transportista dice quién envía.",
    tipos=DE_TRANSPORTISTA,
)
def sin_remitente(de: Guia, _: Entorno) -> Iterator[Falta]:
    """Who sends is told."""
    if de.remitente is None or not visible(de.remitente.numero_doc):
        yield Falta("remitente")


@LISTA.regla(
    "3384",
    "El Numero de documento de identidad del Remitente no cumple con el formato establecido",
    "Corrija el documento del remitente: un RUC tiene 11 dígitos, un DNI 8.",
    tipos=DE_TRANSPORTISTA,
)
def remitente_numero(de: Guia, _: Entorno) -> Iterator[Falta]:
    """The number can exist."""
    uno = de.remitente
    if uno is not None and visible(uno.numero_doc) and not documento_valido(uno):
        yield Falta("remitente.numero_doc")


@LISTA.regla(
    "3387",
    "Debe consignar el Nombre o razon social del Remitente",
    "Escriba el nombre del remitente.",
    tipos=DE_TRANSPORTISTA,
)
def remitente_nombre(de: Guia, _: Entorno) -> Iterator[Falta]:
    """Who sends has a name."""
    if de.remitente is not None and not visible(de.remitente.razon_social):
        yield Falta("remitente.razon_social")


@LISTA.regla(
    "3388",
    "El indicador no cumple con el formato establecido",
    "Paga el flete el Remitente, el Subcontratador o un Tercero.",
    tipos=DE_TRANSPORTISTA,
)
def pagador(de: Guia, _: Entorno) -> Iterator[Falta]:
    """Who pays is one of three."""
    if de.pagador_flete not in de_guia.PAGADORES:
        yield Falta("pagador_flete")


@LISTA.regla(
    "3400",
    "El Numero de documento de identidad de quien paga el servicio no cumple con el formato "
    "establecido",
    "Si paga un tercero, diga quién con su documento.",
    tipos=DE_TRANSPORTISTA,
)
def pagador_dicho(de: Guia, _: Entorno) -> Iterator[Falta]:
    """A third party that pays is told."""
    tercero = de.pagador_flete == de_guia.PAGADORES[2]
    if tercero and (de.pagador is None or not documento_valido(de.pagador)):
        yield Falta("pagador")
