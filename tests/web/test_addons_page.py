"""The pages of addons: what to type before a purge, and what a change's error is about."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine

from kernel import ending, generations
from kernel.settings import Settings
from tests.conftest import Connect
from tests.web.pages import Browser

PAGE = "/app/aplicaciones/"


@pytest.mark.needs("loyalty")
def test_page_of_a_purge_says_which_name_to_type(connect: Connect) -> None:
    page = Browser(connect(""), "admin").get(f"{PAGE}?addon=loyalty&plan=purge")
    (label,) = page.cssselect("label[for=confirm]")
    assert label.text_content() == "Escriba el nombre para confirmar: loyalty"


@pytest.mark.parametrize(
    ("action", "state", "sentence"),
    [
        ("install", "failed", "El cambio no se hizo y nada cambió"),
        ("install", "reverting", "se vuelve a lo de antes"),
        ("purge", "contracting", "se volverá a intentar"),
        ("purge", "past", "El cambio se hizo en parte"),
        ("quarantine", "past", "se desactivó solo"),
    ],
)
def test_page_of_a_change_says_what_its_error_is_about(
    connect: Connect, settings: Settings, action: str, state: str, sentence: str
) -> None:
    engine = create_engine(settings.owner_url)
    with engine.begin() as connection:
        number = generations.insert(
            connection, action=action, targets=["x"], addons={}, state=state, error="la causa"
        )
    engine.dispose()
    page = Browser(connect(""), "admin").get(f"{PAGE}cambios/{number}/")
    (shown,) = page.cssselect("#change [role=alert]")
    assert sentence in shown.text_content()
    assert "la causa" in shown.text_content()


def test_page_of_a_change_that_a_backup_cut_off_says_so_in_the_language_of_who_reads(
    connect: Connect, settings: Settings
) -> None:
    engine = create_engine(settings.owner_url)
    with engine.begin() as connection:
        number = generations.insert(
            connection,
            action="purge",
            targets=["x"],
            addons={},
            state="failed",
            error=f"{ending.MOVED}\nValueError: lo demás",
        )
    engine.dispose()
    browser = Browser(connect(""), "admin")
    browser.headers["Cookie"] += "; idioma=en"
    shown = browser.get(f"{PAGE}cambios/{number}/").cssselect("#change pre")[0].text_content()
    assert shown == (
        "The backup was made in the middle of this change: it was not continued. "
        "Ask for it again.\nValueError: lo demás"
    )
