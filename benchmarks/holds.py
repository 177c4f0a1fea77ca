"""Holding slots: through the service against the classic transaction.

Ours is `bookings.hold` as the front desk calls it: in its own role, with every rule,
the audit event and the receipt, committed exactly once. The peer is raw psycopg2 as the
owner: BEGIN, SELECT ... FOR UPDATE, INSERT booking, INSERT booking_slot, COMMIT, and no
rule beyond the constraints. Both commits wait for a quorum of the cluster.

Run as `python -m benchmarks.holds`; CHARTROOM_TEST_CLUSTER names a cluster to use.
"""

import gc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from statistics import median
from time import perf_counter
from uuid import UUID, uuid4

import psycopg2
from psycopg2.extensions import connection as DriverConnection  # noqa: N812 - a class
from psycopg2.extras import register_uuid
from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks.fresh import endpoints
from db.endpoints import Endpoints
from db.postgres import SYSTEM, Database
from services.core.actor_database import ActorDatabase
from services.core.actors import Actor, Role
from services.visits.booking import bookings
from services.visits.booking.bookings import BookingRequest
from tests.conftest import owner

CLIENTS = (1, 8)
HOLDS_PER_ROUND = 24
ROUNDS = 30
DOCTORS = 100
SLOTS_PER_DOCTOR = 500
_PATIENTS_PER_DOCTOR = 50
_CLERK = Actor(UUID(int=1), "Cleo Clerk", Role.STAFF)
_FILL = (
    """
INSERT INTO patients (first_name, last_name, date_of_birth, email)
SELECT 'Ada', 'Number ' || number, date '1980-05-17', number || '@example.org'
FROM generate_series(1, :patients) AS number
""",
    """
INSERT INTO doctors (source, source_id, name, speciality, sex)
SELECT 'benchmark', number, 'Doctor ' || number, 'General practice', 'female'
FROM generate_series(1, :doctors) AS number
""",
    """
INSERT INTO slots (doctor_id, starts_at, ends_at)
SELECT doctors.id, time.at, time.at + interval '20 minutes'
FROM doctors, LATERAL (
    SELECT date_trunc('hour', now()) + number * interval '20 minutes' AS at
    FROM generate_series(100, 99 + :slots) AS number
) AS time
WHERE doctors.source = 'benchmark'
""",
)
# No two slots of one patient overlap.
_WISHES = text("""
SELECT slot.id, patient.id
FROM (
    SELECT id, dense_rank() OVER (ORDER BY doctor_id) AS doctor,
        row_number() OVER (PARTITION BY doctor_id ORDER BY starts_at) AS number
    FROM slots
    WHERE doctor_id IN (SELECT id FROM doctors WHERE source = 'benchmark')
) AS slot
JOIN (
    SELECT id, row_number() OVER (ORDER BY id) AS number FROM patients
    WHERE first_name = 'Ada' AND last_name LIKE 'Number %'
) AS patient ON patient.number
    = (slot.doctor - 1) * :patients + (slot.number - 1) % :patients + 1
ORDER BY random()
""")

Wish = tuple[UUID, UUID]
Hold = Callable[[Wish], object]


def main() -> dict[int, float]:
    """Print a line for each number of clients; return the ratios of the rates.

    Below 0.8 at one client, or 0.7 at eight, is a defect.
    """
    with endpoints() as fresh, closing(Database(fresh)) as database:
        wishes = iter(fill_with_slots(database))
        return {clients: _compare(fresh, wishes, clients) for clients in CLIENTS}


def fill_with_slots(database: Database) -> list[Wish]:
    """Fill a database, whoever is in it; return slots and patients in random order."""
    sizes = {
        "patients": DOCTORS * _PATIENTS_PER_DOCTOR,
        "doctors": DOCTORS,
        "slots": SLOTS_PER_DOCTOR,
    }

    def fill(session: Session) -> list[Wish]:
        for statement in _FILL:
            session.execute(text(statement), sizes)
        rows = session.execute(_WISHES, {"patients": _PATIENTS_PER_DOCTOR})
        return [(slot_id, patient_id) for slot_id, patient_id in rows]

    return database.write(fill, identity=SYSTEM).value


def _compare(fresh: Endpoints, wishes: Iterator[Wish], clients: int) -> float:
    with ExitStack() as stack:
        # The peer keeps its connections open, too.
        database = stack.enter_context(closing(Database(fresh, pool_size=clients)))
        threads = stack.enter_context(ThreadPoolExecutor(clients))
        connections = [
            stack.enter_context(closing(psycopg2.connect(owner(fresh))))
            for _ in range(clients)
        ]
        ways = {
            "ours": [_through_the_service(database)] * clients,
            "peer": [_classically(connection) for connection in connections],
        }
        rates: dict[str, list[float]] = {name: [] for name in ways}
        names = list(ways)
        gc.collect()
        for number in range(ROUNDS + 2):
            for name in names:
                rate = _rate(threads, ways[name], wishes)
                if number > 1:
                    rates[name].append(rate)
            names.reverse()
    ours, peer = median(rates["ours"]), median(rates["peer"])
    print(
        f"holds, {clients} clients: ours {ours:,.0f}/s, peer {peer:,.0f}/s, "
        f"ratio {ours / peer:.2f}",
        flush=True,
    )
    return ours / peer


def _rate(
    threads: ThreadPoolExecutor, ways: list[Hold], wishes: Iterator[Wish]
) -> float:
    """Return the rate of holds per second of all clients together."""
    share = HOLDS_PER_ROUND // len(ways)
    shares = [[next(wishes) for _ in range(share)] for _ in ways]

    def work(hold: Hold, wanted: list[Wish]) -> None:
        for wish in wanted:
            hold(wish)

    begun = perf_counter()
    list(threads.map(work, ways, shares))
    return share * len(ways) / (perf_counter() - begun)


def _through_the_service(database: Database) -> Hold:
    desk = ActorDatabase(database, _CLERK)

    def hold(wish: Wish) -> object:
        request = BookingRequest(*wish, attempt=uuid4())
        booking = desk.write(lambda s: bookings.hold(s, _CLERK, request)).value
        return bookings.require_held(booking)

    return hold


def _classically(connection: DriverConnection) -> Hold:
    register_uuid(conn_or_curs=connection)

    def hold(wish: Wish) -> object:
        slot_id, patient_id = wish
        with connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT doctor_id, starts_at, ends_at FROM slots "
                "WHERE id = %s AND withdrawn_at IS NULL FOR UPDATE",
                [slot_id],
            )
            slot = cursor.fetchone()
            if slot is None:
                raise LookupError("There is no such slot.")
            doctor_id, starts_at, ends_at = slot
            cursor.execute(
                "INSERT INTO bookings (slot_id, doctor_id, patient_id, attempt, "
                "expires_at, created_by, created_by_name) "
                "VALUES (%s, %s, %s, %s, now() + interval '2 minutes', %s, %s) "
                "RETURNING id, expires_at",
                [slot_id, doctor_id, patient_id, uuid4(), _CLERK.id, _CLERK.name],
            )
            made = cursor.fetchone()
            if made is None:
                raise LookupError("Nothing was inserted.")
            cursor.execute(
                "INSERT INTO booking_slots (slot_id, booking_id, patient_id, "
                "starts_at, ends_at, status, expires_at) "
                "VALUES (%s, %s, %s, %s, %s, 'held', %s)",
                [slot_id, made[0], patient_id, starts_at, ends_at, made[1]],
            )
            return made

    return hold


if __name__ == "__main__":
    main()
