"""How much slower `seed` is than COPY of the same rows into the same table.

Run it as `python -m benchmarks.imports [PATIENTS]`. The peer's rows are ready in
memory, and it owns the table, as COPY requires. `seed` also has to invent them and
their doctors, use a table in between, gather statistics, and index the rows that GIN
has deferred. Both begin with an empty table that has all its indexes.
"""

import sys
from contextlib import closing
from dataclasses import replace
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks import fresh
from benchmarks.measure import compare
from db.postgres import Database
from db.postgres.copying import copy_lines
from services.demo import seeding
from services.demo.seeding import blocks
from tests.conftest import owner

PATIENTS = 100_000
TODAY = date(2026, 1, 1)


def main(patients: int) -> float:
    """Print the line and return the ratio."""
    lines = list(blocks.lines(1, 0, patients, TODAY))
    with (
        fresh.endpoints() as endpoints,
        closing(Database(endpoints)) as database,
        closing(Database(replace(endpoints, database_url=owner(endpoints)))) as owned,
    ):

        def ours() -> None:
            owned.write(_empty)
            seeding.seed(database, patients=patients, today=TODAY)

        def peer() -> None:
            owned.write(_empty)
            owned.write(lambda session: _copy(session, lines))

        return compare("import", ours, peer, rounds=5, unit="s")


def _empty(session: Session) -> None:
    session.execute(text("TRUNCATE patients, doctors, clinical_terms CASCADE"))


def _copy(session: Session, lines: list[str]) -> None:
    copy_lines(session, "patients", blocks.COLUMNS, lines)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PATIENTS)
