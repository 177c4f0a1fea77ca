"""The patient that something is for, once the search field has found them."""

import json
from uuid import uuid4

from tests.pages.conftest import Clinic, choose_patient

PAGE = "booking"


def field(app):
    """Return the data the field is drawn with; None where it is not shown."""
    fields = {element.key: element for element in app.get("bidi_component")}
    drawn = fields.get(f"{PAGE}_patient_search")
    return json.loads(drawn.proto.bytes) if drawn else None


def test_who_was_chosen_stands_in_place_of_the_field(clinic: Clinic):
    patient = clinic.register(last_name="Quillfeather")
    app = clinic.open("book")
    assert field(app) == {
        "advice": "Select a patient to book.",
        "is_family_first": True,
        "takes_focus": False,
    }

    choose_patient(app, PAGE, patient.id)

    assert field(app) is None
    assert any("Quillfeather" in element.value for element in app.markdown)


def test_another_one_is_looked_for_where_the_cursor_then_is(clinic: Clinic):
    app = clinic.open("book", patient=clinic.register().id)

    app.button(key=f"{PAGE}_patient_other").click().run()
    assert field(app)["takes_focus"]

    # It does not take the focus again each time the page is drawn.
    app.run()
    assert not field(app)["takes_focus"]


def test_one_who_cannot_be_read_is_said_and_another_can_be_chosen(clinic: Clinic):
    app = clinic.open("book")

    choose_patient(app, PAGE, uuid4())

    assert any(
        "There is no such patient" in e.value for e in (*app.error, *app.warning)
    )
    assert app.button(key=f"{PAGE}_patient_other")
