"""The job that tidies holds away, on a real database."""

from contextlib import closing

import pytest

from db.models.booking import BookingSlot
from db.postgres import SYSTEM, Database
from jobs.visits import holds
from services.visits.booking import bookings
from tests.kit import cast
from tests.services.visits.booking.bookings import samples


@pytest.fixture
def database(endpoints):
    with closing(Database(endpoints)) as database:
        yield database


def test_all_that_ran_out_is_tidied_away_in_small_steps(database, clerk, monkeypatch):
    monkeypatch.setattr(holds, "_AT_ONCE", 2)

    def settle(session):
        doctor = cast.add_doctor(session)
        for number in range(5):
            slot = samples.slot(session, doctor, number)
            wish = samples.wanting(slot, cast.add_patient(session).id)
            held = bookings.hold(session, clerk, wish)
            samples.let_pass(session, held, 121)

    database.write(settle, identity=SYSTEM)

    holds.tidy(database)

    # The primary is asked: a replica may still show what has been tidied away.
    left = database.read_latest(
        lambda session: samples.count(session, BookingSlot), identity=SYSTEM
    )
    assert left.value == 0
