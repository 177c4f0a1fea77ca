"""The clinic is closed while somebody goes back, and reopened however that ends."""

import threading
from contextlib import contextmanager
from functools import partial

import pytest

from dashboard.cli.going_back import closing
from dashboard.cli.going_back.closing import ClosingServer
from db.backups.backup_errors import CannotRestore
from db.embedded import DataFolder
from db.settings import Settings
from tests.kit.waiting import eventually


@pytest.fixture
def settings(tmp_path):
    DataFolder(tmp_path).prepare()
    return Settings(data=tmp_path)


@contextmanager
def launcher(settings):
    """Answer as the launcher's loop does; yield the list of what it has done."""
    done, stopping = [], threading.Event()
    close, reopen = partial(done.append, "closed"), partial(done.append, "open")

    def run():
        with ClosingServer(settings) as server:
            ready.set()
            while not stopping.wait(0.01):
                server.answer(close, reopen)

    ready = threading.Event()
    thread = threading.Thread(target=run)
    thread.start()
    ready.wait()
    try:
        yield done
    finally:
        stopping.set()
        thread.join()


def test_it_is_closed_for_the_block_and_open_after_it(settings):
    with launcher(settings) as done:
        with closing.closed(settings):
            assert done == ["closed"]

        assert done == ["closed", "open"]


def test_it_opens_for_whoever_fails_or_is_killed_meanwhile(settings):
    with launcher(settings) as done:
        with pytest.raises(CannotRestore, match="No room"), closing.closed(settings):
            raise CannotRestore("No room")

        eventually(lambda: done == ["closed", "open"], seconds=20)


def test_without_a_launcher_nobody_goes_back(settings):
    with (
        pytest.raises(CannotRestore, match="No Chartroom runs with the data folder"),
        closing.closed(settings),
    ):
        pass
