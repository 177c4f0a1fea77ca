"""Pages of visits in a clinic that has none yet."""

import pytest

from services.core.actors import Role
from tests.pages.conftest import press


def test_an_outbox_without_letters_says_where_they_come_from(clinic):
    app = clinic.open("outbox", Role.ADMIN)

    said = [text.value for text in (*app.markdown, *app.caption)]
    assert any("No e-mails yet" in text for text in said)
    assert any("No mail server is configured" in element.value for element in app.info)


def test_without_doctors_no_speciality_is_asked_for(clinic):
    app = clinic.open("doctors", Role.ADMIN)

    assert not app.pills


@pytest.mark.parametrize(
    ("role", "next_step"),
    [
        (Role.CLINICIAN, "The front desk adds them on this page."),
        (Role.PATIENT, "Ask the clinic for a visit."),
    ],
)
def test_without_doctors_everybody_reads_what_to_do(clinic, role, next_step):
    app = clinic.open("doctors", role)

    assert any(next_step in text.value for text in app.markdown)
    assert not {"doctors_add", "doctors_add_first"} & {each.key for each in app.button}


def test_without_doctors_whoever_manages_them_adds_one(clinic):
    app = clinic.open("doctors", Role.STAFF)

    press(app, "doctors_add_first")

    assert app.title[0].value == "Add a doctor"
