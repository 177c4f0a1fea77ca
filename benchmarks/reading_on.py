"""The cost of reading on without a primary: with one nothing, without one an fsync.

Reads a patient's record in somebody's name, with and without a spool, and stores events
in one. Run as `python -m benchmarks.reading_on`; CHARTROOM_TEST_CLUSTER names a
cluster.
"""

import sys
import tempfile
import timeit
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from uuid import uuid4

from benchmarks.fresh import endpoints
from benchmarks.measure import compare
from db.files.file_keys import FileKeys
from db.postgres import Database
from db.spool import Spool
from services.core import audit
from services.core.actor_database import ActorDatabase
from services.core.actors import Actor, Role
from services.core.audit import Action
from services.core.audit_without_primary import AuditSpool
from services.patients.records import patients
from services.patients.records.model import PatientDraft

ROUNDS = 300
_CLERK = Actor(uuid4(), "Cleo Clerk", Role.STAFF)
_ADA = PatientDraft(
    first_name="Ada",
    last_name="Lovelace",
    date_of_birth=date(1985, 12, 10),
    email="ada@example.org",
)


def main() -> float:
    """Print the lines and return the ratio with a primary; above 1.1 is a defect."""
    with (
        tempfile.TemporaryDirectory() as folder,
        endpoints() as fresh,
        closing(Database(fresh)) as database,
    ):
        keys = FileKeys(Path(folder) / "file.keys", may_be_made=True)
        spool = AuditSpool(Spool(Path(folder) / "spool", keys))
        looking = _look(ActorDatabase(database, _CLERK, spool=spool))
        ratio = compare(
            "look with a primary",
            looking,
            _look(ActorDatabase(database, _CLERK)),
            rounds=ROUNDS,
        )
        _say("is there a primary", database.absence)
        _say("is the spool empty", lambda: spool.is_empty)
        event = audit.event_of(_CLERK, Action.PATIENT_READ, patient_id=uuid4())
        _say("keep one event, on the disk", lambda: spool.keep([event]))
        return ratio


def _look(desk: ActorDatabase) -> Callable[[], object]:
    registered = desk.write(
        lambda s: patients.register(
            s, _CLERK, _ADA, today=date(2026, 11, 20), patient_id=uuid4()
        )
    )
    patient_id, after = registered.value.id, registered.lsn
    return lambda: desk.read(
        lambda s: patients.get_patient(s, _CLERK, patient_id), after=after
    )


def _say(what: str, action: Callable[[], object]) -> None:
    seconds = min(timeit.repeat(action, number=100, repeat=5)) / 100
    print(f"{what}: {seconds * 1_000_000:.1f} µs")


if __name__ == "__main__":
    sys.exit(main() > 1.1)
