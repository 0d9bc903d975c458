"""Who calls and whether they may: a signed token, a living session, a permission of the role."""

import os
from dataclasses import dataclass
from typing import Any

import jwt
from django.db.models import Exists, OuterRef
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from bench.rivals.django_rest.models import Permiso, Sesion

KEY = bytes.fromhex(os.environ["RIVAL_KEY"])


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever holds the token."""

    id: int
    email: str
    permitted: bool
    is_authenticated: bool = True


class TokenAuthentication(BaseAuthentication):
    """One query: session, user, role, and whether the role has the view's permission."""

    def authenticate(self, request: Request) -> tuple[Any, Any]:
        """Return the caller and the claims of the token."""
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            raise AuthenticationFailed
        try:
            claims = jwt.decode(token, KEY, ["HS256"], audience="andes", issuer="andes")
        except jwt.PyJWTError:
            raise AuthenticationFailed from None
        modulo, accion = request.parser_context["view"].permission
        allowed = Permiso.objects.filter(
            rol_id=OuterRef("usuario__rol_id"), modulo=modulo, accion=accion, permitido=True
        )
        found = list(
            Sesion.objects.filter(
                token_jti=claims["jti"],
                activo=True,
                usuario__activo=True,
                expires_at__gt=timezone.now(),
            ).values_list("usuario_id", "usuario__email", Exists(allowed))
        )
        if not found:
            raise AuthenticationFailed
        return Caller(*found[0]), claims

    def authenticate_header(self, request: Request) -> str:
        """Return what a 401 asks for."""
        return "Bearer"


class MayDo(BasePermission):
    """What the query of the authentication found."""

    def has_permission(self, request: Request, view: object) -> bool:
        """Return whether the role has the permission."""
        return bool(request.user and request.user.permitted)


class OnlyJson(BaseContentNegotiation):
    """There is one parser and one renderer: nothing to negotiate."""

    def select_parser(self, request: Request, parsers: list[Any]) -> Any:
        """Return the only parser."""
        return parsers[0]

    def select_renderer(self, request: Request, renderers: list[Any], suffix: str = "") -> Any:
        """Return the only renderer."""
        return renderers[0], renderers[0].media_type
