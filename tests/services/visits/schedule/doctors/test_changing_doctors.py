"""What is stored of doctors is usable, and belongs to one of them only."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from db.models.audit import AuditEvent
from db.models.care import CareRelationship
from services.core.errors import InvalidInput, NotAllowed
from services.visits.schedule import doctors
from services.visits.schedule.doctors import DoctorDraft
from services.visits.schedule.plans import Hours, weeks
from tests.kit import cast
from tests.services.visits import visit_samples
from tests.services.visits.schedule.plans.samples import FORTNIGHT, tomorrow

_DORA = DoctorDraft(
    name="Dora  Doctor",
    speciality="Cardiology",
    email="Dora@Example.org",
    license_number=" mc-1 ",
    fee=Decimal("45.5"),
    room="2.10",
)


def _changed(session, actor, kept, **changes):
    draft = replace(kept.draft(), **changes)
    return doctors.change_doctor(
        session, actor, kept.id, draft, FORTNIGHT, revision=kept.revision
    )


def test_a_new_doctor_is_kept_tidied_up(session, clerk):
    kept = doctors.add_doctor(session, clerk, _DORA)

    assert (kept.name, kept.license_number) == ("Dora Doctor", "mc-1")
    assert kept.fee == Decimal("45.50")
    assert doctors.get_doctor(session, clerk, kept.id) == kept


@pytest.mark.parametrize(
    ("changes", "property_name"),
    [
        ({"name": " "}, "name"),
        ({"speciality": ""}, "speciality"),
        ({"room": "x" * 51}, "room"),
        ({"city": "Le\x07eds"}, "city"),
        ({"email": "dora"}, "email"),
        ({"fee": Decimal("-1")}, "fee"),
        ({"fee": Decimal("NaN")}, "fee"),
        ({"slot_minutes": 4}, "slot_minutes"),
        ({"slot_minutes": 481}, "slot_minutes"),
        ({"sex": "x"}, "sex"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else value,
)
def test_what_cannot_be_kept_is_refused_by_name(session, clerk, changes, property_name):
    with pytest.raises(InvalidInput) as refused:
        doctors.add_doctor(session, clerk, replace(_DORA, **changes))

    assert refused.value.property_name == property_name


@pytest.mark.parametrize(
    ("others", "property_name"),
    [
        ({"license_number": "X", "email": "dora@EXAMPLE.org"}, "email"),
        ({"license_number": "MC-1", "email": "x@example.org"}, "license_number"),
    ],
    ids=["email", "license number"],
)
def test_what_one_doctor_has_another_cannot_have(session, clerk, others, property_name):
    doctors.add_doctor(session, clerk, _DORA)

    with pytest.raises(doctors.DoctorTaken) as refused:
        doctors.add_doctor(session, clerk, replace(_DORA, **others))

    assert refused.value.property_name == property_name


def test_a_clinician_signs_in_as_one_doctor_only(session, clerk):
    user_id = cast.add_account(session, cast.DORA).id
    doctors.add_doctor(session, clerk, replace(_DORA, user_id=user_id))
    other = doctors.add_doctor(session, clerk, cast.DOCTOR_EMIL)

    with pytest.raises(doctors.DoctorTaken, match="signs in as another doctor"):
        _changed(session, clerk, other, user_id=user_id)


def test_who_signs_in_as_a_doctor_treats_the_patients_with_visits_to_come(
    session, clerk
):
    kept = doctors.add_doctor(session, clerk, _DORA)
    expected, seen = (cast.add_patient(session).id for _ in range(2))
    now = datetime.now(UTC)
    visit_samples.visit(session, kept.id, expected, now + timedelta(days=1))
    visit_samples.visit(session, kept.id, expected, now + timedelta(days=2))
    over = now - timedelta(days=1)
    visit_samples.visit(session, kept.id, seen, over, status="completed")
    user_id = cast.add_account(session, cast.DORA).id

    kept = _changed(session, clerk, kept, user_id=user_id)
    _changed(session, clerk, kept, room="3.01")

    treated = select(CareRelationship.patient_id).where(
        CareRelationship.clinician_id == user_id
    )
    assert list(session.scalars(treated)) == [expected]


def test_nobody_but_a_clinician_signs_in_as_a_doctor(session, clerk):
    with pytest.raises(InvalidInput, match="no such clinician"):
        doctors.add_doctor(
            session,
            clerk,
            replace(_DORA, user_id=cast.add_account(session, cast.CLEO).id),
        )


def test_a_stale_page_changes_nothing(session, clerk):
    kept = doctors.add_doctor(session, clerk, _DORA)
    _changed(session, clerk, kept, room="3.01")

    with pytest.raises(doctors.StaleDoctor):
        _changed(session, clerk, kept, room="4.01")


def test_the_log_says_what_changed(session, clerk):
    kept = doctors.add_doctor(session, clerk, _DORA)

    _changed(session, clerk, kept, room="3.01")

    (details,) = session.scalars(
        select(AuditEvent.details).where(AuditEvent.action == "doctor:change")
    )
    assert details == {"changed": {"room": ["2.10", "3.01"]}}


def test_shorter_visits_make_other_slots(session, clerk):
    kept = doctors.add_doctor(session, clerk, _DORA)
    week = [Hours(tomorrow().isoweekday(), time(9), time(10))]
    weeks.change_week(session, clerk, kept.id, week, FORTNIGHT)

    _changed(session, clerk, kept, slot_minutes=15)

    begins = tomorrow(time(9))
    doctor = doctors.get_doctor(session, clerk, kept.id)
    assert doctor.next_free_at == begins
    inactive = _changed(session, clerk, doctor, is_active=False)
    assert inactive.next_free_at is None


def test_a_clinician_changes_no_doctor(session, clinician):
    with pytest.raises(NotAllowed, match="change doctors"):
        doctors.add_doctor(session, clinician, _DORA)
