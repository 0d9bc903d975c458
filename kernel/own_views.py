"""The kernel's own screens besides those of jobs: the audit, and the menu of the system."""

from __future__ import annotations

from kernel.views import Column, Field, Filter, FormView, ListView, Menu, Section, View

VIEWS: list[View] = [
    ListView(
        "kernel.audit.list",
        "Auditoría",
        "auditoria.ver",
        "/api/audit-logs/",
        (
            Column("created_at", "Cuándo"),
            Column("usuario", "Quién"),
            Column("modulo", "Módulo", "module"),
            Column("accion", "Acción", "act"),
            Column("objeto_tipo", "Registro", "table"),
            Column("objeto_id", "N.º"),
            Column("ip", "Dirección IP", optional=True),
            Column("sello", "Sello", optional=True),
        ),
        filters=(Filter("hoy", "Hoy", "created_at__gte=@today"),),
        icon="history",
    ),
    FormView(
        "kernel.audit.form",
        "Acto",
        "auditoria.ver",
        "/api/audit-logs/",
        (
            Section(
                "acto",
                fields=(
                    Field("created_at", "Cuándo"),
                    Field("usuario", "Quién", span=2),
                    Field("accion", "Acción", "act"),
                    Field("modulo", "Módulo", "module"),
                    Field("objeto_tipo", "Registro", "table"),
                    Field("objeto_id", "N.º"),
                    Field("sello", "Sello"),
                    Field("ip", "Dirección IP"),
                    Field("user_agent", "Programa", span=3),
                ),
            ),
            Section(
                "cambios",
                "Cambios",
                (
                    Field("datos_anteriores_json", "Antes", "changes", span=2),
                    Field("datos_nuevos_json", "Después", "changes", span=2),
                ),
            ),
        ),
        name="accion",
    ),
]
MENUS = [
    Menu("kernel.sistema", "Sistema", order=900, icon="settings"),
    Menu(
        "kernel.addons",
        "Aplicaciones",
        parent="kernel.sistema",
        icon="puzzle",
        order=910,
        page="/app/aplicaciones/",
        permission="addons.ver",
    ),
    Menu(
        "kernel.importaciones",
        "Importar",
        parent="kernel.sistema",
        icon="upload",
        order=915,
        page="/app/importaciones/",
        permission="importaciones.crear",
    ),
    Menu("kernel.jobs", "Tareas", "kernel.jobs.list", "kernel.sistema", "workflow", 920),
    Menu(
        "kernel.settings",
        "Configuración",
        parent="kernel.sistema",
        icon="settings",
        order=990,
        page="/app/ajustes/",
        permission="ajustes.ver",
    ),
    Menu("kernel.audit", "Auditoría", "kernel.audit.list", "kernel.sistema", "history", 930),
]
