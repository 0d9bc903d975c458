"""Kinds of fields that bodies of sunat have alike.

Texts and codes are taken as they come, within a length: whether SUNAT accepts them is told by its
rules, all at once and with its codes (``documents.reglas``).
"""

import re
from datetime import time
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from kernel.money import Exact

MAX_LINEAS = 999
_HORA = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?")

Codigo = Annotated[str, StringConstraints(strip_whitespace=True, max_length=8)]
Numero = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20)]
Parrafo = Annotated[str, StringConstraints(max_length=2000)]
Decimal10 = Annotated[
    Decimal, Exact, Field(max_digits=22, decimal_places=10, ge=0, allow_inf_nan=False)
]
"""A quantity or unit price, up to 10 decimals."""
Tasa = Annotated[Decimal, Exact, Field(max_digits=8, decimal_places=5, ge=0, allow_inf_nan=False)]


def _hora(dicha: Any) -> Any:
    if isinstance(dicha, time) or (isinstance(dicha, str) and _HORA.fullmatch(dicha)):
        return dicha
    raise PydanticCustomError("time_parsing", "write the hour as HH:MM or HH:MM:SS")


Hora = Annotated[time, BeforeValidator(_hora)]
"""An hour of the day, as a text."""
