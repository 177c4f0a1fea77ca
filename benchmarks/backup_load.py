"""How much a running backup slows down a booking.

    python -m benchmarks.backup_load [--megabytes N] [--times N] [--a-second N]
        [--work-percent N]

Starts Chartroom as a person does, with servers, web process and worker, fills it with
rows of that size and with slots, and books visits at the pace of a front desk: a slot
is held and confirmed through the services, as its page does it. In turns the worker is
asked for a full backup and an incremental one, as by *Back up now*, and nothing is
backed up for as long as the two took. The log is kept all the time.

A second figure is the variation of the machine itself: the same turns again, with
nothing backed up in either. Two hours of the same kind differ by as much.
"""

import argparse
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from threading import Event, Thread
from typing import Final
from uuid import UUID, uuid4

import psycopg2

from benchmarks.clinic import CHANGE, FILL
from benchmarks.holds import Wish, fill_with_slots
from db import embedded
from db.backups.repository import Repository
from db.embedded import Addresses
from db.embedded.servers import database_roles
from db.postgres import SYSTEM, Database
from db.settings import Settings
from services import backups
from services.core.actor_database import ActorDatabase
from services.core.actors import CONSOLE, Actor, Role
from services.visits.booking import bookings
from services.visits.booking.bookings import BookingRequest
from services.visits.booking.bookings.errors import NoSuchSlot
from tests.launch.launcher import Launcher, sweep

_BAR: Final = 0.05
_CLERK: Final = Actor(UUID(int=1), "Cleo Clerk", Role.STAFF)
_DAY_SECONDS: Final = 86_400
# Longer than a full one takes, and shorter than a turn and the two without any.
_FULL_EVERY_SECONDS: Final = 150
_LOOK_SECONDS: Final = 0.2
_FIRST_SECONDS: Final = 15.0


class _FrontDesk:
    """Books one visit after another, each when somebody comes."""

    def __init__(self, database: Database, wishes: Iterator[Wish], rate: float) -> None:
        self._desk = ActorDatabase(database, _CLERK)
        self._wishes = wishes
        self._pace = random.Random(17)
        self._rate = rate

    def work(self, until: Event) -> list[float]:
        """Book until it is over; return the seconds that each booking took."""
        seconds = list[float]()
        while not until.wait(self._pace.expovariate(self._rate)):
            wish = next(self._wishes)
            began = time.perf_counter()
            self._book(wish)
            seconds.append(time.perf_counter() - began)
        return seconds

    def _book(self, wish: Wish) -> None:
        request = BookingRequest(*wish, attempt=uuid4())
        # The worker withdraws slots that are in no doctor's plan.
        with suppress(NoSuchSlot):
            held = self._desk.write(lambda s: bookings.hold(s, _CLERK, request)).value
            bookings.require_held(held)
            self._desk.write(lambda s: bookings.confirm(s, _CLERK, held.id))


@contextmanager
def _running(data: Path, work_percent: int) -> Iterator[Addresses]:
    launcher = Launcher(data, "--empty")
    try:
        launcher.start(
            CHARTROOM_BACKUP_FULL_EVERY_DAYS=str(_FULL_EVERY_SECONDS / _DAY_SECONDS),
            CHARTROOM_BACKUP_WORK_PERCENT=str(work_percent),
        )
        launcher.await_ready()
        yield embedded.attach(data)
        launcher.stop(signal.SIGTERM)
    finally:
        sweep(launcher)


def _execute(addresses: Addresses, *statements: str) -> None:
    url = addresses.primary_url("postgres", database_roles.NAME)
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


def _back_up(database: Database) -> None:
    """Have the worker make a backup, and wait for it."""
    request = database.write(
        lambda session: backups.request_backup(session, CONSOLE), identity=SYSTEM
    ).value
    while True:
        time.sleep(_LOOK_SECONDS)
        newest = database.read_latest(
            lambda session: backups.newest_request(session, CONSOLE), identity=SYSTEM
        ).value
        if newest is None or newest.id != request.id or newest.failure:
            raise RuntimeError(newest and newest.failure)
        if not newest.is_open:
            return


def _during(desk: _FrontDesk, what: Callable[[], None]) -> tuple[list[float], float]:
    """Book while something runs; return the bookings' times, and how long it ran."""
    over, booked = Event(), list[float]()
    thread = Thread(target=lambda: booked.extend(desk.work(over)))
    began = time.perf_counter()
    thread.start()
    try:
        what()
    finally:
        lasted = time.perf_counter() - began
        over.set()
        thread.join()
    return booked, lasted


def _ninety_five(seconds: list[float]) -> float:
    return quantiles(seconds, n=20)[-1]


def _line(name: str, seconds: list[float]) -> str:
    return (
        f"{name:24} {len(seconds):6,} bookings, median {median(seconds) * 1000:6.1f} "
        f"ms, 95 % under {_ninety_five(seconds) * 1000:6.1f} ms"
    )


def _change(addresses: Addresses, seconds: float) -> None:
    """Make the changes between two backups, in the middle of an interval."""
    # Their cost would be there without a backup, too.
    time.sleep(seconds / 2)
    _execute(addresses, CHANGE)
    time.sleep(seconds / 2)


def main() -> float:
    """Print the lines; return the increase of the 95th percentile, as a share."""
    parser = argparse.ArgumentParser(description="Book while backups are made.")
    parser.add_argument("--megabytes", type=int, default=300, help="of rows")
    parser.add_argument("--times", type=int, default=8)
    parser.add_argument("--a-second", type=float, default=5.0, help="bookings")
    usual = Settings.model_fields["backup_work_percent"].default
    parser.add_argument("--work-percent", type=int, default=usual, help="of the time")
    wanted = parser.parse_args()
    during, idle, again = list[float](), list[float](), list[float]()
    with (
        tempfile.TemporaryDirectory(prefix="chartroom-load-") as folder,
        _running(Path(folder) / "data", wanted.work_percent) as addresses,
        closing(Database(addresses.endpoints)) as database,
    ):
        _execute(addresses, FILL.format(rows=wanted.megabytes * 1000 * 7 // 8))
        _execute(addresses, "VACUUM ANALYZE filled", "CHECKPOINT")
        wishes = iter(fill_with_slots(database))
        desk = _FrontDesk(database, wishes, wanted.a_second)

        def full_and_incremental() -> None:
            _back_up(database)
            _execute(addresses, CHANGE)
            _back_up(database)

        _during(desk, lambda: time.sleep(_FIRST_SECONDS))
        for number in range(1, wanted.times + 1):
            booked, lasted = _during(desk, full_and_incremental)
            during += booked
            print(f"{number:3}: full and incremental in {lasted:.1f} s", flush=True)
            pause = partial(_change, addresses, max(lasted, _FULL_EVERY_SECONDS / 2))
            for turn in (idle, again):
                turn.extend(_during(desk, pause)[0])
        kept = Repository(Path(folder) / "data" / "backups").survey().sets
    fulls = sum(each.is_full for each in kept)
    print(f"{fulls} full and {len(kept) - fulls} incremental backups were made")
    print(_line("while backups are made", during))
    print(_line("without", idle))
    print(_line("without, once more", again))
    added = _ninety_five(during) / _ninety_five(idle + again) - 1
    noise = abs(_ninety_five(again) / _ninety_five(idle) - 1)
    print(
        f"a backup adds to the 95th percentile of booking: {added:+.1%}, bar "
        f"{_BAR:.0%} (without one, two turns differ by {noise:.1%})"
    )
    return added


if __name__ == "__main__":
    sys.exit(main() > _BAR)
