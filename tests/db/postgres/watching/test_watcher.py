"""A server is watched all the time, and its last position is remembered."""

import socket
import subprocess
import sys
from contextlib import closing
from dataclasses import replace

from db.endpoints import Endpoints
from db.postgres import Database, Lsn
from db.postgres.connections.server_addresses import Address
from db.postgres.watching import watcher
from db.postgres.watching.history import WalHistory
from db.postgres.watching.nodes import NodeState
from db.postgres.watching.watcher import ServerReport, Watcher, advance
from tests.kit.waiting import eventually

KNOWN = NodeState("a", "replica", replay_lsn=Lsn(100), seen_at=5.0)


def test_progress_is_remembered_with_the_moment_it_was_asked_for():
    state = advance(KNOWN, Lsn(120), 6.0)

    assert (state.replay_lsn, state.seen_at) == (120, 6.0)


def test_an_older_answer_that_says_less_means_nothing():
    assert advance(KNOWN, Lsn(90), 4.0) == KNOWN


def test_a_newer_answer_that_says_less_is_a_server_that_started_anew():
    state = advance(KNOWN, Lsn(90), 6.0)

    assert (state.replay_lsn, state.seen_at) == (90, 6.0)


def test_standing_still_is_seen_anew():
    assert advance(KNOWN, Lsn(100), 6.0) == replace(KNOWN, seen_at=6.0)


def test_one_is_late_until_it_has_what_was_waited_for():
    waited_for = replace(KNOWN, missed_lsn=Lsn(120))

    states = [advance(waited_for, Lsn(position), 6.0) for position in (119, 120)]

    assert [state.is_late for state in states] == [True, False]


def test_a_replica_that_receives_nothing_just_now_is_still_on_its_newest_timeline():
    watcher = Watcher(Address("a", {}), WalHistory(), print, print, lambda: 1.0)

    for timeline in (2, 1):
        report = ServerReport(5.0, 5.1, "replica", Lsn(100), Lsn(100), timeline)
        watcher._take_in(report)

    assert watcher.state.timeline == 2


_SILENT = """
from dataclasses import replace
from db.postgres.connections.server_addresses import Address
from db.postgres.watching.history import WalHistory
from db.postgres.watching.watcher import Watcher

watcher = Watcher(Address("a", {}), WalHistory(), print, print, lambda: 1.0)
watcher.state = replace(watcher.state, reachable=True)
watcher.mark_down()
"""


def test_a_silent_server_is_not_printed_amid_a_commands_answer():
    finished = subprocess.run(
        [sys.executable, "-c", _SILENT], capture_output=True, text=True, check=True
    )

    assert (finished.stdout, finished.stderr) == ("", "")


def test_a_server_is_looked_at_again_whatever_becomes_of_telling_that_it_is_silent(
    monkeypatch,
):
    monkeypatch.setattr(watcher, "ANSWER_SECONDS", 0.05)
    silent_names = []

    def tell(name: str, _silent_seconds: float) -> None:
        silent_names.append(name)
        raise LookupError("nobody to tell")

    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        where = {"host": "127.0.0.1", "port": str(silent.getsockname()[1])}
        silent_one = Watcher(
            Address("db-02", where),
            WalHistory(),
            tell,
            silent_names.append,
            lambda: 0.01,
        )
        silent_one.start()
        eventually(lambda: len(silent_names) > 2)
        silent_one.stop()
        silent_one.join()

    assert set(silent_names) == {"db-02"}


def test_a_server_may_be_silent_before_its_first_answer(
    endpoints: Endpoints, monkeypatch
):
    silent = []

    def be_silent(watching: Watcher) -> None:
        watching._on_unresponsive(watching.address.name, 3.0)
        silent.append(watching.address.name)

    monkeypatch.setattr(Watcher, "start", be_silent)
    monkeypatch.setattr(Watcher, "join", lambda _: None)

    with closing(Database(endpoints)):
        assert silent
