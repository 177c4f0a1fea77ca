"""The command that makes the running worker keep an earlier time open."""

from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event, Thread
from types import SimpleNamespace

import pytest

from dashboard import wiring
from dashboard.cli.recovery.looks import keep_open
from db.backups.backup_errors import CannotRestore
from db.postgres import SYSTEM
from db.settings import Settings
from jobs.backups.open_looks.look_keeper import LookKeeper
from services.backups import BackupWindow, LogState, looks
from services.core.actors import CONSOLE
from tests.kit import backup_sets
from tests.kit.waiting import eventually

TO = backup_sets.AS_OF


@pytest.fixture
def settings(database, tmp_path, monkeypatch):
    """The settings of a running clinic whose backups reach one time."""
    state = SimpleNamespace(log=LogState((BackupWindow(TO, TO),)))
    wired = SimpleNamespace(
        database=database,
        backup_reader=SimpleNamespace(state=lambda _: state),
        close=lambda: None,
    )
    monkeypatch.setattr(wiring, "connect", lambda _: wired)
    return Settings(data=tmp_path, database_url=None)


@contextmanager
def worker(database, opened):
    """Act as the worker does once an earlier time is requested."""
    stopping = Event()

    def work():
        eventually(lambda: read(database, looks.unended_look) is not None)
        LookKeeper(database, opened, watch_seconds=0.05).look(stopping)

    thread = Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def read(database, operation):
    return database.read_latest(operation, identity=SYSTEM).value


def test_it_says_until_when_it_is_open_and_where(database, settings):
    @contextmanager
    def opened(_):
        yield 5433

    with worker(database, opened):
        *_, said = keep_open(settings, TO)

        look = read(database, lambda s: looks.newest_look(s, CONSOLE))
        assert look.is_open
        assert f"The clinic as of {TO:%Y-%m-%d %H:%M:%S} UTC is open until" in said
        assert f"{look.closes_at:%H:%M} UTC" in said
        assert "found at /past" in said


def test_why_it_was_not_opened_is_its_end(database, settings):
    def opened(_):
        raise CannotRestore("The disk of /data has 50 MB free.")

    with (
        worker(database, opened),
        pytest.raises(CannotRestore, match="has 50 MB free"),
    ):
        list(keep_open(settings, TO))


def test_a_time_that_no_backup_leads_to_is_refused_with_those_that_some_do(settings):
    """A terminal shows no times "above" to choose from, as the page does."""
    with pytest.raises(
        CannotRestore,
        match=f"outside what the backups reach: they go to {TO:%Y-%m-%d %H:%M:%S} UTC",
    ):
        list(keep_open(settings, TO + timedelta(minutes=5)))


def test_before_the_first_backup_it_says_how_to_make_one(settings):
    wiring.connect(settings).backup_reader.state(CONSOLE).log = LogState()

    with pytest.raises(CannotRestore, match="make one with python -m dashboard backup"):
        list(keep_open(settings, TO))


@pytest.mark.parametrize(
    ("to", "url"), [(None, None), (TO, "postgresql://db/chartroom")]
)
def test_it_needs_a_time_and_servers_of_ours(
    settings, to: datetime | None, url: str | None
):
    ours = settings.model_copy(update={"database_url": url})

    with pytest.raises(
        CannotRestore, match="--keep opens an earlier time of a running clinic"
    ):
        list(keep_open(ours, to))
