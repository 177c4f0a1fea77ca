"""A failover loses no acknowledged booking, and doubles none.

These tests break a cluster of their own.
"""

import os
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from random import Random
from threading import Event

import pytest
from sqlalchemy import func, select

from db.models.booking import Appointment, Booking, BookingSlot
from db.postgres import SYSTEM, Database
from jobs.visits import booking_proof
from services.core.errors import Conflict
from services.visits.booking import bookings
from tests.conftest import fresh_database
from tests.kit import cast
from tests.kit.breaking import switch_over
from tests.kit.waiting import eventually
from tests.services.visits.booking.bookings import samples
from tests.services.visits.booking.bookings.samples import wanting

pytestmark = pytest.mark.cluster

CLERK = cast.act_as(cast.CLEO)
CLIENTS, SLOTS, PEOPLE = 8, 400, 40


@pytest.fixture
def endpoints(breakable):
    with fresh_database(breakable.addresses) as endpoints:
        yield endpoints
        breakable.wait_until_whole()


@pytest.fixture
def database(endpoints):
    with closing(Database(endpoints, pool_size=CLIENTS)) as database:
        yield database


def kill(cluster):
    """Kill the leader's server, and wait until another one leads."""
    former = cluster.primary()
    os.kill(former.postmaster().pid, signal.SIGKILL)
    eventually(cluster.primary, lambda leads: leads and leads is not former)


BREAKING = {"switched over": switch_over, "killed": kill}


class Bookers:
    """People who book and give back as fast as they can, and remember the answers."""

    def __init__(self, database):
        self._database = database
        self._done = Event()
        self.acknowledged = {}
        self.errors = []
        self.lost_races = 0

        def settle(session):
            doctor = cast.add_doctor(session)
            slots = [samples.slot(session, doctor, number) for number in range(SLOTS)]
            return slots, [cast.add_patient(session).id for _ in range(PEOPLE)]

        self._slots, self._people = database.write(settle, identity=SYSTEM).value

    def work(self, breaking):
        with ThreadPoolExecutor(CLIENTS) as threads:
            chances = map(Random, range(CLIENTS))
            working = [threads.submit(self._book, chance) for chance in chances]
            try:
                self._await_more()
                breaking()
                self._await_more()
            finally:
                self._done.set()
            for future in working:
                future.result()

    def _await_more(self):
        before = len(self.acknowledged)
        eventually(lambda: self.errors or len(self.acknowledged) >= before + 10)

    def _book(self, chance):
        while not self._done.is_set():
            # A few slots at a time, so that they compete.
            slot = self._slots[len(self.acknowledged) + chance.randrange(4)]
            try:
                self._book_one(slot, chance.choice(self._people))
            except Conflict:
                self.lost_races += 1
            except Exception as error:
                self.errors.append(error)

    def _book_one(self, slot, patient):
        request = wanting(slot, patient)
        held = self._write(lambda s: bookings.hold(s, CLERK, request))
        bookings.require_held(held)
        confirmed = self._write(lambda s: bookings.confirm(s, CLERK, held.id))
        self.acknowledged[confirmed.id] = confirmed.slot_id

    def _write(self, operation):
        return self._database.write(operation, identity=CLERK.database_identity).value


@pytest.mark.parametrize("how", BREAKING)
def test_what_was_acknowledged_stands_and_is_nobody_elses(breakable, database, how):
    bookers = Bookers(database)

    bookers.work(lambda: BREAKING[how](breakable))

    with database.writing(identity=SYSTEM) as session:
        rows = session.execute(
            select(BookingSlot.booking_id, BookingSlot.slot_id).where(
                BookingSlot.status == "booked"
            )
        )
        booked = dict(map(tuple, rows))
        confirmed = session.scalars(
            select(Booking.slot_id).where(Booking.status == "confirmed")
        ).all()
        visits = session.scalar(select(func.count()).select_from(Appointment))
    assert bookers.errors == []
    assert booked == bookers.acknowledged
    assert len(booked) > 10
    assert bookers.lost_races > 0
    assert set(Counter(confirmed).values()) == {1}
    assert visits == len(booked)


def test_of_two_hundred_one_wins_while_the_leader_is_killed(
    breakable, database, endpoints
):
    # They race during a switchover in tests/api/fhir/test_booking_race.py.
    with ThreadPoolExecutor(1) as aside:
        racing = aside.submit(booking_proof.prove, database, endpoints, None)
        # In the middle: the first have been answered, most have not.
        eventually(lambda: _answered(database), pause_seconds=0)
        kill(breakable)
        proof = racing.result(timeout=120)

    assert (proof.won, proof.lost, proof.others) == (1, 199, 0)
    assert proof.holds


def _answered(database):
    count = select(func.count()).select_from(Booking)
    return database.read_latest(
        lambda session: session.scalar(count), identity=SYSTEM
    ).value
