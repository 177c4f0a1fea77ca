"""An earlier time to look around in, on screen: requested, opening, open, failed."""

import pytest

from db.postgres import SYSTEM
from services.backups import looks
from services.core.actors import Role
from tests.pages.backups.conftest import said
from tests.pages.backups.test_restore_preview import TYPED, keep_log, opened


@pytest.fixture(autouse=True)
def log(clinic, repository):
    """Make any second of nine minutes available for a look."""
    keep_log(clinic, repository)


def look_around(app, typed=TYPED):
    app.text_input(key="previews_as_of").set_value(typed)
    app.button(key="looks_do").click().run()
    return said(app)


def work(clinic, operation):
    """Do what the worker does with a request."""

    def write(session):
        return operation(session, looks.unended_look(session).id)

    return clinic.wiring.database.write(write, identity=SYSTEM).value


def note_open(clinic):
    work(clinic, lambda session, look_id: looks.note_open(session, look_id, 5433))


def keys_of(app):
    return {button.key for button in app.button}


@pytest.fixture(autouse=True)
def ended(clinic):
    """End every look after the test."""
    yield

    def end(session):
        if (look := looks.unended_look(session)) is not None:
            looks.end_look(session, look.id)

    clinic.wiring.database.write(end, identity=SYSTEM)


def test_it_is_asked_for_and_says_that_it_is_opening(clinic):
    app = opened(clinic)
    assert "looks_end" not in keys_of(app)

    words = look_around(app)

    assert "to look around in the clinic as of 25 Nov 2026, 02:03:07" in words
    assert app.button(key="looks_do").disabled
    assert not app.button(key="previews_do").disabled
    event = clinic.audit("backup:open-look")[-1]
    assert event.details == {"to": "2026-11-25T02:03:07Z"}


def test_what_is_open_says_until_when_and_is_closed(clinic):
    look_around(opened(clinic))
    note_open(clinic)

    app = opened(clinic)
    words = " ".join(element.value for element in app.success)
    assert "The clinic as of 25 Nov 2026, 02:03:07 is open until" in words
    assert "`/past`" in words

    app.button(key="looks_end").click().run()
    assert "looks_end" not in keys_of(app)
    assert not app.button(key="looks_do").disabled
    assert clinic.audit("backup:close-look")


def test_why_it_was_not_opened_is_said_and_one_may_ask_again(clinic):
    look_around(opened(clinic))
    why = "The disk of /data has 50 MB free."
    work(clinic, lambda session, look_id: looks.end_look(session, look_id, failure=why))

    app = opened(clinic)

    assert f"was not opened. {why}" in said(app)
    assert not app.button(key="looks_do").disabled


def test_a_time_that_cannot_be_is_refused_and_stays_typed(clinic):
    app = opened(clinic)

    assert "No backup leads to this time" in look_around(app, "2026-11-24 02:03:07")
    assert app.text_input(key="previews_as_of").value == "2026-11-24 02:03:07"


def test_it_is_told_in_german(clinic):
    look_around(opened(clinic))
    clinic.speak_german(Role.ADMIN)
    awaited = said(opened(clinic))
    note_open(clinic)
    is_open = opened(clinic).success

    assert "möchte im Stand der Klinik vom" in awaited
    assert "ist bis" in " ".join(element.value for element in is_open)
