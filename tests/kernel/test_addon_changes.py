"""Changes of addons that are refused, each with a sentence that says why and what to do."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from kernel import addon_changes, ending, lifecycle
from kernel.addon_changes import Action, Change, ChangeRefused, ChangeUnderWay
from kernel.errors import ConfigurationError, NotFound
from kernel.revisions import Step
from kernel.settings import Settings
from tests.kernel import club
from tests.kernel.test_lifecycle import empty, migrate, owner

__all__ = ["empty", "owner"]

RETAINED = "retention_years = 5"


def prepare(settings: Settings, action: Action, *names: str, confirm: str | None = None) -> Change:
    with lifecycle.owner(settings) as engine, engine.connect() as connection:
        return addon_changes.prepare(connection, settings, action, names, confirm=confirm)


def refusal(settings: Settings, action: Action, *names: str, confirm: str | None = None) -> str:
    """Return the sentences with which a change is refused."""
    with pytest.raises(ChangeRefused) as caught:
        prepare(settings, action, *names, confirm=confirm)
    assert (caught.value.status, caught.value.code) == (422, "cambio_rechazado")
    return caught.value.message


@pytest.fixture
def clubs(empty: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of an instance with a club and an addon that depends on it."""
    monkeypatch.syspath_prepend(tmp_path)
    club.write(tmp_path)
    club.write(tmp_path, "filial", first=None, depends="club")
    migrate(empty, "filial")
    return empty


def rest(settings: Settings, *names: str, state: str = "disabled") -> None:
    """Let addons rest, as if they had been switched off."""
    with lifecycle.owner(settings) as engine, engine.begin() as connection:
        given = {"names": list(names), "state": state}
        query = "UPDATE andes_addons SET state = :state WHERE name = ANY (:names)"
        connection.execute(text(query), given)
        query = "UPDATE andes_generations SET addons = addons - CAST(:names AS text[])"
        connection.execute(text(query), {"names": list(names)})


def test_prepare_of_the_wrong_state_says_which_it_is(clubs: Settings) -> None:
    active = "El addon «filial» ya está instalado y activo."
    assert refusal(clubs, "install", "filial") == active
    assert refusal(clubs, "enable", "filial") == active
    current = "«filial» ya está en la versión de este equipo, 1.0."
    assert refusal(clubs, "upgrade", "filial") == current
    rest(clubs, "filial")
    resting = "El addon «filial» está desactivado: actívelo."
    for action in ("install", "disable", "upgrade"):
        assert refusal(clubs, action, "filial") == resting  # type: ignore[arg-type]  # an Action
    rest(clubs, "filial", state="archived")
    archived = "El addon «filial» está archivado: instálelo o importe su archivo."
    for action in ("enable", "disable", "archive"):
        assert archived in refusal(clubs, action, "filial")  # type: ignore[arg-type]  # an Action


def test_prepare_of_what_is_not_installed_or_unknown(clubs: Settings) -> None:
    assert refusal(clubs, "enable", "inventory") == "El addon «inventory» no está instalado."
    with pytest.raises(NotFound, match="El addon «inventory» no está instalado"):
        prepare(clubs, "disable", "inventory")
    with pytest.raises(NotFound, match="No hay ningún addon «nada» en este equipo"):
        prepare(clubs, "install", "nada")


def test_prepare_of_an_addon_whose_code_is_gone_or_wrong(clubs: Settings, tmp_path: Path) -> None:
    file = tmp_path / "manifests" / "filial.toml"
    whole = file.read_text()
    file.write_text(whole.replace('version = "1.0"', 'version = "uno"'))
    assert "version" in refusal(clubs, "archive", "filial")
    file.unlink()
    gone = "El código de «filial» no está en este equipo: instale su paquete primero."
    assert refusal(clubs, "archive", "filial") == gone
    change = prepare(clubs, "disable", "filial")  # that needs no code
    assert [one.name for one in change.manifests] == ["base", "club"]


def test_prepare_against_dependents_names_them(clubs: Settings) -> None:
    sentence = "filial depende de club: {} primero ese addon, o todos a la vez."
    assert refusal(clubs, "disable", "club") == sentence.format("desactive")
    for action in ("archive", "purge"):
        assert sentence.format("quite") in refusal(clubs, action, "club")  # type: ignore[arg-type]  # an Action
    assert prepare(clubs, "disable", "club", "filial").targets == ("club", "filial")
    rest(clubs, "filial")
    assert prepare(clubs, "disable", "club").targets == ("club",)
    assert refusal(clubs, "archive", "club") == sentence.format("quite")  # it has its tables yet


def test_prepare_of_what_is_part_of_every_installation(clubs: Settings) -> None:
    sentence = "«base» es parte de toda instalación y no se puede quitar."
    for action in ("disable", "archive", "purge"):
        assert sentence in refusal(clubs, action, "base")  # type: ignore[arg-type]  # an Action


def test_prepare_of_a_purge_asks_for_the_name(clubs: Settings) -> None:
    sentence = "Para purgar escriba el nombre del addon, «filial»: sus datos se borran."
    for typed in ("", "Filial", "filial ", "club"):
        assert refusal(clubs, "purge", "filial", confirm=typed) == sentence
    assert prepare(clubs, "purge", "filial", confirm="filial").targets == ("filial",)


def test_prepare_of_a_purge_of_several_asks_for_all_their_names(clubs: Settings) -> None:
    sentence = "Para purgar escriba los nombres de los addons, «filial, club»: sus datos se borran."
    for typed in ("", "filial", "filial,club,", "filial;club", "filial,filial", "filialclub"):
        assert refusal(clubs, "purge", "filial", "club", confirm=typed) == sentence
    for typed in ("filial,club", "club, filial"):
        both = prepare(clubs, "purge", "filial", "club", confirm=typed)
        assert both.steps() == [Step("club", "0001", None, "contract")]


def test_prepare_of_a_purge_while_the_law_asks_for_the_rows(
    clubs: Settings, owner: Engine, tmp_path: Path
) -> None:
    club.write(tmp_path, "filial", first=None, depends="club", more=RETAINED)
    with owner.connect() as connection:
        today: date = connection.execute(text("SELECT current_date")).scalar_one()
    said = refusal(clubs, "purge", "filial", confirm="filial")
    assert str(today.year + 5) in said
    assert re.fullmatch(
        r"La ley pide conservar los datos de «filial» hasta el \d{4}-\d\d-\d\d; "
        r"archívelo: el archivo los conserva\.",
        said,
    )


def test_retained_until_counts_from_the_day_it_was_switched_off(
    clubs: Settings, owner: Engine, tmp_path: Path
) -> None:
    club.write(tmp_path, "filial", first=None, depends="club", more=RETAINED)
    done = club.make(clubs, "disable", "filial")
    with owner.begin() as connection:
        query = "UPDATE andes_generations SET finished_at = '2019-03-01Z' WHERE id = :number"
        connection.execute(text(query), {"number": done.number})
    assert prepare(clubs, "purge", "filial", confirm="filial").targets == ("filial",)
    with owner.begin() as connection:
        query = "UPDATE andes_generations SET finished_at = now() - interval '4 years 364 days'"
        connection.execute(text(f"{query} WHERE id = :number"), {"number": done.number})
    assert "La ley pide" in refusal(clubs, "purge", "filial", confirm="filial")
    rest(clubs, "filial", state="archived")  # the file keeps them
    assert prepare(clubs, "purge", "filial", confirm="filial").targets == ("filial",)


def test_retained_until_of_what_never_served_counts_from_the_change_that_was_given_up(
    clubs: Settings, owner: Engine, tmp_path: Path
) -> None:
    club.write(tmp_path, "coro", first=None, more=RETAINED)
    number, change = club.ask(clubs, "install", "coro")
    club.expand(clubs, number, change)
    club.move(clubs, number, "rolling", "reverting")
    ending.take_back(clubs, number, "su downgrade no sirve")
    assert "La ley pide" in refusal(clubs, "purge", "coro", confirm="coro")
    with owner.begin() as connection:
        query = "UPDATE andes_generations SET finished_at = '2019-03-01Z' WHERE id = :number"
        connection.execute(text(query), {"number": number})
    assert prepare(clubs, "purge", "coro", confirm="coro").targets == ("coro",)


def test_retained_until_outlives_what_the_instance_migrates_afterwards(
    clubs: Settings, tmp_path: Path
) -> None:
    club.write(tmp_path, "filial", first=None, depends="club", more=RETAINED)
    club.make(clubs, "disable", "filial")
    club.write(tmp_path, version="1.1")
    migrate(clubs, "club")
    assert "La ley pide" in refusal(clubs, "purge", "filial", confirm="filial")


def test_prepare_while_another_change_is_under_way_conflicts(clubs: Settings) -> None:
    number, _ = club.ask(clubs, "disable", "filial")
    with pytest.raises(ChangeUnderWay) as caught:
        prepare(clubs, "disable", "club")
    assert caught.value.status == 409
    assert caught.value.message == (
        f"La generación {number} (disable filial) está en curso (expanding): espere a que termine."
    )


def test_prepare_with_code_that_differs_besides_is_refused(clubs: Settings, tmp_path: Path) -> None:
    club.write(tmp_path, version="1.1")
    assert refusal(clubs, "disable", "filial") == (
        "«club» está en este equipo en la versión 1.1 (0001) y en la base en la 1.0 (0001): "
        "primero «server.py addon upgrade club»."
    )
    assert prepare(clubs, "upgrade", "club").targets == ("club",)


def test_of_a_change_on_a_host_with_other_code_is_refused(clubs: Settings, tmp_path: Path) -> None:
    number, _ = club.ask(clubs, "disable", "filial")
    club.write(tmp_path, version="1.1")
    with lifecycle.owner(clubs) as engine, engine.connect() as connection:
        found = club.found(connection, number)
        with pytest.raises(ConfigurationError, match=r"club 1\.1 .* y la base espera 1\.0"):
            addon_changes.of(connection, clubs, found)


def test_prepare_says_every_reason_at_once(clubs: Settings) -> None:
    lines = refusal(clubs, "purge", "base", confirm="x").splitlines()
    assert len(lines) >= 3


def test_steps_of_an_upgrade_contract_after_the_roll(clubs: Settings, tmp_path: Path) -> None:
    club.write(tmp_path, steps=[club.ADDS, club.TAKES], version="1.1")
    assert prepare(clubs, "upgrade", "club").steps() == [
        Step("club", "0001", "0002"),
        Step("club", "0002", "0003", "contract"),
    ]
