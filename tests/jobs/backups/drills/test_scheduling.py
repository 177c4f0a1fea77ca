"""When a restore drill is due, and how the worker reports its result."""

from datetime import UTC, datetime, timedelta
from threading import Event
from types import SimpleNamespace

import pytest

from db.backups.backup_errors import CheckSkipped, SetBroken
from db.backups.repository import Repository
from db.embedded import CannotStart
from db.postgres import SYSTEM, NoPrimary
from jobs.backups.drills.scheduling import (
    COPY_AGAIN_AFTER,
    DrillPlan,
    RestoreDriller,
)
from services.backups import drills
from tests.jobs.failing_writes import fail_second_write
from tests.kit import backup_sets, cast
from tests.kit.backup_sets import DRILLED

NOW = backup_sets.AS_OF + timedelta(days=3)
DAY, WEEK = timedelta(days=1), timedelta(days=7)
OLDEST = backup_sets.AS_OF
WEEKLY = DrillPlan(WEEK)
OF_COPY = DrillPlan(4 * WEEK, again_after=COPY_AGAIN_AFTER)


def ended(at, failure=None):
    return SimpleNamespace(requested_at=at, failure=failure)


@pytest.mark.parametrize(
    ("plan", "oldest", "newest", "due"),
    [
        (DrillPlan(None), OLDEST, None, None),
        (WEEKLY, None, None, None),
        (WEEKLY, OLDEST, None, NOW + timedelta(minutes=10)),
        (WEEKLY, NOW, None, NOW + timedelta(hours=1)),
        (WEEKLY, OLDEST, ended(NOW - DAY), NOW + WEEK - DAY),
        (WEEKLY, OLDEST, ended(NOW, "No room."), NOW + DAY),
        (DrillPlan(DAY / 2), OLDEST, ended(NOW, "No room."), NOW + DAY / 2),
        (OF_COPY, OLDEST, ended(NOW, "No room."), NOW + WEEK),
        (WEEKLY, OLDEST, ended(NOW - 9 * DAY), NOW + timedelta(minutes=10)),
    ],
    ids=[
        "switched off",
        "nothing to restore",
        "the first, after a start",
        "the first, an hour after the first backup",
        "a week after the last",
        "a day after a broken one",
        "as often as planned",
        "a week after a broken one of the copy, which is fetched anew",
        "long overdue, after a start",
    ],
)
def test_when_the_next_is_due(plan, oldest, newest, due):
    assert plan.due_at(NOW, oldest, newest) == due


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "backups")


class Practice:
    """A drill that proves something, or ends in an error."""

    def __init__(self, error=None):
        self.error = error
        self.times = 0

    def __call__(self, _stopping):
        self.times += 1
        if self.error is not None:
            raise self.error
        return DRILLED


def driller(database, repository, practice, every=None, clock=lambda: NOW):
    return RestoreDriller(database, repository, practice, DrillPlan(every), clock=clock)


def ask(database):
    return database.write(
        lambda session: drills.request_drill(session, cast.act_as(cast.ADAM)),
        identity=SYSTEM,
    ).value


def newest(database):
    return database.read_latest(drills.newest_drill, identity=SYSTEM).value


def test_what_is_asked_for_is_run_once(database, repository):
    practice = Practice()
    worker = driller(database, repository, practice)
    worker.look()
    assert practice.times == 0

    requested = ask(database)
    worker.look()
    worker.look()

    drill = newest(database)
    assert practice.times == 1
    assert (drill.id, drill.proof, drill.failure) == (requested.id, DRILLED, None)
    assert drill.requested_at <= drill.begun_at <= drill.ended_at


def test_one_that_is_due_runs_by_itself_and_the_next_waits_for_a_week(
    database, repository
):
    backup_sets.add_set(repository)
    practice, now = Practice(), [datetime.now(UTC)]
    worker = driller(database, repository, practice, WEEK, clock=lambda: now[0])
    worker.look()
    assert (practice.times, newest(database)) == (0, None)

    now[0] += timedelta(hours=2)
    worker.look()
    worker.look()
    assert practice.times == 1
    assert newest(database).requested_by_name is None

    now[0] += WEEK
    worker.look()
    assert practice.times == 2


def test_while_a_backup_is_made_it_waits(database, repository):
    repository.claim(backup_sets.SYSTEM_ID)
    practice = Practice()
    worker = driller(database, repository, practice)
    ask(database)

    with repository.held():
        worker.look()
        assert practice.times == 0
    worker.look()

    assert practice.times == 1


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (SetBroken("base of backup 7 was changed."), "base of backup 7 was changed."),
        (CheckSkipped("No replica could say."), "No replica could say."),
        (CannotStart("No cluster runs."), "No cluster runs."),
        (OSError(5, "Input/output error"), "cannot be read (Input/output error)"),
        (RuntimeError("Ada Lovelace"), "an unexpected error"),
    ],
    ids=["broken", "skipped", "no cluster", "the disk", "unforeseen"],
)
def test_one_that_shows_nothing_is_broken_and_says_why(
    database, repository, error, sentence
):
    ask(database)
    driller(database, repository, Practice(error)).look()

    drill = newest(database)
    assert drill.proof is None
    assert sentence in drill.failure
    assert "Ada" not in drill.failure


def test_an_end_that_nobody_could_write_down_is_written_later(
    database, repository, monkeypatch
):
    practice = Practice()
    worker = driller(database, repository, practice)
    ask(database)
    fail_second_write(monkeypatch, database)
    with pytest.raises(NoPrimary):
        worker.look()
    assert newest(database).is_open

    worker.look()

    assert newest(database).proof == DRILLED
    assert practice.times == 1


def test_one_that_a_stopped_worker_gave_up_is_run_by_the_next(database, repository):
    stopping = Event()

    def give_up(source):
        stopping.set()
        raise CheckSkipped("The log did not come so far.")

    ask(database)
    worker = driller(database, repository, give_up)
    worker._stopping = stopping
    worker.look()
    assert newest(database).is_open

    driller(database, repository, Practice()).look()

    assert newest(database).proof == DRILLED


def test_one_that_the_worker_of_before_still_runs_is_left_to_it(database, repository):
    repository.claim(backup_sets.SYSTEM_ID)
    ask(database)
    other = Practice()

    def practise(_stopping):
        driller(database, repository, other).look()
        return DRILLED

    driller(database, repository, practise).look()

    assert other.times == 0
    assert newest(database).proof == DRILLED


def test_one_of_the_copy_has_a_plan_of_its_own_and_one_runs_at_a_time(
    database, repository
):
    backup_sets.add_set(repository)
    own, copied, now = Practice(), Practice(), [datetime.now(UTC)]
    worker = RestoreDriller(
        database,
        repository,
        own,
        DrillPlan(WEEK),
        practise_copy=copied,
        copy_plan=DrillPlan(4 * WEEK),
        clock=lambda: now[0],
    )

    def run():
        worker.look()
        return own.times, copied.times

    now[0] += timedelta(hours=2)
    assert run() == (1, 0)
    assert run() == (1, 1)
    assert newest(database).of_copy
    assert run() == (1, 1)
    now[0] += WEEK
    assert run() == (2, 1)
    # As when drills of the local backups are switched off.
    worker._plan = DrillPlan(None)
    assert run() == (2, 1)
    now[0] += 3 * WEEK
    assert run() == (2, 2)


def test_a_broken_one_of_the_copy_is_repeated_and_holds_up_no_other(
    database, repository
):
    backup_sets.add_set(repository)
    own, copied = Practice(), Practice(SetBroken("base of backup 7 was changed."))
    now = [datetime.now(UTC) + timedelta(hours=2)]
    worker = RestoreDriller(
        database,
        repository,
        own,
        DrillPlan(WEEK),
        practise_copy=copied,
        copy_plan=OF_COPY,
        clock=lambda: now[0],
    )
    worker._started_at -= timedelta(hours=4)
    for _ in range(3):
        worker.look()
    assert (own.times, copied.times) == (1, 1)
    now[0] += DAY
    worker.look()
    assert (own.times, copied.times) == (1, 1)
    now[0] += WEEK
    worker._plan = DrillPlan(None)

    worker.look()

    assert (own.times, copied.times) == (1, 2)


def test_one_of_the_copy_that_was_asked_for_where_none_is_kept_says_so(
    database, repository
):
    practice = Practice()
    database.write(
        lambda session: drills.request_drill(
            session, cast.act_as(cast.ADAM), of_copy=True
        ),
        identity=SYSTEM,
    )

    driller(database, repository, practice).look()

    assert practice.times == 0
    assert newest(database).failure == (
        "No copy of the backups is kept elsewhere any more."
    )
