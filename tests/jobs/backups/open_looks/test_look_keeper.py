"""An earlier time is kept open as long as somebody looks, and no longer."""

from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread

import pytest
from sqlalchemy import func, update

from db.backups.backup_errors import CannotRestore
from db.files.seal_keys import UnusableKey
from db.models.integrity import RestoreLook as LookRow
from db.postgres import SYSTEM, NoPrimary
from jobs.backups.open_looks.look_keeper import LookKeeper
from services.backups import BackupWindow, LogState, looks
from tests.jobs.failing_writes import fail_second_write
from tests.kit import backup_sets, cast
from tests.kit.waiting import eventually

TO = backup_sets.AS_OF
PORT = 5433


@pytest.fixture
def look(database):
    boss, log = cast.act_as(cast.ADAM), LogState((BackupWindow(TO, TO),))
    return write(database, lambda s: looks.request_look(s, boss, TO, log))


def write(database, operation):
    return database.write(operation, identity=SYSTEM).value


def newest(database):
    boss = cast.act_as(cast.ADAM)
    return database.read_latest(
        lambda session: looks.newest_look(session, boss), identity=SYSTEM
    ).value


class Sandbox:
    """Records how often it was opened, and whether it is open."""

    def __init__(self):
        self.opened = 0
        self.is_open = False

    @contextmanager
    def __call__(self, _):
        self.opened += 1
        self.is_open = True
        try:
            yield PORT
        finally:
            self.is_open = False


@pytest.fixture
def sandbox():
    return Sandbox()


@contextmanager
def keeping(database, sandbox):
    """Run a keeper in a thread, like the worker's; yield the event that stops it."""
    stopping = Event()
    keeper = LookKeeper(database, sandbox, watch_seconds=0.05)
    thread = Thread(target=keeper.look, args=[stopping])
    thread.start()
    try:
        yield stopping
        thread.join(20)
        assert not thread.is_alive()
    finally:
        stopping.set()
        thread.join()


def await_open(database):
    return eventually(lambda: newest(database), lambda each: each.is_open)


def end(database, stopping, look):
    boss = cast.act_as(cast.ADAM)
    write(database, lambda s: looks.close_look(s, boss, look.id))


def stop(database, stopping, look):
    stopping.set()


def wait_too_long(database, stopping, look):
    long_ago = func.now() - looks.KEPT_FOR - timedelta(seconds=1)
    write(
        database, lambda s: s.execute(update(LookRow).values(used_at=long_ago)).rowcount
    )


@pytest.mark.parametrize("end", [end, stop, wait_too_long])
def test_it_is_open_until_somebody_ends_it_or_nobody_looks(
    database, look, sandbox, end
):
    with keeping(database, sandbox) as stopping:
        assert await_open(database).port == PORT
        assert sandbox.is_open
        end(database, stopping, look)

    assert not sandbox.is_open
    ended = newest(database)
    assert (ended.id, ended.failure) == (look.id, None)
    assert ended.requested_at <= ended.begun_at <= ended.opened_at <= ended.ended_at


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (CannotRestore("There is no backup."), "There is no backup."),
        (UnusableKey("The key is ill."), "The key is ill."),
        (NoPrimary(TO), "No server led the database while"),
        (OSError(5, "Input/output error"), "cannot be read (Input/output error)"),
        (RuntimeError("Ada Lovelace"), "an unexpected error"),
    ],
    ids=["refused", "keys", "nobody leads", "the disk", "unforeseen"],
)
def test_one_that_fails_says_why_and_nothing_of_anybody(
    database, look, error, sentence
):
    def opened(_):
        raise error

    LookKeeper(database, opened).look(Event())

    failure = newest(database).failure
    assert sentence in failure
    assert "Ada" not in failure


def test_what_a_worker_had_open_that_died_is_ended_and_not_opened_again(
    database, look, sandbox
):
    write(database, lambda s: looks.note_open(s, look.id, PORT))

    LookKeeper(database, sandbox).look(Event())

    assert newest(database).ended_at is not None
    assert sandbox.opened == 0


def test_what_was_called_off_while_it_was_being_opened_is_not_held(
    database, look, sandbox
):
    @contextmanager
    def opened(awaited):
        end(database, None, awaited)
        with sandbox(awaited) as port:
            yield port

    LookKeeper(database, opened).look(Event())

    assert newest(database).opened_at is None
    assert not sandbox.is_open


def test_an_end_that_nobody_could_write_down_is_written_later(
    database, look, monkeypatch
):
    def opened(_):
        raise CannotRestore("There is no backup.")

    fail_second_write(monkeypatch, database)
    keeper = LookKeeper(database, opened)
    with pytest.raises(NoPrimary):
        keeper.look(Event())
    assert newest(database).is_awaited

    keeper.look(Event())

    assert newest(database).failure == "There is no backup."
