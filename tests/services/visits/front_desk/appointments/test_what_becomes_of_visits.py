"""A patient comes, is seen, or does not come."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from db.models.audit import AuditEvent
from db.models.consultation import MedicalRecord, Prescription
from db.postgres import SYSTEM
from services.core.errors import NotAllowed
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import (
    NoSuchVisit,
    StaleVisit,
    StepNotPossible,
    VisitStatus,
    WrongStatus,
)
from tests.services.visits.visit_samples import soon


def do(visits, action, actor=None, visit_id=None, **options):
    return visits.write(
        actor or visits.clinic.cleo,
        lambda s, a: action(s, a, visit_id or visits.graces, **options),
    )


check_in = partial(do, action=appointments.check_in)
complete = partial(do, action=appointments.complete)
miss = partial(do, action=appointments.miss)
reopen = partial(do, action=appointments.reopen)
undo = partial(do, action=appointments.undo_check_in)


def test_a_patient_is_checked_in_waits_and_is_seen(visits):
    waiting = check_in(visits)
    later = waiting.checked_in_at - timedelta(minutes=7)
    visits.become(visits.graces, checked_in_at=later)
    seen = visits.read(
        visits.clinic.cleo, lambda s, a: appointments.get(s, a, visits.graces)
    )
    over = complete(visits)

    assert waiting.status is VisitStatus.CHECKED_IN
    assert waiting.revision == 2
    assert 0 <= waiting.waited_seconds < 420
    assert 420 <= seen.waited_seconds < 840
    assert over.status is VisitStatus.COMPLETED
    assert over.completed_at is not None
    assert over.waited_seconds is None


def test_a_clinician_does_all_of_it_with_their_own_visits(visits):
    dora = visits.clinic.dora

    assert check_in(visits, actor=dora).status is VisitStatus.CHECKED_IN
    assert complete(visits, actor=dora).status is VisitStatus.COMPLETED
    with pytest.raises(NoSuchVisit):
        check_in(visits, actor=dora, visit_id=visits.adas)


def test_patients_do_not_check_themselves_in(visits):
    grace = visits.clinic.invite(visits.clinic.grace)

    with pytest.raises(NotAllowed, match="check patients in"):
        check_in(visits, actor=grace)


def test_nobody_is_checked_in_twice(visits):
    check_in(visits)

    with pytest.raises(WrongStatus, match="is checked in already") as refusal:
        check_in(visits)
    assert refusal.value.visit.status is VisitStatus.CHECKED_IN


def test_a_check_in_of_the_wrong_patient_is_taken_back(visits):
    check_in(visits)

    again = undo(visits)

    assert (again.status, again.checked_in_at) == (VisitStatus.SCHEDULED, None)
    assert again.revision == 3
    assert check_in(visits).status is VisitStatus.CHECKED_IN


def test_a_visit_that_was_completed_by_mistake_is_opened_again(visits):
    checked_in = check_in(visits)
    complete(visits)

    again = reopen(visits)

    assert (again.status, again.completed_at) == (VisitStatus.CHECKED_IN, None)
    assert again.checked_in_at == checked_in.checked_in_at
    assert complete(visits).status is VisitStatus.COMPLETED


def test_a_visit_that_was_completed_yesterday_stays_so(visits):
    check_in(visits)
    over = complete(visits)
    yesterday = over.completed_at - timedelta(hours=13)
    visits.become(visits.graces, completed_at=yesterday)

    with pytest.raises(StepNotPossible, match="twelve hours ago"):
        reopen(visits)


@pytest.mark.parametrize("status", ["scheduled", "cancelled", "no-show"])
def test_only_what_was_completed_is_opened_again(visits, status):
    over = {"cancelled_at": soon(0)} if status == "cancelled" else {}
    visits.become(visits.graces, status=status, **over)

    with pytest.raises(WrongStatus, match="cannot be opened again"):
        reopen(visits)


@pytest.mark.parametrize("status", ["scheduled", "completed", "no-show"])
def test_only_who_is_checked_in_is_not_any_more(visits, status):
    visits.become(visits.graces, status=status)

    with pytest.raises(WrongStatus, match="cannot be put back"):
        undo(visits)


@pytest.mark.parametrize(
    ("kind", "values"),
    [(MedicalRecord, {"content": {}}), (Prescription, {})],
    ids=["notes", "prescription"],
)
def test_who_was_written_about_was_there(visits, kind, values):
    check_in(visits)
    written = kind(
        appointment_id=visits.graces,
        patient_id=visits.clinic.grace.id,
        doctor_id=visits.doctor_dora,
        **values,
    )
    visits.clinic.database.write(lambda s: s.add(written), identity=SYSTEM)

    with pytest.raises(StepNotPossible, match="the patient was there"):
        undo(visits)
    # Notes of other visits do not matter.
    check_in(visits, visit_id=visits.adas)
    assert undo(visits, visit_id=visits.adas).status is VisitStatus.SCHEDULED


def test_what_was_prepared_before_a_mistaken_check_in_does_not_keep_it(visits):
    prepared = MedicalRecord(
        appointment_id=visits.graces,
        patient_id=visits.clinic.grace.id,
        doctor_id=visits.doctor_dora,
        content={},
    )
    visits.clinic.database.write(lambda s: s.add(prepared), identity=SYSTEM)
    check_in(visits)

    assert undo(visits).status is VisitStatus.SCHEDULED


def test_a_check_in_that_was_shown_long_ago_is_not_taken_back(visits):
    check_in(visits)

    with pytest.raises(StaleVisit):
        undo(visits, revision=1)


def test_of_two_desks_at_once_one_checks_in(visits):
    def attempt(_):
        try:
            return check_in(visits).revision
        except WrongStatus:
            return None

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(attempt, range(4)))

    assert sorted(results, key=str) == [2, None, None, None]


@pytest.mark.parametrize("status", ["cancelled", "completed"])
def test_what_is_over_is_not_checked_in(visits, status):
    at = {"cancelled_at": soon()} if status == "cancelled" else {}
    visits.become(visits.graces, status=status, **at)

    with pytest.raises(WrongStatus, match="cannot be checked in"):
        check_in(visits)


@pytest.mark.parametrize("hours", [12.1, -12.5], ids=["too early", "too late"])
def test_a_visit_of_another_day_is_not_checked_in(visits, hours):
    visits.begin(visits.graces, soon(60 * hours))

    with pytest.raises(StepNotPossible, match="not today"):
        check_in(visits)


@pytest.mark.parametrize("hours", [11.9, -12.2], ids=["early", "late"])
def test_a_visit_of_the_day_is_checked_in(visits, hours):
    visits.begin(visits.graces, soon(60 * hours))

    assert check_in(visits).status is VisitStatus.CHECKED_IN


def test_a_visit_is_completed_only_once_the_patient_is_there(visits):
    with pytest.raises(WrongStatus, match="nobody has checked the patient in"):
        complete(visits)


def test_who_does_not_come_is_missed_once_the_visit_has_begun(visits):
    with pytest.raises(StepNotPossible, match="has not begun"):
        miss(visits)
    visits.begin(visits.graces, soon(-1))

    assert miss(visits).status is VisitStatus.NO_SHOW


def test_who_was_missed_comes_late_after_all(visits):
    visits.begin(visits.graces, soon(-30))
    miss(visits)

    assert check_in(visits).status is VisitStatus.CHECKED_IN


def test_a_stale_page_changes_nothing(visits):
    visits.become(visits.graces, revision=5)

    with pytest.raises(StaleVisit) as refusal:
        check_in(visits, revision=4)
    assert refusal.value.visit.status is VisitStatus.SCHEDULED
    assert check_in(visits, revision=5).revision == 6


def test_each_deed_is_written_down_about_the_patient(visits):
    check_in(visits)
    complete(visits)

    kept = visits.clinic.database.read_latest(
        lambda s: s.execute(
            select(AuditEvent.action, AuditEvent.patient_id, AuditEvent.subject_id)
            .where(AuditEvent.subject_id == str(visits.graces))
            .order_by(AuditEvent.id)
        ).all(),
        identity=SYSTEM,
    ).value

    patient_id, visit_id = visits.clinic.grace.id, str(visits.graces)
    assert [tuple(event) for event in kept] == [
        ("visit:check-in", patient_id, visit_id),
        ("visit:complete", patient_id, visit_id),
    ]


call_in = partial(do, action=appointments.call_in)
undo_call = partial(do, action=appointments.undo_call_in)


def test_who_is_called_in_is_in_the_room_and_waits_no_more(visits):
    check_in(visits)

    in_room = call_in(visits)

    assert (in_room.status, in_room.waited_seconds) == (VisitStatus.IN_ROOM, None)
    assert in_room.called_in_at >= in_room.checked_in_at
    with pytest.raises(WrongStatus, match="the patient is in the room"):
        undo(visits)
    assert complete(visits).status is VisitStatus.COMPLETED
    assert reopen(visits).status is VisitStatus.IN_ROOM


def test_a_call_of_the_wrong_patient_is_taken_back(visits):
    checked_in = check_in(visits)
    call_in(visits)

    again = undo_call(visits)

    assert again.status is VisitStatus.CHECKED_IN
    assert again.checked_in_at == checked_in.checked_in_at
    assert again.waited_seconds is not None


def test_only_who_waits_is_called_in(visits):
    with pytest.raises(WrongStatus, match="cannot be called in"):
        call_in(visits)
    with pytest.raises(WrongStatus, match="cannot be sent back"):
        undo_call(visits)


def test_the_version_before_goes_on_with_whom_this_one_called_in(visits):
    # That version does not know the column of the call, so it leaves the value there.
    check_in(visits)
    call_in(visits)
    visits.become(visits.graces, status="scheduled", checked_in_at=None)
    visits.become(visits.graces, status="checked-in", checked_in_at=soon(1))

    seen = visits.read(
        visits.clinic.cleo, lambda s, a: appointments.get(s, a, visits.graces)
    )

    assert seen.status is VisitStatus.CHECKED_IN
