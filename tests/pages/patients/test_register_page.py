"""Registering a patient: what is required, what is lost, and who is there already."""

from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from services.patients.records import patients
from services.patients.records.model import PatientDraft
from tests.pages.conftest import Clinic, markdown_of


def fill_in(app: AppTest, **fields: str) -> AppTest:
    for name, value in fields.items():
        app.text_input(key=f"register_{name}").set_value(value)
    return app


def submit(app: AppTest) -> AppTest:
    return app.button(key="register_submit").click().run()


def test_a_new_patient_is_registered_and_shown(clinic: Clinic):
    app = fill_in(
        clinic.open("register"),
        first_name="Katherine",
        last_name="Johnson",
        date_of_birth="26 Aug 1918",
        phone_number="0123 456789",
    )

    submit(app)

    assert app.title[0].value == "Johnson, Katherine"
    assert any("is registered" in toast.value for toast in app.toast)


def test_the_next_registration_starts_empty(clinic: Clinic):
    app = clinic.open("register")
    fill_in(app, first_name="Dorothy", last_name="Vaughan")
    fill_in(app, date_of_birth="1910-09-20", email="dorothy@example.org")
    submit(app)

    app.switch_page("../pages/patients/register.py").run()

    assert app.text_input(key="register_first_name").value == ""


@pytest.mark.parametrize(
    ("field", "typed", "message"),
    [
        ("date_of_birth", "1980-01-1998", "not a date"),
        ("date_of_birth", "1880-01-01", "between 1 January 1900"),
        ("date_of_birth", "", "Date of birth is missing"),
        ("date_of_birth", "01/02/1980", "two different days"),
        ("first_name", "", "First name is missing"),
        ("phone_number", "12", "10 to 15 digits"),
        ("email", "nobody", "not an address"),
    ],
)
def test_a_refusal_is_explained_and_nothing_typed_is_lost(
    clinic: Clinic, field: str, typed: str, message: str
):
    app = fill_in(
        clinic.open("register"),
        first_name="Mary",
        last_name="Jackson",
        date_of_birth="1921-04-09",
        phone_number="0123456789",
    )

    submit(fill_in(app, **{field: typed}))

    assert message in markdown_of(app).replace("\\", "")
    assert "Nothing was saved" in app.error[0].value
    assert app.text_input(key="register_last_name").value == "Jackson"
    assert app.text_input(key=f"register_{field}").value == typed


def test_somebody_without_phone_and_e_mail_is_refused(clinic: Clinic):
    app = clinic.open("register")
    fill_in(app, first_name="Mae", last_name="Jemison", date_of_birth="1956-10-17")

    submit(app)

    assert "Phone number and e" in markdown_of(app)


@pytest.fixture
def known(clinic: Clinic) -> PatientDraft:
    return clinic.register(
        first_name="Valentina",
        last_name="Tereshkova",
        date_of_birth=date(1937, 3, 6),
        phone_number="0123456780",
    ).draft()


def test_a_likely_duplicate_is_offered_before_anything_is_saved(
    clinic: Clinic, known: PatientDraft
):
    app = clinic.open("register")
    fill_in(app, first_name="Valentina", last_name="Tereskova")
    fill_in(app, date_of_birth="1937-03-06", phone_number="0123456780")

    submit(app)

    assert app.warning[0].proto.title == "This patient may already be registered"
    assert "Valentina Tereshkova" in markdown_of(app)
    assert "% match" in markdown_of(app)
    assert "register_anyway" in {button.key for button in app.button}
    # What was typed is still there.
    assert app.text_input(key="register_last_name").value == "Tereskova"


def test_who_is_known_already_is_opened_instead(clinic: Clinic, known: PatientDraft):
    app = clinic.open("register")
    fill_in(app, first_name="Valentina", last_name="Tereshkova")
    fill_in(app, date_of_birth="1937-03-06", phone_number="0123456780")
    submit(app)

    next(b for b in app.button if b.label == "Open this record").click().run()

    assert app.title[0].value == "Tereshkova, Valentina"


def test_somebody_else_of_that_name_is_registered_anyway(
    clinic: Clinic, known: PatientDraft
):
    app = clinic.open("register")
    fill_in(app, first_name="Valentina", last_name="Tereshkova")
    fill_in(app, date_of_birth="1937-03-06", email="other@example.org")
    submit(app)

    app.button(key="register_anyway").click().run()

    assert any("is registered" in toast.value for toast in app.toast)
    assert "May be the same person" in {head.value for head in app.subheader}
    assert "other@example" in markdown_of(app).replace("\\", "") or app.table


def test_who_was_saved_unheard_and_is_sent_with_other_data_is_no_dead_end(
    clinic: Clinic,
):
    app = clinic.open("register")
    fill_in(app, first_name="Annie", last_name="Easley", date_of_birth="1933-04-23")
    fill_in(app, phone_number="0123456781")
    clinic.write(
        lambda s: patients.register(
            s,
            clinic.clerk,
            PatientDraft(
                first_name="Anni",
                last_name="Easly",
                date_of_birth=date(1933, 1, 1),
                phone_number="0123456782",
            ),
            today=date(2026, 11, 20),
            patient_id=app.session_state["register_id"],
        )
    )
    submit(app)
    assert app.title[0].value == "Register a patient"

    submit(app)

    assert app.title[0].value == "Easley, Annie"
