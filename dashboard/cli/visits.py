"""Commands about visits: a proof of booking, a check of a prescription."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dashboard.cli.explaining import explain_errors
from dashboard.cli.options import Data, choose

if TYPE_CHECKING:
    from db.settings import Settings
    from services.pdf.signing import Signature
    from services.visits.booking.proving import Proof

group = typer.Typer()


@group.command()
def prove_booking(data: Data = None) -> None:
    """Let 200 attempts from several processes race for one slot: exactly one wins."""
    with explain_errors():
        proof = race_for_a_slot(choose(data=data))
    for line in proof_in_words(proof):
        typer.echo(line, err=not proof.holds)
    if not proof.holds:
        raise typer.Exit(1)


def race_for_a_slot(settings: "Settings") -> "Proof":
    """Race for a scratch slot on the configured or embedded cluster."""
    from dashboard import wiring
    from jobs.visits import booking_proof

    with wiring.attached(settings, may_create=True) as wired:
        return booking_proof.prove(wired.database, wired.endpoints, None)


def proof_in_words(proof: "Proof") -> Iterator[str]:
    """Yield the outcome of the race as lines."""
    yield (
        f"{proof.attempts} attempts at one slot from {proof.processes} processes: "
        f"{proof.won} won, {proof.lost} were told that it is booked."
    )
    if proof.others:
        yield f"{proof.others} got another answer, which is a defect."
    if proof.winner:
        yield f"The slot is held by booking {proof.winner}, and by nobody else."
    yield (
        f"Answered in {proof.seconds:.1f} s: half of them within {proof.p50_ms:.0f} ms,"
        f" 99% within {proof.p99_ms:.0f} ms."
    )
    yield "Booking holds." if proof.holds else "BOOKING DOES NOT HOLD."


@group.command()
def verify(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="A prescription's PDF.")
    ],
    data: Data = None,
) -> None:
    """Check that a prescription is as this clinic signed it; exit with 1 if not."""
    with explain_errors():
        signature = check_signature(choose(data=data), file)
    typer.echo(signature_in_words(signature), err=not signature.is_valid)
    if not signature.is_valid:
        raise typer.Exit(1)


def check_signature(settings: "Settings", path: Path) -> "Signature":
    """Check a file against the clinic's certificates; needs no database.

    Raises UnusableSigningKey, InvalidInput, CannotCheck.
    """
    from dashboard.wiring import signing_keys
    from services.pdf import signing

    known = signing_keys(settings).read().certificates
    return signing.check_apart(path.read_bytes(), known)


def signature_in_words(signature: "Signature") -> str:
    """Return the state of the signature in a sentence, and when it was signed."""
    at = signature.signed_at
    when = f" Signed {at:%Y-%m-%d %H:%M %Z}." if at else ""
    return f"{signature.state}: {signature.state.sentence}{when}"
