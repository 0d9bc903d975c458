"""Uploads: what is taken, what is refused and by which field, and how it comes out again."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from starlette.testclient import TestClient
from starlette.types import Message

from kernel import attachments, downloads, filetypes, images, processes
from kernel.context import Ctx
from kernel.errors import TooLarge, ValidationFailed
from kernel.forms import Form, Reader, Received, parse
from kernel.receiving import _chunks
from kernel.runtime import Runtime
from kernel.uploads import MAX_NAME, FileRule, Upload, clean_name
from tests import payloads
from tests.conftest import Connect
from tests.shop import Shop, abrir_caja

TYPE = b"multipart/form-data; boundary=frontera"


OPENED: list[Received] = []


@pytest.fixture(autouse=True)
def close_forms() -> Iterator[None]:
    """Let go of the forms that a test read."""
    yield
    while OPENED:
        OPENED.pop().close()


def part(disposition: str, content: bytes = b"", extra: str = "") -> bytes:
    head = f"--frontera\r\nContent-Disposition: {disposition}\r\n{extra}\r\n"
    return head.encode() + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--frontera--\r\n"


def read(body: bytes, size: int = 1000, kind: bytes = TYPE) -> Received:
    """Return a form that arrived in pieces of a size."""
    reader = Reader(kind)
    try:
        for start in range(0, len(body), size):
            reader.take(body[start : start + size])
        OPENED.append(reader.finish())
    except ValidationFailed:
        reader.close()
        raise
    return OPENED[-1]


def upload(name: str, content: bytes) -> Upload:
    return Upload(name, io.BytesIO(content), len(content), "")


def send(client: TestClient, name: str, content: bytes, **fields: Any) -> Any:
    return client.post("/api/adjuntos/", files={"archivo": (name, content)}, data=fields)


def fault(answer: Any) -> tuple[int, str, str]:
    """Return status, field and code of a refusal of one field."""
    (error,) = answer.json()["errors"]
    return answer.status_code, error["field"], error["code"]


class Formulario(Form):
    archivo: Annotated[Upload, FileRule(frozenset({filetypes.PDF, filetypes.PNG}), max_bytes=2048)]
    nota: str = ""


# Forms ------------------------------------------------------------------------------------------


@given(
    content=st.binary(max_size=3000),
    note=st.text(st.characters(exclude_categories=["Cs"]), max_size=50),
    size=st.integers(1, 700),
)
def test_form_in_pieces_of_any_size_is_read_whole(content: bytes, note: str, size: int) -> None:
    body = form(
        part('form-data; name="nota"', note.encode()),
        part('form-data; name="archivo"; filename="a.pdf"', content),
    )
    (_, read_note), (_, file) = read(body, size).parts
    assert isinstance(file, Upload)
    assert (read_note, file.read(), file.size) == (note, content, len(content))
    assert b"".join(file.chunks()) == content


def test_form_is_the_same_whatever_the_boundary() -> None:
    one = form(part('form-data; name="archivo"; filename="a.pdf"', b"uno"))
    two, three = one.replace(b"frontera", b"otra"), one.replace(b"uno", b"tres")
    digest = read(one).digest()
    assert read(two, kind=TYPE.replace(b"frontera", b"otra")).digest() == digest
    assert read(three).digest() != digest


MALFORMED = {
    "nothing": b"",
    "no boundary in it": b"hola",
    "no end": part('form-data; name="a"', b"1"),
    "cut in a header": form(part('form-data; name="a"'))[:30],
    "no name": form(part("form-data", b"1")),
    "no disposition": b"--frontera\r\nX: y\r\n\r\n1\r\n--frontera--\r\n",
    "another disposition": form(part('attachment; name="a"', b"1")),
    "a header without a colon": b"--frontera\r\nContent\r\n\r\n1\r\n--frontera--\r\n",
    "endless header": form(part('form-data; name="a"', extra="X: " + "y" * 100_000 + "\r\n")),
    "many headers": form(part('form-data; name="a"', extra="X: y\r\n" * 500)),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_form_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        read(body)
    assert refusal.value.code == "formulario_invalido"


@pytest.mark.parametrize(
    "kind",
    [b"multipart/form-data", b"multipart/form-data; boundary=", TYPE + b"x" * 500],
)
def test_form_without_a_usable_boundary_is_refused(kind: bytes) -> None:
    with pytest.raises(ValidationFailed):
        Reader(kind)


def test_form_of_too_many_parts_or_too_long_a_text_is_refused() -> None:
    with pytest.raises(ValidationFailed, match="50 partes"):
        read(form(*[part(f'form-data; name="n{number}"', b"x") for number in range(60)]))
    with pytest.raises(ValidationFailed) as refusal:
        read(form(part('form-data; name="nota"', b"x" * 70_000)))
    assert [one.field for one in refusal.value.errors] == ["nota"]


def test_form_names_every_bad_field() -> None:
    cases: list[tuple[list[bytes], set[tuple[str, str]]]] = [
        ([], {("archivo", "missing")}),
        ([part('form-data; name="archivo"', b"texto")], {("archivo", "archivo")}),
        (
            [part(f'form-data; name="{name}"; filename="x.pdf"', b"x") for name in "ab"],
            {("archivo", "missing"), ("a", "extra_forbidden"), ("b", "extra_forbidden")},
        ),
        (
            [
                part('form-data; name="archivo"; filename="a.pdf"', payloads.PDF),
                part('form-data; name="nota"; filename="n.pdf"', b"x"),
            ],
            {("nota", "string_type")},
        ),
        (
            [
                part('form-data; name="archivo"; filename="a.pdf"', payloads.PDF),
                part('form-data; name="nota"', b"a\x00b"),
            ],
            {("nota", "nul")},
        ),
        (
            [part('form-data; name="archivo"; filename="a.pdf"', payloads.PDF)] * 2,
            {("archivo", "repetido")},
        ),
    ]
    for parts, faults in cases:
        with pytest.raises(ValidationFailed) as refusal:
            parse(read(form(*parts)), Formulario)
        assert {(one.field, one.code) for one in refusal.value.errors} == faults
    with pytest.raises(ValidationFailed):
        read(form(part('form-data; name="nota"', b"\xff")))


def test_body_without_end_is_read_to_the_limit_only() -> None:
    chunk: Message = {"type": "http.request", "body": b"x" * 1000, "more_body": True}
    taken = itertools.count()

    async def receive() -> Message:
        next(taken)
        return chunk

    async def drain() -> None:
        async for _ in _chunks(receive, 10_000):
            pass

    with pytest.raises(TooLarge):
        anyio.run(drain)
    assert next(taken) == 11


# Types ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", payloads.GOOD)
def test_identify_good_file_is_what_its_content_says(name: str) -> None:
    content, media = payloads.GOOD[name]
    assert upload(name, content).tipo == media


def test_identify_certificate_is_known_by_its_shape() -> None:
    assert upload("firma.PFX", payloads.PFX).tipo == filetypes.PKCS12


HOSTILE = {
    **payloads.ACTIVE,
    **payloads.UNKNOWN,
    **payloads.MISNAMED,
    **{f"{name}.zip": one for name, one in payloads.DAMAGED.items()},
    **{f"{name}.zip": one for name, one in payloads.ZIP_BOMBS.items()},
    **{f"{name}.zip": one for name, one in payloads.TRAVERSALS.items()},
    "clave.zip": payloads.encrypted(),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_identify_hostile_file_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as refusal:
        _ = upload(name, HOSTILE[name]).tipo
    assert refusal.value.code.startswith("archivo_")  # type: ignore[attr-defined]


@given(st.binary(max_size=400), st.sampled_from([".pdf", ".zip", ".xml", ".txt", ".png", ".pfx"]))
def test_identify_anything_is_known_or_refused(content: bytes, suffix: str) -> None:
    for start in (b"", b"PK\x03\x04", b"PK\x05\x06", b"%PDF-", b"\xff\xd8\xff", b"<?xml "):
        try:
            media = upload(f"a{suffix}", start + content).tipo
        except (filetypes.TypeRefused, filetypes.archives.ArchiveRefused):
            continue
        assert suffix in filetypes.SUFFIXES[media]


@pytest.mark.parametrize(
    ("media", "content", "size"),
    [
        (filetypes.PNG, payloads.png(30, 20), (30, 20)),
        (filetypes.JPEG, payloads.JPEG, (3, 2)),
        (filetypes.GIF, payloads.GIF, (1, 1)),
        (filetypes.WEBP, payloads.WEBP, (1, 1)),
        (
            filetypes.WEBP,
            b"RIFF\0\0\0\0WEBPVP8X" + b"\x0a\0\0\0" + b"\0" * 4 + b"\x0f\x27\0" + b"\x63\0\0",
            (10_000, 100),
        ),
        (
            filetypes.WEBP,
            b"RIFF\0\0\0\0WEBPVP8 " + b"\0" * 7 + b"\x9d\x01\x2a\x40\x01\xf0\x00",
            (320, 240),
        ),
    ],
)
def test_size_of_an_image_is_read_from_its_header(
    media: str, content: bytes, size: tuple[int, int]
) -> None:
    assert images.size(media, io.BytesIO(content)) == size


@given(st.sampled_from(sorted(filetypes.IMAGES)), st.binary(max_size=200))
def test_size_of_any_bytes_is_a_size_or_refused(media: str, content: bytes) -> None:
    starts = {filetypes.PNG: payloads.png(), filetypes.JPEG: payloads.JPEG}
    for start in (b"", starts.get(media, payloads.GIF)[:12], starts.get(media, payloads.WEBP)[:20]):
        try:
            width, height = images.size(media, io.BytesIO(start + content))
        except ValueError:
            continue
        assert width > 0
        assert height > 0


def test_rule_says_what_is_wrong_with_a_file() -> None:
    def fault_of(name: str, content: bytes) -> str:
        with pytest.raises(ValidationFailed) as refusal:
            parse(Received([("archivo", upload(name, content))]), Formulario)
        (error,) = refusal.value.errors
        assert error.field == "archivo"
        return error.code

    assert fault_of("a.pdf", payloads.PDF + b" " * 3000) == "archivo_grande"
    assert fault_of("a.gif", payloads.GIF) == "archivo_tipo"
    assert fault_of("a.png", payloads.png(10_000, 10_000)) == "imagen_grande"
    assert fault_of("a.png", payloads.png(0, 7)) == "archivo_danado"
    assert fault_of("{a}.pdf", b"{}") == "archivo_nombre"
    made = parse(Received([("archivo", upload("a.png", payloads.png()))]), Formulario)
    assert made.archivo.tipo == filetypes.PNG


# Names ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("Guía nº 3.PDF", "Guía nº 3.PDF"),
        ("C:\\fotos\\..\\foto.png", "foto.png"),
        ("../../etc/passwd", "passwd"),
        ("..", "archivo"),
        ("", "archivo"),
        (".", "archivo"),
        (".htaccess", "htaccess"),
        ("a\r\nSet-Cookie: x=1.pdf", "aSet-Cookie_ x=1.pdf"),
        ("guía\u202egpj.exe", "guíagpj.exe"),
        ('a"b;c.pdf', "a_b;c.pdf"),
        ("a\x00.pdf", "a.pdf"),
        ("x" * 400 + ".pdf", "x" * (MAX_NAME - 4) + ".pdf"),
        ("e\u0301.txt", "é.txt"),
        ("<script>.txt", "_script_.txt"),
    ],
)
def test_clean_name_is_data_and_no_path(given_name: str, kept: str) -> None:
    assert clean_name(given_name) == kept


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_clean_name_and_disposition_of_any_text_are_safe(text: str) -> None:
    name = clean_name(text)
    assert 0 < len(name) <= MAX_NAME
    assert not set(name) & set('/\\:"<>|?*\r\n\0')
    assert name not in (".", "..")
    value = downloads.disposition(text)
    assert value.isascii()
    assert value.startswith('attachment; filename="')
    assert value.count('"') == 2
    assert not set(value) & set("\r\n\0\\")


def test_disposition_writes_both_names_where_they_differ() -> None:
    assert downloads.disposition("lista.csv") == 'attachment; filename="lista.csv"'
    assert downloads.disposition("Guía 3.pdf") == (
        "attachment; filename=\"Gu_a 3.pdf\"; filename*=UTF-8''Gu%C3%ADa%203.pdf"
    )


# Attachments ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", payloads.GOOD)
def test_adjunto_comes_out_as_it_went_in_and_only_to_be_saved(admin: TestClient, name: str) -> None:
    content, media = payloads.GOOD[name]
    made = send(admin, name, content)
    assert made.status_code == 201, made.text
    row = made.json()
    assert (row["nombre"], row["tipo"], row["tamano_bytes"]) == (name, media, len(content))
    answer = admin.get(f"/api/adjuntos/{row['id']}/descargar/")
    assert answer.content == content
    assert answer.headers["content-type"].partition(";")[0] == media
    assert answer.headers["content-disposition"] == downloads.disposition(name)
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-length"] == str(len(content))


def test_adjunto_is_stored_under_a_random_name(admin: TestClient, runtime: Runtime) -> None:
    for _ in range(2):
        send(admin, "../../etc/cron.d/nota.txt", b"hola")
    keys = list(runtime.storage.list("adjuntos"))
    assert len(set(keys)) == 2
    for key in keys:
        assert "nota" not in key
        assert runtime.storage.get(key) == b"hola"
    listed = admin.get("/api/adjuntos/").json()["items"]
    assert [one["nombre"] for one in listed] == ["nota.txt", "nota.txt"]
    assert "clave" not in listed[0]


def test_adjunto_is_stored_while_no_transaction_is_open(
    admin: TestClient, runtime: Runtime, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store may be slow; no lock and no snapshot of the database waits for it."""
    put = runtime.storage.put
    open_ones: list[int] = []
    asked = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'"
    )

    def watched(*given: Any, **more: Any) -> Any:
        with runtime.database.engine.connect() as connection:
            open_ones.append(connection.scalar(asked) or 0)
        return put(*given, **more)

    monkeypatch.setattr(runtime.storage, "put", watched)
    record = {"objeto_tipo": "productos", "objeto_id": shop.productos[0]}
    for extra in ({}, record):
        assert send(admin, "a.pdf", payloads.PDF, **extra).status_code == 201
    assert open_ones == [0, 0]


def test_adjunto_sent_twice_with_one_key_is_one(admin: TestClient) -> None:
    def once(content: bytes) -> Any:
        return admin.post(
            "/api/adjuntos/",
            files={"archivo": ("a.txt", content)},
            headers={"Idempotency-Key": "adjunto-1"},
        )

    first, second = once(b"hola"), once(b"hola")
    assert first.json() == second.json()
    assert second.headers["idempotent-replayed"] == "true"
    assert once(b"otra cosa").status_code == 422
    assert len(admin.get("/api/adjuntos/").json()["items"]) == 1


def test_adjunto_of_a_venta_is_seen_by_who_sees_the_venta(connect: Connect, shop: Shop) -> None:
    cajero, gerente = connect("cajero"), connect("gerente")
    otra = gerente.post(
        "/api/cajas/abrir/", json={"sucursal_id": shop.sucursales[1], "monto_apertura": "1"}
    ).json()["id"]
    propia = abrir_caja(cajero, shop)
    ids = {}
    for caja, client in ((propia, cajero), (otra, gerente)):
        made = send(client, "arqueo.pdf", payloads.PDF, objeto_tipo="cajas", objeto_id=caja)
        assert made.status_code == 201, made.text
        ids[caja] = made.json()["id"]
    producto = send(
        gerente, "ficha.pdf", payloads.PDF, objeto_tipo="productos", objeto_id=shop.productos[0]
    ).json()["id"]
    assert {one["id"] for one in gerente.get("/api/adjuntos/").json()["items"]} == {
        *ids.values(),
        producto,
    }
    assert {one["id"] for one in cajero.get("/api/adjuntos/").json()["items"]} == {
        ids[propia],
        producto,
    }
    filtered = cajero.get(f"/api/adjuntos/?objeto_tipo=cajas&objeto_id={otra}").json()
    assert filtered["items"] == []
    for path in (f"/api/adjuntos/{ids[otra]}/", f"/api/adjuntos/{ids[otra]}/descargar/"):
        assert cajero.get(path).status_code == 404
    refused = send(cajero, "a.pdf", payloads.PDF, objeto_tipo="cajas", objeto_id=otra)
    assert fault(refused) == (400, "objeto_id", "no_existe")


def test_adjunto_without_a_record_is_its_owners_only(connect: Connect) -> None:
    cajero, cajera = connect("cajero"), connect("cajera")
    one = send(cajero, "nota.txt", b"hola").json()["id"]
    assert cajero.get(f"/api/adjuntos/{one}/descargar/").content == b"hola"
    assert cajera.get(f"/api/adjuntos/{one}/descargar/").status_code == 404
    assert cajera.get("/api/adjuntos/").json()["items"] == []


def test_adjunto_of_a_record_that_is_none_is_refused(
    cajero: TestClient, shop: Shop, runtime: Runtime
) -> None:
    cases: list[tuple[dict[str, Any], tuple[str, str]]] = [
        ({"objeto_tipo": "ventas", "objeto_id": 999}, ("objeto_id", "no_existe")),
        ({"objeto_tipo": "ventas"}, ("objeto_id", "no_existe")),
        ({"objeto_id": shop.productos[0]}, ("objeto_tipo", "no_existe")),
        ({"objeto_tipo": "usuarios", "objeto_id": 1}, ("objeto_tipo", "no_existe")),
        ({"objeto_tipo": "audit_logs", "objeto_id": 1}, ("objeto_tipo", "no_existe")),
        ({"objeto_tipo": "adjuntos", "objeto_id": 1}, ("objeto_tipo", "no_existe")),
        ({"objeto_tipo": "x'; DROP TABLE", "objeto_id": 1}, ("objeto_tipo", "no_existe")),
        ({"objeto_tipo": "ventas", "objeto_id": "1.5"}, ("objeto_id", "int_parsing")),
    ]
    for fields, (field, code) in cases:
        assert fault(send(cajero, "a.pdf", payloads.PDF, **fields)) == (400, field, code), fields
    assert list(runtime.storage.list("adjuntos")) == []


def test_adjunto_needs_its_permissions(connect: Connect) -> None:
    chofer, cajero = connect("chofer"), connect("cajero")
    assert send(chofer, "a.pdf", payloads.PDF).status_code == 403
    assert chofer.get("/api/adjuntos/").status_code == 403
    one = send(cajero, "a.pdf", payloads.PDF).json()["id"]
    assert cajero.delete(f"/api/adjuntos/{one}/").status_code == 403
    assert connect("").get(f"/api/adjuntos/{one}/descargar/").status_code == 401


def test_adjunto_deleted_leaves_neither_row_nor_file(admin: TestClient, runtime: Runtime) -> None:
    one = send(admin, "a.pdf", payloads.PDF).json()["id"]
    assert admin.delete(f"/api/adjuntos/{one}/").status_code == 204
    assert admin.get(f"/api/adjuntos/{one}/descargar/").status_code == 404
    assert list(runtime.storage.list("adjuntos")) == []
    acts = [
        row["accion"] for row in admin.get("/api/audit-logs/?objeto_tipo=adjuntos").json()["items"]
    ]
    assert acts == ["eliminar", "crear"]


def test_adjunto_refused_writes_nothing(admin: TestClient, runtime: Runtime) -> None:
    for name, content in {**payloads.ACTIVE, **payloads.UNKNOWN, **payloads.MISNAMED}.items():
        status, field, code = fault(send(admin, name, content))
        assert (status, field) == (400, "archivo"), name
        assert code.startswith("archivo_"), name
    assert fault(send(admin, "a.pfx", payloads.PFX)) == (400, "archivo", "archivo_tipo")
    assert admin.get("/api/adjuntos/").json()["items"] == []
    assert list(runtime.storage.list("adjuntos")) == []


def test_adjunto_beyond_the_limit_is_a_413(runtime: Runtime, connect: Connect) -> None:
    small = runtime.settings.model_copy(update={"upload_limit": 100_000})
    other = processes.make_runtime(small, runtime.registry)
    client = TestClient(processes.web_app(other), raise_server_exceptions=False)
    client.headers["Authorization"] = connect("admin").headers["Authorization"]
    answer = send(client, "a.txt", b"x" * 200_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "cuerpo_demasiado_grande")
    other.close()


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", ""])
def test_adjunto_sent_as_anything_else_is_a_415(admin: TestClient, kind: str) -> None:
    answer = admin.post("/api/adjuntos/", content=b"{}", headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (415, "tipo_de_contenido")


def test_form_that_is_malformed_is_a_400_for_an_address(admin: TestClient) -> None:
    for body in MALFORMED.values():
        answer = admin.post("/api/adjuntos/", content=body, headers={"Content-Type": TYPE.decode()})
        assert answer.status_code == 400, body[:60]


def test_sweep_removes_files_of_past_days_that_no_row_names(
    admin: TestClient, runtime: Runtime
) -> None:
    send(admin, "a.pdf", payloads.PDF)
    (kept,) = runtime.storage.list("adjuntos")
    orphans = [f"adjuntos/2020-01-01/ab/{number}.pdf" for number in range(3)]
    for key in orphans:
        runtime.storage.put(key, b"x", content_type="application/pdf")
    fresh = f"adjuntos/{runtime.clock():%Y-%m-%d}/ab/otro.pdf"
    runtime.storage.put(fresh, b"x", content_type="application/pdf")

    def later(ctx: Ctx) -> None:
        attachments.sweep(ctx)

    runtime.transact(later)
    assert set(runtime.storage.list("adjuntos")) == {kept, fresh}
    clock = runtime.clock
    runtime.clock = lambda: clock() + timedelta(days=3)
    runtime.transact(later)
    assert set(runtime.storage.list("adjuntos")) == {kept}


def test_form_is_described_in_openapi(admin: TestClient) -> None:
    document = admin.get("/api/openapi.json").json()
    operation = document["paths"]["/api/adjuntos/"]["post"]
    (kind,) = operation["requestBody"]["content"]
    assert kind == "multipart/form-data"
    schema = document["components"]["schemas"]["AdjuntoNuevo"]["properties"]["archivo"]
    assert (schema["type"], schema["format"]) == ("string", "binary")
    assert ".pdf" in schema["description"]
    assert "archivo" in admin.get("/api/docs").text
