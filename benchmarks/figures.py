"""A year of figures, and the count of all bookings, among 400,000 slots.

Half of the slots are booked and have had their visit. The figures are those of the page
and of `/metrics`, as they are read when nothing is cached.

Run it with `python -m benchmarks.figures`; the aims are 300 ms and 20 ms.
"""

import statistics
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks.fresh import endpoints
from benchmarks.slot_week import FILL, SIZES
from db.postgres import SYSTEM, Database, DatabaseIdentity
from services.visits.figures import statistics as booking_statistics
from services.visits.figures.statistics import Period
from tests.conftest import connect, owner

_ROUNDS = 7
_VISITS = """
INSERT INTO appointments (booking_id, doctor_id, patient_id, starts_at, ends_at, code)
SELECT bookings.id, bookings.doctor_id, patient_id, starts_at, ends_at,
    upper(translate(substr(md5(bookings.id::text), 1, 10), 'ilou', '1100'))
FROM bookings JOIN slots ON slots.id = slot_id
"""


def main() -> None:
    """Fill a clinic, and time both."""
    with endpoints() as fresh, closing(Database(fresh)) as database:
        database.write(_fill, identity=SYSTEM)
        engine = connect(owner(fresh))
        with engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")
        engine.dispose()
        today = datetime.now(UTC).date()
        year = Period(today, today + timedelta(days=365))
        with database.writing(identity=DatabaseIdentity("admin", uuid4())) as session:
            _time("a year", lambda: booking_statistics.count(session, year, UTC))
        with database.writing(identity=SYSTEM) as session:
            _time("all bookings", lambda: booking_statistics.count_outcomes(session))


def _fill(session: Session) -> None:
    for statement in (*FILL, _VISITS):
        session.execute(text(statement.replace("% 3 = 0", "% 2 = 0")), SIZES)


def _time(name: str, operation: Callable[[], object]) -> None:
    taken = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        operation()
        taken.append((time.perf_counter() - began) * 1000)
    print(f"{name}: {statistics.median(taken):.0f} ms (best {min(taken):.0f} ms)")


if __name__ == "__main__":
    main()
