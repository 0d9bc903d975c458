"""Field types that several subjects share."""

from typing import Annotated

from pydantic import StringConstraints

MAX_LINEAS = 500

Numero = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)]
"""The number of a lot or a series; empty where there is none."""

Referencia = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]
