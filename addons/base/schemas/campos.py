"""Fields that several subjects share."""

from typing import Annotated

from pydantic import Field, StringConstraints

from kernel.schemas import Flag

Email = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")
]
Password = Annotated[str, Field(min_length=1, max_length=256)]
Codigo = Annotated[str, StringConstraints(strip_whitespace=True, min_length=6, max_length=30)]
"""A code of the app, or a recovery code."""

CodigoDeEnlace = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""What a link in a mail carries, or the one that the server printed."""

Cookie = Annotated[
    Flag, Field(description="Para un navegador: la sesión va en una cookie y no hay tokens.")
]
"""Whether the session goes into a cookie."""
