"""A time zone whose rules PostgreSQL and this machine know differently is noticed."""

from contextlib import closing
from datetime import UTC, date, datetime

import pytest

from db.postgres import SYSTEM, Database, clock_rules

WINTER = datetime(2026, 1, 15, 12, tzinfo=UTC)


@pytest.fixture
def database(endpoints):
    with closing(Database(endpoints)) as database:
        yield database


def first_difference(database, zone):
    return database.read_latest(
        lambda session: clock_rules.first_difference(session, zone, WINTER),
        identity=SYSTEM,
    ).value


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe"]
)
def test_two_copies_of_the_same_rules_have_the_same_clock(database, zone):
    assert first_difference(database, zone) is None


def test_the_first_day_with_another_clock_is_named(database):
    # To PostgreSQL it is an abbreviation, without summer time.
    assert first_difference(database, "CET") == date(2026, 3, 29)


def test_whoever_starts_the_clinic_is_told_of_other_clocks(database):
    assert clock_rules.warning(database, "Europe/Berlin") is None
    assert "CHARTROOM_TIMEZONE=CET" in (clock_rules.warning(database, "CET") or "")
