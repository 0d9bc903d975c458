"""Receiving: the body of a request, read no further than its limit, before any work begins."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.types import Receive

from kernel.errors import DomainError, TooLarge, ValidationFailed
from kernel.forms import Reader, Received
from kernel.http import Endpoint
from kernel.settings import Settings


@dataclass(frozen=True, slots=True)
class Body:
    """A body as it came; ``raw`` tells equal bodies, ``form`` is there where files may be."""

    raw: bytes = b""
    form: Received | None = None

    def close(self) -> None:
        """Let go of temporary files."""
        if self.form is not None:
            self.form.close()


NO_BODY = Body()


async def body(
    endpoint: Endpoint, headers: Mapping[bytes, bytes], receive: Receive, settings: Settings
) -> Body:
    """Return the body of a request to an endpoint.

    Raises:
        DomainError: it is of another kind, too big, cut off, or no form.
    """
    content_type = headers.get(b"content-type", b"")
    if endpoint.page and endpoint.method != "GET":
        return await _of_page(content_type, receive, settings)
    if endpoint.body is None:
        return NO_BODY
    if endpoint.body_optional and not content_type:
        return Body(b"{}")
    kind = b"multipart/form-data" if endpoint.takes_files else b"application/json"
    if content_type.partition(b";")[0].strip().lower() != kind:
        raise DomainError(
            f"Envíe el cuerpo como {kind.decode()}.", code="tipo_de_contenido", status=415
        )
    if endpoint.takes_files:
        return await _form(content_type, _chunks(receive, settings.upload_limit))
    return Body(b"".join([chunk async for chunk in _chunks(receive, settings.body_limit)]))


async def _of_page(content_type: bytes, receive: Receive, settings: Settings) -> Body:
    """Return the body of a page's form, with files or without."""
    if content_type.startswith(b"multipart/form-data"):
        return await _form(content_type, _chunks(receive, settings.upload_limit))
    raw = b"".join([chunk async for chunk in _chunks(receive, settings.body_limit)])
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise ValidationFailed("El formulario no es válido.", code="formulario_invalido") from None
    return Body(raw, Received(list(pairs)))


async def _form(content_type: bytes, chunks: AsyncIterator[bytes]) -> Body:
    reader = Reader(content_type)
    try:
        async for chunk in chunks:
            reader.take(chunk)
        received = reader.finish()
    except BaseException:
        reader.close()
        raise
    return Body(received.digest(), received)


async def _chunks(receive: Receive, limit: int) -> AsyncIterator[bytes]:
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ValidationFailed("La conexión se cortó.", code="cuerpo_incompleto")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"El cuerpo pasa de {limit} bytes.")
        yield chunk
        if not message.get("more_body"):
            return
