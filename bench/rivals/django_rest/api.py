"""The sale and the list of Django REST: serializers, the ORM in bulk, one transaction."""

from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, Subquery
from django.http import HttpResponse
from django.urls import path
from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bench.rivals.amounts import ZERO, split
from bench.rivals.django_rest.models import (
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
    ProductoAlmacen,
    Venta,
)

NEXT = (
    "INSERT INTO andes_sequences AS c (name, serie, last) VALUES ('venta', %s, 1)"
    " ON CONFLICT (name, serie) DO UPDATE SET last = c.last + 1 RETURNING last"
)
# What the ORM has no form for, or only a slow one.
TAKE_FROM_WAREHOUSE = (
    "UPDATE productos_almacen pa SET stock_actual = pa.stock_actual - w.cantidad"
    " FROM (SELECT %s::bigint AS almacen_id, unnest(%s::bigint[]) AS producto_id,"
    " unnest(%s::numeric[]) AS cantidad) w"
    " WHERE pa.almacen_id = w.almacen_id AND pa.producto_id = w.producto_id"
)
TAKE_FROM_PRODUCT = (
    "UPDATE productos pr SET stock_actual = pr.stock_actual - w.cantidad"
    " FROM (SELECT unnest(%s::bigint[]) AS id, unnest(%s::numeric[]) AS cantidad) w"
    " WHERE pr.id = w.id"
)
SHOWN = (
    "id", "serie", "numero", "cliente_id", "usuario_id", "sucursal_id", "caja_id", "fecha",
    "subtotal", "igv", "total", "vuelto", "estado", "modo_emision",
)  # fmt: skip


class LineIn(serializers.Serializer):
    """A line to sell."""

    producto_id = serializers.IntegerField(min_value=1)
    cantidad = serializers.DecimalField(
        max_digits=14, decimal_places=4, min_value=Decimal("0.0001")
    )
    precio_unitario = serializers.DecimalField(
        max_digits=16, decimal_places=6, min_value=Decimal(0), required=False, allow_null=True
    )
    descuento = serializers.DecimalField(
        max_digits=12, decimal_places=2, min_value=Decimal(0), default=ZERO
    )


class PaymentIn(serializers.Serializer):
    """A payment."""

    metodo = serializers.CharField(max_length=30)
    monto = serializers.DecimalField(max_digits=12, decimal_places=2, min_value=Decimal("0.01"))
    referencia = serializers.CharField(max_length=250, default="", allow_blank=True)


class SaleIn(serializers.Serializer):
    """A sale to register."""

    cliente_id = serializers.IntegerField(min_value=1)
    sucursal_id = serializers.IntegerField(min_value=1)
    caja_id = serializers.IntegerField(min_value=1)
    modo_emision = serializers.ChoiceField(["pos", "ecommerce"], default="pos")
    detalle = LineIn(many=True, min_length=1, max_length=500)
    formas_pago = PaymentIn(many=True, min_length=1, max_length=20)


class Sales(APIView):
    """``/api/ventas/``."""

    @property
    def permission(self) -> tuple[str, str]:
        """What the caller must be allowed to do."""
        return ("ventas", "crear" if self.request.method == "POST" else "ver")

    def post(self, request: Request) -> Response:
        """Register a sale."""
        checked = SaleIn(data=request.data)
        checked.is_valid(raise_exception=True)
        with transaction.atomic():
            answer = register(request.user.id, checked.validated_data)
        return _sized(Response(answer, status=201))

    def get(self, request: Request) -> Response:
        """Return a page of sales of a customer, newest first, by key."""
        query = request.query_params
        rows = Venta.objects.order_by("-id")
        if customer := query.get("cliente_id"):
            rows = rows.filter(cliente_id=int(customer))
        if after := query.get("next"):
            rows = rows.filter(id__lt=int(after))
        limit = min(int(query.get("limit", 50)), 500)
        found = list(rows.values(*SHOWN)[: limit + 1])
        more = len(found) > limit
        page = found[:limit]
        return _sized(Response({"items": page, "next": str(page[-1]["id"]) if more else None}))


def _sized(response: Response) -> Response:
    """Let the answer carry its length, so that it isn't sent in chunks."""
    response.add_post_render_callback(
        lambda done: done.headers.__setitem__("Content-Length", str(len(done.content)))
    )
    return response


def register(user_id: int, sale: dict[str, Any]) -> dict[str, Any]:
    """Write a sale with all its effects and return its answer."""
    rate, known = _checked(sale)
    wanted = {line["producto_id"]: line["cantidad"] for line in sale["detalle"]}
    stock = _locked(sale["sucursal_id"], wanted)
    lines = [_priced(line, stock, rate) for line in sale["detalle"]]
    amounts = split(lines)
    subtotal, igv, total = (sum(column, ZERO) for column in zip(*amounts, strict=True))
    paid = sum((one["monto"] for one in sale["formas_pago"]), ZERO)
    if paid < total:
        raise ValidationError({"formas_pago": "not enough"})
    series = str(sale["caja_id"])
    with connection.cursor() as cursor:
        cursor.execute(NEXT, [series])
        number = cursor.fetchone()[0]
    now = timezone.now()
    venta = Venta.objects.create(
        serie=series, numero=number, cliente_id=sale["cliente_id"], usuario_id=user_id,
        sucursal_id=sale["sucursal_id"], caja_id=sale["caja_id"], fecha=now, subtotal=subtotal,
        igv=igv, total=total, vuelto=paid - total, estado="registrada",
        modo_emision=sale["modo_emision"], metodo_pago_id=known[sale["formas_pago"][0]["metodo"]],
    )  # fmt: skip
    written = DetalleVenta.objects.bulk_create(
        DetalleVenta(
            venta_id=venta.id, producto_id=line["producto_id"], cantidad=quantity,
            precio_unitario=price, descuento=discount, subtotal=part[0], igv=part[1], total=part[2],
        )
        for line, (quantity, price, discount, _), part in zip(
            sale["detalle"], lines, amounts, strict=True
        )
    )  # fmt: skip
    FormaPago.objects.bulk_create(
        FormaPago(venta_id=venta.id, **one) for one in sale["formas_pago"]
    )
    _move(user_id, venta.id, wanted, stock, now)
    AuditLog.objects.create(
        usuario_id=user_id, modulo="sales", accion="crear", objeto_tipo="ventas",
        objeto_id=str(venta.id), datos_nuevos_json={"numero": number, "total": str(total)},
    )  # fmt: skip
    JobRow.objects.create(
        name="sales.notificar_venta", args={"venta_id": venta.id}, usuario_id=user_id
    )
    return _answer(venta, written, sale)


def _checked(sale: dict[str, Any]) -> tuple[Decimal, dict[str, int]]:
    """Return the tax rate and the known payment methods; one query each."""
    company = Configuracion.objects.filter(id=1)
    caja = (
        Caja.objects.filter(id=sale["caja_id"])
        .annotate(
            customer=Exists(Cliente.objects.filter(id=sale["cliente_id"])),
            rate=Subquery(company.values("tasa_igv")),
        )
        .first()
    )
    if caja is None or not caja.customer or caja.sucursal_id != sale["sucursal_id"]:
        raise ValidationError({"caja_id": "unknown"})
    if caja.estado != "abierta":
        raise ValidationError({"caja_id": "closed"})
    known = dict(MetodoPago.objects.filter(activo=True).values_list("codigo", "id"))
    for one in sale["formas_pago"]:
        if one["metodo"] not in known:
            raise ValidationError({"formas_pago": "unknown"})
    return caja.rate, known


def _locked(branch: int, wanted: dict[int, Decimal]) -> dict[int, ProductoAlmacen]:
    """Return the stock rows of the products, with the products, locked in the products' order."""
    place = Almacen.objects.filter(sucursal_id=branch, activo=True).order_by("id").values("id")[:1]
    rows = (
        ProductoAlmacen.objects.select_for_update(of=("self", "producto"), no_key=True)
        .select_related("producto")
        .filter(almacen_id=Subquery(place), producto_id__in=list(wanted), producto__activo=True)
        .order_by("producto_id")
    )
    found = {row.producto_id: row for row in rows}
    for product, quantity in wanted.items():
        row = found.get(product)
        if row is None:
            raise ValidationError({"detalle": "unknown product"})
        if row.stock_actual < quantity and not row.producto.permite_venta_sin_stock:
            raise ValidationError({"detalle": "no stock"})
    return found


def _priced(
    line: dict[str, Any], stock: dict[int, ProductoAlmacen], rate: Decimal
) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    product = stock[line["producto_id"]].producto
    price = line.get("precio_unitario")
    if price is None:
        price = product.precio
    return (
        line["cantidad"], price, line["descuento"],
        rate if product.afectacion_igv == "10" else Decimal(0),
    )  # fmt: skip


def _move(
    user_id: int,
    sale_id: int,
    wanted: dict[int, Decimal],
    stock: dict[int, ProductoAlmacen],
    now: Any,
) -> None:
    """Take the goods out: two updates of all rows, and the movements in one insert."""
    with connection.cursor() as cursor:
        place = next(iter(stock.values())).almacen_id
        cursor.execute(TAKE_FROM_WAREHOUSE, [place, list(wanted), list(wanted.values())])
        cursor.execute(TAKE_FROM_PRODUCT, [list(wanted), list(wanted.values())])
    MovimientoStock.objects.bulk_create(
        MovimientoStock(
            producto_id=product, almacen_origen_id=stock[product].almacen_id,
            tipo_movimiento="VENTA", cantidad=quantity, usuario_id=user_id,
            referencia_doc=f"venta:{sale_id}", created_at=now,
        )
        for product, quantity in wanted.items()
    )  # fmt: skip


def _answer(venta: Venta, lines: list[DetalleVenta], sale: dict[str, Any]) -> dict[str, Any]:
    shown = {name: getattr(venta, name) for name in SHOWN}
    fields = ("id", "producto_id", "cantidad", "precio_unitario", "descuento", "subtotal", "igv",
              "total")  # fmt: skip
    shown["detalle"] = [{name: getattr(line, name) for name in fields} for line in lines]
    shown["formas_pago"] = sale["formas_pago"]
    return shown


def ready(_request: Any) -> HttpResponse:
    """Say that the process serves."""
    return HttpResponse(b"ok", headers={"Content-Length": "2"})


urlpatterns = [path("api/ventas/", Sales.as_view()), path("ready", ready)]
