"""Random acts of several people at once, and what has to be true afterwards.

Eight threads register, edit, archive and merge patients, file and share documents,
book, move and attend visits, prescribe, and open records in an emergency, all with the
same few patients. Refusals are fine. Errors are not, nor rows that contradict each
other, such as a visit of a record that was merged. Each line that is printed after the
counts is a defect, and the program then fails.

What it finds depends on chance, so it is no test: run it for minutes after a change of
locks. Run as `python -m benchmarks.races 120`, with the number of seconds;
CHARTROOM_TEST_CLUSTER names a cluster to use.
"""

import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from threading import Lock
from time import monotonic
from typing import Any, Final, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import InstrumentedAttribute

from benchmarks.fresh import database as fresh_database
from db.models.booking import Appointment, Booking, Slot, WaitlistEntry
from db.models.consultation import Prescription
from db.models.document import Document, DocumentShare
from db.models.patient import Patient
from db.postgres import SYSTEM, Database
from services.consultations import notes, prescriptions
from services.consultations.prescriptions import (
    DraftPrescription,
    PrescriptionLine,
    SignedPaper,
)
from services.core.actor_database import ActorDatabase
from services.core.actors import Actor
from services.core.errors import ServiceError
from services.documents import records
from services.documents.sharing import shares
from services.patients.care import break_glass, care
from services.patients.duplicates import merging
from services.patients.records import patients
from services.people.accounts import invitations
from services.visits.booking import bookings, waitlist
from services.visits.booking.waitlist import WaitRequest
from services.visits.front_desk import appointments, notifications
from tests.kit import cast
from tests.services.documents.records.samples import content, file
from tests.services.visits.booking.bookings import samples

T = TypeVar("T")
Act = Callable[["Crowd"], object]
THREADS: Final = 8
PATIENTS: Final = 5
_TODAY: Final = date(2026, 11, 30)
_CANCELLED: Final = 0.05
_REASON: Final = "Unconscious in the waiting room"
_STEPS: Final = (
    appointments.check_in,
    appointments.undo_check_in,
    appointments.call_in,
    appointments.complete,
    appointments.reopen,
    appointments.miss,
)
# Each counts rows that must not be there.
_CONTRADICTIONS: Final = {
    "confirmed bookings without a slot": (
        "FROM bookings WHERE status = 'confirmed' AND NOT EXISTS (SELECT "
        "FROM booking_slots s WHERE s.booking_id = bookings.id AND s.status = 'booked')"
    ),
    "slots of bookings that are over": (
        "FROM booking_slots s JOIN bookings b ON b.id = s.booking_id "
        "WHERE (s.status = 'booked') <> (b.status = 'confirmed')"
    ),
    "visits of another patient than their booking": (
        "FROM appointments a JOIN bookings b ON b.id = a.booking_id "
        "WHERE a.patient_id <> b.patient_id"
    ),
    "notes of another patient than their visit": (
        "FROM medical_records m JOIN appointments a ON a.id = m.appointment_id "
        "WHERE m.patient_id <> a.patient_id"
    ),
    "prescriptions of another patient than their visit": (
        "FROM prescriptions p JOIN appointments a ON a.id = p.appointment_id "
        "WHERE p.patient_id <> a.patient_id"
    ),
    "current medications that were withdrawn": (
        "FROM prescriptions p JOIN prescription_versions v "
        "ON v.prescription_id = p.id JOIN patients t ON t.id = p.patient_id, "
        "jsonb_array_elements(v.lines) AS line "
        "WHERE (p.status <> 'issued' OR v.number < p.latest) "
        "AND line ->> 'drug' = ANY (t.current_medications)"
    ),
    "links to deleted or confidential documents": (
        "FROM document_shares h JOIN document_versions v ON v.id = h.version_id "
        "JOIN documents d ON d.id = v.document_id "
        "WHERE h.revoked_at IS NULL AND (d.confidential OR d.purged_at IS NOT NULL)"
    ),
    "documents that search does not find": (
        "FROM documents d LEFT JOIN document_search s ON s.document_id = d.id "
        "WHERE d.deleted_at IS NULL AND (s.document_id IS NULL "
        "OR s.patient_id IS DISTINCT FROM d.patient_id)"
    ),
    "archived patients on the waiting list": (
        "FROM waitlist_entries w JOIN patients p ON p.id = w.patient_id "
        "WHERE p.deleted_at IS NOT NULL AND w.status = 'waiting'"
    ),
    "patients in two places at once": (
        "FROM booking_slots a JOIN booking_slots b ON a.patient_id = b.patient_id "
        "AND a.slot_id < b.slot_id AND a.starts_at < b.ends_at "
        "AND b.starts_at < a.ends_at WHERE NOT a.may_overlap AND NOT b.may_overlap"
    ),
}


@dataclass(frozen=True, slots=True)
class Crowd:
    """The people who act, and the database in which they do."""

    database: Database
    cleo: Actor
    dora: Actor
    emil: Actor
    doctors: tuple[UUID, ...]

    def act(self, actor: Actor, operation: Callable[[Session, Actor], T]) -> T:
        """Run and commit an operation in an actor's name."""
        written = ActorDatabase(self.database, actor).write(
            lambda session: operation(session, actor)
        )
        return written.value

    def work(self, operation: Callable[[Session], T]) -> T:
        """Run and commit what the background does."""
        return self.database.write(operation, identity=SYSTEM).value

    def any(
        self, column: InstrumentedAttribute[Any], *where: ColumnElement[bool]
    ) -> Any:
        """Return the value of a column in some row; raises ServiceError for none."""
        chosen = select(column).where(*where).order_by(func.random()).limit(1)
        value = self.database.read_latest(
            lambda session: session.scalar(chosen), identity=SYSTEM
        ).value
        if value is None:
            raise ServiceError("There is none.")
        return value

    def patient(self) -> UUID:
        """Return somebody who is in use just now."""
        patient_id: UUID = self.any(Patient.id, Patient.deleted_at.is_(None))
        return patient_id


def _open(database: Database) -> Crowd:
    def settle(session: Session) -> Crowd:
        people = [cast.add_actor(session, p) for p in (cast.CLEO, cast.DORA, cast.EMIL)]
        cleo, dora, emil = people
        doctor = cast.add_doctor(session, user_id=dora.id)
        other = cast.add_doctor(session, cast.DOCTOR_EMIL, user_id=emil.id)
        for each in (doctor, other):
            for number in range(6):
                samples.slot(session, each, number)
                soon = datetime.now(UTC) + timedelta(minutes=60 + 20 * number)
                samples.slot(session, each, starts_at=soon)
        for _ in range(PATIENTS):
            made = patients.register(session, cleo, cast.invent_patient(), today=_TODAY)
            care.assign(session, cleo, made.id, dora.id)
            file(session, cleo, of=made)
        return Crowd(database, cleo, dora, emil, (doctor.id, other.id))

    return database.write(settle, identity=SYSTEM).value


def _register(crowd: Crowd) -> None:
    def register(session: Session, actor: Actor) -> None:
        # Without allergies, which unknown drugs would have to be checked against.
        draft = replace(cast.invent_patient(), allergies=())
        made = patients.register(session, actor, draft, today=_TODAY)
        care.assign(session, actor, made.id, crowd.dora.id)

    counted = select(func.count()).where(Patient.deleted_at.is_(None))
    if crowd.work(lambda session: session.scalars(counted).one()) <= PATIENTS:
        crowd.act(crowd.cleo, register)


def _edit(crowd: Crowd) -> None:
    patient_id, number = crowd.patient(), f"+44163296{random.randrange(1000, 9999)}"

    def edit(session: Session, actor: Actor) -> None:
        before = patients.look_up(session, actor, patient_id)
        draft = replace(before.draft(), phone_number=number)
        version = before.version
        patients.edit(session, actor, patient_id, draft, version=version, today=_TODAY)

    crowd.act(crowd.cleo, edit)


def _archive_or_restore(crowd: Crowd) -> None:
    is_archived = random.random() < 0.7
    patient_id = crowd.any(
        Patient.id,
        Patient.deleted_at.is_not(None) == is_archived,
        Patient.merged_into_id.is_(None),
    )

    def change(session: Session, actor: Actor) -> None:
        before = patients.look_up(session, actor, patient_id)
        service = patients.restore if is_archived else patients.archive
        service(session, actor, patient_id, version=before.version)

    crowd.act(crowd.cleo, change)


def _merge(crowd: Crowd) -> None:
    ids = crowd.patient(), crowd.patient()

    def merge(session: Session, actor: Actor) -> None:
        kept, merged = (patients.look_up(session, actor, each) for each in ids)
        versions = {"kept_version": kept.version, "merged_version": merged.version}
        draft = kept.draft()
        merging.merge(session, actor, *ids, draft, **versions, today=_TODAY)

    crowd.act(crowd.cleo, merge)


def _treat(crowd: Crowd) -> None:
    patient_id = crowd.patient()
    clinician = random.choice((crowd.dora, crowd.emil))
    service = random.choice((care.assign, care.end))
    crowd.act(crowd.cleo, lambda s, a: service(s, a, patient_id, clinician.id))


def _break_glass(crowd: Crowd) -> None:
    patient_id = crowd.patient()
    crowd.act(
        crowd.emil, lambda s, a: break_glass.open_record(s, a, patient_id, _REASON)
    )


def _invite(crowd: Crowd) -> None:
    patient_id = crowd.patient()
    crowd.act(crowd.cleo, lambda s, a: invitations.invite_patient(s, a, patient_id))


def _file(crowd: Crowd) -> None:
    patient_id = crowd.patient()
    crowd.act(
        crowd.cleo, lambda s, a: file(s, a, of=patients.look_up(s, a, patient_id))
    )


def _change_document(crowd: Crowd) -> None:
    wanted = crowd.any(Document.id, Document.purged_at.is_(None))

    def change(session: Session, actor: Actor) -> None:
        before = records.look_up(session, actor, wanted)
        new = content(uuid4().bytes)
        service = random.choice((records.delete, records.restore, None))
        if service is None:
            records.add_version(session, actor, wanted, new, revision=before.revision)
        else:
            service(session, actor, wanted, revision=None)

    crowd.act(crowd.cleo, change)


def _share(crowd: Crowd) -> None:
    wanted = crowd.any(Document.id, Document.deleted_at.is_(None))
    crowd.act(crowd.cleo, lambda s, a: shares.create(s, a, wanted, None, minutes=10))


def _revoke(crowd: Crowd) -> None:
    share_id = crowd.any(DocumentShare.id, DocumentShare.revoked_at.is_(None))
    crowd.act(crowd.cleo, lambda s, a: shares.revoke(s, a, share_id))


def _book(crowd: Crowd) -> None:
    wanted = samples.wanting(crowd.any(Slot.id), crowd.patient())
    held = crowd.act(crowd.cleo, lambda s, a: bookings.hold(s, a, wanted))
    booking = bookings.require_held(held)
    crowd.act(crowd.cleo, lambda s, a: bookings.confirm(s, a, booking.id))


def _move(crowd: Crowd) -> None:
    booking_id = crowd.any(Booking.id, Booking.status == "confirmed")
    slot_id, attempt = crowd.any(Slot.id), uuid4()
    crowd.act(crowd.cleo, lambda s, a: samples.move(s, a, booking_id, slot_id, attempt))


def _cancel(crowd: Crowd) -> None:
    # Rarely: otherwise hardly a visit would take place.
    is_open = Booking.status.in_(["pending", "confirmed"])
    booking_id = crowd.any(Booking.id, is_open, func.random() < _CANCELLED)
    crowd.act(
        crowd.cleo, lambda s, a: bookings.cancel(s, a, booking_id, despite_notes=True)
    )


def _wait(crowd: Crowd) -> None:
    request = WaitRequest(
        crowd.patient(),
        samples.FIRST - timedelta(days=8),
        samples.FIRST + timedelta(days=1),
        doctor_id=random.choice(crowd.doctors),
    )
    crowd.act(crowd.cleo, lambda s, a: waitlist.join(s, a, request))


def _leave(crowd: Crowd) -> None:
    entry_id = crowd.any(WaitlistEntry.id, WaitlistEntry.status == "waiting")
    crowd.act(crowd.cleo, lambda s, a: waitlist.leave(s, a, entry_id))


def _attend(crowd: Crowd) -> None:
    is_soon = Appointment.starts_at < func.now() + timedelta(hours=6)
    visit_id = crowd.any(Appointment.id, is_soon, Appointment.status != "cancelled")
    step = random.choice(_STEPS)
    crowd.act(crowd.cleo, lambda s, a: step(s, a, visit_id))


def _write_notes(crowd: Crowd) -> None:
    visit_id, typed = crowd.any(Appointment.id), {"complaint": uuid4().hex}

    def write(session: Session, actor: Actor) -> None:
        before = notes.find(session, actor, visit_id)
        number = before.latest.number if before and before.latest else 0
        notes.save(session, actor, visit_id, typed, number=number)

    crowd.act(crowd.dora, write)


def _prescribe(crowd: Crowd) -> None:
    visit_id = crowd.any(Appointment.id, Appointment.checked_in_at.is_not(None))

    def prescribe(session: Session, actor: Actor) -> None:
        order = prescriptions.prepare(session, actor, visit_id, _draft())
        prescriptions.issue(session, actor, order, _paper())

    crowd.act(crowd.dora, prescribe)


def _change_prescription(crowd: Crowd) -> None:
    wanted = crowd.any(Prescription.id, Prescription.status == "issued")
    is_amended = random.random() < 0.6

    def change(session: Session, actor: Actor) -> None:
        number = prescriptions.get(session, actor, wanted).version.number
        given = (session, actor, wanted)
        if is_amended:
            order = prescriptions.prepare_amendment(*given, _draft(), number=number)
            prescriptions.issue(session, actor, order, _paper())
        else:
            prescriptions.withdraw(*given, number=number, reason=_REASON)

    crowd.act(crowd.dora, change)


def _draft() -> DraftPrescription:
    drug = f"Drug {uuid4().hex[:8]}"
    return DraftPrescription((PrescriptionLine(drug, "1", "3 times a day", "5 days"),))


def _paper() -> SignedPaper:
    return SignedPaper(uuid4().hex, "paper.pdf", 1, uuid4().bytes * 2, b"signer")


def _tidy(crowd: Crowd) -> None:
    crowd.work(bookings.expire_due)
    crowd.work(notifications.write_reminders)
    crowd.work(notifications.give_up_stale)


ACTS: Final[tuple[Act, ...]] = (
    _register,
    _edit,
    _archive_or_restore,
    _merge,
    _treat,
    _break_glass,
    _invite,
    _file,
    _change_document,
    _share,
    _revoke,
    _book,
    _move,
    _cancel,
    _wait,
    _leave,
    _attend,
    _write_notes,
    _prescribe,
    _change_prescription,
    _tidy,
)


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of the acts, by their name."""

    done: Counter[str]
    refused: Counter[str]
    failed: Counter[str]
    guard: Lock

    def try_once(self, act: Act, crowd: Crowd) -> None:
        """Let somebody do something."""
        name = act.__name__.strip("_")
        outcome, kind = self.done, name
        try:
            act(crowd)
        except ServiceError:
            outcome = self.refused
        except Exception as error:
            outcome, kind = self.failed, f"{name}: {type(error).__name__}"
        with self.guard:
            outcome[kind] += 1


def contradictions(session: Session) -> Iterator[str]:
    """Yield how many rows of each kind there are that must not be."""
    for column in merging.repointed_columns():
        of_merged = (
            select(func.count())
            .select_from(column.table)
            .join(Patient, Patient.id == column)
            .where(Patient.merged_into_id.is_not(None))
        )
        if number := session.scalar(of_merged):
            yield f"{number} rows of merged records in {column.table.name}"
    for what, rows in _CONTRADICTIONS.items():
        if number := session.scalar(text(f"SELECT count(*) {rows}")):
            yield f"{number} {what}"


def run(seconds: float) -> bool:
    """Let everybody act for so long; return whether all is as it has to be."""
    tally = Tally(Counter(), Counter(), Counter(), Lock())
    with fresh_database() as database:
        crowd, until = _open(database), monotonic() + seconds

        def act_on(_: int) -> None:
            while monotonic() < until:
                tally.try_once(random.choice(ACTS), crowd)

        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(act_on, range(THREADS)))
        defects = crowd.work(lambda session: list(contradictions(session)))
    for word in ("done", "refused"):
        counted: Counter[str] = getattr(tally, word)
        print(f"{word}: " + ", ".join(f"{n} {act}" for act, n in counted.most_common()))
    defects += [f"{number} times {what}" for what, number in tally.failed.items()]
    print("\n".join(defects) or "No contradiction, and no error.")
    return not defects


if __name__ == "__main__":
    sys.exit(not run(float(sys.argv[1]) if sys.argv[1:] else 60))
