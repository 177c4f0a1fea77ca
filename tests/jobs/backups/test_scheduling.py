"""Backups by plan and on request: when one is due, and what is recorded of each."""

import json
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import select

from db.backups.backup_errors import BackupRunning, CannotBackUp
from db.backups.notes import Failure, LogPosition
from db.backups.repository import Repository
from db.backups.storage.storage_notes import read_storage
from db.backups.strays import FileSweep, read_sweep
from db.files.file_keys import FileKeys
from db.models.audit import AuditEvent
from db.postgres import SYSTEM
from jobs.backups import scheduling
from jobs.backups.looking import look as look_into
from jobs.backups.scheduling import BackupPlan, BackupScheduler, backing_up
from jobs.backups.taking import BackupTaken, take
from services import backups
from services.cluster import alerts
from services.cluster.alerts import AlertKind
from services.core.actors import KEEPER
from tests.jobs.backups import samples
from tests.kit import backup_logs, backup_sets, cast
from tests.kit.hanging_files import hanging
from tests.kit.waiting import eventually

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
START = datetime(2026, 11, 25, 8, tzinfo=UTC)
DAILY = BackupPlan(DAY, kept=35 * DAY)


def failed(tries, at=START):
    return Failure(at, "The disk is full.", tries)


@pytest.mark.parametrize(
    ("newest", "failure", "due"),
    [
        pytest.param(None, None, START + 3 * MINUTE, id="the first: once it settled"),
        pytest.param(START - 9 * DAY, None, START + 3 * MINUTE, id="long overdue"),
        pytest.param(START - HOUR, None, START + 23 * HOUR, id="a day after the last"),
        pytest.param(None, failed(1), START + 5 * MINUTE, id="a first failure"),
        pytest.param(None, failed(3), START + 20 * MINUTE, id="backing off"),
        pytest.param(None, failed(500), START + 6 * HOUR, id="six hours at most"),
    ],
)
def test_when_a_backup_is_due(newest, failure, due):
    assert DAILY.due_at(START, newest, failure) == due


def test_a_failure_that_an_earlier_version_noted_is_a_first_one(tmp_path):
    repository = Repository(tmp_path)
    noted = {"at": START.isoformat(), "sentence": "The disk is full."}
    (tmp_path / "failure.json").write_text(json.dumps(noted))

    assert repository.last_failure() == failed(1)


def test_where_the_log_is_cut_off_the_next_is_due_at_once():
    assert (
        DAILY.due_at(START, START - HOUR, None, is_cut_off=True) == START + 3 * MINUTE
    )
    # And not again before its log could have been seen to continue.
    newest = START + 10 * MINUTE
    assert DAILY.due_at(START, newest, None, is_cut_off=True) == newest + 5 * MINUTE


def test_a_short_plan_is_not_held_up_by_a_long_pause():
    hourly = BackupPlan(HOUR, kept=DAY)

    assert hourly.due_at(START, None, failed(50)) == START + HOUR


def test_after_a_weekend_off_one_is_made_before_anybody_is_alarmed(session):
    rules = {rule.kind: rule for rule in alerts.every_rule(session)}
    alarm = timedelta(seconds=rules[AlertKind.BACKUP_TOO_OLD].for_seconds)

    assert DAILY.due_at(START, START - 3 * DAY, None) < START + alarm - MINUTE


def test_without_a_plan_none_is_ever_due():
    assert BackupPlan(None, kept=DAY).due_at(START, None, failed(1)) is None


class Maker:
    """Makes made-up sets, or fails with the next of these errors."""

    def __init__(self, repository, clock):
        self.repository = repository
        self.clock = clock
        self.failures = []
        self.made = []
        self._numbers = count(1)

    def __call__(self):
        if self.failures and (failure := self.failures.pop(0)) is not None:
            raise failure
        now = self.clock()
        set_id = f"{now:%Y%m%dT%H%M%SZ}-{next(self._numbers):04}"
        manifest = backup_sets.add_set(
            self.repository, set_id=set_id, began_at=now, as_of=now
        )
        self.made.append(set_id)
        return BackupTaken(manifest, 1.0, 0)


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "backups")


@pytest.fixture
def maker(repository, clock):
    return Maker(repository, clock)


@dataclass
class Clock:
    """A clock that a test sets."""

    now: datetime

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock(datetime.now(UTC))


@pytest.fixture
def scheduler(database, repository, maker, clock, tmp_path):
    keys = FileKeys(tmp_path / "file.keys", may_be_made=True)
    return BackupScheduler(database, repository, keys, maker, DAILY, clock=clock)


def look(scheduler, clock, after=timedelta()):
    """Let the scheduler look, so long after the worker's start."""
    clock.now = scheduler.started_at + after
    scheduler.look()


def ask(database, boss=None):
    boss = boss or cast.act_as(cast.ADAM)
    write = lambda session: backups.request_backup(session, boss)  # noqa: E731
    return database.write(write, identity=SYSTEM).value


def newest(database):
    boss = cast.act_as(cast.ADAM)
    read = lambda session: backups.newest_request(session, boss)  # noqa: E731
    return database.read_latest(read, identity=SYSTEM).value


def actions(database):
    events = select(AuditEvent.action, AuditEvent.actor_id).order_by(AuditEvent.id)
    return [
        tuple(row)
        for row in database.read_latest(
            lambda session: session.execute(events).all(), identity=SYSTEM
        ).value
    ]


def test_the_first_is_made_once_the_start_has_settled_and_the_next_a_day_later(
    scheduler, maker, clock, database
):
    look(scheduler, clock, 2 * MINUTE)
    assert maker.made == []

    look(scheduler, clock, 6 * MINUTE)
    look(scheduler, clock, 23 * HOUR)
    assert len(maker.made) == 1

    look(scheduler, clock, 25 * HOUR)
    assert len(maker.made) == 2
    assert actions(database) == [("backup:take", KEEPER.id)] * 2


def test_one_of_a_clock_that_was_ahead_puts_off_no_other(
    scheduler, maker, clock, repository
):
    at = scheduler.started_at + 365 * DAY
    backup_sets.add_set(
        repository, set_id=f"{at:%Y%m%dT%H%M%SZ}-0001", began_at=at, as_of=at
    )

    look(scheduler, clock, 6 * MINUTE)
    assert len(maker.made) == 1
    look(scheduler, clock, 7 * MINUTE)
    assert len(maker.made) == 1
    look(scheduler, clock, 25 * HOUR)
    assert len(maker.made) == 2


@pytest.mark.parametrize("is_failed", [False, True])
def test_a_worker_that_began_while_the_clock_was_ahead_waits_no_longer_than_others(
    scheduler, maker, clock, is_failed
):
    now = clock.now
    scheduler.started_at = now + 365 * DAY
    if is_failed:
        scheduler.failure = failed(5, now + 365 * DAY)
    clock.now = now
    scheduler.look()
    assert maker.made == []

    clock.now = now + 4 * MINUTE
    scheduler.look()

    assert len(maker.made) == 1


def test_one_that_fails_is_tried_again_and_forgotten_once_one_succeeds(
    scheduler, maker, clock
):
    maker.failures = [CannotBackUp("The disk is full."), RuntimeError("Ada Lovelace")]

    look(scheduler, clock, 6 * MINUTE)
    assert (scheduler.failure.tries, scheduler.failure.sentence) == (
        1,
        "The disk is full.",
    )
    # Not at once.
    look(scheduler, clock, 6 * MINUTE)
    assert scheduler.failure.tries == 1
    look(scheduler, clock, 12 * MINUTE)
    # The text of an unexpected error may contain a person's data, so it is not shown.
    assert scheduler.failure.tries == 2
    assert "unexpected error" in scheduler.failure.sentence
    look(scheduler, clock, 30 * MINUTE)

    assert scheduler.failure is None
    assert len(maker.made) == 1


def test_one_made_by_hand_ends_what_failed_before(scheduler, maker, clock, repository):
    maker.failures = [CannotBackUp("The disk is full.")]
    look(scheduler, clock, 6 * MINUTE)

    later = scheduler.started_at + 8 * MINUTE
    backup_sets.add_set(repository, began_at=later, as_of=later)
    look(scheduler, clock, HOUR)

    assert scheduler.failure is None
    assert maker.made == []


def test_what_is_asked_for_is_made_at_once_and_its_set_is_named(
    scheduler, maker, clock, database
):
    boss = cast.act_as(cast.ADAM)
    request = ask(database, boss)

    look(scheduler, clock)

    ended = newest(database)
    assert (ended.id, ended.is_open) == (request.id, False)
    assert [ended.set_id] == maker.made
    assert ended.begun_at >= request.requested_at
    look(scheduler, clock)
    assert len(maker.made) == 1
    assert ("backup:request", boss.id) in actions(database)


def test_one_asked_for_that_fails_says_why(scheduler, maker, clock, database):
    maker.failures = [CannotBackUp("The disk is full.")]
    ask(database)

    look(scheduler, clock)

    ended = newest(database)
    assert (ended.set_id, ended.failure) == (None, "The disk is full.")
    # Somebody who wants to may request one again at once.
    ask(database)
    look(scheduler, clock)
    assert newest(database).set_id == maker.made[0]


def test_what_a_dead_worker_had_begun_is_made_by_the_next(
    scheduler, maker, clock, database
):
    request = ask(database)
    begin = lambda session: backups.begin_request(session, request.id)  # noqa: E731
    database.write(begin, identity=SYSTEM)

    look(scheduler, clock)

    assert newest(database).set_id == maker.made[0]


def test_files_that_could_not_be_looked_through_are_an_hour_later(
    scheduler, clock, repository, tmp_path
):
    """A day later would leave a missing file unreported for too long."""
    keys = FileKeys(tmp_path / "file.keys", may_be_made=True)
    backup_sets.add_sealed_set(repository, keys, files=(b"letter",))
    with repository.read_from():
        look(scheduler, clock)
    assert read_sweep(repository.folder) is None

    look(scheduler, clock, HOUR)

    assert read_sweep(repository.folder) == FileSweep(clock.now, 0)


def test_while_another_is_made_nothing_is_begun(
    scheduler, maker, clock, repository, database
):
    repository.claim(backup_sets.SYSTEM_ID)
    ask(database)
    with repository.held():
        look(scheduler, clock, HOUR)
    assert maker.made == []

    # One that began between the look and the attempt is waited for as well.
    maker.failures = [BackupRunning("Another backup is being made."), None]
    look(scheduler, clock)
    assert newest(database).is_open
    assert scheduler.failure is None
    look(scheduler, clock)
    assert newest(database).set_id == maker.made[0]


def test_what_nobody_could_write_down_is_written_later_and_not_made_twice(
    scheduler, maker, clock, database, monkeypatch
):
    ask(database)
    writing = database.write

    @contextmanager
    def away():
        with monkeypatch.context() as patch:
            calls = count()

            def write(*args, **more):
                # The first write only records that it begins.
                if next(calls):
                    raise ConnectionError
                return writing(*args, **more)

            patch.setattr(database, "write", write)
            yield

    with away(), pytest.raises(ConnectionError):
        look(scheduler, clock)
    assert newest(database).is_open

    look(scheduler, clock)

    assert newest(database).set_id == maker.made[0]
    assert len(maker.made) == 1
    assert [action for action, _ in actions(database)].count("backup:take") == 1


def test_what_killed_restores_left_goes_first_and_looking_goes_on_if_that_cannot_be(
    database, repository, maker, tmp_path
):
    keys, calls = FileKeys(tmp_path / "file.keys", may_be_made=True), []

    def tidy():
        calls.append(len(maker.made))
        raise PermissionError

    plan = replace(DAILY, settling=timedelta())
    scheduler = BackupScheduler(database, repository, keys, maker, plan, tidy=tidy)
    with backing_up(scheduler):
        eventually(lambda: maker.made)

    assert calls == [0]


@pytest.mark.cluster
def test_the_worker_makes_a_real_one_while_it_runs(
    breakable_cluster, repository, tmp_path
):
    keys = FileKeys(tmp_path / "file.keys", may_be_made=True)
    with samples.clinic(breakable_cluster.whole(), keys) as clinic:
        by_plan = replace(DAILY, settling=timedelta())
        scheduler = BackupScheduler(
            clinic.database,
            repository,
            keys,
            lambda: take(clinic.source, repository),
            by_plan,
        )
        with backing_up(scheduler):
            first = eventually(lambda: repository.survey().newest)
            ask(clinic.database)
            ended = eventually(
                lambda: newest(clinic.database), lambda request: not request.is_open
            )

        assert ended.set_id != first.set_id
        assert ended.set_id == repository.survey().newest.set_id
        assert look_into(clinic.source.folder, repository, keys).is_compared


@pytest.mark.parametrize("is_started_anew", [False, True])
def test_a_clock_that_leaps_ahead_removes_nothing_before_it_was_right_for_a_day(
    scheduler, repository, clock, is_started_anew
):
    now = clock.now
    for day in range(1, 30, 7):
        at = now - day * DAY
        set_id = f"{at:%Y%m%dT%H%M%SZ}-0001"
        backup_sets.add_set(repository, set_id=set_id, as_of=at, finished_at=at)
    scheduler.plan = BackupPlan(None, kept=35 * DAY)

    def count_after(days):
        clock.now = now + days * DAY
        scheduler.look()
        return len(repository.survey().sets)

    if not is_started_anew:
        assert count_after(0) == 5
    assert count_after(400) == 5
    # Once the clock is right again; and after a winter during which the clinic was off.
    assert count_after(0.1) == 5
    assert count_after(400) == 5
    assert count_after(400.9) == 5
    assert count_after(401.1) == 1


def test_whoever_keeps_the_log_does_not_hide_that_the_clock_leapt(
    database, repository, maker, clock, tmp_path
):
    keys = FileKeys(tmp_path / "file.keys", may_be_made=True)
    archive = backup_logs.archive_of(repository, keys)
    for day in range(1, 30, 7):
        at = clock.now - day * DAY
        set_id = f"{at:%Y%m%dT%H%M%SZ}-0001"
        backup_sets.add_set(repository, set_id=set_id, as_of=at, finished_at=at)

    class Keeper:
        """Records at once that the log is kept, like a worker's keeper."""

        is_cut_off = False

        def run(self, _stopping):
            archive.note(LogPosition(1, "0/0", None, None, clock.now))

    plan = BackupPlan(None, kept=35 * DAY)

    def count_left():
        scheduler = BackupScheduler(
            database, repository, keys, maker, plan, log=Keeper(), clock=clock
        )
        with backing_up(scheduler):
            eventually(lambda: scheduler._removed_at)
        return len(repository.survey().sets)

    clock.now += 400 * DAY
    assert count_left() == 5
    # Nor is the clock believed because the worker starts again.
    clock.now += DAY / 2
    assert count_left() == 5
    clock.now += DAY
    assert count_left() == 1


def test_a_worker_starts_although_the_backups_do_not_answer(
    database, repository, maker, tmp_path, monkeypatch
):
    monkeypatch.setattr(scheduling, "_PATIENCE_SECONDS", 0.05)
    keys = FileKeys(tmp_path / "file.keys", may_be_made=True)
    plan = BackupPlan(None, kept=35 * DAY)

    with hanging(repository.folder / "failure.json"):
        scheduler = BackupScheduler(database, repository, keys, maker, plan)

        assert scheduler.failure is None


def test_what_backups_take_is_noted_once_an_hour_whoever_looks(
    database, repository, maker, clock, tmp_path
):
    keys = FileKeys(tmp_path / "file.keys", may_be_made=True)

    def start():
        plan = BackupPlan(None, kept=35 * DAY)
        return BackupScheduler(database, repository, keys, maker, plan, clock=clock)

    def noted():
        return [each.at for each in read_storage(repository.folder)]

    start().look()
    assert noted() == []
    repository.claim(backup_sets.SYSTEM_ID)
    start().look()
    assert noted() == []
    backup_sets.add_set(repository, as_of=clock.now)
    scheduler, began = start(), clock.now
    for minutes in (1, 30, 30):
        clock.now += minutes * MINUTE
        scheduler.look()
    assert noted() == [began + MINUTE, began + 61 * MINUTE]

    # A worker that starts has recorded nothing yet, and does not record it twice.
    scheduler = start()
    clock.now += 59 * MINUTE
    scheduler.look()
    assert len(noted()) == 2
    clock.now += MINUTE
    scheduler.look()
    assert len(noted()) == 3


def test_old_sets_go_although_none_is_made_by_itself(
    database, repository, maker, tmp_path
):
    for day in (1, 2, 40):
        at = datetime.now(UTC) - day * DAY
        backup_sets.add_set(repository, set_id=f"{at:%Y%m%dT%H%M%SZ}-0001", as_of=at)
    keys = FileKeys(tmp_path / "file.keys", may_be_made=True)
    plan = BackupPlan(None, kept=35 * DAY)
    BackupScheduler(database, repository, keys, maker, plan).look()

    assert len(repository.survey().sets) == 2
    assert actions(database) == [("backup:remove", KEEPER.id)]
