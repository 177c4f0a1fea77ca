"""The job that removes expired holds, on a real database."""

from db.models.booking import BookingSlot, Newcomer
from db.postgres import SYSTEM
from jobs.visits import holds
from services.visits.booking import bookings
from services.visits.booking.bookings import tidying
from tests.kit import cast
from tests.services.visits.booking.bookings import samples
from tests.services.visits.newcomers import newcomer_samples

LOG = holds.__name__


def test_all_that_ran_out_is_tidied_away_in_small_steps(
    database, clerk, monkeypatch, caplog
):
    monkeypatch.setattr(tidying, "_AT_ONCE", 2)

    def settle(session):
        doctor = cast.add_doctor(session)
        for number in range(5):
            slot = samples.slot(session, doctor, number)
            wish = samples.wanting(slot, cast.add_patient(session).id)
            held = bookings.hold(session, clerk, wish)
            samples.let_pass(session, held, 121)

    database.write(settle, identity=SYSTEM)

    with caplog.at_level("INFO"):
        holds.tidy(database)

    # Read from the primary: a replica may still show what has been removed.
    left = database.read_latest(
        lambda session: samples.count(session, BookingSlot), identity=SYSTEM
    )
    assert left.value == 0
    messages = [record.getMessage() for record in caplog.records if record.name == LOG]
    assert messages == [
        "2 holds ran out and are EXPIRED.",
        "2 holds ran out and are EXPIRED.",
        "1 hold ran out and is EXPIRED.",
    ]


def test_newcomers_holds_are_tidied_and_counted_and_later_forgotten(database, caplog):
    def settle(session):
        doctor = cast.add_doctor(session)
        for number in range(2):
            held = newcomer_samples.hold(session, samples.slot(session, doctor, number))
            newcomer_samples.let_pass(session, held.id, 26 * 60 * 60)

    database.write(settle, identity=SYSTEM)

    with caplog.at_level("INFO"):
        holds.tidy(database)
        holds.forget(database)

    left = database.read_latest(
        lambda session: samples.count(session, Newcomer), identity=SYSTEM
    )
    assert left.value == 0
    messages = [record.getMessage() for record in caplog.records if record.name == LOG]
    assert messages == [
        "2 newcomers' holds ran out and are FAILED.",
        "Deleted the names and addresses of 2 newcomers.",
    ]
