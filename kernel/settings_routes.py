"""Settings over REST: each group with its values, and the JSON Schema that they follow."""

from __future__ import annotations

from typing import Any, cast

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as SchemaField

from kernel import preferences
from kernel.context import Ctx
from kernel.errors import NotFound
from kernel.http import endpoint
from kernel.messages import validation_failed
from kernel.rbac import Permission
from kernel.schemas import Answer, Schema

PERMISSIONS = (
    Permission("ajustes", "ver", "Ver los ajustes"),
    Permission("ajustes", "editar", "Cambiar los ajustes"),
)


class SettingsGroup(Answer):
    """A group of settings: its values, and the JSON Schema they follow."""

    name: str
    values: dict[str, Any]
    schema_: dict[str, Any] = SchemaField(alias="schema", serialization_alias="schema")

    model_config = ConfigDict(populate_by_name=True)


class SettingsChange(Schema):
    """Values to change."""

    values: dict[str, Any]


@endpoint("GET", "/api/settings/", permission="ajustes.ver")
def list_settings(ctx: Ctx) -> list[SettingsGroup]:
    """Los ajustes del núcleo y de los addons."""
    groups = ctx.runtime.registry.gather("register_settings")
    return [_group(ctx, kind) for kind in groups]


@endpoint("GET", "/api/settings/{name}/", permission="ajustes.ver")
def show_settings(ctx: Ctx, name: str) -> SettingsGroup:
    """Los ajustes de un grupo."""
    return _group(ctx, _settings_kind(ctx, name))


@endpoint("PUT", "/api/settings/{name}/", permission="ajustes.editar")
def change_settings(ctx: Ctx, name: str, change: SettingsChange) -> SettingsGroup:
    """Cambia valores de un grupo; el resto queda."""
    kind = _settings_kind(ctx, name)
    try:
        together = {**ctx.config(kind).model_dump(), **change.values}
        value = kind.model_validate(together, extra="forbid")
    except ValidationError as error:
        raise validation_failed(error, "values.") from None
    ctx.runtime.preferences.write(ctx.session, value)
    return _group(ctx, kind)


def _settings_kind(ctx: Ctx, name: str) -> type[BaseModel]:
    for kind in ctx.runtime.registry.gather("register_settings"):
        if preferences.name_of(kind) == name:
            return cast("type[BaseModel]", kind)
    raise NotFound


def _group(ctx: Ctx, kind: type[BaseModel]) -> SettingsGroup:
    return SettingsGroup(
        name=preferences.name_of(kind),
        values=ctx.config(kind).model_dump(mode="json"),
        schema_=kind.model_json_schema(),
    )
