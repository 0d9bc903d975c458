"""The sale and the list in FastAPI: plain ``def`` endpoints, a session of the ORM a request."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

import jwt
from anyio import to_thread
from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import Field
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.orm import Session, contains_eager, sessionmaker

from bench.rivals.amounts import ZERO, split
from bench.rivals.fastapi_orm.models import (
    Almacen,
    AuditLog,
    Caja,
    Cliente,
    Configuracion,
    DetalleVenta,
    FormaPago,
    JobRow,
    MetodoPago,
    MovimientoStock,
    Permiso,
    Producto,
    ProductoAlmacen,
    Sesion,
    Usuario,
    Venta,
)
from bench.rivals.fastapi_orm.schemas import LineIn, Page, SaleIn, SaleOut, SaleRow

KEY = bytes.fromhex(os.environ["RIVAL_KEY"])
THREADS = 10

engine = create_engine(os.environ["RIVAL_URL"], pool_size=THREADS, max_overflow=0)
make_session = sessionmaker(engine, expire_on_commit=False)


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Give the endpoints as many threads as the other contestants have."""
    to_thread.current_default_thread_limiter().total_tokens = THREADS
    yield


app = FastAPI(lifespan=lifespan)


def session_of() -> Iterator[Session]:
    """Yield the session of a request; it is committed before the answer is sent."""
    with make_session() as session, session.begin():
        yield session


Db = Annotated[Session, Depends(session_of, scope="function")]


class Caller:
    """Identifies the caller in one query: session, user, and the permission of the role."""

    def __init__(self, modulo: str, accion: str) -> None:
        self.modulo = modulo
        self.accion = accion

    def __call__(self, request: Request, session: Db) -> Usuario:
        """Return the caller, or answer 401 or 403."""
        _scheme, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            claims = jwt.decode(token, KEY, ["HS256"], audience="andes", issuer="andes")
        except jwt.PyJWTError:
            raise HTTPException(401) from None
        allowed = (
            select(Permiso.id)
            .where(
                Permiso.rol_id == Usuario.rol_id,
                Permiso.modulo == self.modulo,
                Permiso.accion == self.accion,
                Permiso.permitido,
            )
            .exists()
        )
        found = session.execute(
            select(Usuario, allowed)
            .join(Sesion, Sesion.usuario_id == Usuario.id)
            .where(
                Sesion.token_jti == claims["jti"],
                Sesion.activo,
                Usuario.activo,
                Sesion.expires_at > func.now(),
            )
        ).one_or_none()
        if found is None:
            raise HTTPException(401)
        if not found[1]:
            raise HTTPException(403)
        return found[0]


Seller = Annotated[Usuario, Depends(Caller("ventas", "crear"))]
Reader = Annotated[Usuario, Depends(Caller("ventas", "ver"))]


@app.get("/ready")
def ready() -> str:
    """Say that the process serves."""
    return "ok"


@app.get("/api/ventas/")
def page(
    session: Db, _reader: Reader, cliente_id: int | None = None, next: int | None = None,
    limit: Annotated[int, Field(ge=1, le=500)] = 50,
) -> Page:  # fmt: skip
    """Return a page of sales of a customer, newest first, by key."""
    query = select(Venta).order_by(Venta.id.desc()).limit(limit + 1)
    if cliente_id is not None:
        query = query.where(Venta.cliente_id == cliente_id)
    if next is not None:
        query = query.where(Venta.id < next)
    rows = session.scalars(query).all()
    shown = [SaleRow.model_validate(row) for row in rows[:limit]]
    return Page.model_construct(items=shown, next=str(shown[-1].id) if len(rows) > limit else None)


@app.post("/api/ventas/", status_code=201)
def create(session: Db, seller: Seller, sale: SaleIn) -> SaleOut:
    """Register a sale with all its effects."""
    rate, known = _checked(session, sale)
    wanted = {line.producto_id: line.cantidad for line in sale.detalle}
    stock = _locked(session, sale.sucursal_id, wanted)
    lines = [_priced(line, stock, rate) for line in sale.detalle]
    amounts = split(lines)
    subtotal, igv, total = (sum(column, ZERO) for column in zip(*amounts, strict=True))
    paid = sum((one.monto for one in sale.formas_pago), ZERO)
    if paid < total:
        raise HTTPException(400, "formas_pago")
    series = str(sale.caja_id)
    number = session.execute(NEXT, {"serie": series}).scalar_one()
    venta = Venta(
        serie=series, numero=number, cliente_id=sale.cliente_id, usuario_id=seller.id,
        sucursal_id=sale.sucursal_id, caja_id=sale.caja_id, fecha=datetime.now(UTC),
        subtotal=subtotal, igv=igv, total=total, vuelto=paid - total, estado="registrada",
        modo_emision=sale.modo_emision, metodo_pago_id=known[sale.formas_pago[0].metodo],
    )  # fmt: skip
    venta.detalle = [
        DetalleVenta(
            producto_id=line.producto_id, cantidad=quantity, precio_unitario=price,
            descuento=discount, subtotal=part[0], igv=part[1], total=part[2],
        )
        for line, (quantity, price, discount, _), part in zip(
            sale.detalle, lines, amounts, strict=True
        )
    ]  # fmt: skip
    venta.formas_pago = [FormaPago(**one.model_dump()) for one in sale.formas_pago]
    session.add(venta)
    session.flush()
    for product, quantity in wanted.items():
        row = stock[product]
        row.stock_actual -= quantity
        row.producto.stock_actual -= quantity
        session.add(
            MovimientoStock(
                producto_id=product, almacen_origen_id=row.almacen_id, tipo_movimiento="VENTA",
                cantidad=quantity, usuario_id=seller.id, referencia_doc=f"venta:{venta.id}",
            )
        )  # fmt: skip
    session.add(
        AuditLog(
            usuario_id=seller.id, modulo="sales", accion="crear", objeto_tipo="ventas",
            objeto_id=str(venta.id), datos_nuevos_json={"numero": number, "total": str(total)},
        )
    )  # fmt: skip
    session.add(
        JobRow(name="sales.notificar_venta", args={"venta_id": venta.id}, usuario_id=seller.id)
    )
    return SaleOut.model_validate(venta)


NEXT = text(
    "INSERT INTO andes_sequences AS c (name, serie, last) VALUES ('venta', :serie, 1)"
    " ON CONFLICT (name, serie) DO UPDATE SET last = c.last + 1 RETURNING last"
)


def _checked(session: Session, sale: SaleIn) -> tuple[Decimal, dict[str, int]]:
    """Return the tax rate and the known payment methods; one query each."""
    customer = select(Cliente.id).where(Cliente.id == sale.cliente_id).exists()
    rate = select(Configuracion.tasa_igv).where(Configuracion.id == 1).scalar_subquery()
    found = session.execute(
        select(Caja.estado, Caja.sucursal_id, customer, rate).where(Caja.id == sale.caja_id)
    ).one_or_none()
    if found is None or found[0] != "abierta" or found[1] != sale.sucursal_id or not found[2]:
        raise HTTPException(400, "caja_id")
    methods = select(MetodoPago.codigo, MetodoPago.id).where(MetodoPago.activo)
    known = {row.codigo: row.id for row in session.execute(methods)}
    if any(one.metodo not in known for one in sale.formas_pago):
        raise HTTPException(400, "formas_pago")
    return found[3], known


def _locked(
    session: Session, branch: int, wanted: dict[int, Decimal]
) -> dict[int, ProductoAlmacen]:
    """Return the stock rows of the products, with the products, locked in the products' order."""
    place = (
        select(Almacen.id)
        .where(Almacen.sucursal_id == branch, Almacen.activo)
        .order_by(Almacen.id)
        .limit(1)
        .scalar_subquery()
    )
    rows = session.scalars(
        select(ProductoAlmacen)
        .join(ProductoAlmacen.producto)
        .options(contains_eager(ProductoAlmacen.producto))
        .where(
            ProductoAlmacen.almacen_id == place,
            ProductoAlmacen.producto_id.in_(wanted),
            Producto.activo,
        )
        .order_by(ProductoAlmacen.producto_id)
        .with_for_update(key_share=True)
    )
    found = {row.producto_id: row for row in rows}
    for product, quantity in wanted.items():
        row = found.get(product)
        if row is None:
            raise HTTPException(400, "producto_id")
        if row.stock_actual < quantity and not row.producto.permite_venta_sin_stock:
            raise HTTPException(400, "stock_insuficiente")
    return found


def _priced(
    line: LineIn, stock: dict[int, ProductoAlmacen], rate: Decimal
) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    product = stock[line.producto_id].producto
    price = product.precio if line.precio_unitario is None else line.precio_unitario
    return line.cantidad, price, line.descuento, rate if product.afectacion_igv == "10" else ZERO
