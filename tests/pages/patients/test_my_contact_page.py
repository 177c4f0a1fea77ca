"""A patient corrects their own contact data, on a page of their own."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import NoReturn

import pytest
from sqlalchemy.orm import Session
from streamlit.runtime.scriptrunner_utils.exceptions import StopException
from streamlit.testing.v1 import AppTest

from dashboard import context
from dashboard.sign_in.codes import new_address
from db.models.user import User
from db.postgres import Lsn
from services.core import throttling
from services.core.actors import Role
from services.patients.records import patients
from services.patients.records.model import PatientRecord
from services.people.sign_in import codes
from tests.kit import cast
from tests.kit.mailbox import Mailbox, mailer_to
from tests.pages.conftest import Clinic, markdown_of

CODE = "271828"


@pytest.fixture
def record(clinic: Clinic) -> PatientRecord:
    """The patient's record, with a phone number and no e-mail address."""
    patient_id = clinic.cast[Role.PATIENT].patient_id
    assert patient_id
    record = clinic.get(patient_id)
    return clinic.edit(record, phone_number="+441632960111", email=None, address=None)


@pytest.fixture
def code(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The code that everybody gets, shown as in the demo; none was sent before."""
    monkeypatch.setattr(codes, "new_code", lambda: CODE)
    monkeypatch.setattr(new_address, "is_shown", lambda: True)
    yield CODE
    patient = str(clinic.cast[Role.PATIENT].id)
    clinic.wiring.throttle.reset(throttling.CODES_PER_CLIENT, patient)


def opened(clinic: Clinic, **typed: str) -> AppTest:
    app = clinic.open("my_contact", Role.PATIENT)
    for name, value in typed.items():
        app.text_input(key=f"my_contact_{name}").set_value(value)
    return app


def save(app: AppTest) -> AppTest:
    return app.button(key="my_contact_save").click().run()


def test_phone_and_address_are_saved_and_the_clinic_sees_who_did_it(clinic, record):
    save(opened(clinic, phone_number="+44 1632 960222", address="2 New Street"))

    saved = clinic.get(record.id)
    assert (saved.phone_number, saved.address) == ("+441632960222", "2 New Street")
    (event,) = clinic.audit("patient:change-own")[-1:]
    assert event.actor_id == clinic.cast[Role.PATIENT].id


def test_a_change_that_a_double_click_saved_already_is_not_a_conflict(clinic, record):
    app = opened(clinic, address="2 New Street")
    # The first click of two: it saved, and its run ended before it left the page.
    clinic.edit(record, address="2 New Street")

    save(app)

    assert [toast.value for toast in app.toast] == ["Your contact data is saved."]
    assert not app.warning


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_saved(clinic, record):
    app = save(opened(clinic, phone_number="12"))

    assert "10 to 15 digits" in markdown_of(app)
    assert [e.value for e in app.error] == [
        "Nothing was saved: check the highlighted field."
    ]
    assert clinic.get(record.id) == record


def test_a_new_address_counts_once_its_code_was_typed(clinic, record, code):
    app = save(opened(clinic, email="maya.new@mail.example"))

    assert clinic.get(record.id).email is None
    assert CODE in app.info[0].value
    app.text_input(key="my_contact_code").set_value("000000")
    app.button(key="my_contact_confirm").click().run()
    assert "4 tries left" in app.warning[0].value
    assert clinic.get(record.id).email is None

    app.text_input(key="my_contact_code").set_value(code)
    app.button(key="my_contact_confirm").click().run()

    assert clinic.get(record.id).email == "maya.new@mail.example"


def test_what_is_no_code_costs_no_try(clinic, record, code):
    app = save(opened(clinic, email="maya.new@mail.example"))

    for _ in range(codes.TRIES):
        app.text_input(key="my_contact_code").set_value(code[:-1])
        app.button(key="my_contact_confirm").click().run()
        assert "A code has six digits." in app.error[0].value
    app.text_input(key="my_contact_code").set_value(f"{code[:3]}\u202f{code[3:]}")
    app.button(key="my_contact_confirm").click().run()

    assert clinic.get(record.id).email == "maya.new@mail.example"


@pytest.fixture
def sign_in_address(clinic: Clinic, record: PatientRecord) -> Iterator[str]:
    """The patient's address, in the record and to sign in; it is put back."""
    clinic.edit(record, email=cast.MAYA.email)
    yield cast.MAYA.email
    with Session(clinic.engine) as session:
        person = session.get_one(User, clinic.cast[Role.PATIENT].id)
        person.email = cast.MAYA.email
        session.commit()


def test_the_former_address_is_told_whatever_ends_the_run_of_the_page(
    clinic, sign_in_address, code, monkeypatch
):
    """Who has taken over a sign-in could close the tab before the e-mail was sent."""
    mailbox = Mailbox()
    with mailer_to(mailbox) as mailer:
        monkeypatch.setattr(new_address, "mailer_of", lambda _: mailer)
        app = save(opened(clinic, email="maya.new@mail.example"))
        app.text_input(key="my_contact_code").set_value(code)
        monkeypatch.setattr(context, "remember_write", end_run)
        app.button(key="my_contact_confirm").click().run()

    subjects = [
        email["Subject"] for email in mailbox.emails if email["To"] == sign_in_address
    ]
    assert subjects == ["Your address for Chartroom was changed"]


def test_a_double_click_on_the_code_is_not_a_conflict(
    clinic, sign_in_address, code, monkeypatch
):
    app = save(opened(clinic, email="maya.new@mail.example"))
    app.text_input(key="my_contact_code").set_value(code)
    remember_write = context.remember_write

    def remember_and_end(position: Lsn) -> NoReturn:
        remember_write(position)
        end_run(position)

    with monkeypatch.context() as first:
        # It saved, and its run ended before it left the page.
        first.setattr(context, "remember_write", remember_and_end)
        app.button(key="my_contact_confirm").click().run()

    app.button(key="my_contact_confirm").click().run()

    assert [toast.value for toast in app.toast] == ["Your contact data is saved."]
    assert not app.warning


def test_an_address_that_the_clinic_entered_meanwhile_is_shown_as_its_change(
    clinic, record, sign_in_address, code
):
    app = save(opened(clinic, email="maya.new@mail.example"))
    clinic.edit(clinic.get(record.id), email="maya.new@mail.example")
    app.text_input(key="my_contact_code").set_value(code)

    app.button(key="my_contact_confirm").click().run()

    # The patient signs in with the former one still.
    assert "The clinic changed your contact data" in app.warning[0].value


def end_run(_position: object) -> NoReturn:
    raise StopException


def test_after_a_code_that_has_expired_the_form_sends_another_one(clinic, record, code):
    app = save(opened(clinic, email="maya.new@mail.example", address="2 New Street"))
    for _ in range(codes.TRIES):
        app.text_input(key="my_contact_code").set_value("000000")
        app.button(key="my_contact_confirm").click().run()

    assert "Save again to get a new one" in app.warning[0].value
    assert app.text_input(key="my_contact_email").value == "maya.new@mail.example"
    assert app.text_input(key="my_contact_address").value == "2 New Street"
    save(app)
    app.text_input(key="my_contact_code").set_value(code)
    app.button(key="my_contact_confirm").click().run()
    saved = clinic.get(record.id)
    assert (saved.email, saved.address) == ("maya.new@mail.example", "2 New Street")


def test_an_address_that_somebody_has_can_be_replaced_by_another_one(
    clinic, record, code
):
    # The patient signs in with the address of the record.
    clinic.edit(record, email=cast.MAYA.email)
    app = save(opened(clinic, email=cast.ROSA.email, address="2 New Street"))

    app.text_input(key="my_contact_code").set_value(code)
    app.button(key="my_contact_confirm").click().run()

    assert "Enter another one" in app.warning[0].value
    assert app.text_input(key="my_contact_address").value == "2 New Street"
    app.text_input(key="my_contact_email").set_value(cast.MAYA.email)
    save(app)
    saved = clinic.get(record.id)
    assert (saved.email, saved.address) == (cast.MAYA.email, "2 New Street")


def test_no_more_than_five_codes_are_sent_for_somebody(
    clinic, record, code, monkeypatch
):
    sent = []
    monkeypatch.setattr(new_address, "send", lambda *mail: sent.append(mail) or True)
    complaints = []
    for number in range(6):
        app = save(opened(clinic, email=f"maya{number}@mail.example"))
        complaints += [error.value for error in app.error]

    assert len(sent) <= 5
    assert "Too many attempts" in complaints[-1]


def test_what_the_clinic_saved_meanwhile_stays_and_so_does_what_was_typed(
    clinic, record
):
    app = opened(clinic, phone_number="+441632960333")
    theirs = replace(record.draft(), phone_number="+441632960444", address="3 Elm Road")
    clinic.write(
        lambda s: patients.edit(
            s,
            clinic.clerk,
            record.id,
            theirs,
            version=record.version,
            today=date(2026, 11, 20),
        )
    )

    save(app)

    assert "while you were editing" in app.warning[0].value
    assert app.text_input(key="my_contact_address").value == "3 Elm Road"
    captions = [caption.value.replace("\\", "") for caption in app.caption]
    assert "Now saved: +441632960444" in captions
    save(app)
    saved = clinic.get(record.id)
    assert (saved.phone_number, saved.address) == ("+441632960333", "3 Elm Road")
