"""Two records of one person become one, with visits, holds and their results."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.models.booking import (
    Appointment,
    Booking,
    BookingSlot,
    VisitNotification,
    WaitlistEntry,
)
from db.models.consultation import (
    MedicalRecord,
    MedicalRecordVersion,
    Prescription,
    PrescriptionVersion,
)
from db.postgres import SYSTEM
from services.consultations import prescriptions
from services.consultations.notes import visit_notes
from services.patients.duplicates import merging
from services.visits.booking import bookings
from services.visits.booking.bookings import (
    BookingRecord,
    BookingRequest,
    BookingStatus,
)
from services.visits.booking.bookings.errors import PatientBusy
from tests.kit import cast
from tests.services.patients.clinic_samples import TODAY, Clinic, open_clinic
from tests.services.visits import visit_samples

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0) + timedelta(days=7)
THEIRS = (
    Appointment,
    Booking,
    BookingSlot,
    MedicalRecord,
    Prescription,
    VisitNotification,
    WaitlistEntry,
)


@pytest.fixture
def clinic(endpoints) -> Iterator[Clinic]:
    with open_clinic(endpoints) as clinic:
        yield clinic


@pytest.fixture
def arrange(clinic: Clinic):
    """Writes into the clinic's tables, and reads from them."""
    return lambda operation: clinic.database.write(operation, identity=SYSTEM).value


@pytest.fixture
def pair(clinic: Clinic, arrange) -> tuple[UUID, UUID]:
    """Both were seen at noon, each by another doctor, as no one person can be."""
    both = clinic.ada.id, clinic.grace.id

    def visited(session: Session) -> None:
        for patient_id in both:
            doctor_id = cast.add_doctor(session).id
            visit = visit_samples.visit(session, doctor_id, patient_id, NOON)
            _write_down(session, visit, doctor_id, patient_id)
        session.execute(update(BookingSlot).values(may_overlap=False))

    arrange(visited)
    return both


def _write_down(
    session: Session, visit: UUID, doctor_id: UUID, patient_id: UUID
) -> None:
    of = {
        "appointment_id": visit,
        "doctor_id": doctor_id,
        "patient_id": patient_id,
    }
    prescription = Prescription(**of)
    notes = MedicalRecord(**of, content={"complaint": "Cough"})
    session.add_all(
        [
            notes,
            prescription,
            WaitlistEntry(
                patient_id=patient_id,
                speciality="Cardiology",
                from_at=NOON,
                until_at=NOON + timedelta(days=1),
                created_by=uuid4(),
            ),
            VisitNotification(
                kind="confirmed",
                patient_id=patient_id,
                to_address="a@example.org",
                subject="Your visit",
                body="Sign in to see more.",
            ),
        ]
    )
    session.flush()
    session.add(_version(prescription.id))
    session.add(
        MedicalRecordVersion(
            record_id=notes.id,
            number=1,
            content=notes.content,
            author_id=uuid4(),
            author_name=cast.DORA.name,
        )
    )


def _version(prescription_id: UUID) -> PrescriptionVersion:
    return PrescriptionVersion(
        prescription_id=prescription_id,
        number=1,
        lines=[
            {
                "drug": "Paracetamol",
                "dose": "1",
                "frequency": "daily",
                "duration": "5 days",
            }
        ],
        file_id=uuid4().hex,
        filename="prescription.pdf",
        filesize=1,
        sha256=bytes(32),
        signer=bytes(32),
        author_id=uuid4(),
        author_name=cast.DORA.name,
    )


def merge(clinic: Clinic) -> None:
    kept, merged = clinic.ada, clinic.grace
    clinic.write(
        clinic.cleo,
        lambda session: merging.merge(
            session,
            clinic.cleo,
            kept.id,
            merged.id,
            kept.draft(),
            kept_version=kept.version,
            merged_version=merged.version,
            today=TODAY,
        ),
    )


def count(arrange, table: Any, patient_id: UUID) -> int:
    wanted = select(func.count()).where(table.patient_id == patient_id)
    return arrange(lambda session: session.scalar(wanted.select_from(table)))


def hold(clinic: Clinic, arrange, patient_id: UUID, at: datetime) -> BookingRecord:
    slot_id = arrange(lambda s: visit_samples.slot(s, cast.add_doctor(s).id, at))
    request = BookingRequest(slot_id, patient_id, uuid4())
    return clinic.write(clinic.cleo, lambda s: bookings.hold(s, clinic.cleo, request))


def test_what_came_of_visits_follows_to_the_record_that_is_kept(clinic, arrange, pair):
    kept, merged = pair

    merge(clinic)

    assert {table: count(arrange, table, kept) for table in THEIRS} == dict.fromkeys(
        THEIRS, 2
    )
    assert not any(count(arrange, table, merged) for table in THEIRS)


def test_a_visit_that_is_another_record_s_is_another_version_of_it(
    clinic, arrange, pair
):
    versions = select(Appointment.revision, Appointment.updated_at)
    in_order = versions.order_by(Appointment.doctor_id)
    before = arrange(lambda s: s.execute(in_order).all())

    merge(clinic)

    after = arrange(lambda s: s.execute(in_order).all())
    assert [row.revision for row in after] == [1, 2]
    assert after[0] == before[0]
    assert after[1].updated_at > before[1].updated_at


@pytest.mark.parametrize(
    "stream_all", [prescriptions.stream_all, visit_notes.stream_all]
)
def test_what_moved_is_exported_as_changed_since(clinic, arrange, pair, stream_all):
    since = arrange(lambda s: s.scalar(select(func.clock_timestamp())))

    def exported() -> set[UUID]:
        return arrange(
            lambda s: {
                record.patient_id
                for piece in stream_all(s, clinic.dora, None, since=since)
                for record in piece
            }
        )

    before = exported()
    merge(clinic)

    assert (before, exported()) == (set(), {pair[0]})


def test_who_waited_twice_for_one_speciality_keeps_the_earlier_place_for_all_days(
    clinic, arrange, pair
):
    kept, merged = pair
    waiting = select(WaitlistEntry).where(WaitlistEntry.status == "waiting")

    def arranged(session: Session) -> UUID:
        mine, other = (
            session.scalars(waiting.where(WaitlistEntry.patient_id == each)).one()
            for each in (kept, merged)
        )
        other.created_at = mine.created_at - timedelta(days=1)
        other.speciality = "cardiology"
        other.until_at = mine.until_at + timedelta(days=7)
        apart = WaitlistEntry(
            patient_id=merged,
            speciality="Cardiology",
            from_at=NOON + timedelta(days=30),
            until_at=NOON + timedelta(days=40),
            created_by=uuid4(),
        )
        session.add(apart)
        session.flush()
        return other.id

    first = arrange(arranged)

    merge(clinic)

    mine, apart = arrange(
        lambda s: s.scalars(
            waiting.where(WaitlistEntry.patient_id == kept).order_by(
                WaitlistEntry.from_at
            )
        ).all()
    )
    assert (mine.id, mine.from_at) == (first, NOON)
    assert mine.until_at == NOON + timedelta(days=8)
    assert apart.from_at == NOON + timedelta(days=30)


def test_visits_at_the_same_time_do_not_stop_a_merge_and_both_stand(
    clinic, arrange, pair
):
    kept, _ = pair

    merge(clinic)

    taken = arrange(
        lambda s: s.execute(
            select(BookingSlot.patient_id, BookingSlot.may_overlap).order_by(
                BookingSlot.may_overlap
            )
        ).all()
    )
    assert taken == [(kept, False), (kept, True)]


def test_a_hold_lasts_over_a_merge_and_is_confirmed_for_the_record_that_is_kept(
    clinic, arrange, pair
):
    kept, merged = pair
    held = hold(clinic, arrange, merged, NOON + timedelta(hours=2))

    merge(clinic)
    confirmed = clinic.write(
        clinic.cleo, lambda s: bookings.confirm(s, clinic.cleo, held.id)
    )

    assert confirmed.status is BookingStatus.CONFIRMED
    assert confirmed.patient_id == kept


def test_holds_at_the_same_time_do_not_stop_a_merge(clinic, arrange, pair):
    kept, merged = pair
    at = NOON + timedelta(hours=2)
    for patient_id in pair:
        hold(clinic, arrange, patient_id, at)

    merge(clinic)

    assert count(arrange, BookingSlot, kept) == 4
    assert count(arrange, BookingSlot, merged) == 0


def test_after_a_merge_one_person_is_still_in_one_place_at_a_time(
    clinic, arrange, pair
):
    kept, _ = pair
    merge(clinic)

    with pytest.raises(PatientBusy):
        hold(clinic, arrange, kept, NOON)


def test_a_prescription_is_read_in_the_record_that_is_kept(clinic, arrange, pair):
    kept, _ = pair

    merge(clinic)

    listed = clinic.read(
        clinic.cleo, lambda s: prescriptions.list_of_patient(s, clinic.cleo, kept)
    )
    assert len(listed) == 2
