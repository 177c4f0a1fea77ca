"""Visits of an earlier time: their notes, and what became of each visit since."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from db.models.audit import AuditEvent
from db.postgres import SYSTEM
from services.consultations import point_in_time
from services.consultations.point_in_time import VisitChange
from services.core.actors import Role
from services.core.errors import NotAllowed
from tests.services.consultations.notes import samples
from tests.services.patients.clinic_samples import open_clinic
from tests.services.people.people_samples import desk


def leave(session, visit):
    pass


def move(session, visit):
    visit.starts_at += timedelta(hours=1)
    visit.ends_at += timedelta(hours=1)


def cancel(session, visit):
    visit.status, visit.cancelled_at = "cancelled", samples.NOON


def complete(session, visit):
    visit.status, visit.completed_at = "completed", samples.NOON


def lose(session, visit):
    session.execute(text("DELETE FROM appointments WHERE id = :id"), {"id": visit.id})


SINCE = {
    leave: VisitChange.SAME,
    move: VisitChange.MOVED,
    cancel: VisitChange.CANCELLED,
    complete: VisitChange.ENDED,
    lose: VisitChange.GONE,
}


@pytest.mark.parametrize(
    ("happens", "change"), SINCE.items(), ids=[each.__name__ for each in SINCE]
)
def test_what_has_become_of_it_is_told(session, clerk, visit, happens, change):
    then = point_in_time.read_visits(session, clerk, visit.patient_id)
    assert [each.id for each in then.visits] == [visit.id]

    happens(session, visit)
    session.flush()

    [compared] = point_in_time.compare_today(session, clerk, then.visits)
    assert compared.change is change
    assert compared.then.starts_at == samples.NOON


def test_what_was_written_is_read_by_clinicians_alone(
    session, clerk, clinician, patient, visit
):
    samples.save(session, clinician, visit)

    then = point_in_time.read_visits(session, clinician, patient.id)

    assert then.notes[visit.id].complaint == "Headache"
    assert point_in_time.read_visits(session, clerk, patient.id).notes == {}
    event = session.scalars(
        select(AuditEvent)
        .where(AuditEvent.action == "visit:read")
        .where(AuditEvent.actor_id == clinician.id)
    ).one()
    assert (event.patient_id, event.details["visits"]) == (patient.id, 1)


def test_nobody_else_looks(session, patient):
    for role in (Role.ADMIN, Role.ANALYST):
        with pytest.raises(NotAllowed):
            point_in_time.read_visits(session, desk(session, role).actor, patient.id)
    with pytest.raises(NotAllowed):
        point_in_time.compare_today(session, desk(session, Role.ANALYST).actor, [])


def test_what_is_hidden_from_somebody_does_not_pass_for_gone(endpoints):
    def book(session):
        samples.visit(session, clinic.ada.id)

    with open_clinic(endpoints) as clinic:
        clinic.database.write(book, identity=SYSTEM)
        then = clinic.read(
            clinic.cleo,
            lambda s: point_in_time.read_visits(s, clinic.cleo, clinic.ada.id),
        )

        # Dora does not treat Ada.
        hidden = clinic.read(
            clinic.dora,
            lambda s: point_in_time.compare_today(s, clinic.dora, then.visits),
        )

    assert len(then.visits) == 1
    assert hidden == ()
