"""Downloads: files on their way out, always as something to be saved and never to be run.

``attachment`` with the name in the two ways of RFC 6266, a policy that lets the content do nothing,
and ``nosniff`` from the edge. Source: OWASP ASVS 5.0, 3.2.1, 5.4.1, 5.4.2; RFC 6266, RFC 8187.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from kernel.headers import DOWNLOAD_POLICY
from kernel.uploads import clean_name

_UNQUOTABLE = re.compile(r"[^ !#-\[\]-~]")


def disposition(name: str) -> str:
    """Return the Content-Disposition that saves a file under a name, whatever it holds."""
    clean = clean_name(name)
    plain = _UNQUOTABLE.sub("_", clean)
    value = f'attachment; filename="{plain}"'
    return value if plain == clean else f"{value}; filename*=UTF-8''{quote(clean, safe='')}"


def headers(name: str) -> dict[str, str]:
    """Return the headers of a download."""
    return {"Content-Disposition": disposition(name), "Content-Security-Policy": DOWNLOAD_POLICY}


def stream(name: str, media: str, size: int | None, chunks: Iterator[bytes]) -> Response:
    """Return a file as a download; without ``size`` it is as long as it turns out to be."""
    facts = headers(name) | ({} if size is None else {"Content-Length": str(size)})
    return StreamingResponse(chunks, headers=facts, media_type=media)
