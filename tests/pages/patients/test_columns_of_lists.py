"""A list of patients shows the columns that somebody has chosen, in their order."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from services.core.actors import Role
from tests.pages.conftest import Clinic, rows_of

CHOSEN = "patients_columns_chosen"


@pytest.fixture(scope="module", autouse=True)
def someone(clinic: Clinic) -> None:
    clinic.register(
        last_name="Columnar",
        phone_number="+441632960777",
        address="7 Column Row",
        emergency_contact="Doris Columnar",
    )


def heads(app: AppTest) -> list[str]:
    for table in app.get("bidi_component"):
        if table.key == "patients_table":
            columns = json.loads(table.proto.bytes)["columns"]
            return [column["label"] for column in columns]
    return []


def choose(app: AppTest, *columns: str) -> AppTest:
    app.button(key="patients_columns").click().run()
    app.multiselect(key=CHOSEN).set_value(list(columns))
    return press(app, "patients_columns_save")


def press(app: AppTest, key: str) -> AppTest:
    """Press a button of the dialog, which AppTest has for one run only."""
    app.button(key="patients_columns").click()
    return app.button(key=key).click().run()


def test_chosen_columns_stay_chosen_in_the_next_session(clinic: Clinic):
    app = clinic.open("patients")
    usual = heads(app)
    assert usual[0] == "Name"

    choose(app, "phone_number", "name")

    again = clinic.open("patients")
    assert heads(again) == ["Phone number", "Name"]
    row = next(row for row in rows_of(again) if row[1].startswith("Columnar"))
    assert row[0] == "+441632960777"
    assert heads(clinic.open("patients", Role.CLINICIAN)) in ([], usual)

    again.button(key="patients_columns").click().run()
    press(again, "patients_columns_usual")
    assert heads(clinic.open("patients")) == usual


def test_texts_of_the_record_are_columns_called_as_in_its_form(clinic: Clinic):
    app = clinic.open("patients")

    choose(app, "name", "address", "emergency_contact")

    again = clinic.open("patients")
    assert heads(again) == ["Name", "Address", "Emergency contact"]
    row = next(row for row in rows_of(again) if row[0].startswith("Columnar"))
    assert row[1:] == ["7 Column Row", "Doris Columnar"]
    again.button(key="patients_columns").click().run()
    press(again, "patients_columns_usual")


def test_without_any_column_the_choice_is_refused_and_the_list_stays(clinic: Clinic):
    app = clinic.open("patients")
    usual = heads(app)

    choose(app)

    assert app.error[0].value == "Choose at least one column for the list."
    assert heads(app) == usual


def test_who_sees_no_names_is_offered_none(clinic: Clinic):
    app = clinic.open("patients", Role.ANALYST)

    app.button(key="patients_columns").click().run()

    offered = app.multiselect(key=CHOSEN).options
    assert "Year of birth" in offered
    assert not {"Initials", "Name", "Phone number", "E-mail", "Address"} & set(offered)
