"""The proof that booking holds, on a real cluster with real processes."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from db.models.audit import AuditEvent
from db.models.booking import Booking, BookingSlot, Slot
from db.models.doctor import Doctor
from db.models.patient import Patient
from db.postgres import SYSTEM
from jobs.visits import booking_proof
from services.core.actors import PROVER
from services.core.errors import NotAllowed
from services.visits.booking import proving as proofs
from services.visits.booking.proving import HoldAttempt


def test_of_two_hundred_who_race_for_a_slot_one_wins(database, endpoints, admin):
    proof = booking_proof.prove(database, endpoints, admin)

    assert (proof.won, proof.lost, proof.others) == (1, 199, 0)
    assert proof.holds
    assert proof.winner is not None
    assert 0 < proof.p50_ms <= proof.p99_ms


def test_a_proof_leaves_nothing_but_its_trace(database, endpoints, admin):
    booking_proof.prove(database, endpoints, admin, attempts=8, processes=2)

    def left(session):
        tables = (BookingSlot, Booking, Slot, Doctor, Patient)
        rows = [row for table in tables for row in session.scalars(select(table))]
        traces = select(AuditEvent).where(AuditEvent.action == "booking:prove")
        return rows, session.scalars(traces).all()

    # Read from the primary: a replica may not have replayed the proof yet.
    rows, (trace,) = database.read_latest(left, identity=SYSTEM).value
    assert rows == []
    assert trace.actor_id == admin.id
    assert trace.details["won"] == 1


def test_only_administrators_have_it_proved(database, endpoints, clerk):
    with pytest.raises(NotAllowed):
        booking_proof.prove(database, endpoints, clerk)


@pytest.mark.parametrize(
    "answers", [["won", "won"], ["lost", "lost"], ["won", "TimeoutError"]], ids=str
)
def test_a_proof_can_fail(session, answers):
    scratch = proofs.create_scratch(session, 1)
    (patient_id,) = scratch.patient_ids
    winner = proofs.attempt(session, scratch.slot_id, patient_id, uuid4())[1]
    hold_attempts = [HoldAttempt(answer, winner, 1.0) for answer in answers]

    proof = proofs.evaluate(session, scratch, hold_attempts, processes=1, seconds=0.1)

    assert not proof.holds
    assert PROVER.name == "proof of booking"
