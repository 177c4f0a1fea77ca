"""The proof that booking holds: many race for one slot, and one gets it.

It runs on the cluster that serves the clinic, with a slot, a doctor and patients of its
own, which are removed afterwards; only the audit log keeps a trace of it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from math import ceil
from typing import Final, Literal
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, and_, delete, func, select, text
from sqlalchemy.orm import Session

from db.models.booking import Booking, BookingSlot, Slot
from db.models.doctor import Doctor
from db.models.patient import Patient
from services.core import audit
from services.core.actors import PROVER, Actor, Permission
from services.core.audit import Action
from services.visits.booking import bookings
from services.visits.booking.bookings import BookingRequest, BookingStatus

ATTEMPTS: Final = 200
Answer = Literal["won", "lost"]
_SOURCE: Final = "proof"
# The next proof removes what an interrupted one left behind.
_LEFT_BEHIND: Final = text("interval '1 hour'")
_AHEAD: Final = text("interval '366 days'")
_LENGTH: Final = text("interval '366 days 20 minutes'")


@dataclass(frozen=True, slots=True)
class Scratch:
    """A slot that nobody needs, and the patients who race for it."""

    slot_id: UUID
    patient_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class HoldAttempt:
    """The answer to one attempt, and its latency in milliseconds."""

    answer: str
    booking_id: UUID | None
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Proof:
    """The result of the race; `others` counts answers that are neither won nor lost."""

    attempts: int
    processes: int
    won: int
    lost: int
    others: int
    winner: UUID | None
    holders: int
    p50_ms: float
    p99_ms: float
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether exactly one won, alone has the slot, and all others lost."""
        return (
            self.won == self.holders == 1
            and self.lost == self.attempts - 1
            and self.others == 0
        )


def require_prover(actor: Actor) -> None:
    """Raise NotAllowed unless the actor may run a proof."""
    actor.require(Permission.PROVE_BOOKING)


def create_scratch(session: Session, attempts: int = ATTEMPTS) -> Scratch:
    """Create the slot, its doctor and the patients; the caller, the system, commits."""
    _clear(session, _is_left_behind())
    key = str(uuid4())
    patients = [_patient(f"{key} {number}") for number in range(attempts)]
    doctor = Doctor(
        source=_SOURCE, source_id=key, name="Proof of booking", speciality="", sex=""
    )
    session.add_all([*patients, doctor])
    session.flush()
    slot = Slot(
        doctor_id=doctor.id,
        starts_at=func.now() + _AHEAD,
        ends_at=func.now() + _LENGTH,
        origin=_SOURCE,
    )
    session.add(slot)
    session.flush()
    return Scratch(slot.id, tuple(patient.id for patient in patients))


def attempt(
    session: Session, slot_id: UUID, patient_id: UUID, key: UUID
) -> tuple[Answer, UUID | None]:
    """Try to hold the slot as the prover; the caller commits."""
    booking = bookings.hold(session, PROVER, BookingRequest(slot_id, patient_id, key))
    if booking.status is BookingStatus.FAILED:
        return "lost", None
    return "won", booking.id


def evaluate(
    session: Session,
    scratch: Scratch,
    hold_attempts: Sequence[HoldAttempt],
    *,
    processes: int,
    seconds: float,
) -> Proof:
    """Return the result of the race, from the answers and from the primary's rows."""
    answers = Counter(hold_attempt.answer for hold_attempt in hold_attempts)
    times = sorted(hold_attempt.milliseconds for hold_attempt in hold_attempts)
    winners = [
        hold_attempt.booking_id
        for hold_attempt in hold_attempts
        if hold_attempt.answer == "won"
    ]
    holders = list(
        session.scalars(
            select(BookingSlot.booking_id).where(BookingSlot.slot_id == scratch.slot_id)
        )
    )
    return Proof(
        attempts=len(hold_attempts),
        processes=processes,
        won=answers["won"],
        lost=answers["lost"],
        others=len(hold_attempts) - answers["won"] - answers["lost"],
        winner=holders[0] if len(holders) == 1 and winners == holders else None,
        holders=len(holders),
        p50_ms=_percentile(times, 0.50),
        p99_ms=_percentile(times, 0.99),
        seconds=seconds,
    )


def clear(
    session: Session, scratch: Scratch, proof: Proof | None, actor: Actor | None
) -> None:
    """Remove the scratch rows, and record the result; the system commits."""
    _clear(session, Slot.id == scratch.slot_id)
    if proof is not None:
        details = asdict(proof) | {"holds": proof.holds}
        audit.record(session, actor, Action.BOOKING_PROVE, details=details)


def _patient(key: str) -> Patient:
    return Patient(
        first_name="Proof",
        last_name="Of Booking",
        date_of_birth=date(2000, 1, 1),
        email=f"{key.replace(' ', '-')}@example.invalid",
        source=_SOURCE,
        source_id=key,
    )


def _is_left_behind() -> ColumnElement[bool]:
    return and_(Slot.origin == _SOURCE, Slot.created_at < func.now() - _LEFT_BEHIND)


def _clear(session: Session, which: ColumnElement[bool]) -> None:
    rows = session.execute(
        select(Slot.id, Doctor.id, Doctor.source_id)
        .join(Doctor, Doctor.id == Slot.doctor_id)
        .where(Slot.origin == _SOURCE, Doctor.source == _SOURCE, which)
    ).all()
    slots = [row[0] for row in rows]
    keys = [row[2] for row in rows]
    of_these = func.split_part(Patient.source_id, " ", 1).in_(keys)
    for statement in (
        delete(BookingSlot).where(BookingSlot.slot_id.in_(slots)),
        delete(Booking).where(Booking.slot_id.in_(slots)),
        delete(Slot).where(Slot.id.in_(slots)),
        delete(Doctor).where(Doctor.source == _SOURCE, Doctor.source_id.in_(keys)),
        delete(Patient).where(Patient.source == _SOURCE, of_these),
    ):
        session.execute(statement.execution_options(synchronize_session=False))


def _percentile(times: Sequence[float], share: float) -> float:
    return times[ceil(share * len(times)) - 1] if times else 0.0
