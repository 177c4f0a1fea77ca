"""Runs the proof of booking holds, with several processes at once."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any, Final
from uuid import UUID

from db.endpoints import Endpoints
from db.postgres import SYSTEM, Database
from services.core.actors import Actor
from services.visits.booking import proving
from services.visits.booking.proving import ATTEMPTS, HoldAttempt, Proof, Scratch

PROCESSES: Final = 4
_ROOT: Final = Path(__file__).resolve().parents[2]


class RacersFailed(Exception):
    """A process of the race ended before it had answered."""


def prove(
    database: Database,
    endpoints: Endpoints,
    actor: Actor | None,
    *,
    attempts: int = ATTEMPTS,
    processes: int = PROCESSES,
) -> Proof:
    """Race for a scratch slot, and return the result; durations are in seconds.

    Without an actor it runs for the command line. Raises NotAllowed, RacersFailed,
    DatabaseUnavailable.
    """
    if actor is not None:
        proving.require_prover(actor)
    scratch = database.write(
        lambda session: proving.create_scratch(session, attempts), identity=SYSTEM
    ).value
    proof = None
    try:
        hold_attempts, seconds = _race(endpoints, scratch, processes)
        proof = database.read_latest(
            lambda session: proving.evaluate(
                session, scratch, hold_attempts, processes=processes, seconds=seconds
            ),
            identity=SYSTEM,
        ).value
    finally:
        database.write(
            lambda session: proving.clear(session, scratch, proof, actor),
            identity=SYSTEM,
        )
    return proof


def _race(
    endpoints: Endpoints, scratch: Scratch, processes: int
) -> tuple[list[HoldAttempt], float]:
    """Start all at the same moment; return their answers, and how long it took."""
    given = [
        json.dumps(
            {
                "endpoints": asdict(endpoints),
                "slot_id": str(scratch.slot_id),
                "patient_ids": list(map(str, scratch.patient_ids[number::processes])),
            }
        )
        for number in range(processes)
    ]
    with ExitStack() as stack:
        racers = [stack.enter_context(_racer(line)) for line in given]
        for racer in racers:
            _expect(racer)
        begun = perf_counter()
        for racer in racers:
            _tell(racer, "go")
        hold_attempts = [
            _hold_attempt_of(attempt)
            for racer in racers
            for attempt in json.loads(_expect(racer))
        ]
        return hold_attempts, perf_counter() - begun


@contextmanager
def _racer(given: str) -> Iterator["subprocess.Popen[str]"]:
    # Through the pipe: passwords must not be on a command line.
    with subprocess.Popen(
        [sys.executable, "-m", "jobs.visits.booking_race"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
    ) as process:
        try:
            _tell(process, given)
            yield process
        finally:
            process.kill()


def _tell(racer: "subprocess.Popen[str]", line: str) -> None:
    assert racer.stdin is not None  # noqa: S101 (opened as a pipe)
    racer.stdin.write(f"{line}\n")
    racer.stdin.flush()


def _expect(racer: "subprocess.Popen[str]") -> str:
    assert racer.stdout is not None  # noqa: S101
    line = racer.stdout.readline()
    if not line:
        raise RacersFailed("A process of the race ended before it had answered.")
    return line


def _hold_attempt_of(attempt: dict[str, Any]) -> HoldAttempt:
    booking_id = attempt["booking_id"]
    return HoldAttempt(
        attempt["answer"],
        UUID(booking_id) if booking_id else None,
        attempt["milliseconds"],
    )
