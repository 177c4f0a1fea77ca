"""Without a primary reads continue, and writes do not wait in vain."""

from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy import text

from db.postgres import Database, DatabaseUnavailable, Lsn, NoPrimary, NotOnReplica
from db.postgres.watching import absence as absences
from db.postgres.watching.absence import Leadership
from tests.kit.waiting import in_time

NOWHERE = "postgresql://nobody@127.0.0.1:1/gone?connect_timeout=1"
NOBODY_HAS_IT = Lsn.parse("7FFFFFFF/0")


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(absences, "monotonic", clock)
    return clock


def test_an_absence_begins_when_it_is_first_seen_and_ends_at_once(clock):
    leadership = Leadership(5)
    leadership.note(is_led=True)
    assert leadership.absence() is None

    leadership.note(is_led=False)
    since = leadership.absence().since
    clock.now += 4
    leadership.note(is_led=False)

    assert leadership.absence().since == since
    assert (leadership.absence().seconds, leadership.absence().is_lasting) == (4, False)
    clock.now += 1
    assert leadership.absence().is_lasting
    leadership.note(is_led=True)
    assert leadership.absence() is None


def test_a_gap_counts_for_a_minute_after_it(clock):
    leadership = Leadership(5)
    assert leadership.gap_seconds() == 0

    leadership.note(is_led=False)
    clock.now += 900
    assert leadership.gap_seconds() == 900
    leadership.note(is_led=True)
    clock.now += 59
    assert leadership.gap_seconds() == 900
    clock.now += 2

    assert leadership.gap_seconds() == 0


def test_gaps_that_follow_each_other_closely_are_one(clock):
    leadership = Leadership(5)
    for is_led in (False, True, False):
        leadership.note(is_led=is_led)
        clock.now += 30

    assert leadership.gap_seconds() == 90


@pytest.fixture(scope="module")
def alone(with_notes):
    """The addresses of the replicas, without a primary."""
    with closing(Database(with_notes)) as database:
        followers = {node.name for node in database.nodes() if node.role == "replica"}
    urls = with_notes.replica_urls.items()
    return replace(
        with_notes,
        database_url=NOWHERE,
        replica_urls={name: url for name, url in urls if name in followers},
    )


def select_one(session):
    return session.scalar(text("SELECT 1"))


def test_while_somebody_leads_there_is_no_absence(database):
    database.nodes()

    assert database.absence() is None


def test_once_it_lasts_a_replica_answers_without_the_callers_last_write(alone):
    with closing(Database(alone, read_only_after_seconds=0.5)) as database:
        read = database.read(select_one, after=NOBODY_HAS_IT)

        assert (read.value, read.served.role) == (1, "replica")
        with database.reading(NOBODY_HAS_IT) as session:
            assert select_one(session) == 1


def test_before_that_nothing_older_is_shown(alone):
    patient = {"read_only_after_seconds": 60, "retry_seconds": 0.3}
    with (
        closing(Database(alone, **patient)) as database,
        pytest.raises(DatabaseUnavailable),
    ):
        database.read(select_one, after=NOBODY_HAS_IT)


def test_what_must_be_the_latest_is_never_read_on_a_replica(alone):
    settings = {"read_only_after_seconds": 0, "retry_seconds": 0.3}
    with (
        closing(Database(alone, **settings)) as database,
        pytest.raises(DatabaseUnavailable),
    ):
        database.read_latest(select_one)


def test_nobody_is_told_that_something_does_not_exist_while_nobody_leads(alone):
    def missing(session):
        raise LookupError

    settings = {"read_only_after_seconds": 0, "retry_seconds": 600}
    with closing(Database(alone, **settings)) as database:
        database.nodes()
        with pytest.raises(NotOnReplica):
            in_time(lambda: database.find(missing, missing=LookupError))


def test_a_write_that_waited_in_vain_says_since_when(alone):
    with closing(Database(alone, retry_seconds=0.5)) as database:
        database.nodes()
        with pytest.raises(NoPrimary) as refusal:
            database.write(select_one)

        assert refusal.value.since == database.absence().since


def test_nobody_waits_for_who_has_been_away_for_longer_than_that(alone, clock):
    with closing(Database(alone, retry_seconds=600)) as database:
        database.nodes()
        clock.now += 601
        with pytest.raises(NoPrimary):
            in_time(lambda: database.write(select_one))


def test_what_gives_way_waits_only_until_reads_go_on(alone):
    settings = {"read_only_after_seconds": 0.5, "retry_seconds": 600}
    with closing(Database(alone, **settings)) as database:
        database.nodes()
        with pytest.raises(NoPrimary):
            in_time(lambda: database.write(select_one, gives_way=True))
