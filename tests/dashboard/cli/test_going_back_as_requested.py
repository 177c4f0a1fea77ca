"""The launcher goes back as requested on the page: once, and its end is recorded."""

import json
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from dashboard import wiring
from dashboard.cli.going_back.as_requested import (
    settle_abandoned,
    settle_ended,
    take_back_as_requested,
)
from dashboard.cli.launching.children import Child
from dashboard.ui.language import GERMAN, using_language
from dashboard.ui.language.backup_failures import translate_failure
from dashboard.web.front.going_back_socket import GoingBackServer, begin_going_back
from db.backups.replaced_data import folder_for
from db.backups.requested_restore import (
    RequestedRestore,
    note_requested,
    read_requested,
)
from db.embedded import DataFolder
from db.settings import Settings
from services.core.errors import Unavailable
from tests.kit import backup_sets

REQUESTED_AT = datetime(2026, 11, 25, 14, 3, 7, 500_000, tzinfo=UTC)
REQUESTED = RequestedRestore(
    backup_sets.AS_OF, "A table was dropped", UUID(int=7), "Adam", REQUESTED_AT
)


@pytest.fixture
def data(tmp_path):
    DataFolder(tmp_path).prepare()
    return tmp_path


@contextmanager
def launcher(data):
    """Answer as the launcher's loop does; yield a list with each time it began."""
    begun, stopping, ready = [], threading.Event(), threading.Event()

    def run():
        with GoingBackServer(data) as server:
            ready.set()
            while not stopping.wait(0.01):
                server.answer(lambda: begun.append(1))

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait()
    try:
        yield begun
    finally:
        stopping.set()
        thread.join()


def test_the_launcher_begins_for_whoever_asks(data):
    with launcher(data) as begun:
        begin_going_back(data)

        assert begun == [1]


def test_without_a_launcher_that_is_said(data):
    with pytest.raises(Unavailable, match="The launcher does not answer, so the"):
        begin_going_back(data)


def test_why_the_clinic_did_not_go_back_is_noted(data):
    note_requested(data, REQUESTED)
    take_back_as_requested(Settings(data=data))

    ended = read_requested(data)
    assert not ended.is_open
    assert "No cluster is running in" in ended.failure


@pytest.mark.parametrize("step", ["ready", "placed"])
def test_where_the_next_start_goes_on_nobody_says_that_the_clinic_did_not_go_back(
    data, step
):
    note_requested(data, REQUESTED)
    journal = {"step": step, "to": "", "began_at": REQUESTED_AT.isoformat()}
    (data / "replacement.json").write_text(json.dumps(journal))

    take_back_as_requested(Settings(data=data))

    assert read_requested(data).is_open
    folder_for(data, REQUESTED_AT).mkdir()
    settle_abandoned(data)
    assert read_requested(data).failure is None


def test_an_error_that_nobody_foresaw_tells_nothing_of_anybody(data, monkeypatch):
    def connect(_):
        raise RuntimeError("Ada Lovelace")

    monkeypatch.setattr(wiring, "connect", connect)
    note_requested(data, REQUESTED)
    take_back_as_requested(Settings(data=data))

    assert "an unexpected error" in read_requested(data).failure


def test_what_has_ended_is_not_done_once_more(data, monkeypatch):
    ended = replace(REQUESTED, ended_at=REQUESTED_AT)
    note_requested(data, ended)
    monkeypatch.setattr(wiring, "connect", None)
    take_back_as_requested(Settings(data=data))
    settle_abandoned(data)

    assert read_requested(data) == ended


@pytest.mark.parametrize(
    ("replaced_at", "sentence"),
    [
        (None, "The launcher ended before the clinic had gone back"),
        (REQUESTED_AT - timedelta(minutes=1), "The launcher ended before"),
        (REQUESTED_AT.replace(microsecond=0), None),
    ],
    ids=["nothing aside", "aside since before", "aside since"],
)
def test_what_a_launcher_left_is_settled_by_the_next(data, replaced_at, sentence):
    note_requested(data, REQUESTED)
    if replaced_at is not None:
        folder_for(data, replaced_at).mkdir()

    settle_abandoned(data)

    ended = read_requested(data)
    assert not ended.is_open
    assert (ended.failure or "").startswith(sentence or "")
    assert (ended.failure is None) is (sentence is None)


def test_the_request_of_a_process_that_was_killed_is_over(data):
    """Otherwise nobody could request another one until the launcher starts again."""
    note_requested(data, REQUESTED)
    child = Child("go-back-as-asked", data / "going-back.log")
    settle_ended(data, child)
    child.process = subprocess.Popen(["sleep", "60"], stdin=subprocess.PIPE)
    settle_ended(data, child)
    assert read_requested(data).is_open

    child.process.kill()
    child.process.wait()
    settle_ended(data, child)

    failure = read_requested(data).failure
    assert failure.startswith("Its process was stopped before the clinic had gone back")
    with using_language(GERMAN):
        assert translate_failure(failure).startswith("Der Vorgang wurde abgebrochen")
    assert child.process is None


def test_a_clinic_that_never_went_back_has_nothing_to_settle(data):
    settle_abandoned(data)

    assert read_requested(data) is None
