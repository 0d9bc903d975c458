"""Refusals of base."""

from kernel.errors import (
    Conflict,
    Forbidden,
    NotAuthenticated,
    NotFound,
    Unavailable,
    ValidationFailed,
)


class CredencialesInvalidas(NotAuthenticated):
    """The e-mail or the password is wrong; the answer never tells which."""

    code = "credenciales_invalidas"


class SsoRechazado(NotAuthenticated):
    """What came back from the provider doesn't prove who it is; the answer never tells why."""

    code = "sso_rechazado"

    def __init__(self) -> None:
        super().__init__("No se pudo confirmar quién es usted; vuelva a empezar el ingreso.")


class SsoCancelado(NotAuthenticated):
    """The person, or the provider, said no."""

    code = "sso_cancelado"

    def __init__(self) -> None:
        super().__init__("El ingreso con Google se canceló.")


class SsoSinCuenta(Forbidden):
    """The provider knows the person; nobody here is linked to them."""

    code = "sso_sin_cuenta"

    def __init__(self) -> None:
        super().__init__(
            "Esta cuenta externa no está vinculada a un usuario. Ingrese con su contraseña y "
            "vincúlela, o pídalo a su administrador."
        )


class SsoApagado(NotFound):
    """Nobody configured a provider."""

    code = "sso_no_configurado"

    def __init__(self) -> None:
        super().__init__("El ingreso con Google no está configurado en esta empresa.")


class SsoNoDisponible(Unavailable):
    """The provider doesn't answer, or not as one."""

    code = "sso_no_disponible"

    def __init__(self) -> None:
        super().__init__("El proveedor de identidad no responde; vuelva a intentarlo.")


class IdentidadAjena(Conflict):
    """The external account belongs to another user."""

    code = "identidad_ajena"

    def __init__(self) -> None:
        super().__init__("Esta cuenta externa ya está vinculada a otro usuario.")


class SegundoFactorInvalido(NotAuthenticated):
    """The code is wrong or was used, or the login that it belongs to is over."""

    code = "segundo_factor_invalido"


class CodigoIncorrecto(ValidationFailed):
    """The code of a second factor that is being set up is not what the app shows."""

    code = "codigo_incorrecto"


class DosFaActivo(Conflict):
    """There is a second factor already."""

    code = "dos_fa_activo"


class DosFaSinConfigurar(Conflict):
    """There is no second factor yet."""

    code = "dos_fa_sin_configurar"


class DosFaObligatorio(Conflict):
    """The role asks for a second factor."""

    code = "dos_fa_obligatorio"


class RefreshEnCurso(Conflict):
    """Another request used this refresh token a moment ago and has the new one."""

    code = "refresh_en_curso"

    def __init__(self) -> None:
        super().__init__("Otra solicitud acaba de renovar esta sesión; use los tokens que recibió.")


class SinSesion(Forbidden):
    """An API key has no session of its own."""

    code = "sin_sesion"

    def __init__(self) -> None:
        super().__init__("Una clave de API no tiene sesión; ingrese con su correo y contraseña.")


class ClaveIncorrecta(ValidationFailed):
    """Somebody who is signed in gave a password that is not theirs."""

    code = "clave_incorrecta"

    def __init__(self, field: str) -> None:
        super().__init__("La contraseña no es correcta.", field=field)


class EnlaceInvalido(ValidationFailed):
    """A link that is not ours, was used, or is too old; the answer never tells which."""

    code = "enlace_invalido"

    def __init__(self) -> None:
        super().__init__("El enlace ya se usó o venció; pida otro.", field="token")


class YaHayUsuarios(Conflict):
    """The first administrator was made already; this door is closed for good."""

    code = "ya_hay_usuarios"


class YaTieneClave(Conflict):
    """An invitation is only for who has no password yet."""

    code = "ya_tiene_clave"
