"""Texts of the mail that base sends."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

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

NO_FUI_YO = (
    "Si no fue usted, cambie su contraseña ahora, cierre las demás sesiones y avise al "
    "administrador de su empresa."
)


class Carta(NamedTuple):
    """Subject and news of a notice."""

    asunto: str
    noticia: str
    consejo: str = f"Si fue usted, no tiene que hacer nada. {NO_FUI_YO}"

    def texto(self, nombre: str, cuando: str, ip: str, equipo: str) -> str:
        """Return the body of the mail."""
        return (
            f"Hola, {nombre}:\n\n{self.noticia}\n\n"
            f"  Cuándo: {cuando}\n  Desde: {ip}\n  Con: {equipo}\n\n{self.consejo}\n"
        )


AVISOS: Mapping[Aviso, Carta] = {
    "equipo_nuevo": Carta(
        "Ingreso desde un equipo nuevo",
        "Alguien ingresó con su cuenta desde un equipo o una red que no se había visto antes.",
    ),
    "clave_cambiada": Carta(
        "Su contraseña cambió",
        "La contraseña de su cuenta cambió y sus otras sesiones se cerraron.",
    ),
    "correo_cambiado": Carta(
        "El correo de su cuenta cambió",
        "El correo con el que ingresa cambió. Este aviso va a la dirección anterior y a la nueva.",
    ),
    "segundo_factor_activado": Carta(
        "Verificación en dos pasos activada",
        "Su cuenta pide ahora un código además de la contraseña.",
    ),
    "segundo_factor_desactivado": Carta(
        "Verificación en dos pasos desactivada",
        "Su cuenta ya no pide un código además de la contraseña.",
    ),
    "clave_api_creada": Carta(
        "Nueva clave de API",
        "Se creó o renovó una clave de API que actúa en nombre de su cuenta.",
    ),
    "identidad_vinculada": Carta(
        "Cuenta de Google vinculada",
        "Desde ahora se puede ingresar a su cuenta con una cuenta de Google.",
    ),
    "identidad_desvinculada": Carta(
        "Cuenta de Google desvinculada",
        "Ya no se puede ingresar a su cuenta con una cuenta de Google.",
    ),
    "refresh_reusado": Carta(
        "Una sesión se cerró por seguridad",
        "Una credencial de su sesión se usó dos veces, como ocurre cuando alguien la copia. Por "
        "eso la sesión se cerró en todos los equipos que la tenían; ingrese otra vez.",
        f"Si esto se repite, puede que alguien tenga acceso a su equipo. {NO_FUI_YO}",
    ),
}

ENLACE_CLAVE = (
    "Hola, {nombre}:\n\n"
    "Para elegir una contraseña nueva abra este enlace dentro de una hora:\n\n"
    "  {direccion}\n\n"
    "Funciona una sola vez. Si usted no lo pidió, no tiene que hacer nada: su contraseña sigue "
    "siendo la misma.\n"
)
"""The mail for a forgotten password."""

ASUNTO_ENLACE_CLAVE = "Elija una contraseña nueva"

INVITACION = (
    "Hola, {nombre}:\n\n"
    "{empresa} creó una cuenta para usted en Andes. Para elegir su contraseña abra este enlace "
    "dentro de tres días:\n\n"
    "  {direccion}\n\n"
    "Funciona una sola vez. Si ya venció, pida otro a quien lo invitó.\n"
)
"""The mail for a new user."""

ASUNTO_INVITACION = "Su cuenta en {empresa}"

NOTIFICACIONES = (
    "Hola, {nombre}:\n\n{noticias}\n\nLas encuentra también en Andes, entre sus notificaciones.\n"
)
"""The mail of what a user should know."""

ASUNTO_NOTIFICACIONES = "Tiene notificaciones nuevas"
