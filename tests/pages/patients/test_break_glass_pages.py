"""Opening a record outside one's patients, and reviewing that."""

from uuid import uuid4

import pytest
from streamlit.testing.v1 import AppTest

from services.core.actors import Role
from services.patients.care import break_glass
from services.patients.care.break_glass import EmergencyAccess
from services.patients.records.model import PatientRecord
from tests.kit import cast
from tests.pages.conftest import Clinic, problem_places

REASON = "Unconscious in the waiting room"


@pytest.fixture
def access(clinic: Clinic, patient: PatientRecord) -> EmergencyAccess:
    okafor = clinic.cast[Role.CLINICIAN]
    return clinic.write(
        lambda s: break_glass.open_record(s, okafor, patient.id, REASON)
    )


def find(app: AppTest, typed: str) -> AppTest:
    app.text_input(key="break_glass_search").set_value(typed)
    return app.button(key="break_glass_find").click().run()


def open_because(app: AppTest, reason: str) -> AppTest:
    app.text_area(key="break_glass_reason").set_value(reason)
    return app.button(key="break_glass_open").click().run()


def texts(app: AppTest) -> str:
    said = (*app.markdown, *app.caption)
    return " ".join(str(element.value) for element in said)


def test_a_record_is_found_and_opened_for_a_reason(clinic: Clinic, patient):
    app = clinic.open("break_glass", Role.CLINICIAN)
    app = find(app, f"{patient.last_name} 1980-05-17")

    app = open_because(app, REASON)

    assert patient.last_name in app.title[0].value
    assert "You have this record open" in app.warning[0].value


@pytest.mark.parametrize("typed", ["", "   "], ids=["nothing", "spaces"])
def test_with_nothing_typed_the_search_says_what_to_type(clinic: Clinic, typed):
    app = find(clinic.open("break_glass", Role.CLINICIAN), typed)

    assert "Type a name together with the date of birth" in app.error[0].value
    assert problem_places(app) == ["search"]


def test_two_records_of_one_name_and_day_are_told_apart_by_their_numbers(clinic):
    first = clinic.register()
    clinic.register(first_name=first.first_name, last_name=first.last_name)

    app = find(
        clinic.open("break_glass", Role.CLINICIAN), f"{first.last_name} 1980-05-17"
    )

    options = app.radio(key="break_glass_patient").options
    assert len({*options}) == len(options) == 2


def test_what_was_typed_stays_out_of_the_address(clinic: Clinic, patient):
    app = clinic.open("break_glass", Role.CLINICIAN)

    app = find(app, f"{patient.last_name} 1980-05-17")

    assert patient.last_name not in str(app.query_params)


def test_a_link_to_a_strangers_record_leads_here(clinic: Clinic, patient):
    app = clinic.open("patient", Role.CLINICIAN, patient=patient.id)

    assert app.title[0].value == "Emergency access to a record"
    assert patient.last_name in app.radio(key="break_glass_patient").options[0]


def test_an_opened_record_can_be_gone_back_to(clinic: Clinic, access, patient):
    app = clinic.open("break_glass", Role.CLINICIAN)

    app = app.button(key=f"break_glass_go_{access.id}").click().run()

    assert patient.last_name in app.title[0].value


def test_of_several_nobody_is_chosen_before_somebody_chooses(clinic: Clinic):
    first = clinic.register(first_name="Ann")
    clinic.register(first_name="Bea", last_name=first.last_name)
    app = clinic.open("break_glass", Role.CLINICIAN)
    app = find(app, f"{first.last_name} 1980-05-17")
    assert len(app.radio(key="break_glass_patient").options) == 2

    app = open_because(app, REASON)

    assert app.error[0].value == "Choose the patient whose record you want to open."
    assert problem_places(app) == ["patient"]
    assert app.text_area(key="break_glass_reason").value == REASON
    app.radio(key="break_glass_patient").set_value(
        app.radio(key="break_glass_patient").options[0]
    )
    app = open_because(app, REASON)
    assert first.last_name in app.title[0].value


def test_too_short_a_reason_is_refused_in_words_and_kept(clinic: Clinic, patient):
    app = find(clinic.open("break_glass", Role.CLINICIAN), str(patient.id))

    app = open_because(app, "urgent")

    assert "at least 10 characters" in app.error[0].value
    assert app.text_area(key="break_glass_reason").value == "urgent"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("Lovelace", "together with the date of birth"),
        (str(uuid4()), "Nobody was found"),
    ],
    ids=["a name alone", "an id nobody has"],
)
def test_who_cannot_be_found_is_explained(clinic: Clinic, typed, said):
    app = find(clinic.open("break_glass", Role.CLINICIAN), typed)

    assert said in texts(app) + " ".join(error.value for error in app.error)


def test_an_access_waits_for_review_without_a_name(clinic: Clinic, access, patient):
    app = clinic.open("break_glass_review", Role.ADMIN)

    # The page has the same name as in the menu.
    assert app.title[0].value == "Emergency access review"
    assert REASON in texts(app)
    assert str(patient.id) in texts(app).replace("\\", "")
    assert patient.last_name not in texts(app)


def test_a_review_is_kept_with_who_did_it(clinic: Clinic, access):
    app = clinic.open("break_glass_review", Role.ADMIN)
    app.text_input(key=f"review_finding_{access.id}").set_value("Rightly opened")

    app = app.button(key=f"review_submit_{access.id}").click().run()

    keys = {box.key for box in app.text_input}
    assert f"review_finding_{access.id}" not in keys
    app.session_state["review_done"] = True
    assert cast.INES.name in texts(app.run())


def test_a_review_without_a_word_is_refused(clinic: Clinic, access):
    app = clinic.open("break_glass_review", Role.ADMIN)

    app = app.button(key=f"review_submit_{access.id}").click().run()

    assert "Say in a few words" in app.error[0].value
