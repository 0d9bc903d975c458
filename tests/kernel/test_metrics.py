"""Metrics: what Prometheus scrapes, who may, and that labels stay few."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from kernel import metrics, processes
from kernel.registry import Registry
from kernel.runtime import Runtime
from kernel.settings import Settings
from tests.shop import Shop, abrir_caja


def client_from(runtime: Runtime, address: str) -> TestClient:
    return TestClient(processes.web_app(runtime), client=(address, 5))


def value(text: str, name: str, **labels: str) -> float:
    """Return a sample of an exposition; 0 where there is none."""
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == name and sample.labels == labels:
                return float(sample.value)
    return 0.0


@pytest.fixture
def guarded(settings: Settings, registry: Registry) -> Iterator[Runtime]:
    """An instance whose metrics need a token."""
    made = processes.make_runtime(
        Settings(**{**settings.model_dump(), "metrics_token": "ficha-de-metricas"}, _env_file=None),
        registry,
    )
    yield made
    made.close()


def test_metrics_count_requests_by_route_and_not_by_address(
    runtime: Runtime, cajero: TestClient, shop: Shop
) -> None:
    scraper = client_from(runtime, "127.0.0.1")
    labels = {"method": "GET", "path": "/api/productos/{id}/", "status": "200"}
    missing = {"method": "GET", "path": "other", "status": "404"}
    before = scraper.get("/metrics").text
    for one in shop.productos:
        cajero.get(f"/api/productos/{one}/")
    for number in range(5):
        cajero.get(f"/api/nada-{number}/")
    after = scraper.get("/metrics").text
    name = "andes_requests_total"
    assert value(after, name, **labels) - value(before, name, **labels) == len(shop.productos)
    assert value(after, name, **missing) - value(before, name, **missing) == 5
    assert "nada-3" not in after
    assert value(after, "andes_request_seconds_count", path="/api/productos/{id}/") >= 10


def test_metrics_of_a_method_made_up_is_other(runtime: Runtime, cajero: TestClient) -> None:
    for number in range(3):
        cajero.request(f"INVENTO{number}", "/api/ventas/")
    text = client_from(runtime, "::1").get("/metrics").text
    assert "INVENTO" not in text
    labels = {"method": "other", "path": "other", "status": "405"}
    assert value(text, "andes_requests_total", **labels) >= 3


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_metrics_without_a_token_are_for_this_machine(runtime: Runtime, address: str) -> None:
    answer = client_from(runtime, address).get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")


def test_metrics_without_a_token_are_for_nobody_else(runtime: Runtime) -> None:
    assert client_from(runtime, "10.0.0.7").get("/metrics").status_code == 401
    relayed = {"X-Forwarded-For": "10.0.0.7"}
    answer = client_from(runtime, "127.0.0.1").get("/metrics", headers=relayed)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_metrics_with_a_token_are_for_who_has_it(guarded: Runtime) -> None:
    near, far = client_from(guarded, "127.0.0.1"), client_from(guarded, "10.0.0.7")
    assert near.get("/metrics").status_code == 401
    for wrong in ("", "Bearer", "Bearer x", "Bearer ficha", "Basic ficha-de-metricas"):
        answer = far.get("/metrics", headers={"Authorization": wrong.encode()})
        assert answer.status_code == 401, wrong
    right = "Bearer ficha-de-metricas"
    assert far.get("/metrics", headers={"Authorization": right}).status_code == 200


def test_observe_request_adds_to_the_exposition() -> None:
    labels = {"method": "GET", "path": "/prueba/", "status": "200"}
    before = value(metrics.exposition().decode(), "andes_requests_total", **labels)
    metrics.observe_request("GET", "/prueba/", 200, 0.01)
    after = value(metrics.exposition().decode(), "andes_requests_total", **labels)
    assert after == before + 1


def test_sale_is_one_request_of_its_route(runtime: Runtime, cajero: TestClient, shop: Shop) -> None:
    scraper = client_from(runtime, "127.0.0.1")
    labels = {"method": "POST", "path": "/api/ventas/", "status": "201"}
    before = value(scraper.get("/metrics").text, "andes_requests_total", **labels)
    cajero.post("/api/ventas/", json=shop.venta(abrir_caja(cajero, shop)))
    after = value(scraper.get("/metrics").text, "andes_requests_total", **labels)
    assert after == before + 1
