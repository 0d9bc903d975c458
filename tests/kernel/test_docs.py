"""The documentation page of the API: every operation, no script, and its own static files."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from kernel import docs, openapi
from kernel.registry import Registry
from tests.conftest import Connect

ADDRESS = "https://andes.empresa.pe"
VOID = frozenset({"img", "link", "meta"})


class Page(HTMLParser):
    """What a page consists of; tags that are not closed in order are a fault."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.attributes |= found.keys()
        self.ids.extend([found["id"]] if "id" in found else [])
        self.links.extend(found[name] for name in ("href", "src") if name in found)
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


@pytest.fixture(scope="module")
def document(registry: Registry) -> docs.Json:
    """The OpenAPI document of our addons."""
    return openapi.document(registry)


def test_render_shows_every_operation_once(document: docs.Json) -> None:
    page = Page(docs.render(document, ADDRESS))
    operations = [
        one["operationId"] for path in document["paths"].values() for one in path.values()
    ]
    assert len(page.ids) == len(set(page.ids))
    assert set(operations) <= set(page.ids)
    assert page.tags.count("details") == len(operations)


def test_render_has_no_script_and_no_inline_style(document: docs.Json) -> None:
    page = Page(docs.render(document, ADDRESS))
    assert {"script", "style", "iframe", "form"}.isdisjoint(page.tags)
    assert not {name for name in page.attributes if name == "style" or name.startswith("on")}
    assert all(link.startswith(("#", "/")) for link in page.links)


def test_render_links_lead_to_what_the_page_has(document: docs.Json) -> None:
    page = Page(docs.render(document, ADDRESS))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)


def test_render_escapes_what_addons_wrote(document: docs.Json) -> None:
    hostile = {**document, "info": {**document["info"], "description": "<script>1</script>"}}
    assert "<script>" not in docs.render(hostile, ADDRESS)


def test_groups_names_types_limits_and_filters(document: docs.Json) -> None:
    sales = next(group for group in docs.groups(document) if group.name == "sales")
    listed, created = (
        sales.nouns["ventas"][0],
        next(one for one in sales.nouns["ventas"] if one.method == "POST"),
    )
    fields = {one.name: one for one in created.body}
    assert (created.permission, created.public) == ("ventas.crear", False)
    assert fields["detalle"].required
    assert fields["detalle[].cantidad"].type == "decimal (14, 4)"
    assert "> 0" in fields["detalle[].cantidad"].limits
    assert {one.name: one.type for one in created.answer}["detalle[].id"] == "entero"
    assert ("fecha", "gte gt lte lt") in listed.filters
    assert [one.name for one in listed.parameters] == ["sort", "limit", "next", "fields", "q"]


def test_page_is_served_with_its_files_under_a_strict_policy(connect: Connect) -> None:
    client = connect("admin")
    answer = client.get("/api/docs")
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == docs.POLICY
    for link in Page(answer.text).links:
        if link.startswith("/static/"):
            found = client.get(link)
            assert found.status_code == 200, link
            assert found.headers["cache-control"] == "no-cache"
            again = client.get(link, headers={"If-None-Match": found.headers["etag"]})
            assert again.status_code == 304


def test_static_files_end_at_their_folder(connect: Connect) -> None:
    client = connect("")
    for path in ("/static/", "/static/%2e%2e/templates/docs.html", "/static/none.css"):
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert re.fullmatch(r"application/problem\+json", answer.headers["content-type"])


def test_render_shows_an_example_for_this_server(document: docs.Json) -> None:
    assert f"<code>ANDES={ADDRESS}\n" in docs.render(document, ADDRESS)
