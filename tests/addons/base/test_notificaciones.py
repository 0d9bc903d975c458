"""Notices: whose they are, that they are told once, and that screens and mail hear of them."""

from __future__ import annotations

import pytest

from addons.base.services.notificaciones import Noticia, borrar_viejas, notificar
from kernel.context import Ctx
from kernel.phrases import verbatim
from kernel.runtime import Runtime
from tests.addons.base.signed_in import mail_of, read, run_jobs, write
from tests.conftest import Connect
from tests.shop import Shop

PATH = "/api/notificaciones/"


@pytest.fixture
def told(runtime: Runtime, shop: Shop) -> list[dict[str, object]]:
    """Hints that screens got while the cashier was told two things and the seller one."""
    hints: list[dict[str, object]] = []
    runtime.realtime.publish = lambda topic, payload: hints.append({topic: payload})  # type: ignore[method-assign]
    cajero, vendedor = shop.usuarios["cajero"], shop.usuarios["vendedor"]

    def tell(ctx: Ctx) -> None:
        notificar(
            ctx,
            [
                Noticia(cajero, "prueba", verbatim("Uno"), "uno", (verbatim("Primera"),)),
                Noticia(cajero, "prueba", verbatim("Dos"), "dos"),
                Noticia(vendedor, "prueba", verbatim("Uno"), "uno"),
            ],
        )

    runtime.transact(tell)
    runtime.transact(tell)
    return hints


def test_notices_are_told_once_and_to_their_user_only(
    connect: Connect, told: list[object], shop: Shop, runtime: Runtime
) -> None:
    cajero = connect("cajero")
    items = cajero.get(PATH).json()["items"]
    assert [(one["titulo"], one["leida_at"]) for one in items] == [("Dos", None), ("Uno", None)]
    assert len(connect("vendedor").get(PATH).json()["items"]) == 1
    assert connect("almacen").get(PATH).json()["items"] == []
    ids = [one["id"] for one in items]
    assert {f"usuario.{shop.usuarios['cajero']}": {"notificaciones": sorted(ids)}} in told
    assert len(told) == 2
    run_jobs(runtime)
    mails = {str(one["To"]): one for one in mail_of(runtime)}
    assert str(mails["cajero@tienda.pe"]["Subject"]) == "Tiene notificaciones nuevas"
    assert "Uno\nPrimera\n\nDos" in mails["cajero@tienda.pe"].get_content().replace("\r", "")
    assert str(mails["vendedor@tienda.pe"]["Subject"]) == "Uno"


@pytest.mark.usefixtures("told")
def test_notices_are_read_one_by_one_or_all(connect: Connect) -> None:
    cajero, vendedor = connect("cajero"), connect("vendedor")
    uno, _ = (one["id"] for one in cajero.get(PATH).json()["items"])
    assert cajero.get(f"{PATH}pendientes/").json() == {"pendientes": 2}
    assert vendedor.post(f"{PATH}{uno}/leer/").status_code == 404
    assert cajero.post(f"{PATH}{uno}/leer/").json() == {"pendientes": 1}
    primera = cajero.get(PATH).json()["items"][0]["leida_at"]
    assert cajero.post(f"{PATH}{uno}/leer/").json() == {"pendientes": 1}
    assert cajero.get(PATH).json()["items"][0]["leida_at"] == primera
    assert cajero.post(f"{PATH}leer-todas/").json() == {"leidas": 1}
    assert cajero.post(f"{PATH}leer-todas/").json() == {"leidas": 0}
    assert cajero.post(f"{PATH}999/leer/").status_code == 404
    assert vendedor.get(f"{PATH}pendientes/").json() == {"pendientes": 1}


@pytest.mark.usefixtures("told")
def test_old_notices_go(runtime: Runtime) -> None:
    write(runtime, "UPDATE notificaciones SET created_at = now() - interval '91 days'"
          " WHERE clave = 'uno'")  # fmt: skip
    runtime.transact(borrar_viejas)
    assert read(runtime, "SELECT clave FROM notificaciones") == [("dos",)]
