"""Rules of guías on the journey: both ends, who carries, vehicles and drivers.

Source: SUNAT, CódigosRetorno v20260212; catalogues 06, 18.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from stdnum.pe import ruc

from addons.sunat.documents import guia as de_guia
from addons.sunat.documents.guia import GUIAS, PRIVADO, PUBLICO, TRANSPORTISTA, Guia
from addons.sunat.documents.modelo import Adquirente, Lugar
from addons.sunat.documents.reglas.formatos import documento_valido, en_una_linea
from addons.sunat.documents.reglas.guias import DE_REMITENTE, LISTA
from addons.sunat.documents.reglas.tabla import Entorno, Falta, Hallazgo

DE_TRANSPORTISTA = frozenset({TRANSPORTISTA})
_UBIGEO = re.compile(r"[0-9]{6}")
_ANEXO = re.compile(r"[0-9]{4}")
_PLACA = re.compile(r"(?!0+$)[A-Z0-9]{6,8}")
_LICENCIA = re.compile(r"[A-Z0-9]{9,10}")
_TUC = re.compile(r"[A-Z0-9]{10,15}")


def _lugares(de: Guia) -> Iterator[tuple[str, Lugar]]:
    yield "partida", de.partida
    yield "llegada", de.llegada


def _lleva_vehiculo(de: Guia) -> bool:
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
        if not lugar.direccion.strip():
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
        texto = lugar.direccion.strip()
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
    if de.transportista is not None and not de.transportista.razon_social.strip():
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
    "2774",
    "El XML contiene datos de vehiculo o datos de conductores para una operación de transporte "
    "publico completo.",
    "En transporte público vehículos y conductores van en la guía del transportista.",
    tipos=DE_REMITENTE,
)
def vehiculo_en_publico(de: Guia, _: Entorno) -> Iterator[Falta]:
    """For hire, the carrier tells vehicle and driver."""
    if de.modalidad == PUBLICO and de.vehiculos:
        yield Falta("vehiculos")
    if de.modalidad == PUBLICO and de.conductores:
        yield Falta("conductores")


@LISTA.regla(
    "2566",
    "El XML no contiene el tag o no existe informacion del Numero de placa del vehículo.",
    "Diga la placa del vehículo, o que es de categoría M1 o L («vehiculo_menor»).",
    tipos=GUIAS,
)
def sin_placa(de: Guia, _: Entorno) -> Iterator[Falta]:
    """The vehicle is told."""
    if _lleva_vehiculo(de) and not de.vehiculos:
        yield Falta("vehiculos")


@LISTA.regla(
    "2567",
    "Numero de placa del vehículo - El dato ingresado no cumple con el formato establecido.",
    "La placa tiene de 6 a 8 letras mayúsculas y dígitos, sin guion.",
    tipos=GUIAS,
)
def placa(de: Guia, _: Entorno) -> Iterator[Falta]:
    """A plate looks like one."""
    for indice, uno in enumerate(de.vehiculos):
        if not _PLACA.fullmatch(uno.placa):
            yield Falta(f"vehiculos.{indice}.placa")


@LISTA.regla(
    "3355",
    "El Numero de Constancia de Inscripcion Vehicular o Certificado de Habilitacion Vehicular o "
    "la TUC (fisica o electronica) no cumple con el formato establecido",
    "La tarjeta de circulación tiene de 10 a 15 letras mayúsculas y dígitos.",
    tipos=GUIAS,
)
def tuc(de: Guia, _: Entorno) -> Iterator[Falta]:
    """A card of circulation looks like one."""
    for indice, uno in enumerate(de.vehiculos):
        if uno.tuc and not _TUC.fullmatch(uno.tuc):
            yield Falta(f"vehiculos.{indice}.tuc")


@LISTA.regla(
    "3357",
    "Debe consignar informacion del conductor principal",
    "Diga quién conduce, o que el vehículo es de categoría M1 o L.",
    tipos=GUIAS,
)
def sin_conductor(de: Guia, _: Entorno) -> Iterator[Falta]:
    """Who drives is told."""
    if _lleva_vehiculo(de) and not de.conductores:
        yield Falta("conductores")


@LISTA.regla(
    "2571",
    "cac:DriverPerson/ID@schemeID - El valor ingresado de tipo de documento identidad de "
    "conductor es incorrecto.",
    "El documento del conductor es 1 DNI, 4 carné de extranjería, 7 pasaporte o A.",
    tipos=GUIAS,
)
def tipo_conductor(de: Guia, _: Entorno) -> Iterator[Falta]:
    """The kind of document exists."""
    for indice, uno in enumerate(de.conductores):
        if uno.tipo_doc not in ("1", "4", "7", "A"):
            yield Falta(f"conductores.{indice}.tipo_doc")


@LISTA.regla(
    "2569",
    "Documento identidad del conductor - El dato ingresado no cumple con el formato establecido.",
    "Corrija el documento del conductor: un DNI tiene 8 dígitos.",
    tipos=GUIAS,
)
def numero_conductor(de: Guia, _: Entorno) -> Iterator[Falta]:
    """The number can exist."""
    for indice, uno in enumerate(de.conductores):
        if not documento_valido(Adquirente(uno.tipo_doc, uno.numero_doc, uno.nombres)):
            yield Falta(f"conductores.{indice}.numero_doc")


@LISTA.regla(
    "3360",
    "Debe consignar informacion de los nombres del conductor",
    "Escriba los nombres del conductor.",
    tipos=GUIAS,
)
def nombres_conductor(de: Guia, _: Entorno) -> Iterator[Falta]:
    """Who drives has a name."""
    for indice, uno in enumerate(de.conductores):
        if not uno.nombres.strip():
            yield Falta(f"conductores.{indice}.nombres")


@LISTA.regla(
    "3361",
    "Debe consignar informacion de los apellidos del conductor",
    "Escriba los apellidos del conductor.",
    tipos=GUIAS,
)
def apellidos_conductor(de: Guia, _: Entorno) -> Iterator[Falta]:
    """Who drives has a surname."""
    for indice, uno in enumerate(de.conductores):
        if not uno.apellidos.strip():
            yield Falta(f"conductores.{indice}.apellidos")


@LISTA.regla(
    "2573",
    "Numero de licencia del conductor - El dato ingresado no cumple con el formato establecido.",
    "La licencia tiene 9 o 10 letras mayúsculas y dígitos.",
    tipos=GUIAS,
)
def licencia(de: Guia, _: Entorno) -> Iterator[Falta]:
    """A licence looks like one."""
    for indice, uno in enumerate(de.conductores):
        if not _LICENCIA.fullmatch(uno.licencia):
            yield Falta(f"conductores.{indice}.licencia")


@LISTA.regla(
    "3362",
    "No debe repetirse la informacion de conductores",
    "Quite el conductor repetido.",
    tipos=GUIAS,
)
def conductor_repetido(de: Guia, _: Entorno) -> Iterator[Falta]:
    """Nobody is told twice."""
    dichos = [(uno.tipo_doc, uno.numero_doc) for uno in de.conductores]
    for indice, uno in enumerate(dichos):
        if uno in dichos[:indice]:
            yield Falta(f"conductores.{indice}.numero_doc")


@LISTA.regla(
    "3383",
    "Debe consignar el Numero de documento de identidad del Remitente",
    "La guía del transportista dice quién envía: «remitente».",
    tipos=DE_TRANSPORTISTA,
)
def sin_remitente(de: Guia, _: Entorno) -> Iterator[Falta]:
    """Who sends is told."""
    if de.remitente is None or not de.remitente.numero_doc.strip():
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
    if uno is not None and uno.numero_doc.strip() and not documento_valido(uno):
        yield Falta("remitente.numero_doc")


@LISTA.regla(
    "3387",
    "Debe consignar el Nombre o razon social del Remitente",
    "Escriba el nombre del remitente.",
    tipos=DE_TRANSPORTISTA,
)
def remitente_nombre(de: Guia, _: Entorno) -> Iterator[Falta]:
    """Who sends has a name."""
    if de.remitente is not None and not de.remitente.razon_social.strip():
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


def revisar_guia(de: Guia, entorno: Entorno) -> list[Hallazgo]:
    """Return every finding of a guía, by all of its rules."""
    return LISTA.revisar(de, entorno)
