"""Reading pages in tests: a browser without JavaScript, its forms and links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import lxml.html
from httpx2 import Response
from starlette.testclient import TestClient

from tests.addons.base.signed_in import cookie_of


def _names_one_of(given: Mapping[str, Any], name: str) -> bool:
    """Return whether an input is the text beside an id that is given: what is picked has none."""
    return name.startswith("_nombre.") and name.split(".", 2)[2] in given


class Browser:
    """A person with a browser in which no script runs."""

    def __init__(self, client: TestClient, name: str = "") -> None:
        self.client = client
        self.headers = cookie_of(client, name) if name else {"Sec-Fetch-Site": "same-origin"}
        self.status = 0
        self.page: Any = None
        self.address = ""
        self.answer: Any = None

    def get(self, address: str, **headers: str) -> Any:
        """Open an address, following what leads on; return the page."""
        return self._take(
            self.client.get(address, headers={**self.headers, **headers}, follow_redirects=False)
        )

    def post(self, address: str, data: Mapping[str, Any], files: Any = None) -> Any:
        """Send a form; return the page that comes of it."""
        return self._take(
            self.client.post(
                address, data=data, files=files, headers=self.headers, follow_redirects=False
            )
        )

    def submit(self, selector: str, **values: Any) -> Any:
        """Fill in a form of the page and send it as a browser does."""
        (form,) = self.page.cssselect(selector)
        data = {**dict(form.fields), **values}
        given = {
            name: value
            for name, value in data.items()
            if value is not None and not _names_one_of(values, name)
        }
        return self.post(form.get("action") or self.address, given)

    def _take(self, answer: Response) -> Any:
        if answer.status_code == 303:
            where = answer.headers["location"]
            cookie = answer.headers.get("set-cookie", "").partition(";")[0]
            if cookie.startswith("__Host-sid="):
                self.headers["Cookie"] = cookie
            return self.get(where)
        self.answer, self.status = answer, answer.status_code
        parts = urlsplit(str(answer.url))
        self.address = f"{parts.path}?{parts.query}" if parts.query else parts.path
        self.page = lxml.html.fromstring(answer.text) if answer.text.strip() else None
        return self.page

    def texts(self, selector: str) -> list[str]:
        """Return the texts of what a selector finds."""
        return [" ".join(one.text_content().split()) for one in self.page.cssselect(selector)]
