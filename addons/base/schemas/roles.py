"""Roles and what they may do."""

from typing import Annotated

from pydantic import Field, StringConstraints

from kernel.schemas import Answer, Flag, OptionalText, Schema, Text


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
    """The actions of a module, and what it is called."""

    modulo: str
    titulo: str
    acciones: list[AccionDePermiso]


class AccionDelRol(AccionDePermiso):
    """An action, and whether a role may do it."""

    permitido: bool


class ModuloDelRol(Answer):
    """What a role may do in a module."""

    modulo: str
    titulo: str
    acciones: list[AccionDelRol]


class PermisosDelRol(Answer):
    """What a role may do: ``modulo.accion``, and the whole matrix."""

    rol_id: int
    rol: str
    permisos: list[str]
    matriz: list[ModuloDelRol]
