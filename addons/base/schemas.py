"""What enters and leaves base. Source: spec/erp-modules.md, módulo 9."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, Strict, StringConstraints, field_validator
from stdnum.exceptions import ValidationError as InvalidNumber
from stdnum.pe import ruc as ruc_number

from kernel.schemas import Answer, Flag, OptionalText, RefId, Schema, Text

Email = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")
]
Password = Annotated[str, Field(min_length=1, max_length=256)]


class Login(Schema):
    """Credentials of a person."""

    email: Email
    password: Password
    cookie: Flag = Field(
        default=False,
        description="Para un navegador: la sesión va en una cookie y no hay tokens.",
    )


class Tokens(Answer):
    """A signed-in session: send ``access`` as ``Authorization: Bearer``."""

    access: str
    refresh: str
    expires_in: int = Field(description="Segundos de vida de access.")


class EnCookie(Answer):
    """A signed-in session that the browser holds in a cookie."""

    sesion: Literal["cookie"] = "cookie"
    expires_in: int = Field(description="Segundos hasta que hay que ingresar otra vez.")


Ingreso = Tokens | EnCookie
"""What an opened session answers."""


class Renovacion(Schema):
    """A refresh token, to be exchanged for new ones."""

    refresh: Annotated[str, StringConstraints(min_length=1, max_length=4096)]


class Salida(Schema):
    """Which sessions end."""

    todas: Flag = Field(default=False, description="Todas las sesiones del usuario.")


ESTA_SESION = Salida()


class CambioClave(Schema):
    """The user's own password, old and new."""

    actual: Password
    nueva: Password


class CambioCorreo(Schema):
    """The e-mail to sign in with from now on."""

    email: Email


class ClaveOlvidada(Schema):
    """Whose password is forgotten."""

    email: Email


class ClaveNueva(Schema):
    """The code of the link in the mail, and a new password."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    nueva: Password


class SesionLeida(Answer):
    """An open session; ``actual`` is the one that asks."""

    id: int
    dispositivo: str
    ip: str
    metodo: str
    created_at: datetime
    ultimo_uso: datetime
    expires_at: datetime
    actual: bool


class Yo(Answer):
    """Who is signed in; ``sucursales`` is null for who works in all of them."""

    id: int
    nombre: str
    email: str
    rol_id: int
    rol: str
    permisos: list[str]
    sucursales: list[int] | None
    dos_fa_activo: bool


class SegundoFactor(Answer):
    """The first factor was right and the second one is awaited; no session is open yet."""

    requiere_2fa: Literal[True]
    configurar: bool = Field(
        description="El rol lo exige y falta configurarlo: POST /api/auth/login/2fa/configurar/."
    )
    token_2fa: str = Field(description="Se envía con el código a POST /api/auth/login/2fa/.")
    expires_in: int = Field(description="Segundos de vida de token_2fa.")


Codigo = Annotated[str, StringConstraints(strip_whitespace=True, min_length=6, max_length=30)]


class Token2fa(Schema):
    """A login whose second factor is awaited."""

    token_2fa: Annotated[str, Field(min_length=1, max_length=4096)]


class Ingreso2faNuevo(Token2fa):
    """The second factor of a login: a code of the app, or a recovery code."""

    codigo: Codigo
    cookie: Flag = Field(
        default=False,
        description="Para un navegador: la sesión va en una cookie y no hay tokens.",
    )


class Reautenticacion(Schema):
    """The user's password once more, or a code of their second factor."""

    password: Password | None = None
    codigo: Codigo | None = None


CodigosNuevos = Annotated[
    list[str],
    Field(description="Vacía, salvo que el segundo factor se active con este ingreso."),
]


class TokensCon2fa(Tokens):
    """A signed-in session, and the recovery codes where the second factor begins with it."""

    codigos_recuperacion: CodigosNuevos


class EnCookieCon2fa(EnCookie):
    """A session in a cookie, and the recovery codes where the second factor begins with it."""

    codigos_recuperacion: CodigosNuevos


Ingreso2fa = TokensCon2fa | EnCookieCon2fa
"""What a session opened with a second factor answers."""


class PrimerAdminNuevo(Schema):
    """The first administrator of a new company, by the link that the server printed."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    nombre: Text
    email: Email
    password: Password


class PrimerAdmin(Answer):
    """The administrator who was made."""

    id: int
    nombre: str
    email: str


class InvitacionAceptada(Schema):
    """The code of an invitation, and the password that its receiver chose."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    password: Password


class Secreto2fa(Answer):
    """What an authenticator app is set up with."""

    secreto: str = Field(description="Base32, para escribirlo a mano.")
    uri: str
    qr_svg: str = Field(description="El código QR de la uri, como SVG.")


class Codigo2fa(Schema):
    """A code of the app."""

    codigo: Codigo


class CodigosRecuperacion(Answer):
    """Codes that replace the app once each; they are never shown again."""

    codigos_recuperacion: list[str]


Destino = Annotated[
    str, StringConstraints(max_length=500, pattern=r"^/(?:[!-.0-\[\]-~][!-\[\]-~]*)?$")
]
"""A path of this site: neither another host nor another scheme."""


class SsoInicio(Schema):
    """Where a browser goes after signing in with Google."""

    destino: Destino = "/"


class SsoRetorno(BaseModel):
    """What the provider sends a browser back with; it may add more, which is not looked at."""

    state: Annotated[str, Field(min_length=1, max_length=200)]
    code: Annotated[str, Field(min_length=1, max_length=2048)] | None = None
    error: Annotated[str, Field(max_length=200)] | None = None
    iss: Annotated[str, Field(max_length=500)] | None = None


class SsoGoogle(Schema):
    """What a client got that led its user through Google itself."""

    code: Annotated[str, Field(min_length=1, max_length=2048)]
    code_verifier: Annotated[
        str, StringConstraints(min_length=43, max_length=128, pattern=r"^[A-Za-z0-9._~-]+$")
    ] = Field(description="El verificador PKCE (S256) con el que pidió el código.")
    redirect_uri: Annotated[str, Field(min_length=8, max_length=2048)] = Field(
        description="La misma con la que pidió el código, registrada en Google."
    )
    nonce: Annotated[str, Field(min_length=16, max_length=255)] = Field(
        description="El nonce, nuevo y al azar, con el que pidió el código."
    )
    cookie: Flag = Field(
        default=False,
        description="Para un navegador: la sesión va en una cookie y no hay tokens.",
    )


class SsoPartida(Answer):
    """Where the browser goes to choose the account to link."""

    url: str


class SucursalNueva(Schema):
    """A branch to create."""

    codigo: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{1,10}$")]
    nombre: Text
    direccion: OptionalText = ""
    activo: Flag = True


class UsuarioNuevo(Schema):
    """A user to create."""

    nombre: Text
    email: Email
    password: Password | None = Field(
        default=None, description="Sin ella, el usuario recibe una invitación y elige la suya."
    )
    rol_id: RefId
    sucursal_id: RefId | None = None
    activo: Flag = True


class UsuarioCambio(Schema):
    """What may change of a user."""

    nombre: Text
    rol_id: RefId
    sucursal_id: RefId | None = None
    activo: Flag = True


class RolNuevo(Schema):
    """A role to create."""

    nombre: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{1,39}$")]
    descripcion: OptionalText = ""
    exige_2fa: Flag = False


class PermisoCambio(Schema):
    """One action of one module, allowed or not."""

    modulo: Text
    accion: Text
    permitido: Flag


class PermisosCambio(Schema):
    """The permissions of a role that change."""

    permisos: Annotated[list[PermisoCambio], Field(min_length=1, max_length=1000)]


class AccionDePermiso(Answer):
    """An action that can be allowed, and the addon that declares it."""

    accion: str
    titulo: str
    addon: str


class ModuloDePermisos(Answer):
    """The actions of a module."""

    modulo: str
    acciones: list[AccionDePermiso]


class AccionDelRol(AccionDePermiso):
    """An action, and whether a role may do it."""

    permitido: bool


class ModuloDelRol(Answer):
    """What a role may do in a module."""

    modulo: str
    acciones: list[AccionDelRol]


class PermisosDelRol(Answer):
    """What a role may do: ``modulo.accion``, and the whole matrix."""

    rol_id: int
    rol: str
    permisos: list[str]
    matriz: list[ModuloDelRol]


class SucursalesCambio(Schema):
    """The sucursales that a user is confined to; none of them means all."""

    sucursales: Annotated[list[RefId], Field(max_length=1000)]


class SucursalesDelUsuario(Answer):
    """The sucursales that a user is confined to."""

    usuario_id: int
    principal: int | None
    sucursales: list[int]
    todas: bool


Vigencia = Annotated[int, Strict(), Field(ge=1, le=3650)]


class ClaveApiNueva(Schema):
    """An API key to create."""

    nombre: Text
    alcances: Annotated[list[Text], Field(min_length=1, max_length=500)]
    vigencia_dias: Vigencia | None = None


class ClaveApiRotacion(Schema):
    """How an API key is renewed: how long the old secret stays good, and how long the new one."""

    gracia_horas: Annotated[int, Strict(), Field(ge=0, le=7 * 24)] = 24
    vigencia_dias: Vigencia | None = None


class ClaveApiCreada(Answer):
    """A new API key; ``clave`` is shown this once."""

    id: int
    clave: str
    prefijo: str
    nombre: str
    alcances: list[str]
    expires_at: datetime


class ConfiguracionCambio(Schema):
    """The company's data; only what is sent changes."""

    ruc: str | None = None
    razon_social: Text | None = None
    nombre_comercial: OptionalText | None = None
    direccion: OptionalText | None = None
    ubigeo: Annotated[str, StringConstraints(pattern=r"^([0-9]{6})?$")] | None = None
    precios_incluyen_igv: Flag | None = None

    @field_validator("ruc")
    @classmethod
    def check_ruc(cls, value: str | None) -> str | None:
        """Refuse a RUC whose check digit is wrong."""
        return None if value is None else check_ruc(value)


class ConfiguracionLeida(Answer):
    """The company."""

    ruc: str
    razon_social: str
    nombre_comercial: str
    direccion: str
    ubigeo: str
    precios_incluyen_igv: bool
    version: int


def check_ruc(value: str) -> str:
    """Return the RUC, compact.

    Raises:
        ValueError: its length, prefix or check digit is wrong; the message says which.
    """
    compact = str(ruc_number.compact(value))
    try:
        return str(ruc_number.validate(compact))
    except InvalidNumber as error:
        raise ValueError(f"no es un RUC válido: {_reason(error)}") from None


def _reason(error: InvalidNumber) -> str:
    reasons = {
        "InvalidLength": "debe tener 11 dígitos",
        "InvalidFormat": "solo lleva dígitos",
        "InvalidComponent": "empieza con 10, 15, 17 o 20",
        "InvalidChecksum": "el dígito verificador no corresponde",
    }
    return reasons.get(type(error).__name__, "revise los dígitos")
