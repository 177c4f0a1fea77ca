"""A few days of the calendar, as each role reads them under its own identity."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, func, update
from sqlalchemy.orm import Session

from db.models.audit import AuditEvent
from db.models.booking import Appointment, Slot
from db.models.doctor import ScheduleException
from db.postgres import SYSTEM
from services.core.actors import Actor
from services.core.errors import NotAllowed
from services.visits import calendar
from services.visits.calendar import CalendarPeriod
from services.visits.schedule.plans import ExceptionKind
from tests.kit import cast
from tests.kit.audit_events import events_of
from tests.services.patients.clinic_samples import Clinic
from tests.services.visits import visit_samples
from tests.services.visits.visit_samples import soon


@dataclass(frozen=True)
class Days:
    """A clinic, Dora's and Emil's slots of tomorrow, and a visit with each."""

    clinic: Clinic
    doctors: tuple[UUID, UUID]
    begins: datetime
    graces: UUID
    adas: UUID

    def read(self, actor: Actor, **options: Any) -> CalendarPeriod:
        return self.clinic.write(
            actor, lambda session: self.read_in(session, actor, **options)
        )

    def read_in(self, session: Session, actor: Actor, **options: Any) -> CalendarPeriod:
        until = self.begins + timedelta(hours=6)
        return calendar.read_period(session, actor, self.begins, until, **options)

    def keep(self, operation: Any) -> Any:
        return self.clinic.database.write(operation, identity=SYSTEM).value


@pytest.fixture
def days(clinic: Clinic) -> Days:
    """The test's own slots: one free, one with a visit, for each doctor."""
    begins = soon(24 * 60).replace(minute=0, second=0, microsecond=0)

    def add(session: Session) -> tuple[tuple[UUID, UUID], UUID, UUID]:
        session.execute(update(Slot).values(withdrawn_at=func.now()))
        session.execute(update(Appointment).values(starts_at=soon(-9e5)))
        doctors = (
            cast.add_doctor(session, name="Dora Day").id,
            cast.add_doctor(session, name="Emil Even").id,
        )
        visits = [
            visit_samples.visit(session, doctor, patient.id, begins, note="Cough")
            for doctor, patient in zip(doctors, (clinic.grace, clinic.ada), strict=True)
        ]
        for doctor in doctors:
            visit_samples.slot(session, doctor, begins + timedelta(minutes=20))
        return doctors, *visits

    return Days(
        clinic, *_with(begins, clinic.database.write(add, identity=SYSTEM).value)
    )


def _with(begins: datetime, added: Any) -> tuple[Any, ...]:
    doctors, *visits = added
    return (doctors, begins, *visits)


def looks(days: Days) -> list[AuditEvent]:
    return days.keep(lambda session: events_of(session, "visit:list"))


def test_the_desk_sees_who_is_with_whom_and_what_is_free(days):
    period = days.read(days.clinic.cleo)

    assert [doctor.name for doctor in period.doctors] == ["Dora Day", "Emil Even"]
    assert [slot.state for slot in period.slots].count("free") == 2
    assert [slot.state for slot in period.slots].count("booked") == 2
    shown = {(visit.patient_name, visit.phone, visit.note) for visit in period.visits}
    assert shown == {
        ("Grace Hopper", cast.GRACE.phone_number, "Cough"),
        ("Ada Lovelace", cast.ADA.phone_number, "Cough"),
    }


def test_a_clinician_sees_that_a_strangers_time_is_booked_and_not_whose_it_is(days):
    period = days.read(days.clinic.dora)

    assert [visit.id for visit in period.visits] == [days.graces]
    assert [slot.state for slot in period.slots].count("booked") == 2


def test_an_administrator_sees_times_and_nobody_in_them(days):
    period = days.read(days.clinic.ines)

    assert period.visits == ()
    assert len(period.slots) == 4


def test_neither_patients_nor_analysts_open_the_calendar(days):
    for actor in (days.clinic.invite(days.clinic.grace), days.clinic.ana):
        with pytest.raises(NotAllowed, match="see the calendar"):
            days.read(actor)


def test_what_was_cancelled_or_withdrawn_is_not_in_it(days):
    def change(session):
        session.execute(
            update(Appointment)
            .where(Appointment.id == days.graces)
            .values(status="cancelled", cancelled_at=func.now())
        )
        session.execute(
            update(Slot)
            .where(Slot.starts_at > days.begins)
            .values(withdrawn_at=func.now())
        )

    days.keep(change)

    period = days.read(days.clinic.cleo)

    assert [visit.id for visit in period.visits] == [days.adas]
    assert "free" not in {slot.state for slot in period.slots}


def test_one_doctor_is_asked_for_alone_also_on_a_day_off(days):
    dora, _ = days.doctors
    days.keep(lambda s: s.execute(update(Slot).values(withdrawn_at=func.now())) and 0)

    period = days.read(days.clinic.cleo, doctor_ids=(dora,))

    assert [doctor.id for doctor in period.doctors] == [dora]
    assert period.slots == ()


def test_why_a_time_is_blocked_is_told_to_those_who_plan_alone(days):
    dora, _ = days.doctors

    def block(session):
        session.add(
            ScheduleException(
                doctor_id=dora,
                kind="blocked",
                starts_at=days.begins,
                ends_at=days.begins + timedelta(hours=1),
                reason="Course",
                created_by=days.clinic.cleo.id,
            )
        )

    days.keep(block)

    closures = {
        actor.role: [(c.kind, c.reason) for c in days.read(actor).closures]
        for actor in (days.clinic.cleo, days.clinic.dora, days.clinic.ines)
    }
    assert list(closures.values()) == [
        [(ExceptionKind.BLOCKED, "Course")],
        [(ExceptionKind.BLOCKED, "")],
        [(ExceptionKind.BLOCKED, "Course")],
    ]


def test_a_screen_that_is_drawn_anew_is_one_look_and_whoever_is_new_another(days):
    before = len(looks(days))
    grace, ada = days.clinic.grace.id, days.clinic.ada.id

    days.read(days.clinic.cleo)
    days.read(days.clinic.cleo, shown_before={grace, ada})
    days.read(days.clinic.cleo, shown_before={grace})

    patients_seen = [entry.details["patients"] for entry in looks(days)[before:]]
    assert [sorted(names) for names in patients_seen] == [
        sorted(map(str, (grace, ada))),
        [str(ada)],
    ]


@pytest.mark.parametrize("number", [2, 20])
def test_twenty_doctors_take_as_many_statements_as_two(days, number):
    def add(session):
        for count in range(number - 2):
            doctor = cast.add_doctor(session, name=f"Dr. No {count}").id
            patient = cast.add_patient(session, cast.invent_patient()).id
            visit_samples.visit(session, doctor, patient, days.begins)

    days.keep(add)
    statements = []

    def read(session):
        def note(_connection, _cursor, statement, *_more):
            statements.append(statement)

        connection = session.connection()
        event.listen(connection, "before_cursor_execute", note)
        try:
            return days.read_in(session, days.clinic.cleo)
        finally:
            session.flush()
            event.remove(connection, "before_cursor_execute", note)

    period = days.clinic.write(days.clinic.cleo, read)

    assert len(period.doctors) == number
    assert len(period.visits) == number
    # Doctors, visits, newcomers, slots, closures, and the audit event.
    assert len(statements) == 6, statements
