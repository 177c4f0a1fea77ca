"""One process of a race for a slot: it gets its task, and waits for the start signal.

Run as `python -m jobs.visits.booking_race` by `jobs.visits.booking_proof`, which
communicates with it in lines of JSON.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict
from threading import Barrier
from time import perf_counter
from typing import Any, Final
from uuid import UUID, uuid4

from pydantic_core import to_jsonable_python

from db.endpoints import Endpoints
from db.postgres import Database
from services.core.actors import PROVER
from services.visits.booking import proving
from services.visits.booking.proving import HoldAttempt

# All processes together stay far below the servers' connection limit.
_CONNECTIONS: Final = 12


def main() -> None:
    """Race as the first line says, once the second one comes; answer with a line."""
    given = json.loads(sys.stdin.readline())
    slot_id = UUID(given["slot_id"])
    patients = [UUID(patient_id) for patient_id in given["patient_ids"]]
    sizes: dict[str, Any] = {"pool_size": _CONNECTIONS, "pool_overflow": 0}
    with (
        closing(Database(Endpoints(**given["endpoints"]), **sizes)) as database,
        ThreadPoolExecutor(len(patients)) as threads,
    ):
        database.nodes()
        ready = Barrier(len(patients) + 1)
        going = [
            threads.submit(_race, database, slot_id, patient_id, ready)
            for patient_id in patients
        ]
        _say("ready")
        sys.stdin.readline()
        ready.wait()
        hold_attempts = [to_jsonable_python(asdict(race.result())) for race in going]
    _say(json.dumps(hold_attempts))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _race(
    database: Database, slot_id: UUID, patient_id: UUID, ready: Barrier
) -> HoldAttempt:
    key = uuid4()
    ready.wait()
    begun = perf_counter()
    try:
        answer, booking_id = database.write(
            lambda session: proving.attempt(session, slot_id, patient_id, key),
            identity=PROVER.database_identity,
        ).value
    except Exception as error:
        return HoldAttempt(type(error).__name__, None, _since(begun))
    return HoldAttempt(answer, booking_id, _since(begun))


def _since(begun: float) -> float:
    return (perf_counter() - begun) * 1000


if __name__ == "__main__":
    main()
