"""Where the clinic wants it, an e-mail address belongs to one patient only."""

from functools import partial

import pytest
from sqlalchemy import select

from db.models.audit import AuditEvent
from services.lists.criteria import Criteria, Filter, Group, Operator
from services.patients import search
from services.patients.duplicates import merging
from services.patients.records import patients, unique_emails
from services.patients.records.record_numbers import formatted
from tests.kit import cast
from tests.kit.cast import ADA, GRACE, ada

TWIN = ada(first_name="Byron", email="ADA@example.org")
SHARING = Criteria(Group(members=(Filter("shared_email", Operator.EQUAL, True),)))


@pytest.fixture
def register(session, clerk, today):
    return partial(patients.register, session, clerk, today=today)


@pytest.fixture
def is_unique(session, admin):
    unique_emails.require_unique(session, admin, is_wanted=True)


def assert_refused_by_field(act):
    with pytest.raises(patients.InvalidPatient, match="another patient") as refused:
        act()
    assert refused.value.property_name == "email"


def test_families_share_an_address_unless_the_clinic_says_otherwise(register):
    assert register(ADA).email
    assert register(TWIN).email.lower() == ADA.email


@pytest.mark.usefixtures("is_unique")
def test_a_second_patient_with_the_address_is_not_registered(register, patient):
    assert_refused_by_field(lambda: register(TWIN))


@pytest.mark.usefixtures("is_unique")
def test_nor_does_an_edit_give_it_to_a_second_one(
    session, clerk, today, register, patient
):
    grace = register(GRACE)
    draft = cast.replace(GRACE, email=ADA.email)

    assert_refused_by_field(
        lambda: patients.edit(session, clerk, grace.id, draft, version=1, today=today)
    )


@pytest.mark.usefixtures("is_unique")
def test_nor_does_restoring_a_record_whose_address_somebody_else_has_by_now(
    session, clerk, register, patient
):
    patients.archive(session, clerk, patient.id, version=1)
    register(TWIN)

    assert_refused_by_field(
        lambda: patients.restore(session, clerk, patient.id, version=2)
    )


@pytest.mark.usefixtures("is_unique")
def test_registering_once_more_with_the_same_id_is_no_second_patient(register, patient):
    assert register(ADA, patient_id=patient.id) == patient


@pytest.mark.usefixtures("is_unique")
def test_a_merge_takes_over_the_address_of_the_other_record(
    session, clerk, today, register, patient
):
    kept = register(GRACE)

    merged = merging.merge(
        session,
        clerk,
        kept.id,
        patient.id,
        cast.replace(GRACE, email=ADA.email),
        kept_version=1,
        merged_version=1,
        today=today,
    )

    assert merged.email == ADA.email


@pytest.mark.usefixtures("is_unique")
def test_a_merge_takes_no_address_of_a_third(session, clerk, today, register, patient):
    kept, other = register(GRACE), register(ada(email="third@example.org"))

    assert_refused_by_field(
        lambda: merging.merge(
            session,
            clerk,
            kept.id,
            other.id,
            ADA,
            kept_version=1,
            merged_version=1,
            today=today,
        )
    )


def test_it_is_refused_while_addresses_are_shared_and_names_the_records(
    session, admin, clerk, register
):
    sharing = {register(draft).record_number for draft in (ADA, TWIN)}
    register(GRACE)

    with pytest.raises(unique_emails.EmailsShared, match="1 e-mail address") as refused:
        unique_emails.require_unique(session, admin, is_wanted=True)

    assert [set(numbers) for numbers in refused.value.shared] == [sharing]
    assert all(formatted(number) in str(refused.value) for number in sharing)
    assert "@" not in str(refused.value)
    assert not unique_emails.are_unique(session)
    listed = search.list_patients(session, clerk, SHARING).rows
    assert {patient.record_number for patient in listed} == sharing


@pytest.mark.usefixtures("is_unique")
def test_it_can_be_given_up_and_both_are_in_the_audit_log(session, admin, register):
    unique_emails.require_unique(session, admin, is_wanted=False)
    unique_emails.require_unique(session, admin, is_wanted=False)

    assert [register(draft).email for draft in (ADA, TWIN)]
    changes = session.scalars(
        select(AuditEvent.details)
        .where(AuditEvent.action == "registration:change")
        .order_by(AuditEvent.id)
    )
    assert [change["changed"]["unique_emails"] for change in changes] == [
        [False, True],
        [True, False],
    ]
