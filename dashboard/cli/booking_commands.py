"""What the command prove-booking does."""

from collections.abc import Iterator

from dashboard import wiring
from db.settings import Settings
from jobs.visits import booking_proof
from services.visits.booking.proving import Proof


def prove(settings: Settings) -> Proof:
    """Race for a scratch slot on the cluster that is set or embedded."""
    with wiring.attached(settings) as wired:
        return booking_proof.prove(wired.database, wired.endpoints, None)


def told(proof: Proof) -> Iterator[str]:
    """Yield what came of it in words."""
    yield (
        f"{proof.attempts} attempts at one slot from {proof.processes} processes: "
        f"{proof.won} won, {proof.lost} were told that it is booked."
    )
    if proof.others:
        yield f"{proof.others} were answered something else, which is a defect."
    if proof.winner:
        yield f"The slot is held by booking {proof.winner}, and by nobody else."
    yield (
        f"Answered in {proof.seconds:.1f} s: half of them within {proof.p50_ms:.0f} ms,"
        f" 99 % within {proof.p99_ms:.0f} ms."
    )
    yield "Booking holds." if proof.holds else "BOOKING DOES NOT HOLD."
