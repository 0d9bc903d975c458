"""Who may administrate, and the roles that every company starts with. Source: módulo 9."""

from kernel.rbac import Permission, Role

ALL = ("GERENTE_VENTAS", "VENDEDOR", "CAJERO", "SUPERVISOR_ALMACEN", "CONTADOR", "TRANSPORTISTA")

PERMISSIONS = [
    Permission("sucursales", "ver", "Ver las sucursales", ALL),
    Permission("sucursales", "crear", "Crear sucursales"),
    Permission("sucursales", "editar", "Editar sucursales"),
    Permission("sucursales", "eliminar", "Eliminar sucursales"),
    Permission("sucursales", "exportar", "Exportar sucursales"),
    Permission("usuarios", "ver", "Ver los usuarios"),
    Permission("usuarios", "crear", "Crear usuarios"),
    Permission("usuarios", "editar", "Editar usuarios"),
    Permission("roles", "ver", "Ver los roles"),
    Permission("roles", "crear", "Crear roles"),
    Permission("roles", "editar", "Cambiar lo que un rol puede hacer"),
    Permission("configuracion", "ver", "Ver los datos de la empresa", ALL),
    Permission("configuracion", "editar", "Cambiar los datos de la empresa"),
]

ROLES = [
    Role("ADMIN", "Administra todo"),
    Role("GERENTE_VENTAS", "Dirige las ventas de sus sucursales"),
    Role("VENDEDOR", "Vende y cotiza"),
    Role("CAJERO", "Vende en caja"),
    Role("SUPERVISOR_ALMACEN", "Dirige sus almacenes"),
    Role("CONTADOR", "Lleva los libros y los tributos"),
    Role("TRANSPORTISTA", "Reparte pedidos"),
]
