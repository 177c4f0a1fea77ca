"""Patients correct their contact data, and nothing else, after a proof."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from db.models.user import LoginCode, User
from services.core.actors import Role
from services.core.audit import Action
from services.core.errors import NotAllowed
from services.patients.records import patients, unique_emails
from services.patients.records.patients import InvalidPatient, StaleVersion
from services.people.accounts import own_contact
from services.people.accounts.own_contact import (
    EmailInUse,
    EmailNotProved,
    EmailProof,
    OwnContact,
)
from services.people.sign_in import codes
from services.people.sign_in.codes import RefusedCode
from tests.kit import cast
from tests.kit.audit_events import events_of

KEY = "k" * 32
CODE = "271828"
OLD, NEW = "maya@mail.example", "maya.brandt@mail.example"
PHONE = "+441632960999"


@pytest.fixture
def record(session, clerk, today):
    """Maya's record, with the address that she signs in with."""
    draft = cast.invent_patient(email=OLD, phone_number="+441632960111")
    return patients.register(session, clerk, draft, today=today)


@pytest.fixture
def maya(session, record):
    member = cast.Member("Maya Brandt", Role.PATIENT, OLD)
    return cast.add_actor(session, member, patient_id=record.id)


@pytest.fixture
def change(session, maya, record, today):
    """Changes fields of Maya's record as she does, with a code."""

    def change_fields(code=None, version=record.version, **fields):
        return own_contact.change_contact(
            session,
            maya,
            replace(OwnContact.of(record), **fields),
            version=version,
            today=today,
            proof=code and EmailProof(code, KEY),
        )

    return change_fields


def ask(session, maya, email=NEW, code=CODE):
    own_contact.keep_code(session, maya, email, code, key=KEY)


def test_phone_and_address_are_changed_and_told_apart_from_what_colleagues_change(
    session, change, record
):
    changed = change(phone_number="+44 1632 960999", address="2 New Street")

    assert changed.record == replace(
        record,
        phone_number=PHONE,
        address="2 New Street",
        version=2,
        updated_at=changed.record.updated_at,
    )
    (event,) = events_of(session, Action.PATIENT_CHANGE_OWN)
    assert event.patient_id == record.id
    assert event.details["changed"] == {
        "phone_number": [record.phone_number, PHONE],
        "address": [record.address, "2 New Street"],
    }


def test_a_new_address_needs_its_code(session, change, record):
    with pytest.raises(EmailNotProved):
        change(email=NEW)

    assert change(CODE, email=NEW).record is None


def test_with_the_code_the_record_and_the_sign_in_have_the_new_address(
    session, maya, change
):
    ask(session, maya)

    changed = change(CODE, email=NEW)

    assert changed.record.email == NEW
    assert changed.former_sign_in == OLD
    assert session.get_one(User, maya.id).email == NEW
    (event,) = events_of(session, Action.USER_CHANGE)
    assert event.details["changed"] == {"email": [OLD, NEW]}


def test_a_code_that_went_to_the_former_address_lets_nobody_in(session, maya, change):
    request = codes.CodeRequest(OLD, "b" * 43, KEY)
    codes.ask(session, request, "314159", is_demo=False)
    ask(session, maya)

    change(CODE, email=NEW)

    assert codes.check(session, request, "314159") == RefusedCode()


def test_who_signs_in_with_another_address_goes_on_doing_so(session, maya, change):
    session.execute(
        update(User).where(User.id == maya.id).values(email="other@mail.example")
    )
    ask(session, maya)

    changed = change(CODE, email=NEW)

    assert changed.former_sign_in is None
    assert session.get_one(User, maya.id).email == "other@mail.example"


def test_a_code_holds_for_its_own_address_and_person_once(session, maya, change):
    ask(session, maya, email="elsewhere@mail.example")
    assert change(CODE, email=NEW).record is None
    other = cast.add_actor(session, Role.PATIENT)
    ask(session, other)
    assert change(CODE, email=NEW).record is None

    ask(session, maya)
    assert change(CODE, email=NEW).record
    # Codes sent before a change end with it.
    assert change(CODE, email="elsewhere@mail.example", version=2).record is None
    ask(session, maya, email="elsewhere@mail.example")
    assert change(CODE, email="elsewhere@mail.example", version=2).record


def test_five_wrong_codes_end_it(session, maya, change):
    ask(session, maya)

    left = [change("000000", email=NEW).refused.tries_left for _ in range(codes.TRIES)]

    assert left == [4, 3, 2, 1, 0]
    after = change(CODE, email=NEW)
    assert after.record is None
    assert after.refused.was_tried_too_often


def test_a_code_ends_with_its_time(session, maya, change):
    ask(session, maya)
    session.execute(
        update(LoginCode).values(expires_at=func.now() - timedelta(seconds=1))
    )

    assert change(CODE, email=NEW).record is None


def test_a_code_for_an_address_lets_nobody_in(session, maya):
    ask(session, maya)
    kept = session.scalars(select(LoginCode)).one()

    request = codes.CodeRequest(OLD, f"new address\0{maya.id}\0{NEW}", KEY)

    assert codes.check(session, request, CODE) == RefusedCode()
    assert kept.tries == 0


def test_what_the_clinic_saved_meanwhile_is_not_overwritten(
    session, clerk, today, change, record
):
    draft = replace(record.draft(), address="3 Other Street")
    saved = patients.edit(session, clerk, record.id, draft, version=1, today=today)

    with pytest.raises(StaleVersion) as stale:
        change(address="2 New Street")

    assert stale.value.current == saved


def test_an_address_that_somebody_else_signs_in_with_is_told_after_the_proof(
    session, maya, change
):
    cast.add_account(session, cast.Member("Ann", Role.PATIENT, NEW))
    ask(session, maya)

    assert change("000000", email=NEW).record is None
    with pytest.raises(EmailInUse):
        change(CODE, email=NEW)


def test_an_address_of_another_record_is_refused_where_the_clinic_wants_one_each(
    session, clerk, maya, change, today
):
    unique_emails.require_unique(
        session, cast.act_as_somebody(Role.ADMIN), is_wanted=True
    )
    patients.register(session, clerk, cast.invent_patient(email=NEW), today=today)
    ask(session, maya)

    with pytest.raises(EmailInUse, match="another record"):
        change(CODE, email=NEW)


def test_the_clinic_can_still_reach_the_patient(change):
    with pytest.raises(InvalidPatient, match="both empty"):
        change(email=None, phone_number=None)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PATIENT])
def test_nobody_else_has_contact_data_of_their_own(session, record, today, role):
    with pytest.raises(NotAllowed):
        own_contact.change_contact(
            session,
            cast.add_actor(session, role),
            OwnContact.of(record),
            version=1,
            today=today,
        )
