"""What an analyst sees of the patients, and how to get a file with names."""

from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from services.core.actors import Role
from services.lists.criteria import Operator
from tests.kit import cast
from tests.pages.conftest import Clinic, rows_of

REASON = "The health office asks for contacts"


@pytest.fixture(scope="module", autouse=True)
def people_on_file(clinic: Clinic) -> None:
    clinic.register(
        **cast.identity_of(cast.ADA),
        allergies=("Latex",),
        medical_history=("Asthma", "Diabetes", "Gout"),
    )
    # Only Grace's group is small.
    for number in range(6):
        clinic.register(first_name=f"A{number}", date_of_birth=date(1980, 5, 17))
        clinic.register(first_name=f"B{number}", date_of_birth=date(1960, 5, 17))
    clinic.register(**cast.identity_of(cast.GRACE))


def search(app: AppTest, text: str) -> AppTest:
    return app.text_input(key="patients_search").set_value(text).run()


def ask_for_names(app: AppTest, reason: str) -> AppTest:
    app.text_area(key="patients_named_reason").set_value(reason)
    return app.button(key="patients_named_ask").click().run()


def test_a_row_has_a_year_but_neither_name_nor_initials(clinic: Clinic):
    app = clinic.open("patients", Role.ANALYST)

    rows = rows_of(app)
    assert ["1980", "Unknown", "Asthma, Diabetes +1", "", "Latex"] in rows
    assert "Lovelace" not in str(app.main)


def test_the_home_page_names_nobody(clinic: Clinic):
    app = clinic.start(Role.ANALYST)

    years = [row[0] for row in rows_of(app, "home_changed")]
    assert {"1976", "1960"} <= set(years)
    assert "home_unreachable" not in {button.key for button in app.button}


def test_there_is_no_search_for_names(clinic: Clinic):
    app = clinic.open("patients", Role.ANALYST)

    assert "patients_search" not in {box.key for box in app.text_input}


def test_only_what_is_shown_can_be_filtered_and_sorted(clinic: Clinic):
    app = clinic.open("patients", Role.ANALYST)
    app.session_state["patients_filters"] = True
    app.run()

    app.button(key="patients_add_1").click().run()

    options = app.selectbox(key="patients_field_2").options
    assert options[0] == "Year of birth"
    assert not {"Last name", "E-mail address", "Age", "Date of birth"} & set(options)


def filter_by_year(app: AppTest, year: str) -> AppTest:
    app.session_state["patients_filters"] = True
    app.run()
    app.button(key="patients_add_1").click().run()
    app.selectbox(key="patients_operator_2").set_value(Operator.EQUAL).run()
    app.text_input(key="patients_text_2").set_value(year).run()
    return app.button(key="patients_apply").click().run()


def test_a_filter_narrows_the_list_to_many(clinic: Clinic):
    app = filter_by_year(clinic.open("patients", Role.ANALYST), "1980")

    assert "7 patients born in 1980" in app.markdown[0].value
    assert {row[0] for row in rows_of(app)} == {"1980"}


def test_a_list_of_few_shows_neither_rows_nor_number_nor_charts(clinic: Clinic):
    app = filter_by_year(clinic.open("patients", Role.ANALYST), "1976")
    app.session_state["patients_charts"] = True
    app.run()

    assert "fewer than 5 patients born in 1976" in app.markdown[0].value
    assert "neither shown nor exported" in str([each.value for each in app.markdown])
    assert rows_of(app) == []
    assert "fewer than 5 patients" in app.error[0].value
    assert "patients_archived" not in {box.key for box in app.checkbox}
    app.button(key="patients_all").click().run()
    assert "1976" in {row[0] for row in rows_of(app)}


def test_a_list_found_by_name_is_not_shown_to_who_sees_none(clinic: Clinic):
    key = search(clinic.open("patients"), "lovelace").query_params["list"]

    app = clinic.open("patients", Role.ANALYST, list=key)

    assert "it may be about names" in app.warning[0].value
    assert "lovelace" not in str(app.main).lower()


def test_a_file_with_names_is_offered_for_a_reason(clinic: Clinic):
    app = ask_for_names(clinic.open("patients", Role.ANALYST), REASON)

    (link,) = [b for b in app.get("link_button") if "grant" in b.proto.url]
    query = parse_qs(urlsplit(link.proto.url).query)
    assert set(query) == {"grant", "after_lsn"}


def test_without_a_reason_there_is_no_file_with_names(clinic: Clinic):
    app = ask_for_names(clinic.open("patients", Role.ANALYST), "because")

    assert "at least 10 characters" in app.error[0].value
    assert not [b for b in app.get("link_button") if "grant" in b.proto.url]
    assert app.text_area(key="patients_named_reason").value == "because"


def test_who_sees_names_needs_no_reason_for_them(clinic: Clinic):
    app = clinic.open("patients", Role.STAFF)

    assert "patients_named_ask" not in {button.key for button in app.button}
