"""Pages of base: signing in, the pages that links in mails name, one's own account."""

from collections import defaultdict
from collections.abc import Mapping
from functools import partial
from typing import Any

from addons.base.documents import equipo
from kernel import words
from kernel.answers import Outcome
from kernel.context import Ctx
from kernel.errors import DomainError
from kernel.http import Endpoint
from kernel.page import Asked, Pairs, attempt, draw, fetch, own_address, page, redirect, send
from kernel.rbac import ADMIN, Permission
from kernel.throttle import Limit
from kernel.translations import later

UN_ANO = 365 * 24 * 3600
OLVIDE = later("Olvidé mi contraseña")


def _dibujar(ctx: Ctx, asked: Asked, nombre: str, titulo: str, **values: Any) -> Outcome:
    refusal: DomainError | None = values.pop("refusal", None)
    status = refusal.status if refusal is not None else 200
    return draw(
        ctx,
        asked,
        f"addons.base:{nombre}.html",
        title=titulo,
        refusal=refusal,
        status=status,
        destino=own_address(asked.form.get("destino") or asked.query.get("destino") or "/app/"),
        **values,
    )


# Signing in -------------------------------------------------------------------------------------


@page("GET", "/entrar/", public=True)
def mostrar_ingreso(ctx: Ctx, asked: Asked) -> Outcome:
    """Pide correo y contraseña."""
    return _dibujar(
        ctx, asked, "ingreso", later("Ingresar"), email="", hecho=asked.query.get("hecho")
    )


@page("POST", "/entrar/", public=True, throttle=Limit("login"))
def ingresar(ctx: Ctx, asked: Asked) -> Outcome:
    """Inicia la sesión de un navegador, o pide el segundo factor."""
    email = asked.form.get("email")
    body = {"email": email, "password": asked.form.get("password"), "cookie": True}
    try:
        answer = send(ctx, "POST", "/api/auth/login/", body)
    except DomainError as refusal:
        return _dibujar(
            ctx, asked, "ingreso", later("Ingresar"), refusal=refusal, email=email, hecho=""
        )
    if answer.get("requiere_2fa"):
        return _pedir_2fa(ctx, asked, answer["token_2fa"], configurar=answer["configurar"])
    return redirect(ctx, _destino(asked), asked)


def _destino(asked: Asked) -> str:
    return own_address(asked.form.get("destino") or "/app/")


def _pedir_2fa(
    ctx: Ctx,
    asked: Asked,
    token: str,
    *,
    configurar: bool = False,
    refusal: DomainError | None = None,
) -> Outcome:
    secreto = None
    if configurar:
        body = {"token_2fa": token}
        secreto = send(ctx, "POST", "/api/auth/login/2fa/configurar/", body)
    values = {"token": token, "secreto": secreto, "refusal": refusal}
    return _dibujar(ctx, asked, "segundo_factor", later("Segundo factor"), **values)


@page("POST", "/entrar/2fa/", public=True, throttle=Limit("2fa"))
def ingresar_con_2fa(ctx: Ctx, asked: Asked) -> Outcome:
    """Termina el ingreso con el código de la aplicación o uno de recuperación."""
    token = asked.form.get("token_2fa")
    body = {"token_2fa": token, "codigo": asked.form.get("codigo"), "cookie": True}
    try:
        answer = send(ctx, "POST", "/api/auth/login/2fa/", body)
    except DomainError as refusal:
        return _pedir_2fa(ctx, asked, token, refusal=refusal)
    if answer["codigos_recuperacion"]:
        codigos = answer["codigos_recuperacion"]
        return _dibujar(ctx, asked, "codigos", later("Códigos de recuperación"), codigos=codigos)
    return redirect(ctx, _destino(asked), asked)


@page("POST", "/salir/", permission="")
def salir(ctx: Ctx, asked: Asked) -> Outcome:
    """Cierra la sesión."""
    send(ctx, "POST", "/api/auth/logout/", {})
    return redirect(ctx, "/entrar/", asked)


# Links in mails ---------------------------------------------------------------------------------

ENLACES: Mapping[str, tuple[str, str, str]] = {
    "primer-admin": (later("Primer administrador"), "/api/auth/primer-admin/", "primer_admin"),
    "aceptar-invitacion": (later("Elegir contraseña"), "/api/auth/aceptar-invitacion/", "enlace"),
    "restablecer-clave": (later("Contraseña nueva"), "/api/auth/restablecer-clave/", "enlace"),
}
CAMPOS = ("token", "nombre", "email", "password", "nueva")


def _de_enlace(lugar: str) -> tuple[Endpoint, Endpoint]:
    titulo, address, limite = ENLACES[lugar]

    @page("GET", f"/{lugar}/", public=True)
    def mostrar(ctx: Ctx, asked: Asked) -> Outcome:
        """La página que nombra un enlace; su código está después de «#» y lo lee el navegador."""
        return _dibujar(ctx, asked, "enlace", titulo, lugar=lugar, form={})

    @page("POST", f"/{lugar}/", public=True, throttle=Limit(limite))
    def usar(ctx: Ctx, asked: Asked) -> Outcome:
        """Usa el código del enlace."""
        given = {name: asked.form.get(name) for name in CAMPOS if name in asked.form}
        try:
            send(ctx, "POST", address, given)
        except DomainError as refusal:
            return _dibujar(ctx, asked, "enlace", titulo, lugar=lugar, form=given, refusal=refusal)
        return redirect(ctx, "/entrar/?hecho=clave", asked)

    return mostrar, usar


@page("GET", "/olvide-clave/", public=True)
def mostrar_olvide(ctx: Ctx, asked: Asked) -> Outcome:
    """Pide el correo de quien olvidó su contraseña."""
    return _dibujar(ctx, asked, "olvide", OLVIDE, enviado=False)


@page("POST", "/olvide-clave/", public=True, throttle=Limit("olvide"))
def pedir_enlace(ctx: Ctx, asked: Asked) -> Outcome:
    """Envía el enlace, si el correo es de alguien; dice lo mismo si no lo es."""
    try:
        send(ctx, "POST", "/api/auth/olvide-clave/", {"email": asked.form.get("email")})
    except DomainError as refusal:
        return _dibujar(ctx, asked, "olvide", OLVIDE, enviado=False, refusal=refusal)
    return _dibujar(ctx, asked, "olvide", OLVIDE, enviado=True)


# One's own account ------------------------------------------------------------------------------


def _cuenta(ctx: Ctx, asked: Asked, **values: Any) -> Outcome:
    shown: dict[str, Any] = {
        "yo": fetch(ctx, "/api/auth/yo/"),
        "sesiones": fetch(ctx, "/api/auth/sesiones/"),
        "equipo": equipo,
        "fresca": ctx.fresh,
        "claves": ctx.can("claves_api.ver"),
        "secreto": None,
        "codigos": None,
        "hecho": "",
        **values,
    }
    crumbs = [(later("Mi cuenta"), "")]
    return _dibujar(ctx, asked, "cuenta", later("Mi cuenta"), crumbs=crumbs, **shown)


@page("GET", "/app/cuenta/", permission="")
def mostrar_cuenta(ctx: Ctx, asked: Asked) -> Outcome:
    """Mi cuenta: sesiones, contraseña, segundo factor."""
    return _cuenta(ctx, asked)


@page("POST", "/app/cuenta/", permission="")
def cambiar_cuenta(ctx: Ctx, asked: Asked) -> Outcome:
    """Cambia algo de mi cuenta."""
    try:
        return _cuenta(ctx, asked, **_hacer(ctx, asked))
    except DomainError as refusal:
        return _cuenta(ctx, asked, refusal=refusal)


def _hacer(ctx: Ctx, asked: Asked) -> dict[str, Any]:
    """Return what the page shows of the act that was asked for, done."""
    form, yo = asked.form, ctx.user_id
    acto = form.get("acto")
    if acto == "reautenticar":
        send(ctx, "POST", "/api/auth/reautenticar/", {"password": form.get("password")})
        return {"fresca": True}
    if acto == "clave":
        body = {"actual": form.get("actual"), "nueva": form.get("nueva")}
        send(ctx, "POST", "/api/auth/cambiar-clave/", body)
        return {"hecho": later("Su contraseña cambió y las demás sesiones se cerraron.")}
    if acto == "activar":
        return {"secreto": send(ctx, "POST", "/api/usuarios/{id}/activar-2fa/", {}, id=yo)}
    if acto == "confirmar":
        body = {"codigo": form.get("codigo")}
        answer = send(ctx, "POST", "/api/usuarios/{id}/confirmar-2fa/", body, id=yo)
        return {"codigos": answer["codigos_recuperacion"]}
    if acto == "desactivar":
        send(ctx, "POST", "/api/usuarios/{id}/desactivar-2fa/", {}, id=yo)
    elif acto == "cerrar":
        send(ctx, "DELETE", "/api/auth/sesiones/{id}/", {}, id=form.get("id"))
    elif acto == "cerrar_otras":
        send(ctx, "DELETE", "/api/auth/sesiones/", {})
    return {"hecho": later("Hecho.")}


# API keys ---------------------------------------------------------------------------------------

CLAVES = "/api/claves-api/"


def _claves(ctx: Ctx, asked: Asked, **values: Any) -> Outcome:
    registry, por_modulo = ctx.runtime.registry, defaultdict[str, list[Permission]](list)
    for uno in registry.permissions.values():
        if ctx.can(uno.name):
            por_modulo[words.of(registry, words.MODULE, uno.modulo)].append(uno)
    shown: dict[str, Any] = {
        "claves": fetch(ctx, CLAVES, "limit=100")["items"],
        "modulos": sorted(por_modulo.items()),
        "fresca": ctx.fresh,
        "crea": ctx.can("claves_api.crear"),
        "revoca": ctx.can("claves_api.eliminar"),
        "nueva": None,
        "hecho": "",
        "form": asked.form,
        **values,
    }
    crumbs = [(later("Mi cuenta"), "/app/cuenta/"), (later("Claves de API"), "")]
    return _dibujar(ctx, asked, "claves", later("Claves de API"), crumbs=crumbs, **shown)


@page("GET", "/app/claves-api/", permission="claves_api.ver")
def mostrar_claves(ctx: Ctx, asked: Asked) -> Outcome:
    """Las claves con que un programa actúa en nombre de uno."""
    return _claves(ctx, asked)


@page("POST", "/app/claves-api/", permission="claves_api.ver")
def cambiar_claves(ctx: Ctx, asked: Asked) -> Outcome:
    """Crea, renueva o revoca una clave; su secreto se muestra solo entonces."""
    form, acto, uno = asked.form, asked.form.get("acto"), asked.form.get("id")
    try:
        if acto == "reautenticar":
            send(ctx, "POST", "/api/auth/reautenticar/", {"password": form.get("password")})
            return _claves(ctx, asked, fresca=True)
        if acto == "crear":
            body: dict[str, Any] = {"nombre": form.get("nombre"), "alcances": form.all("alcances")}
            if form.get("vigencia_dias").isdigit():
                body["vigencia_dias"] = int(form.get("vigencia_dias"))
            return _claves(ctx, asked, nueva=send(ctx, "POST", CLAVES, body), form=Pairs())
        if acto == "rotar":
            return _claves(
                ctx, asked, nueva=send(ctx, "POST", f"{CLAVES}{{id}}/rotar/", {}, id=uno)
            )
        send(ctx, "DELETE", f"{CLAVES}{{id}}/", {}, id=uno)
        return _claves(ctx, asked, hecho=later("La clave dejó de servir."))
    except DomainError as refusal:
        if refusal.status in (401, 404):
            raise
        return _claves(ctx, asked, refusal=refusal)


# Roles and permissions --------------------------------------------------------------------------

ROLES = "/api/roles/"


def _matriz(ctx: Ctx, asked: Asked, **values: Any) -> Outcome:
    roles = [
        fetch(ctx, f"{ROLES}{{id}}/permisos/", id=uno["id"])
        for uno in fetch(ctx, ROLES, "sort=id&limit=50")["items"]
    ]
    said = partial(words.of, ctx.runtime.registry, words.ROLE)
    shown: dict[str, Any] = {
        "roles": [
            {**uno, "permisos": set(uno["permisos"]), "titulo": said(uno["rol"])} for uno in roles
        ],
        "modulos": fetch(ctx, "/api/permisos/"),
        "edita": ctx.can("roles.editar"),
        "fijo": ADMIN,
        "hecho": "",
        **values,
    }
    crumbs = [(later("Roles"), "/app/roles/"), (later("Permisos"), "")]
    return _dibujar(ctx, asked, "permisos", later("Permisos por rol"), crumbs=crumbs, **shown)


@page("GET", "/app/permisos/", permission="roles.ver")
def mostrar_permisos(ctx: Ctx, asked: Asked) -> Outcome:
    """Qué puede cada rol, en una tabla."""
    hecho = later("Guardado.") if asked.query.get("_hecho") else ""
    return _matriz(ctx, asked, hecho=hecho)


@page("POST", "/app/permisos/", permission="roles.ver")
def cambiar_permisos(ctx: Ctx, asked: Asked) -> Outcome:
    """Guarda lo que cambió de la tabla, rol por rol."""
    tenia, tiene = set(asked.form.all("tenia")), set(asked.form.all("tiene"))
    por_rol: dict[str, list[dict[str, Any]]] = {}
    for uno in sorted(tenia ^ tiene):
        rol, _, nombre = uno.partition(":")
        modulo, _, accion = nombre.partition(".")
        cambio = {"modulo": modulo, "accion": accion, "permitido": uno in tiene}
        por_rol.setdefault(rol, []).append(cambio)

    def guardar() -> None:
        for rol, permisos in por_rol.items():
            send(ctx, "PUT", f"{ROLES}{{id}}/permisos/", {"permisos": permisos}, id=rol)

    try:
        attempt(ctx, guardar)
    except DomainError as refusal:
        if refusal.status in (401, 404):
            raise
        return _matriz(ctx, asked, refusal=refusal)
    return redirect(ctx, "/app/permisos/?_hecho=1", asked)


# Preferences of a browser -----------------------------------------------------------------------


def _recordar(ctx: Ctx, asked: Asked, nombre: str, valor: str) -> Outcome:
    cookie = f"{nombre}={valor}; Path=/; Max-Age={UN_ANO}; SameSite=Lax"
    ctx.headers["Set-Cookie"] = cookie
    return redirect(ctx, own_address(asked.form.get("de") or "/app/"), asked)


@page("POST", "/app/tema/", permission="")
def poner_tema(ctx: Ctx, asked: Asked) -> Outcome:
    """Recuerda claro u oscuro en este navegador."""
    return _recordar(ctx, asked, "tema", "dark" if asked.form.get("a") == "dark" else "light")


@page("POST", "/app/idioma/", permission="")
def poner_idioma(ctx: Ctx, asked: Asked) -> Outcome:
    """Recuerda el idioma: en este navegador, y de quien lo eligió para lo que se le escriba."""
    idioma = "en" if asked.form.get("a") == "en" else "es"
    send(ctx, "PUT", "/api/auth/idioma/", {"idioma": idioma})
    return _recordar(ctx, asked, "idioma", idioma)


PAGES = [
    mostrar_ingreso,
    ingresar,
    ingresar_con_2fa,
    salir,
    mostrar_olvide,
    pedir_enlace,
    *(one for lugar in ENLACES for one in _de_enlace(lugar)),
    mostrar_cuenta,
    cambiar_cuenta,
    mostrar_claves,
    cambiar_claves,
    mostrar_permisos,
    cambiar_permisos,
    poner_tema,
    poner_idioma,
]
