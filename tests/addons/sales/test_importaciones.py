"""Customers, products and prices from spreadsheets, through the API. Source: módulo 1."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from starlette.testclient import TestClient

from kernel.runtime import Runtime
from tests import payloads
from tests.addons.base.signed_in import read, run_jobs, write
from tests.conftest import Connect
from tests.contents import changed, contents
from tests.shop import Shop

PLACE = "/api/importaciones/"
IMPORTS = ("andes_jobs", "importaciones", "filas_rechazadas", "mapeos_recordados", "audit_logs")
"""What sending, trying and refusing leave."""

CLIENTES = """RUC/DNI;Nombre;Correo;Línea de crédito;Etiquetas
20131312955;Ferretería Ñandú S.A.C.;compras@nandu.pe;S/ 1,500.00;mayorista, Lima
45678912;Ana Quispe;;0;
20131312954;Mal Dígito S.A.;;0;
45678913;;sin-arroba;12,5;
45678912;Ana otra vez;;;
"""


def texto(contenido: str, codificacion: str = "utf-8") -> tuple[str, bytes]:
    return "hoja.csv", contenido.encode(codificacion)


def libro(*rows: tuple[Any, ...], title: str = "Hoja") -> tuple[str, bytes]:
    book, target = Workbook(), io.BytesIO()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    book.save(target)
    return "hoja.xlsx", target.getvalue()


def subir(client: TestClient, tipo: str, archivo: tuple[str, bytes], **more: str) -> Any:
    return client.post(PLACE, data={"tipo": tipo, **more}, files={"archivo": archivo})


def hecha(client: TestClient, tipo: str, archivo: tuple[str, bytes], **more: str) -> Any:
    answer = subir(client, tipo, archivo, **more)
    assert answer.status_code == 201, answer.text
    return answer.json()


def correr(client: TestClient, runtime: Runtime, one: Any, acto: str, **cambio: Any) -> Any:
    """Return an import after its job ran."""
    place = f"{PLACE}{one['id']}/"
    if cambio:
        answer = client.put(place, json=cambio)
        assert answer.status_code == 200, answer.text
    answer = client.post(f"{place}{acto}/")
    assert answer.status_code == 202, answer.text
    run_jobs(runtime)
    return client.get(place).json()


def errores(client: TestClient, one: Any) -> dict[int, list[tuple[str, str]]]:
    items = client.get(f"{PLACE}{one['id']}/errores/").json()["items"]
    return {it["fila"]: [(m["campo"], m["mensaje"]) for m in it["motivos"]] for it in items}


def test_probar_names_every_bad_row_and_writes_nothing(admin: TestClient, runtime: Runtime) -> None:
    one = hecha(admin, "clientes", texto(CLIENTES))
    assert one["mapeo"] == {
        "numero_doc": 0, "razon_social": 1, "email": 2, "limite_credito": 3, "tags": 4,
    }  # fmt: skip
    assert (one["recordado"], one["faltan"], len(one["muestra"])) == (False, [], 5)
    before = contents(runtime, *IMPORTS)
    tried = correr(admin, runtime, one, "probar")
    told = ("estado", "filas", "malas", "creados", "actualizados")
    assert [tried[name] for name in told] == ["probada", 5, 3, 2, 0]
    found = errores(admin, one)
    assert found.keys() == {4, 5, 6}
    assert "debería terminar en 5" in found[4][0][1]
    assert {campo for campo, _ in found[5]} == {"email", "limite_credito"}
    assert found[6] == [("", "Repite la fila 3.")]
    assert not changed(before, contents(runtime, *IMPORTS))


def test_importar_writes_all_or_nothing_or_the_good_rows(
    admin: TestClient, runtime: Runtime
) -> None:
    one = hecha(admin, "clientes", texto(CLIENTES))
    before = contents(runtime, *IMPORTS)
    whole = correr(admin, runtime, one, "importar")
    assert (whole["estado"], whole["malas"], whole["creados"]) == ("rechazada", 3, 0)
    assert not changed(before, contents(runtime, *IMPORTS))
    good = correr(admin, runtime, one, "importar", modo="omitir_malas")
    assert (good["estado"], good["malas"], good["creados"]) == ("importada", 3, 2)
    ferreteria = admin.get("/api/clientes/?q=Ñandú").json()["items"][0]
    told = ("tipo_doc", "numero_doc", "limite_credito", "tags")
    assert [ferreteria[name] for name in told] == [
        "6", "20131312955", "1500.00", ["mayorista", "Lima"],
    ]  # fmt: skip
    audited = "SELECT accion, count(*) FROM audit_logs WHERE objeto_tipo = :kind GROUP BY 1"
    assert read(runtime, audited, kind="clientes") == [("crear", 3)]  # and one before
    assert read(runtime, audited, kind="importaciones") == [("importar", 1)]
    again = admin.post(f"{PLACE}{one['id']}/importar/")
    assert (again.status_code, again.json()["code"]) == (409, "estado_no_permite")


def test_rechazadas_come_back_as_they_were_and_can_be_corrected_and_sent_again(
    admin: TestClient, runtime: Runtime
) -> None:
    formula = CLIENTES + "45678999;=1+1;@mal;;\n"
    one = hecha(admin, "clientes", texto(formula))
    correr(admin, runtime, one, "importar", modo="omitir_malas")
    answer = admin.get(f"{PLACE}{one['id']}/rechazadas/?formato=csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0] == [
        "RUC/DNI",
        "Nombre",
        "Correo",
        "Línea de crédito",
        "Etiquetas",
        "fila",
        "motivo",
    ]
    assert rows[1][:2] == ["20131312954", "Mal Dígito S.A."]
    assert rows[1][5] == "4"
    assert rows[4][1:3] == ["'=1+1", "'@mal"]
    file = admin.get(f"{PLACE}{one['id']}/rechazadas/").content
    cells = list(load_workbook(io.BytesIO(file)).active.iter_rows(max_row=5))
    assert (cells[4][1].value, cells[4][1].data_type) == ("=1+1", "s")
    corrected = answer.content.replace(b"20131312954", b"20100070970")
    again = hecha(admin, "clientes", ("otra.csv", corrected))
    done = correr(admin, runtime, again, "importar", modo="omitir_malas")
    assert (done["estado"], done["creados"]) == ("importada", 1)


def test_mapeo_is_remembered_for_sheets_with_the_same_heads(
    admin: TestClient, runtime: Runtime
) -> None:
    rows = [("Cod", "Dato uno", "Dato dos"), ("A-1", "Clavo", "1.5"), ("A-2", "Tuerca", "2")]
    one = hecha(admin, "productos", libro(*rows))
    assert one["mapeo"] == {"sku": 0}
    mapeo = [{"campo": n, "columna": i} for i, n in enumerate(("sku", "nombre", "precio"))]
    correr(admin, runtime, one, "importar", mapeo=mapeo)
    rows[0] = ("COD.", "dato UNO", "Dáto dos")
    second = hecha(admin, "productos", libro(*rows))
    assert (second["mapeo"], second["recordado"]) == ({"sku": 0, "nombre": 1, "precio": 2}, True)
    assert hecha(admin, "clientes", libro(*rows))["recordado"] is False


def test_productos_are_made_and_changed_by_what_the_cells_say(
    admin: TestClient, runtime: Runtime, shop: Shop
) -> None:
    rows = [
        ("SKU", "Nombre", "Precio", "Categoría", "Unidad", "IGV", "EAN", "Sin stock", "Activo"),
        ("N-1", "Cemento", 32.9, "Obra", "niu", "Gravado", 7750000000001, "sí", None),
        ("P-01", None, 0.1 + 0.2, "obra", None, None, None, None, "no"),
        ("N-2", "Sin precio", None, None, None, None, None, None, None),
        ("N-3", "Otra unidad", 1, None, "XYZ", None, None, "quizá", None),
    ]
    one = hecha(admin, "productos", libro(*rows))
    done = correr(admin, runtime, one, "importar", modo="omitir_malas")
    assert (done["creados"], done["actualizados"], done["malas"]) == (1, 1, 2)
    assert errores(admin, one) == {
        4: [("precio", "Falta este campo.")],
        5: [("permite_venta_sin_stock", "Debe ser verdadero o falso.")],
    }
    nuevo = admin.get("/api/productos/?sku=N-1").json()["items"][0]
    told = ("precio", "unidad_medida", "afectacion_igv", "codigo_barras", "permite_venta_sin_stock")
    assert [nuevo[name] for name in told] == ["32.900000", "NIU", "10", "7750000000001", True]
    viejo = admin.get(f"/api/productos/{shop.productos[0]}/").json()
    told = ("nombre", "precio", "activo", "categoria_id", "version")
    assert [viejo[name] for name in told] == [
        "Producto 1", "0.300000", False, nuevo["categoria_id"], 2,
    ]  # fmt: skip


def test_existentes_can_be_mistakes(admin: TestClient, runtime: Runtime) -> None:
    one = hecha(admin, "productos", libro(("SKU", "Precio"), ("P-01", 5), ("P-02", 6)))
    done = correr(admin, runtime, one, "importar", existentes="rechazar")
    assert (done["estado"], done["malas"]) == ("rechazada", 2)
    assert errores(admin, one)[2] == [("", "Ya existe.")]


def test_precios_go_to_lists_by_name(admin: TestClient, runtime: Runtime, shop: Shop) -> None:
    admin.post("/api/listas-precio/", json={"nombre": "Mayoristas"})
    rows = [
        ("Lista", "Código", "Desde", "Precio"),
        ("mayoristas", "P-01", None, "9.90"),
        ("Mayoristas", "P-01", 12, "8.50"),
        ("Minoristas", "P-01", 1, "1"),
        ("Mayoristas", "P-99", 0, "1"),
    ]
    one = hecha(admin, "precios", libro(*rows))
    done = correr(admin, runtime, one, "importar", modo="omitir_malas")
    assert (done["creados"], done["malas"]) == (2, 2)
    assert [campo for campo, _ in errores(admin, one)[4]] == ["lista"]
    rows[1] = ("Mayoristas", "P-01", 1, "9.80")
    again = correr(admin, runtime, hecha(admin, "precios", libro(*rows[:3])), "importar")
    assert (again["creados"], again["actualizados"]) == (0, 2)
    found = admin.get(f"/api/precios/?producto_id={shop.productos[0]}").json()["items"]
    assert [(it["cantidad_minima"], it["precio"]) for it in found] == [
        ("1.0000", "9.800000"), ("12.0000", "8.500000"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("archivo", "more", "field", "code"),
    [
        (texto(CLIENTES, "latin-1"), {}, "codificacion", "archivo_codificacion"),
        (texto("Nombre,Nombre\na,b\n"), {}, "archivo", "titulo_repetido"),
        (texto("Nombre\n"), {}, "archivo", "sin_filas"),
        (texto(",,\na,b\n"), {}, "archivo", "sin_titulos"),
        (texto('a,b\n"x'), {}, "archivo", "archivo_danado"),
        (("hoja.csv", b"PK\x03\x04"), {}, "archivo", "archivo_danado"),
        (("hoja.xlsx", b"a,b\n1,2\n"), {}, "archivo", "archivo_nombre"),
        (("hoja.pdf", b"%PDF-1.4 x"), {}, "archivo", "archivo_tipo"),
        (libro(("a",), (1,)), {"hoja": "Otra"}, "hoja", "sin_hoja"),
        (libro(("a",), (1,)), {"tipo": "naves"}, "tipo", "no_existe"),
    ],
)
def test_file_that_is_none_is_refused_with_the_reason(
    admin: TestClient,
    runtime: Runtime,
    archivo: tuple[str, bytes],
    more: dict[str, str],
    field: str,
    code: str,
) -> None:
    before = contents(runtime)
    answer = admin.post(PLACE, data={"tipo": "clientes", **more}, files={"archivo": archivo})
    assert answer.status_code == 400, answer.text
    assert [(it["field"], it["code"]) for it in answer.json()["errors"]] == [(field, code)]
    assert not changed(before, contents(runtime))
    assert list(runtime.storage.list("importaciones")) == []


def test_workbook_that_is_a_bomb_is_refused(admin: TestClient, runtime: Runtime) -> None:
    before = contents(runtime)
    bomb = payloads.xlsx(more={"xl/bomba.xml": b"<a>" + b"0" * 70_000_000})
    for data in (bomb, payloads.overlapped(), payloads.lying()):
        answer = subir(admin, "clientes", ("hoja.xlsx", data))
        assert answer.status_code == 400, answer.text
        assert answer.json()["errors"][0]["field"] == "archivo"
    assert not changed(before, contents(runtime))


def test_latin_1_is_read_where_somebody_says_so(admin: TestClient, runtime: Runtime) -> None:
    one = hecha(admin, "clientes", texto(CLIENTES, "latin-1"), codificacion="latin-1")
    assert one["muestra"][0][1] == "Ferretería Ñandú S.A.C."
    assert correr(admin, runtime, one, "probar")["creados"] == 2


def test_who_may_import_what(connect: Connect, admin: TestClient, runtime: Runtime) -> None:
    gerente, almacen, cajero = connect("gerente"), connect("almacen"), connect("cajero")
    kinds = [it["tipo"] for it in gerente.get(f"{PLACE}tipos/").json()]
    assert {"clientes", "productos", "precios"} <= set(kinds)
    assert "clientes" not in [it["tipo"] for it in almacen.get(f"{PLACE}tipos/").json()]
    assert subir(cajero, "clientes", texto(CLIENTES)).status_code == 403
    assert subir(almacen, "clientes", texto(CLIENTES)).status_code == 403
    one = hecha(gerente, "clientes", texto(CLIENTES))
    assert almacen.get(f"{PLACE}{one['id']}/").status_code == 404
    assert almacen.get(f"{PLACE}{one['id']}/rechazadas/").status_code == 404
    assert admin.get(f"{PLACE}{one['id']}/").status_code == 200
    assert admin.post(f"{PLACE}{one['id']}/importar/").status_code == 403
    plantilla = gerente.get(f"{PLACE}plantilla/?tipo=precios").content
    heads = next(load_workbook(io.BytesIO(plantilla)).active.iter_rows(values_only=True))
    assert heads == ("Lista de precios", "SKU", "Precio", "Desde qué cantidad")
    costos = libro(("SKU", "Nombre", "Precio", "Costo"), ("C-1", "Con costo", 2, 1))
    one = hecha(gerente, "productos", costos)
    assert correr(gerente, runtime, one, "probar")["malas"] == 0
    for accion in ("ver_costo", "dar_credito"):
        write(runtime, "DELETE FROM permisos WHERE accion = :accion", accion=accion)
    gerente = connect("gerente")
    assert correr(gerente, runtime, one, "probar")["malas"] == 1
    assert [campo for campo, _ in errores(gerente, one)[2]] == ["costo"]
    one = hecha(gerente, "clientes", texto(CLIENTES))
    correr(gerente, runtime, one, "probar")
    sin_permiso = ("limite_credito", "Su rol no decide sobre el crédito de un cliente.")
    assert errores(gerente, one)[2] == [sin_permiso]


def test_cancelar_stops_what_waits_and_leaves_nothing(admin: TestClient, runtime: Runtime) -> None:
    one = hecha(admin, "clientes", texto(CLIENTES))
    place = f"{PLACE}{one['id']}/"
    admin.put(place, json={"modo": "omitir_malas"})
    assert admin.post(f"{place}importar/").json()["estado"] == "importando"
    assert admin.post(f"{place}probar/").status_code == 409
    assert admin.post(f"{place}cancelar/").json()["estado"] == "cancelada"
    run_jobs(runtime)
    assert admin.get("/api/clientes/?q=Ñandú").json()["items"] == []
    assert correr(admin, runtime, one, "importar")["estado"] == "importada"


def test_who_lost_the_permission_meanwhile_writes_nothing(
    connect: Connect, runtime: Runtime
) -> None:
    gerente = connect("gerente")
    one = hecha(gerente, "clientes", texto(CLIENTES))
    gerente.put(f"{PLACE}{one['id']}/", json={"modo": "omitir_malas"})
    assert gerente.post(f"{PLACE}{one['id']}/importar/").status_code == 202
    write(runtime, "DELETE FROM permisos WHERE modulo = 'clientes' AND accion = 'crear'")
    run_jobs(runtime)
    told = connect("gerente").get(f"{PLACE}{one['id']}/").json()
    assert (told["estado"], told["creados"]) == ("fallida", None)
    assert "clientes.crear" in told["error"]
    assert read(runtime, "SELECT count(*) FROM clientes") == [(1,)]


def test_mapeo_that_cannot_be_is_refused(admin: TestClient) -> None:
    one = hecha(admin, "clientes", texto(CLIENTES))
    mapeo = [
        {"campo": "inventado", "columna": 0},
        {"campo": "email", "columna": 0},
        {"campo": "email", "columna": 9},
    ]
    answer = admin.put(f"{PLACE}{one['id']}/", json={"mapeo": mapeo})
    assert [it["field"] for it in answer.json()["errors"]] == [
        "mapeo.0.campo", "mapeo.1.columna", "mapeo.2.campo", "mapeo.2.columna",
    ]  # fmt: skip
    admin.put(f"{PLACE}{one['id']}/", json={"mapeo": []})
    answer = admin.post(f"{PLACE}{one['id']}/importar/")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "mapeo")
