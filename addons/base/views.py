"""Screens and menus of base, and the groups that the menus of other addons stand in."""

from kernel.views import (
    Button,
    Column,
    Field,
    Filter,
    FormView,
    ListView,
    MapView,
    Menu,
    Section,
    SettingsView,
    Step,
    View,
)

VIEWS: list[View] = [
    ListView(
        "base.sucursales.list",
        "Sucursales",
        "sucursales.ver",
        "/api/sucursales/",
        (
            Column("codigo", "Código"),
            Column("nombre", "Nombre"),
            Column("direccion", "Dirección"),
            Column("activo", "Activa"),
        ),
        filters=(Filter("activas", "Activas", "activo=true"),),
        icon="store",
        empty="Cree la primera sucursal: las cajas y los almacenes son de una.",
    ),
    FormView(
        "base.sucursales.form",
        "Sucursal",
        "sucursales.ver",
        "/api/sucursales/",
        (
            Section(
                "sucursal",
                fields=(
                    Field("codigo", "Código", help="Como la conoce la autoridad tributaria."),
                    Field("nombre", "Nombre", span=2),
                    Field("activo", "Activa"),
                    Field("direccion", "Dirección", span=4),
                    Field(
                        "latitud",
                        "Latitud",
                        help="En grados, como -12.121800. Con la longitud, la pone en el mapa.",
                        span=2,
                    ),
                    Field("longitud", "Longitud", help="En grados, como -77.030300.", span=2),
                ),
            ),
        ),
        name="nombre",
    ),
    MapView(
        "base.sucursales.map",
        "Mapa de sucursales",
        "sucursales.ver",
        "/api/sucursales/",
        latitude="latitud",
        longitude="longitud",
        name="nombre",
        columns=(Column("direccion", "Dirección"),),
    ),
    ListView(
        "base.usuarios.list",
        "Usuarios",
        "usuarios.ver",
        "/api/usuarios/",
        (
            Column("nombre", "Nombre", "person"),
            Column("email", "Correo"),
            Column("rol_id", "Rol"),
            Column("sucursal_id", "Sucursal"),
            Column("dos_fa_activo", "Segundo factor"),
            Column("ultimo_acceso", "Último acceso"),
            Column("activo", "Activo"),
        ),
        filters=(Filter("activos", "Activos", "activo=true"),),
        icon="users",
    ),
    FormView(
        "base.usuarios.form",
        "Usuario",
        "usuarios.ver",
        "/api/usuarios/",
        (
            Section(
                "usuario",
                fields=(
                    Field("nombre", "Nombre", span=2),
                    Field("email", "Correo", "email", span=2),
                    Field("rol_id", "Rol", span=2),
                    Field(
                        "sucursal_id", "Sucursal", span=2, help="En blanco: todas las sucursales."
                    ),
                    Field("activo", "Activo"),
                ),
            ),
        ),
        name="nombre",
    ),
    ListView(
        "base.roles.list",
        "Roles",
        "roles.ver",
        "/api/roles/",
        (
            Column("nombre", "Nombre"),
            Column("descripcion", "Descripción"),
            Column("exige_2fa", "Exige segundo factor"),
        ),
        icon="shield-check",
    ),
    FormView(
        "base.roles.form",
        "Rol",
        "roles.ver",
        "/api/roles/",
        (
            Section(
                "rol",
                fields=(
                    Field("nombre", "Nombre"),
                    Field("descripcion", "Descripción", span=2),
                    Field("exige_2fa", "Exige segundo factor"),
                ),
            ),
        ),
        name="nombre",
    ),
    ListView(
        "base.notificaciones.list",
        "Notificaciones",
        "notificaciones.ver",
        "/api/notificaciones/",
        (
            Column("created_at", "Fecha"),
            Column("titulo", "Noticia"),
            Column("texto", "Detalle"),
            Column("leida_at", "Leída"),
        ),
        buttons=(
            Button(
                "leer_todas", "Marcar todo como leído", "/api/notificaciones/leer-todas/", "check"
            ),
        ),
        icon="bell",
        empty="Nada nuevo.",
    ),
    SettingsView(
        "base.empresa",
        "Empresa",
        "configuracion.ver",
        "/api/configuracion/",
        (
            Section(
                "empresa",
                "Datos de la empresa",
                (
                    Field("ruc", "RUC", help="11 dígitos, como está en la ficha de la SUNAT."),
                    Field("razon_social", "Razón social", span=3),
                    Field("nombre_comercial", "Nombre comercial", span=2),
                    Field("ubigeo", "Ubigeo", help="6 dígitos del lugar del domicilio fiscal."),
                    Field("direccion", "Domicilio fiscal", span=4),
                ),
            ),
            Section(
                "precios",
                "Precios",
                (Field("precios_incluyen_igv", "Los precios incluyen el IGV", span=2),),
            ),
        ),
        icon="building-2",
    ),
]

STEPS = [
    Step(
        "base.empresa",
        "Datos de la empresa",
        "Su RUC y razón social encabezan todo documento.",
        "/app/ajustes/base.empresa/",
        "/api/configuracion/",
        "configuracion.editar",
        "building-2",
        10,
    ),
    Step(
        "base.sucursal",
        "Primera sucursal",
        "Las cajas y los almacenes son de una sucursal.",
        "/app/sucursales/nuevo/",
        "/api/sucursales/",
        "sucursales.crear",
        "store",
        20,
    ),
    Step(
        "base.usuarios",
        "Invitar a los demás",
        "Cada persona entra con su propia cuenta; su rol dice lo que puede.",
        "/app/usuarios/nuevo/",
        "/api/usuarios/",
        "usuarios.crear",
        "users",
        90,
        "limit=1&rol_id__gt=1",
    ),
]

MENUS = [
    Menu("base.operacion", "Operación", order=100),
    Menu(
        "base.notificaciones",
        "Notificaciones",
        "base.notificaciones.list",
        icon="bell",
        badge="/api/notificaciones/pendientes/",
        top=True,
    ),
    Menu("base.tributario", "Tributario", order=300),
    Menu("base.relacion", "Relación", order=500),
    Menu("base.sucursales", "Sucursales", "base.sucursales.list", "kernel.sistema", "store", 940),
    Menu("base.usuarios", "Usuarios", "base.usuarios.list", "kernel.sistema", "users", 950),
    Menu("base.roles", "Roles", "base.roles.list", "kernel.sistema", "shield-check", 960),
    Menu(
        "base.permisos",
        "Permisos por rol",
        parent="kernel.sistema",
        icon="table-properties",
        order=962,
        page="/app/permisos/",
        permission="roles.ver",
    ),
]
