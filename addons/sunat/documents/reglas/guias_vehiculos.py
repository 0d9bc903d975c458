"""Rules of guías on what carries the goods: vehicles and who drives them.

Source: SUNAT, CódigosRetorno v20260212; catalogue 06.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from addons.sunat.documents.guia import GUIAS, PUBLICO, Guia
from addons.sunat.documents.modelo import Adquirente
from addons.sunat.documents.reglas.formatos import documento_valido, visible
from addons.sunat.documents.reglas.guias import DE_REMITENTE, LISTA
from addons.sunat.documents.reglas.guias_viaje import lleva_vehiculo
from addons.sunat.documents.reglas.tabla import Entorno, Falta, Hallazgo

_PLACA = re.compile(r"(?!0+$)[A-Z0-9]{6,8}")
_LICENCIA = re.compile(r"[A-Z0-9]{9,10}")
_TUC = re.compile(r"[A-Z0-9]{10,15}")


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
    "Diga la placa del vehículo, o marque que va en moto o auto (M1, L).",
    tipos=GUIAS,
)
def sin_placa(de: Guia, _: Entorno) -> Iterator[Falta]:
    """The vehicle is told."""
    if lleva_vehiculo(de) and not de.vehiculos:
        yield Falta("vehiculos")


@LISTA.regla(
    "2567",
    "Numero de placa del vehículo - El dato ingresado no cumple con el formato establecido.",
    "La placa tiene de 6 a 8 letras y dígitos.",
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
    "Diga quién conduce, o marque que va en moto o auto (M1, L).",
    tipos=GUIAS,
)
def sin_conductor(de: Guia, _: Entorno) -> Iterator[Falta]:
    """Who drives is told."""
    if lleva_vehiculo(de) and not de.conductores:
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
        if not visible(uno.nombres):
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
        if not visible(uno.apellidos):
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


def revisar_guia(de: Guia, entorno: Entorno) -> list[Hallazgo]:
    """Return every finding of a guía, by all of its rules."""
    return LISTA.revisar(de, entorno)
