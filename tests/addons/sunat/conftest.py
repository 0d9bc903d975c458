"""A shop that may issue: a certificate, a client with RUC, and a sandbox to send to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from starlette.testclient import TestClient

from addons.sales.models import Cliente
from addons.sunat.sandbox.servicio import Sunat
from addons.sunat.schemas import Facturacion
from addons.sunat.services import empresa, envio
from kernel.context import Ctx
from kernel.execution import Execution
from kernel.leases import Backoff, Leases
from kernel.runtime import Runtime
from tests.addons.sunat import facturas
from tests.shop import Shop


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


QUICK = Backoff(base=0.001, cap=0.01)


@pytest.fixture
def sunat(runtime: Runtime) -> Sunat:
    """The sandbox of the instance, the one that its jobs call; it judges by the XSD too."""
    made = Sunat(runtime.settings.data_dir / envio.RUTA_SANDBOX, runtime.clock)
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


@pytest.fixture
def contador(connect: Any) -> TestClient:
    """A client signed in as the accountant."""
    client: TestClient = connect("contador")
    return client
