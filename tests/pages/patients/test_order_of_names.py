"""Lists, headers and calendars write names in the order that their reader chose."""

import json
from dataclasses import replace
from functools import partial

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import wiring
from services.core.actors import Role
from services.people.accounts import choose_display
from tests.kit import cast
from tests.pages.conftest import Clinic, rows_of
from tests.services.visits import visit_samples
from tests.services.visits.visit_samples import soon


@pytest.fixture
def patient(clinic: Clinic):
    return clinic.register(first_name="Zora", last_name="Aalto")


@pytest.fixture
def given_first(clinic: Clinic) -> None:
    """Make the front desk see given names first."""
    chosen(clinic, "given-family")


def chosen(clinic: Clinic, name_order: str | None) -> None:
    choice = partial(choose_display, display="name_order", chosen=name_order)
    clinic.choose(Role.STAFF, choice)


def drawn(app: AppTest, key: str) -> str:
    """Return all data that a component is drawn with."""
    return next(
        each.proto.bytes.decode()
        for each in app.get("bidi_component")
        if each.key == key
    )


def sorted_by(app: AppTest) -> list[tuple[str, str | None]]:
    columns = json.loads(drawn(app, "patients_table"))["columns"]
    return [(each["label"], each["order"]) for each in columns][:1]


def test_the_family_comes_first_unless_somebody_chose_otherwise(clinic, patient):
    clinic.register(first_name="Aaron", last_name="Zybert")
    app = clinic.open("patients")

    names = [row[0] for row in rows_of(app)]
    assert names.index("Aalto, Zora") == 0
    assert sorted_by(app) == [("Name", "last_name")]
    assert clinic.open("patient", patient=patient.id).title[0].value == "Aalto, Zora"


def test_who_reads_the_given_name_first_finds_it_first(clinic, patient, given_first):
    clinic.register(first_name="Aaron", last_name="Zybert")

    app = clinic.open("patients")

    names = [row[0] for row in rows_of(app)]
    assert names[0] == "Aaron Zybert"
    assert names[-1] == "Zora Aalto"
    assert sorted_by(app) == [("Name", "first_name")]
    assert clinic.open("patient", patient=patient.id).title[0].value == "Zora Aalto"


def test_the_choice_is_that_of_one_person(clinic, patient, given_first):
    app = clinic.open("patients", Role.ADMIN)

    assert all("Zora Aalto" not in row for row in rows_of(app))


def test_a_clinic_says_what_holds_for_who_has_chosen_nothing(clinic, patient):
    settings = clinic.wiring.settings.model_copy(update={"name_order": "given-family"})
    wiring.use(replace(clinic.wiring, settings=settings))
    try:
        app = clinic.open("patients")
    finally:
        wiring.use(clinic.wiring)

    assert "Zora Aalto" in [row[0] for row in rows_of(app)]


def test_a_list_in_an_order_of_its_own_keeps_it(clinic, patient, given_first):
    app = clinic.open("patients")
    app.session_state["patients_filters"] = True
    app.run()
    app.button(key="patients_add_order").click().run()
    app.button(key="patients_apply").click().run()

    assert rows_of(app)[0][0] == "Zora Aalto"
    assert sorted_by(app) == [("Name", "last_name")]


@pytest.mark.parametrize(
    ("name_order", "name"),
    [(None, "Aalto, Zora"), ("given-family", "Zora Aalto")],
    ids=["family first", "given name first"],
)
def test_documents_desk_calendar_and_pickers_follow(
    clinic: Clinic, patient, file, name_order, name
):
    file(of=patient.id, title="Of names")
    clinic.write(partial(_visit, patient_id=patient.id))
    chosen(clinic, name_order)

    documents = rows_of(clinic.open("documents"), "documents_table")
    desk = clinic.open("desk")
    calendar = drawn(clinic.open("calendar"), "calendar_grid")
    book = json.loads(drawn(clinic.open("book"), "booking_patient_search"))

    assert name in {cell for row in documents for cell in row}
    assert name in {row[0] for row in rows_of(desk, "desk_expected")}
    assert name in calendar
    assert book["is_family_first"] is (name_order is None)


def _visit(session, patient_id) -> None:
    visit_samples.visit(session, cast.add_doctor(session).id, patient_id, soon(1))
