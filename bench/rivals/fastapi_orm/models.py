"""The tables of the sale, as an application would map them for the ORM."""

# ruff: noqa: D101  # the tables are the product's, which documents them
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from sqlalchemy import BigInteger, ForeignKey, Numeric
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    type_annotation_map: ClassVar = {dict[str, Any]: JSONB()}


Id = Annotated[int, mapped_column(BigInteger, primary_key=True)]
Big = Annotated[int, mapped_column(BigInteger)]
Money = Annotated[Decimal, mapped_column(Numeric(12, 2))]
Price = Annotated[Decimal, mapped_column(Numeric(16, 6))]
Units = Annotated[Decimal, mapped_column(Numeric(14, 4))]


class Permiso(Base):
    __tablename__ = "permisos"
    id: Mapped[Id]
    rol_id: Mapped[Big]
    modulo: Mapped[str]
    accion: Mapped[str]
    permitido: Mapped[bool]


class Usuario(Base):
    __tablename__ = "usuarios"
    id: Mapped[Id]
    nombre: Mapped[str]
    email: Mapped[str]
    rol_id: Mapped[Big]
    activo: Mapped[bool]


class Sesion(Base):
    __tablename__ = "sesiones"
    id: Mapped[Id]
    usuario_id: Mapped[int] = mapped_column(ForeignKey("usuarios.id"))
    token_jti: Mapped[str]
    activo: Mapped[bool]
    expires_at: Mapped[datetime]
    usuario: Mapped[Usuario] = relationship()


class Configuracion(Base):
    __tablename__ = "configuracion"
    id: Mapped[Id]
    tasa_igv: Mapped[Decimal] = mapped_column(Numeric(5, 4))


class Cliente(Base):
    __tablename__ = "clientes"
    id: Mapped[Id]


class Caja(Base):
    __tablename__ = "cajas"
    id: Mapped[Id]
    sucursal_id: Mapped[Big]
    estado: Mapped[str]


class MetodoPago(Base):
    __tablename__ = "metodos_pago"
    id: Mapped[Id]
    codigo: Mapped[str]
    activo: Mapped[bool]


class Producto(Base):
    __tablename__ = "productos"
    id: Mapped[Id]
    precio: Mapped[Price]
    afectacion_igv: Mapped[str]
    stock_actual: Mapped[Units]
    permite_venta_sin_stock: Mapped[bool]
    activo: Mapped[bool]


class Almacen(Base):
    __tablename__ = "almacenes"
    id: Mapped[Id]
    sucursal_id: Mapped[Big]
    activo: Mapped[bool]


class ProductoAlmacen(Base):
    __tablename__ = "productos_almacen"
    id: Mapped[Id]
    producto_id: Mapped[int] = mapped_column(ForeignKey("productos.id"))
    almacen_id: Mapped[Big]
    stock_actual: Mapped[Units]
    producto: Mapped[Producto] = relationship()


class MovimientoStock(Base):
    __tablename__ = "movimientos_stock"
    id: Mapped[Id]
    producto_id: Mapped[Big]
    almacen_origen_id: Mapped[Big | None] = mapped_column(BigInteger)
    tipo_movimiento: Mapped[str]
    cantidad: Mapped[Units]
    usuario_id: Mapped[Big | None] = mapped_column(BigInteger)
    referencia_doc: Mapped[str]


class Venta(Base):
    __tablename__ = "ventas"
    id: Mapped[Id]
    serie: Mapped[str]
    numero: Mapped[Big]
    cliente_id: Mapped[Big]
    usuario_id: Mapped[Big]
    sucursal_id: Mapped[Big]
    caja_id: Mapped[Big]
    fecha: Mapped[datetime]
    subtotal: Mapped[Money]
    igv: Mapped[Money]
    total: Mapped[Money]
    vuelto: Mapped[Money]
    estado: Mapped[str]
    modo_emision: Mapped[str]
    metodo_pago_id: Mapped[Big | None] = mapped_column(BigInteger)
    detalle: Mapped[list["DetalleVenta"]] = relationship()
    formas_pago: Mapped[list["FormaPago"]] = relationship()


class DetalleVenta(Base):
    __tablename__ = "detalle_venta"
    id: Mapped[Id]
    venta_id: Mapped[int] = mapped_column(ForeignKey("ventas.id"))
    producto_id: Mapped[Big]
    cantidad: Mapped[Units]
    precio_unitario: Mapped[Price]
    descuento: Mapped[Money]
    subtotal: Mapped[Money]
    igv: Mapped[Money]
    total: Mapped[Money]


class FormaPago(Base):
    __tablename__ = "formas_pago"
    id: Mapped[Id]
    venta_id: Mapped[int] = mapped_column(ForeignKey("ventas.id"))
    metodo: Mapped[str]
    monto: Mapped[Money]
    referencia: Mapped[str]


class AuditLog(Base):
    __tablename__ = "audit_logs"
    id: Mapped[Id]
    usuario_id: Mapped[Big | None] = mapped_column(BigInteger)
    modulo: Mapped[str]
    accion: Mapped[str]
    objeto_tipo: Mapped[str]
    objeto_id: Mapped[str | None]
    datos_nuevos_json: Mapped[dict[str, Any] | None]


class JobRow(Base):
    __tablename__ = "andes_jobs"
    id: Mapped[Id]
    name: Mapped[str]
    args: Mapped[dict[str, Any]]
    usuario_id: Mapped[Big | None] = mapped_column(BigInteger)
