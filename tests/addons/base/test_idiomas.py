"""What people are told, in their language: refusals, notices, mail."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from addons.base.messages import AVISOS
from addons.base.services import avisos
from addons.base.services.notificaciones import Noticia, notificar
from kernel import translations
from kernel.context import Ctx
from kernel.phrases import Phrase, counted, of, phrase, verbatim
from kernel.runtime import Runtime
from tests.addons.base.signed_in import mail_of, read, run_jobs, write
from tests.conftest import Connect
from tests.shop import Shop
from tests.web.pages import Browser

IDIOMA = "/api/auth/idioma/"
SPANISH = re.compile(r"[áéíóúñ¿¡]|\b(Hola|usted|contraseña|su|quedan)\b")


@pytest.fixture
def english(connect: Connect) -> TestClient:
    """The cashier's client; the cashier reads English."""
    cajero = connect("cajero")
    assert cajero.put(IDIOMA, json={"idioma": "en"}).json() == {"idioma": "en"}
    return cajero


@pytest.mark.parametrize(
    ("cookie", "accepted", "language"),
    [
        ("", "", "es"),
        ("", "en", "en"),
        ("", "en-US,en;q=0.9,es;q=0.8", "en"),
        ("", "es-PE,es;q=0.9,en;q=0.8", "es"),
        ("", "fr, en;q=0.5, es;q=0.4", "en"),
        ("", "fr-FR", "es"),
        ("idioma=es", "en", "es"),
        ("a=1; idioma=en; b=2", "es", "en"),
        ("xidioma=en", "", "es"),
        ("idioma=xx", "en;q=0", "es"),
    ],
)
def test_language_of_a_request(cookie: str, accepted: str, language: str) -> None:
    assert translations.wanted(cookie, accepted) == language


def test_refusals_are_in_the_language_that_a_request_accepts(connect: Connect, shop: Shop) -> None:
    cajero = connect("cajero")
    bad = {"sucursal_id": 0, "monto_apertura": "x", "otro": 1}
    said = {}
    for language in ("es", "en"):
        how = {"Accept-Language": language}
        answer = cajero.post("/api/cajas/abrir/", json=bad, headers=how).json()
        missing = cajero.get("/api/cajas/999999/", headers=how).json()
        nowhere = cajero.get("/api/nada/", headers=how).json()
        said[language] = [
            answer["title"],
            answer["detail"],
            *(one["message"] for one in answer["errors"]),
            missing["detail"],
            nowhere["title"],
        ]
        assert [one["code"] for one in answer["errors"]] == [
            "greater_than_equal", "decimal_parsing", "extra_forbidden",
        ]  # fmt: skip
    assert said["es"][1] == "3 campos no son válidos."
    assert said["en"][1] == "3 fields are not valid."
    assert not [one for one in said["en"] if SPANISH.search(one)]
    assert all(es != en for es, en in zip(said["es"], said["en"], strict=True))


def test_language_of_a_user_is_chosen_on_a_page_and_kept(
    http: TestClient, connect: Connect, runtime: Runtime
) -> None:
    person = Browser(http, "cajero")
    person.post("/app/idioma/", {"a": "en", "de": "/app/"})
    cajero = connect("cajero")
    assert cajero.get("/api/auth/yo/").json()["idioma"] == "en"
    version = read(runtime, "SELECT version FROM usuarios WHERE email LIKE 'cajero@%'")
    cajero.put(IDIOMA, json={"idioma": None})
    assert cajero.get("/api/auth/yo/").json()["idioma"] is None
    assert read(runtime, "SELECT version FROM usuarios WHERE email LIKE 'cajero@%'") == version
    assert cajero.put(IDIOMA, json={"idioma": "fr"}).status_code == 400


def test_notices_are_told_in_the_language_of_who_reads_them(
    english: TestClient, shop: Shop, runtime: Runtime
) -> None:
    noticia = Noticia(
        shop.usuarios["cajero"],
        "stock",
        counted(
            "{n} producto bajo su mínimo en {almacen}",
            "{n} productos bajo su mínimo en {almacen}",
            2,
            almacen="Lima",
        ),
        "clave",
        (
            phrase(
                "{sku} {nombre}: quedan {stock}, mínimo {minimo}",
                sku="P-01",
                nombre="Leche",
                stock="3",
                minimo="5",
            ),
            verbatim("Nota de Rosa"),
        ),
    )
    runtime.transact(lambda ctx: notificar(ctx, [noticia]))
    run_jobs(runtime)
    (mail,) = mail_of(runtime)
    assert str(mail["Subject"]) == "2 products below their minimum in Lima"
    text = mail.get_content()
    assert "P-01 Leche: 3 left, minimum 5" in text
    assert "Nota de Rosa" in text
    assert not SPANISH.search(text)
    path = "/api/notificaciones/"
    (spanish,) = english.get(path, headers={"Accept-Language": "es"}).json()["items"]
    assert spanish["titulo"] == "2 productos bajo su mínimo en Lima"
    assert spanish["texto"] == "P-01 Leche: quedan 3, mínimo 5\nNota de Rosa"
    (told,) = english.get(path, headers={"Accept-Language": "en"}).json()["items"]
    assert told["titulo"] == "2 products below their minimum in Lima"
    assert told["texto"] == "P-01 Leche: 3 left, minimum 5\nNota de Rosa"
    assert set(told) == {"id", "tipo", "titulo", "texto", "enlace", "created_at", "leida_at"}


def test_notice_of_before_is_recognised_by_its_words(
    english: TestClient, shop: Shop, runtime: Runtime
) -> None:
    write(
        runtime,
        "INSERT INTO notificaciones (usuario_id, tipo, titulo, texto, clave)"
        " VALUES (:usuario, 'stock', 'Leche: quedan 3 en Lima',"
        " 'P-01 Leche: quedan 3, mínimo 5' || chr(10) || 'Una nota', 'x')",
        usuario=shop.usuarios["cajero"],
    )
    how = {"Accept-Language": "en"}
    (told,) = english.get("/api/notificaciones/", headers=how).json()["items"]
    assert told["titulo"] == "Leche: 3 left in Lima"
    assert told["texto"] == "P-01 Leche: 3 left, minimum 5\nUna nota"


def test_every_mail_of_base_is_in_the_language_of_who_gets_it(
    english: TestClient, admin: TestClient, shop: Shop, runtime: Runtime
) -> None:
    def warn(ctx: Ctx) -> None:
        for aviso in AVISOS:
            avisos.avisar(ctx, shop.usuarios["cajero"], aviso)

    runtime.transact(warn)
    english.post("/api/auth/olvide-clave/", json={"email": "cajero@tienda.pe"})
    run_jobs(runtime)
    mails = mail_of(runtime)
    assert len(mails) == len(AVISOS) + 1
    for mail in mails:
        assert not SPANISH.search(f"{mail['Subject']} {mail.get_content()}"), mail["Subject"]


def test_mail_to_who_chose_nothing_is_in_the_language_of_the_company(
    admin: TestClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kernel.runtime.REGIONAL_SECONDS", 0)
    nuevo = {"nombre": "Ana", "rol_id": 1}
    for email, idioma in (("uno@tienda.pe", "es"), ("dos@tienda.pe", "en")):
        regional = {"zona_horaria": "America/Lima", "moneda": "PEN", "idioma": idioma}
        path = "/api/settings/kernel.Regional/"
        assert admin.put(path, json={"values": regional}).status_code == 200
        assert admin.post("/api/usuarios/", json={**nuevo, "email": email}).status_code == 201
        run_jobs(runtime)
    said = {str(one["To"]): str(one["Subject"]) for one in mail_of(runtime)}
    assert said == {
        "uno@tienda.pe": "Su cuenta en Tienda de Prueba S.A.C.",
        "dos@tienda.pe": "Your account at Tienda de Prueba S.A.C.",
    }


@pytest.mark.usefixtures("registry")
def test_phrase_is_the_same_after_it_was_written_down() -> None:
    made = phrase("Su cuenta en {empresa}", empresa=verbatim("Ñ {x}"))
    for one in (made, counted("{n} tarea", "{n} tareas", 2), verbatim("{así}")):
        again = of(one.data)
        assert isinstance(again, Phrase)
        assert [again.said_in(x) for x in ("es", "en")] == [one.said_in(x) for x in ("es", "en")]
    assert made.said_in("en") == "Your account at Ñ {x}"
