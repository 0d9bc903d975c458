"""Manifests and the solver: what is wrong is said in sentences, and hurts nobody else."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator
from starlette.testclient import TestClient

from kernel import manifest, solver
from kernel.errors import ConfigurationError
from kernel.manifest import ROOT, Manifest


def addon(name: str, version: str = "1.0", **facts: Any) -> Manifest:
    return Manifest(name=name, title=name, summary={"es": name}, version=version, **facts)


def solve(*addons: Manifest, wanted: str = "") -> list[str]:
    available = {one.name: one for one in addons}
    return [one.name for one in solver.solve(available, wanted.split() or list(available))]


def reasons(*addons: Manifest, wanted: str = "") -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        solve(*addons, wanted=wanted)
    return str(caught.value).splitlines()


# The solver --------------------------------------------------------------------------------------


def test_solve_puts_dependencies_first_and_required_ones_in() -> None:
    base = addon("base", required=True)
    sales = addon("sales", depends={"base": ">=1"})
    stock = addon("stock", depends={"sales": ">=1", "base": ">=1"})
    assert solve(stock, sales, base, wanted="stock") == ["base", "sales", "stock"]
    assert solve(stock, sales, base, wanted="base") == ["base"]


def test_solve_says_every_reason_at_once() -> None:
    found = reasons(
        addon("a", depends={"absent": ">=1"}),
        addon("b", depends={"a": ">=2,<3"}),
        addon("c", kernel=">=9"),
        addon("d", conflicts=("e",)),
        addon("e"),
    )
    assert found == [
        "El addon «absent», que a necesita, no está en este equipo: instale su paquete.",
        "b 1.0 necesita a >=2,<3 y en este equipo está a 1.0: actualice uno de los dos.",
        "c 1.0 necesita el núcleo >=9 y este es 0.1.0: actualice c o Andes.",
        "d y e no pueden estar instalados a la vez: elija uno.",
    ]


def test_solve_names_a_circle() -> None:
    found = reasons(
        addon("a", depends={"b": ">=1"}),
        addon("b", depends={"c": ">=1"}),
        addon("c", depends={"a": ">=1"}),
    )
    assert found == ["Estos addons dependen uno del otro en círculo: a → b → c → a."]


def test_solve_of_an_invalid_manifest_says_what_is_wrong_with_it() -> None:
    bad = manifest.Invalid("b", Path("b.toml"), "b.toml: version: Invalid version")
    with pytest.raises(ConfigurationError, match=r"«b», que a necesita, tiene .* Invalid version"):
        solver.solve({"a": addon("a", depends={"b": ">=1"})}, ["a"], {"b": bad})


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20))
def test_solve_of_any_graph_orders_it_or_names_its_circle(edges: list[tuple[int, int]]) -> None:
    needs: dict[str, dict[str, str]] = {f"a{n}": {} for n in range(8)}
    for one, other in edges:
        needs[f"a{one}"][f"a{other}"] = ">=1"
    available = {name: addon(name, depends=depends) for name, depends in needs.items()}
    try:
        order = [one.name for one in solver.solve(available, available)]
    except ConfigurationError as error:
        told = str(error)
    else:
        told = ""
    if told:
        assert all("círculo" in line for line in told.splitlines())
        return
    assert sorted(order) == sorted(available)
    for name, depends in needs.items():
        assert all(order.index(other) < order.index(name) for other in depends)


# Manifests ---------------------------------------------------------------------------------------

GOOD = 'title = "Prueba"\nversion = "1.0"\n[summary]\nes = "Prueba."\n'
BAD = {
    "no_toml": "title = ",
    "no_summary": 'title = "x"\nversion = "1.0"\n',
    "no_spanish": 'title = "x"\nversion = "1.0"\n[summary]\nen = "x"\n',
    "no_version": GOOD.replace('"1.0"', '"uno"'),
    "no_range": GOOD + '[depends]\nbase = "mayor que 1"\n',
    "no_field": "colour = 1\n" + GOOD,
    "other_name": 'name = "otro"\n' + GOOD,
    "other_folder": 'folder = "/"\n' + GOOD,
    "no_country": 'country = "Perú"\n' + GOOD,
    "no_years": "retention_years = -1\n" + GOOD,
    "no_host": 'hosts = ["http://x y"]\n' + GOOD,
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree whose manifests are all bad but one."""
    folder = tmp_path / "manifests"
    folder.mkdir()
    for name, text in {**BAD, "good": GOOD}.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    (folder / "Mal-Nombre.toml").write_text(GOOD, encoding="utf-8")
    (folder / "not_utf8.toml").write_bytes(b"title = '\xff'")
    return tmp_path


def test_survey_keeps_bad_manifests_apart_with_their_reason(root: Path) -> None:
    found = manifest.survey([root])
    assert set(found.invalid) == {*BAD, "Mal-Nombre", "not_utf8"}
    assert {"base", "sales", "inventory", "good"} <= set(found.manifests)
    for name, bad in found.invalid.items():
        assert str(bad.path) in bad.reason, name
    assert "colour" in found.invalid["no_field"].reason
    assert "name" in found.invalid["other_name"].reason


def test_list_of_addons_shows_bad_ones_with_their_reason(
    admin: TestClient, root: Path, shared_runtime: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = manifest.survey
    monkeypatch.setattr(manifest, "survey", lambda roots: read([*roots, root]))
    items = {one["name"]: one for one in admin.get("/api/addons/").json()}
    assert items["sales"]["state"] == "enabled"
    assert items["good"] == {**items["good"], "state": "available", "reason": ""}
    assert items["no_version"]["state"] == "invalid"
    assert "version" in items["no_version"]["reason"]


def test_published_schema_is_current_and_accepts_our_manifests() -> None:
    published = json.loads((ROOT / "docs/manifest.schema.json").read_text(encoding="utf-8"))
    assert published == manifest.schema()
    judge = Draft202012Validator(published)
    for path in (ROOT / "manifests").glob("*.toml"):
        judge.validate(tomllib.loads(path.read_text(encoding="utf-8")))
    assert not judge.is_valid({"title": "x", "version": "1", "summary": {}, "colour": 1})
