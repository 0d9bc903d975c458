"""Who may look at stock and move it. Source: módulo 2."""

from kernel.rbac import Permission

CUIDAN = ("SUPERVISOR_ALMACEN",)
MIRAN = (*CUIDAN, "GERENTE_VENTAS", "CONTADOR")

PERMISSIONS = [
    Permission("almacenes", "ver", "Ver los almacenes", (*MIRAN, "VENDEDOR", "CAJERO")),
    Permission("almacenes", "crear", "Crear almacenes"),
    Permission("almacenes", "editar", "Editar almacenes"),
    Permission("almacenes", "eliminar", "Eliminar almacenes"),
    Permission("almacenes", "exportar", "Exportar los almacenes"),
    Permission("stock", "ver", "Ver el stock y sus movimientos", MIRAN),
    Permission("stock", "exportar", "Exportar el stock", MIRAN),
    Permission("stock", "entrada", "Registrar entradas", CUIDAN),
]
