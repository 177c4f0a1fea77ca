"""While nothing can be saved, a new list opens too, and its address names nobody."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from dashboard.ui.words import plain
from db.postgres import Database, NoPrimary
from services.core.actors import Role
from tests.kit import cast
from tests.pages.conftest import Clinic, rows_of
from tests.pages.patients.test_patients_page import search

SINCE = datetime(2026, 11, 20, 19, 3, tzinfo=UTC)


@pytest.fixture(scope="module", autouse=True)
def ada(clinic: Clinic) -> None:
    clinic.register(**cast.identity_of(cast.ADA))
    clinic.register(**cast.identity_of(cast.GRACE))


@contextmanager
def read_only(clinic: Clinic) -> Iterator[None]:
    """Simulate a clinic without a primary; reads are recorded in the spool."""

    def refuse(*_: object, **__: object) -> None:
        raise NoPrimary(SINCE)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "write", refuse)
        yield


def test_a_search_opens_and_its_address_reopens_it_for_a_colleague(clinic: Clinic):
    with read_only(clinic):
        app = search(clinic.open("patients"), "lovelace")
        key = app.query_params["list"]
        shown = rows_of(app)
        again = rows_of(clinic.open("patients", Role.STAFF, list=key))

    assert [row[0] for row in shown] == [row[0] for row in again] == ["Lovelace, Ada"]
    assert key.startswith("sealed.")
    assert "lovelace" not in key.lower()


def test_it_shows_nobody_what_they_may_not_see(clinic: Clinic):
    with read_only(clinic):
        key = search(clinic.open("patients"), "lovelace").query_params["list"]
        app = clinic.open("patients", Role.ANALYST, list=key)

    assert "without their names" in app.error[0].value


@pytest.mark.parametrize(
    "made_up",
    ["sealed.", "sealed.AAAA", "sealed.not base64", "sealed." + "A" * 400],
    ids=["empty", "short", "no base64", "long"],
)
def test_a_made_up_address_names_no_list(clinic: Clinic, made_up: str):
    app = clinic.open("patients", list=made_up)

    assert "no such list" in app.warning[0].value


def test_a_list_of_patients_is_no_list_of_documents(clinic: Clinic):
    with read_only(clinic):
        key = search(clinic.open("patients"), "lovelace").query_params["list"]
        app = clinic.open("documents", list=key)

    assert "no such list" in app.warning[0].value


def test_saving_says_since_when_not_and_the_form_keeps_what_was_typed(clinic: Clinic):
    app = clinic.open("edit", patient=clinic.register(last_name=uuid4().hex).id)
    app.text_input(key="edit_address").set_value("1 Patient Road")
    with read_only(clinic):
        app.button(key="edit_save").click().run()

    assert plain("Nothing can be saved since 19:03: ") in app.warning[0].value
    assert app.text_input(key="edit_address").value == "1 Patient Road"
    # The page does not run again by itself: the sentence stays until somebody acts.
    assert not any("Trying again" in caption.value for caption in app.caption)
