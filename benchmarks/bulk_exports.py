"""Bulk exports by FHIR, against a COPY of the same rows to a file.

Run as `python -m benchmarks.bulk_exports`, or with the number of patients. Ours is an
export as a worker makes it: requested, read on a replica as of one time, written as
FHIR's JSON, sealed, and stored in MongoDB. The peer is `COPY ... TO STDOUT` of the same
rows and columns from the same replica to a file, flushed to disk. Both are measured in
rows per second; the bar is 0.5.
"""

import os
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import NamedTemporaryFile
from time import perf_counter
from typing import Final
from uuid import uuid4

from api.fhir.table import BULK_SOURCES
from benchmarks import dataset
from db import schema
from db.embedded import Addresses
from db.embedded.servers.database_roles import NAME
from db.files.file_keys import FileKeys
from db.files.gridfs import FileStore
from db.postgres import Database
from jobs.fhir.exporting import BulkExporter
from services.core.actors import Actor, Role
from services.demo import seeding
from services.fhir import bulk_exports
from services.fhir.bulk_exports.model import ExportRequest
from services.patients.records.rows import COLUMNS

CLERK: Final = Actor(uuid4(), "benchmark", Role.STAFF)
_ROUNDS: Final = 3
_COLUMNS: Final = ", ".join(column.key for column in COLUMNS)
_PATIENTS: Final = f"SELECT {_COLUMNS} FROM patients WHERE erased_at IS NULL"
# An allergy has the version of its record; the statement that there are none is one,
# too.
_ALLERGIES: Final = """
SELECT id, version, updated_at, created_at,
    unnest(CASE WHEN no_known_allergies THEN '{none}' ELSE allergies END)
FROM patients WHERE erased_at IS NULL
"""
_COPIED: Final = {"Patient": _PATIENTS, "AllergyIntolerance": _ALLERGIES}


def main() -> None:
    """Print the cost of exports of all patients compared with copies."""
    patients = int(sys.argv[1]) if len(sys.argv) > 1 else dataset.PATIENTS
    keys = FileKeys(dataset.DATA / "benchmark.keys", may_be_made=True)
    with (
        dataset.cluster() as addresses,
        closing(Database(addresses.endpoints)) as database,
        closing(FileStore(addresses.endpoints.mongo_url, keys=keys)) as files,
    ):
        schema.bring_up_to_date(addresses.endpoints)
        seeding.seed(database, patients=patients, today=dataset.TODAY)
        dataset.await_replay(database)
        for kinds in (("Patient",), ("AllergyIntolerance",), tuple(_COPIED)):
            _compare(database, files, addresses, kinds)


def _compare(
    database: Database, files: FileStore, addresses: Addresses, kinds: tuple[str, ...]
) -> None:
    ours, peer = [], []
    rows = 0
    for _ in range(_ROUNDS):
        rows, seconds = _timed(lambda: _export(database, files, kinds))
        ours.append(rows / seconds)
        copied, seconds = _timed(lambda: _copy(database, addresses, kinds))
        peer.append(copied / seconds)
    ratio = median(ours) / median(peer)
    print(
        f"{' and '.join(kinds)}, {rows:,} rows: ours {median(ours):,.0f} rows/s, "
        f"peer {median(peer):,.0f} rows/s, ratio {ratio:.2f}",
        flush=True,
    )


def _timed(operation: Callable[[], int]) -> tuple[int, float]:
    begun = perf_counter()
    return operation(), perf_counter() - begun


def _export(database: Database, files: FileStore, kinds: tuple[str, ...]) -> int:
    request = ExportRequest("/fhir/$export", kinds, "Measured beside a copy")
    identity = CLERK.database_identity
    export_id = database.write(
        lambda session: bulk_exports.ask(session, CLERK, request), identity=identity
    ).value.id
    BulkExporter(
        database, files, lambda: BULK_SOURCES, lambda: datetime.now(UTC)
    ).look()
    made = database.read_latest(
        lambda session: bulk_exports.get(session, CLERK, export_id), identity=identity
    ).value
    gone = database.write(
        lambda session: bulk_exports.give_up(session, CLERK, export_id),
        identity=identity,
    )
    bulk_exports.discard(files, gone.value)
    return sum(file.count for file in made.files)


def _copy(database: Database, addresses: Addresses, kinds: tuple[str, ...]) -> int:
    rows = 0
    with (
        dataset.side_by_side(database, addresses, NAME, CLERK.database_identity) as (
            _,
            raw,
        ),
        NamedTemporaryFile(dir=Path(dataset.DATA)) as file,
        raw.cursor() as cursor,
    ):
        for kind in kinds:
            cursor.copy_expert(f"COPY ({_COPIED[kind]}) TO STDOUT", file, 1 << 17)
            rows += cursor.rowcount
        file.flush()
        os.fsync(file.fileno())
    return rows


if __name__ == "__main__":
    main()
