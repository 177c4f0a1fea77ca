"""The figures of booking that administrators see."""

import csv
import io
from datetime import UTC, date, datetime, timedelta, tzinfo
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from db.models.booking import Booking, Slot
from db.postgres import SYSTEM
from services.core.actor_database import ActorDatabase
from services.core.errors import InvalidInput, NotAllowed
from services.visits.figures import statistics
from services.visits.figures.caches import VisitCaches
from services.visits.figures.statistics import BookingStatistics, Figures, Period
from tests.kit import cast
from tests.kit.change_listening import FakeChangeListener
from tests.services.patients.clinic_samples import Clinic
from tests.services.visits import visit_samples

MONDAY = date(2026, 3, 23)
WEEK = Period(MONDAY, MONDAY + timedelta(days=6))
BEFORE_NOW = datetime(2026, 3, 1, tzinfo=UTC)
FUTURE = datetime(2126, 3, 1, tzinfo=UTC)


def at(hour: int, minute: int = 0, day: int = 0) -> datetime:
    return datetime(2026, 3, 23, hour, minute, tzinfo=UTC) + timedelta(days=day)


@pytest.fixture
def arrange(clinic: Clinic):
    """Writes into the clinic's tables."""
    return lambda operation: clinic.database.write(operation, identity=SYSTEM).value


@pytest.fixture
def doctor(arrange) -> UUID:
    return arrange(lambda session: cast.add_doctor(session).id)


@pytest.fixture
def figures(clinic: Clinic, doctor: UUID):
    """Returns the doctor's figures, for a whole period or for each day."""

    def of(period: Period = WEEK, zone: str = "UTC") -> dict[date, Figures]:
        totals = counted(clinic, period, ZoneInfo(zone))
        return {
            doctor_day.day: doctor_day.figures
            for doctor_day in totals.doctor_days
            if doctor_day.doctor_id == doctor
        }

    return of


def counted(clinic: Clinic, period: Period, zone: tzinfo = UTC) -> BookingStatistics:
    return clinic.read(clinic.ines, lambda s: statistics.count(s, period, zone))


def attempt(session: Session, clinic: Clinic, slot_id: UUID, **values) -> None:
    doctor_id = session.get_one(Slot, slot_id).doctor_id
    session.add(
        Booking(
            slot_id=slot_id,
            doctor_id=doctor_id,
            patient_id=clinic.ada.id,
            attempt=uuid4(),
            created_by=uuid4(),
            created_by_name=cast.CLEO.name,
            **values,
        )
    )
    session.flush()


# The possible ends of an attempt, and what it counts as apart from a hold.
ENDS = {
    "held": ({"status": "pending", "expires_at": FUTURE}, {"holds": 1}),
    "run out, untidied": (
        {"status": "pending", "expires_at": BEFORE_NOW},
        {"holds": 1, "expired": 1},
    ),
    "run out": (
        {"status": "expired", "ended_at": BEFORE_NOW},
        {"holds": 1, "expired": 1},
    ),
    "given back": (
        {"status": "cancelled", "ended_at": BEFORE_NOW},
        {"holds": 1, "released": 1},
    ),
    "confirmed": (
        {"status": "confirmed", "confirmed_at": BEFORE_NOW},
        {"holds": 1, "confirmed": 1, "booked": 1},
    ),
    "cancelled": (
        {"status": "cancelled", "confirmed_at": BEFORE_NOW, "ended_at": BEFORE_NOW},
        {"holds": 1, "confirmed": 1, "cancelled": 1},
    ),
    "lost": ({"status": "failed", "ended_at": BEFORE_NOW}, {"conflicts": 1}),
}


@pytest.mark.parametrize("case", ENDS)
def test_an_attempt_counts_as_what_became_of_it(clinic, arrange, doctor, figures, case):
    values, counts = ENDS[case]

    def tried(session: Session) -> None:
        slot_id = visit_samples.slot(session, doctor, at(9))
        attempt(session, clinic, slot_id, **values)

    arrange(tried)

    assert figures() == {MONDAY: Figures(slots=1, **counts)}


def test_a_slot_that_several_wanted_is_one_slot(clinic, arrange, doctor, figures):
    def raced(session: Session) -> None:
        slot_id = visit_samples.slot(session, doctor, at(9))
        attempt(session, clinic, slot_id, status="confirmed", confirmed_at=BEFORE_NOW)
        for _ in range(3):
            attempt(session, clinic, slot_id, status="failed", ended_at=BEFORE_NOW)

    arrange(raced)

    monday = figures()[MONDAY]
    assert (monday.slots, monday.booked, monday.conflicts) == (1, 1, 3)
    assert monday.utilisation == 1
    assert monday.success_rate == 1


def test_a_patient_who_did_not_come_counts_and_the_slot_stays_booked(
    clinic, arrange, doctor, figures
):
    arrange(
        lambda s: visit_samples.visit(s, doctor, clinic.ada.id, at(9), status="no-show")
    )

    monday = figures()[MONDAY]
    assert (monday.slots, monday.booked, monday.no_shows) == (1, 1, 1)


def test_shares_of_nothing_are_none():
    assert Figures().utilisation is None
    assert Figures(slots=2, booked=1).utilisation == 0.5
    assert Figures(slots=2).success_rate is None
    assert Figures(holds=4, confirmed=3).success_rate == 0.75


def test_withdrawn_slots_are_not_offered_but_what_became_of_them_stays(
    clinic, arrange, doctor, figures
):
    def withdrawn(session: Session) -> None:
        slot_id = visit_samples.slot(session, doctor, at(9))
        attempt(session, clinic, slot_id, status="expired", ended_at=BEFORE_NOW)
        session.get_one(Slot, slot_id).withdrawn_at = BEFORE_NOW
        never_wanted = visit_samples.slot(session, doctor, at(9, day=1))
        session.get_one(Slot, never_wanted).withdrawn_at = BEFORE_NOW

    arrange(withdrawn)

    assert figures() == {MONDAY: Figures(slots=0, holds=1, expired=1)}


def test_the_scratch_slots_of_a_proof_are_left_out(clinic, arrange, doctor, figures):
    def proven(session: Session) -> None:
        slot_id = visit_samples.slot(session, doctor, at(9))
        session.get_one(Slot, slot_id).origin = "proof"
        attempt(session, clinic, slot_id, status="failed", ended_at=BEFORE_NOW)

    arrange(proven)

    assert figures() == {}


def test_days_are_the_clinics_also_when_its_clocks_change(arrange, doctor, figures):
    def offered(session: Session) -> None:
        # The clocks go forward on Sunday the 29th, so its midnights are 23 and 22 UTC.
        for timestamp in (at(22, 30, day=5), at(23, 30, day=5), at(22, 30, day=6)):
            visit_samples.slot(session, doctor, timestamp)

    arrange(offered)

    sunday = date(2026, 3, 29)
    by_day = figures(Period(sunday, sunday), "Europe/Berlin")
    assert {day: counts.slots for day, counts in by_day.items()} == {sunday: 1}


def test_a_period_ends_with_its_last_day(arrange, doctor, figures):
    def offered(session: Session) -> None:
        for timestamp in (at(23, 30, day=-1), at(0), at(23, 30, day=6), at(0, day=7)):
            visit_samples.slot(session, doctor, timestamp)

    arrange(offered)

    assert list(figures()) == [MONDAY, date(2026, 3, 29)]


@pytest.mark.parametrize("days", [-1, 366], ids=["the wrong way round", "too long"])
def test_a_period_that_is_none_is_refused(days):
    with pytest.raises(InvalidInput):
        Period(MONDAY, MONDAY + timedelta(days=days))


def test_only_administrators_are_told(clinic):
    caches = VisitCaches(clinic.database, FakeChangeListener())

    for actor in (clinic.cleo, clinic.dora, clinic.ana):
        with pytest.raises(NotAllowed, match="see how visits are booked"):
            caches.statistics(ActorDatabase(clinic.database, actor), WEEK, UTC)


def test_doctors_and_days_add_up(clinic, arrange):
    def worked(session: Session) -> tuple[UUID, UUID]:
        ann, bob = (cast.add_doctor(session, name=name).id for name in ("Á", "b"))
        for number, of in enumerate((ann, ann, bob)):
            visit_samples.slot(session, of, at(9, day=100 + number % 2))
        return ann, bob

    ann, bob = arrange(worked)
    first = MONDAY + timedelta(days=100)
    added_up = counted(clinic, Period(first, first + timedelta(days=1)))

    assert [(doctor.id, doctor.figures.slots) for doctor in added_up.doctors()] == [
        (ann, 2),
        (bob, 1),
    ]
    assert [figures.slots for _, figures in added_up.days()] == [2, 1]
    assert added_up.total == Figures(slots=3)


def test_csv_has_a_line_for_each_doctor_and_day_and_runs_no_formula(arrange, clinic):
    def worked(session: Session) -> None:
        doctor_id = cast.add_doctor(session, name="=cmd()").id
        visit_samples.visit(session, doctor_id, clinic.ada.id, at(9, day=200))

    arrange(worked)
    day = MONDAY + timedelta(days=200)
    added_up = counted(clinic, Period(day, day))

    (line,) = csv.DictReader(io.StringIO(statistics.as_csv(added_up)))
    assert line["doctor"] == "'=cmd()"
    assert (line["day"], line["slots"], line["booked"]) == (day.isoformat(), "1", "1")
    assert (line["utilisation"], line["success_rate"]) == ("1.0000", "1.0000")
