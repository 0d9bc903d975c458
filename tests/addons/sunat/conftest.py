"""A shop that may issue: a certificate, a client with RUC, and a sandbox to send to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from addons.base.testing import Connect
from addons.sales.models import Cliente
from addons.sunat.sandbox.servicio import Sunat
from addons.sunat.schemas import Facturacion
from addons.sunat.services import empresa
from addons.sunat.services.conexion import RUTA_SANDBOX
from kernel.context import Ctx
from kernel.execution import Execution
from kernel.leases import Backoff, Leases
from kernel.runtime import Runtime
from tests.addons.sunat import facturas
from tests.shop import PASSWORD, Shop


@dataclass
class Emisora:
    """The shop as a company that issues."""

    runtime: Runtime
    sunat: Sunat
    cliente: int
    persona: int
    shop: Shop

    def factura(self, **cambios: Any) -> dict[str, Any]:
        """Return the body of a factura of one line."""
        detalle = [{"descripcion": "Cemento", "cantidad": "2", "precio_unitario": "11.80"}]
        return {"cliente_id": self.cliente, "detalle": detalle, **cambios}

    def trabajar(self, veces: int = 1000) -> list[str]:
        """Run what is due, each job as a job process would; return how each ended."""
        leases = Leases(self.runtime.database, self.runtime.registry.jobs, "test", backoff=QUICK)
        ends: list[str] = []
        while len(ends) < veces and (claims := leases.claim(1)):
            for claim in claims:
                job = self.runtime.registry.jobs[claim.name]
                ends.append(Execution(self.runtime, leases, job, claim).perform())
        return ends

    def pasar(self, **cuanto: float) -> None:
        """Let time pass on the clock of the instance, and on that of its jobs and remotes."""
        antes, salto = self.runtime.clock, timedelta(**cuanto)
        self.runtime.clock = lambda: antes() + salto
        with self.runtime.database.engine.begin() as connection:
            connection.execute(text("UPDATE andes_remotes SET paused_until = now()"))
            connection.execute(text("UPDATE andes_jobs SET run_at = now() WHERE status = 'queued'"))

    def terminar(self, minutos: int = 120) -> None:
        """Work, minute after minute, until no job waits."""
        self.trabajar()
        for _ in range(minutos):
            with self.runtime.database.engine.connect() as connection:
                query = "SELECT count(*) FROM andes_jobs WHERE status = 'queued'"
                if not connection.execute(text(query)).scalar_one():
                    return
            self.pasar(minutes=1)
            self.trabajar()
        pytest.fail("jobs are waiting still")

    def encargar(self, job: str, **args: Any) -> None:
        """Leave a job, as a schedule would."""
        self.runtime.transact(lambda ctx: ctx.enqueue(job, **args))

    def ajustar(self, **cambios: Any) -> None:
        """Set how the company issues."""
        facturacion = Facturacion(**{"espera": 1, "imprimir": False, **cambios})
        self.runtime.transact(lambda ctx: ctx.runtime.preferences.write(ctx.session, facturacion))


QUICK = Backoff(base=0.001, cap=0.01)


@pytest.fixture
def sunat(runtime: Runtime) -> Sunat:
    """The sandbox of the instance, the one that its jobs call; it judges by the XSD too."""
    made = Sunat(runtime.settings.data_dir / RUTA_SANDBOX, runtime.clock)
    made.ajustar(esquemas=facturas.esquemas())
    return made


@pytest.fixture
def emisora(runtime: Runtime, sunat: Sunat, shop: Shop) -> Emisora:
    """The shop, ready to issue."""

    def preparar(ctx: Ctx) -> tuple[int, int]:
        empresa.sellar_certificado(ctx, facturas.pfx(), "clave")
        clientes = [
            Cliente(tipo_doc="6", numero_doc="20100006376", razon_social="Cliente S.A."),
            Cliente(tipo_doc="1", numero_doc="45678912", razon_social="Ana Quispe"),
        ]
        ctx.session.add_all(clientes)
        ctx.session.flush()
        ctx.runtime.preferences.write(ctx.session, Facturacion(espera=1, imprimir=False))
        return clientes[0].id, clientes[1].id

    cliente, persona = runtime.transact(preparar)
    return Emisora(runtime, sunat, cliente, persona, shop)


class Paciente(TestClient):
    """A client that signs in again when the clock went past the end of its session."""

    usuario = ""

    def entrar(self) -> None:
        """Sign in."""
        body = {"email": f"{self.usuario}@tienda.pe", "password": PASSWORD}
        answer = super().request("POST", "/api/auth/login/", json=body)
        assert answer.status_code == 200, answer.text
        self.headers["Authorization"] = f"Bearer {answer.json()['access']}"

    def request(self, *args: Any, **kwargs: Any) -> Any:
        """Return the answer to a request."""
        answer = super().request(*args, **kwargs)
        if answer.status_code != 401:
            return answer
        self.entrar()
        return super().request(*args, **kwargs)


@pytest.fixture
def connect(http: TestClient) -> Connect:
    """Return a function that gives a client signed in as a user of the shop, by first name."""

    def sign_in(name: str) -> TestClient:
        client = Paciente(http.app, raise_server_exceptions=False)
        client.portal, client.usuario = http.portal, name
        client.entrar()
        return client

    return sign_in


@pytest.fixture
def contador(connect: Any) -> TestClient:
    """A client signed in as the accountant."""
    client: TestClient = connect("contador")
    return client


@pytest.fixture
def almacen(connect: Any) -> TestClient:
    """A client signed in as the storekeeper."""
    client: TestClient = connect("almacen")
    return client
