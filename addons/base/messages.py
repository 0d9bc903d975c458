"""Texts of the mail that base sends, in the language of who gets it."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from kernel.phrases import Phrase, phrase

Aviso = Literal[
    "equipo_nuevo",
    "clave_cambiada",
    "correo_cambiado",
    "segundo_factor_activado",
    "segundo_factor_desactivado",
    "clave_api_creada",
    "refresh_reusado",
    "identidad_vinculada",
    "identidad_desvinculada",
]
"""What a user is told about their own access."""

NO_FUI_YO = phrase(
    "Si fue usted, no tiene que hacer nada. Si no fue usted, cambie su contraseña ahora, cierre "
    "las demás sesiones y avise al administrador de su empresa."
)


class Carta(NamedTuple):
    """Subject and news of a notice."""

    asunto: Phrase
    noticia: Phrase
    consejo: Phrase = NO_FUI_YO

    def texto(self, nombre: str, cuando: str, ip: str | None, equipo: str | None) -> Phrase:
        """Return the body of the mail."""
        return phrase(
            "Hola, {nombre}:\n\n{noticia}\n\n"
            "  Cuándo: {cuando}\n  Desde: {ip}\n  Con: {equipo}\n\n{consejo}\n",
            nombre=nombre,
            noticia=self.noticia,
            cuando=cuando,
            ip=ip or phrase("desconocida"),
            equipo=equipo or phrase("desconocido"),
            consejo=self.consejo,
        )


AVISOS: Mapping[Aviso, Carta] = {
    "equipo_nuevo": Carta(
        phrase("Ingreso desde un equipo nuevo"),
        phrase(
            "Alguien ingresó con su cuenta desde un equipo o una red que no se había visto antes."
        ),
    ),
    "clave_cambiada": Carta(
        phrase("Su contraseña cambió"),
        phrase("La contraseña de su cuenta cambió y sus otras sesiones se cerraron."),
    ),
    "correo_cambiado": Carta(
        phrase("El correo de su cuenta cambió"),
        phrase(
            "El correo con el que ingresa cambió. Este aviso va a la dirección anterior y a la "
            "nueva."
        ),
    ),
    "segundo_factor_activado": Carta(
        phrase("Verificación en dos pasos activada"),
        phrase("Su cuenta pide ahora un código además de la contraseña."),
    ),
    "segundo_factor_desactivado": Carta(
        phrase("Verificación en dos pasos desactivada"),
        phrase("Su cuenta ya no pide un código además de la contraseña."),
    ),
    "clave_api_creada": Carta(
        phrase("Nueva clave de API"),
        phrase("Se creó o renovó una clave de API que actúa en nombre de su cuenta."),
    ),
    "identidad_vinculada": Carta(
        phrase("Cuenta de Google vinculada"),
        phrase("Desde ahora se puede ingresar a su cuenta con una cuenta de Google."),
    ),
    "identidad_desvinculada": Carta(
        phrase("Cuenta de Google desvinculada"),
        phrase("Ya no se puede ingresar a su cuenta con una cuenta de Google."),
    ),
    "refresh_reusado": Carta(
        phrase("Una sesión se cerró por seguridad"),
        phrase(
            "Una credencial de su sesión se usó dos veces, como ocurre cuando alguien la copia. "
            "Por eso la sesión se cerró en todos los equipos que la tenían; ingrese otra vez."
        ),
        phrase(
            "Si esto se repite, puede que alguien tenga acceso a su equipo. Si no fue usted, "
            "cambie su contraseña ahora, cierre las demás sesiones y avise al administrador de su "
            "empresa."
        ),
    ),
}

ASUNTO_ENLACE_CLAVE = phrase("Elija una contraseña nueva")


def enlace_clave(nombre: str, direccion: str) -> Phrase:
    """Return the mail for a forgotten password."""
    return phrase(
        "Hola, {nombre}:\n\n"
        "Para elegir una contraseña nueva abra este enlace dentro de una hora:\n\n"
        "  {direccion}\n\n"
        "Funciona una sola vez. Si usted no lo pidió, no tiene que hacer nada: su contraseña "
        "sigue siendo la misma.\n",
        nombre=nombre,
        direccion=direccion,
    )


def asunto_invitacion(empresa: str) -> Phrase:
    """Return the subject of the mail for a new user."""
    return phrase("Su cuenta en {empresa}", empresa=empresa)


def invitacion(nombre: str, empresa: str, direccion: str) -> Phrase:
    """Return the mail for a new user."""
    return phrase(
        "Hola, {nombre}:\n\n"
        "{empresa} creó una cuenta para usted en Andes. Para elegir su contraseña abra este "
        "enlace dentro de tres días:\n\n"
        "  {direccion}\n\n"
        "Funciona una sola vez. Si ya venció, pida otro a quien lo invitó.\n",
        nombre=nombre,
        empresa=empresa,
        direccion=direccion,
    )


ASUNTO_NOTIFICACIONES = phrase("Tiene notificaciones nuevas")


def notificaciones(nombre: str, noticias: str) -> Phrase:
    """Return the mail of what a user should know."""
    return phrase(
        "Hola, {nombre}:\n\n{noticias}\n\n"
        "Las encuentra también en Andes, entre sus notificaciones.\n",
        nombre=nombre,
        noticias=noticias,
    )
