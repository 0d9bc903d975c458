"""The tables of the sale, as Django sees them; plain ids where no join is wanted."""

# ruff: noqa: D101  # the tables are the product's, which documents them
from django.db import models


class Rol(models.Model):
    nombre = models.TextField()

    class Meta:
        app_label = "shop"
        managed = False
        db_table = "roles"


class Permiso(models.Model):
    rol_id = models.BigIntegerField()
    modulo = models.TextField()
    accion = models.TextField()
    permitido = models.BooleanField()

    class Meta:
        app_label = "shop"
        managed = False
        db_table = "permisos"


class Usuario(models.Model):
    nombre = models.TextField()
    email = models.TextField()
    rol = models.ForeignKey(Rol, models.DO_NOTHING)
    activo = models.BooleanField()

    class Meta:
        app_label = "shop"
        managed = False
        db_table = "usuarios"


class Sesion(models.Model):
    usuario = models.ForeignKey(Usuario, models.DO_NOTHING)
    token_jti = models.TextField()
    activo = models.BooleanField()
    expires_at = models.DateTimeField()

    class Meta:
        app_label = "shop"
        managed = False
        db_table = "sesiones"


class Configuracion(models.Model):
    precios_incluyen_igv = models.BooleanField()
    tasa_igv = models.DecimalField(max_digits=5, decimal_places=4)

    class Meta:
        app_label = "shop"
        managed = False
        db_table = "configuracion"


class Cliente(models.Model):
    razon_social = models.TextField()

    class Meta:
        app_label = "shop"
        managed = False
        db_table = "clientes"


class Caja(models.Model):
    sucursal_id = models.BigIntegerField()
    usuario_id = models.BigIntegerField()
    estado = models.TextField()

    class Meta:
        app_label = "shop"
        managed = False
        db_table = "cajas"


class MetodoPago(models.Model):
    codigo = models.TextField()
    es_efectivo = models.BooleanField()
    activo = models.BooleanField()

    class Meta:
        app_label = "shop"
        managed = False
        db_table = "metodos_pago"


class Producto(models.Model):
    precio = models.DecimalField(max_digits=16, decimal_places=6)
    afectacion_igv = models.TextField()
    stock_actual = models.DecimalField(max_digits=14, decimal_places=4)
    permite_venta_sin_stock = models.BooleanField()
    activo = models.BooleanField()

    class Meta:
        app_label = "shop"
        managed = False
        db_table = "productos"


class Almacen(models.Model):
    tipo = models.TextField()
    sucursal_id = models.BigIntegerField()
    activo = models.BooleanField()

    class Meta:
        app_label = "shop"
        managed = False
        db_table = "almacenes"


class ProductoAlmacen(models.Model):
    producto = models.ForeignKey(Producto, models.DO_NOTHING)
    almacen_id = models.BigIntegerField()
    stock_actual = models.DecimalField(max_digits=14, decimal_places=4)

    class Meta:
        app_label = "shop"
        managed = False
        db_table = "productos_almacen"


class MovimientoStock(models.Model):
    producto_id = models.BigIntegerField()
    almacen_origen_id = models.BigIntegerField(null=True)
    tipo_movimiento = models.TextField()
    cantidad = models.DecimalField(max_digits=14, decimal_places=4)
    usuario_id = models.BigIntegerField(null=True)
    referencia_doc = models.TextField(default="")
    created_at = models.DateTimeField()

    class Meta:
        app_label = "shop"
        managed = False
        db_table = "movimientos_stock"


class Venta(models.Model):
    serie = models.TextField()
    numero = models.BigIntegerField()
    cliente_id = models.BigIntegerField()
    usuario_id = models.BigIntegerField()
    sucursal_id = models.BigIntegerField()
    caja_id = models.BigIntegerField()
    fecha = models.DateTimeField()
    subtotal = models.DecimalField(max_digits=12, decimal_places=2)
    igv = models.DecimalField(max_digits=12, decimal_places=2)
    total = models.DecimalField(max_digits=12, decimal_places=2)
    vuelto = models.DecimalField(max_digits=12, decimal_places=2)
    estado = models.TextField()
    modo_emision = models.TextField()
    metodo_pago_id = models.BigIntegerField(null=True)

    class Meta:
        app_label = "shop"
        managed = False
        db_table = "ventas"


class DetalleVenta(models.Model):
    venta_id = models.BigIntegerField()
    producto_id = models.BigIntegerField()
    cantidad = models.DecimalField(max_digits=14, decimal_places=4)
    precio_unitario = models.DecimalField(max_digits=16, decimal_places=6)
    descuento = models.DecimalField(max_digits=12, decimal_places=2)
    subtotal = models.DecimalField(max_digits=12, decimal_places=2)
    igv = models.DecimalField(max_digits=12, decimal_places=2)
    total = models.DecimalField(max_digits=12, decimal_places=2)

    class Meta:
        app_label = "shop"
        managed = False
        db_table = "detalle_venta"


class FormaPago(models.Model):
    venta_id = models.BigIntegerField()
    metodo = models.TextField()
    monto = models.DecimalField(max_digits=12, decimal_places=2)
    referencia = models.TextField(default="")
    confirmado = models.BooleanField(default=True)

    class Meta:
        app_label = "shop"
        managed = False
        db_table = "formas_pago"


class AuditLog(models.Model):
    usuario_id = models.BigIntegerField(null=True)
    modulo = models.TextField()
    accion = models.TextField()
    objeto_tipo = models.TextField()
    objeto_id = models.TextField(null=True)
    datos_nuevos_json = models.JSONField(null=True)

    class Meta:
        app_label = "shop"
        managed = False
        db_table = "audit_logs"


class JobRow(models.Model):
    name = models.TextField()
    args = models.JSONField()
    usuario_id = models.BigIntegerField(null=True)

    class Meta:
        app_label = "shop"
        managed = False
        db_table = "andes_jobs"
