"""What the specification asks for and is delivered: tables with columns, indexes, and addresses.

Source: spec/erp-modules.md, módulos 1, 2 and 9, as far as a first sale needs them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

TABLES: Mapping[str, Mapping[str, Sequence[str]]] = {
    "sales": {
        "clientes": (
            "id",
            "tipo_doc",
            "numero_doc",
            "razon_social",
            "email",
            "telefono",
            "categoria",
            "limite_credito",
            "tags",
        ),
        "productos": (
            "id",
            "sku",
            "nombre",
            "precio",
            "stock_actual",
            "permite_venta_sin_stock",
            "unidad_medida",
            "categoria_id",
        ),
        "ventas": (
            "id",
            "cliente_id",
            "usuario_id",
            "sucursal_id",
            "caja_id",
            "fecha",
            "total",
            "estado",
            "modo_emision",
            "metodo_pago_id",
        ),
        "detalle_venta": (
            "id",
            "venta_id",
            "producto_id",
            "cantidad",
            "precio_unitario",
            "descuento",
            "subtotal",
            "igv",
            "total",
        ),
        "formas_pago": ("id", "venta_id", "metodo", "monto", "referencia", "confirmado"),
        "cajas": (
            "id",
            "sucursal_id",
            "usuario_id",
            "estado",
            "monto_apertura",
            "monto_cierre",
            "fecha_apertura",
            "fecha_cierre",
        ),
    },
    "inventory": {
        "almacenes": ("id", "nombre", "tipo", "sucursal_id", "activo"),
        "productos_almacen": (
            "id",
            "producto_id",
            "almacen_id",
            "stock_actual",
            "stock_minimo",
            "stock_maximo",
            "stock_seguridad",
        ),
        "movimientos_stock": (
            "id",
            "producto_id",
            "almacen_origen_id",
            "almacen_destino_id",
            "tipo_movimiento",
            "cantidad",
            "motivo",
            "usuario_id",
            "lote_id",
            "referencia_doc",
            "created_at",
        ),
    },
    "base": {
        "usuarios": (
            "id",
            "nombre",
            "email",
            "password_hash",
            "rol_id",
            "sucursal_id",
            "activo",
            "2fa_activo",
            "2fa_secret",
            "ultimo_acceso",
            "created_at",
        ),
        "roles": ("id", "nombre", "descripcion"),
        "permisos": ("id", "rol_id", "modulo", "accion", "permitido"),
        "sesiones": (
            "id",
            "usuario_id",
            "token_jti",
            "ip",
            "user_agent",
            "activo",
            "created_at",
            "expires_at",
        ),
        "audit_logs": (
            "id",
            "usuario_id",
            "modulo",
            "accion",
            "objeto_tipo",
            "objeto_id",
            "datos_anteriores_json",
            "datos_nuevos_json",
            "ip",
            "user_agent",
            "created_at",
        ),
        "configuracion": ("id", "ruc", "razon_social"),
        "sucursales": ("id", "nombre"),
    },
}

INDEXES: Mapping[str, Mapping[str, Sequence[str]]] = {
    "inventory": {
        # A movement has two almacenes, so the index by almacén of the specification is two.
        "movimientos_stock": (
            "(producto_id, created_at)",
            "(almacen_origen_id, tipo_movimiento)",
            "(almacen_destino_id, tipo_movimiento)",
        ),
    },
}

PATHS: Mapping[str, Sequence[str]] = {
    "sales": (
        "POST /api/ventas/",
        "GET /api/ventas/",
        "GET /api/ventas/{id}/",
        "GET /api/clientes/",
        "POST /api/clientes/",
        "PUT /api/clientes/{id}/",
        "GET /api/productos/",
        "POST /api/cajas/abrir/",
        "POST /api/cajas/cerrar/",
        "GET /api/cajas/",
        "GET /api/reportes/ventas-diarias/",
    ),
    "inventory": (
        "GET /api/almacenes/",
        "POST /api/almacenes/",
        "GET /api/inventario/stock/",
        "POST /api/inventario/entrada/",
        "GET /api/inventario/movimientos/",
    ),
    "base": (
        "POST /api/auth/login/",
        "POST /api/auth/login/2fa/",
        "POST /api/auth/refresh/",
        "POST /api/auth/logout/",
        "POST /api/auth/sso/google/",
        "GET /api/usuarios/",
        "POST /api/usuarios/",
        "PUT /api/usuarios/{id}/",
        "POST /api/usuarios/{id}/activar-2fa/",
        "GET /api/roles/",
        "POST /api/roles/",
        "PUT /api/roles/{id}/permisos/",
        "GET /api/audit-logs/",
        "GET /api/sucursales/",
    ),
}

PUBLIC = frozenset(
    {
        "POST /api/auth/login/",
        "POST /api/auth/login/2fa/",
        "POST /api/auth/login/2fa/configurar/",
        "POST /api/auth/primer-admin/",
        "POST /api/auth/aceptar-invitacion/",
        "POST /api/auth/refresh/",
        "POST /api/auth/sso/google/",
        "GET /api/auth/sso/google/inicio/",
        "GET /api/auth/sso/google/retorno/",
        "POST /api/auth/olvide-clave/",
        "POST /api/auth/restablecer-clave/",
    }
)
"""Addresses that answer without a token; a new one is a decision, written here."""
