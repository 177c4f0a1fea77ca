"""The changes in our Patroni, and that what they replace is still where it was."""

import inspect
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import patroni.postgresql  # isort: skip
import patroni.ha
import psutil
import pytest

from db.embedded.processes import swift_patroni
from db.embedded.processes.swift_patroni import PAUSE_SECONDS, SwiftTime

_HURRY = """
import runpy, sys, time
hurried = runpy.run_path(sys.argv[1], run_name="hurried")
hurried["hurry"]()
hurried["load_less"]()
import patroni.dcs.etcd3, patroni.ha, patroni.postgresql, urllib3.util
slept = []
time.sleep = slept.append
patroni.ha.time.sleep(2)
patroni.postgresql.time.sleep(1)
next(polls := patroni.postgresql.polling_loop(9)), next(polls)
print(*slept, patroni.postgresql.STOP_POLLING_INTERVAL < 1)
print(type(patroni.postgresql.postmaster.multiprocessing).__name__)
print(urllib3.util.IS_PYOPENSSL)
"""


def test_only_head_starts_are_shorter(monkeypatch):
    slept = []
    monkeypatch.setattr(swift_patroni.time, "sleep", slept.append)

    for seconds in (1, 2, 0.5, 3):
        SwiftTime.sleep(seconds)

    assert slept == [PAUSE_SECONDS, PAUSE_SECONDS, 0.5, 3]


def test_all_else_is_the_clock_as_it_is():
    import time

    assert SwiftTime().time is time.time


def test_patroni_goes_by_it():
    path = inspect.getsourcefile(swift_patroni)

    ran = subprocess.run(
        [sys.executable, "-c", _HURRY, path], capture_output=True, text=True, check=True
    )

    *slept, stops, starter, openssl = ran.stdout.split()
    # The pauses: a head start, until PostgreSQL has started, and until it listens.
    assert slept == [str(PAUSE_SECONDS), str(PAUSE_SECONDS), "0.1"]
    assert (stops, starter, openssl) == ("True", "QuickStart", "False")


def test_a_patroni_that_starts_postgresql_otherwise_does_so_by_itself(monkeypatch):
    postmaster = swift_patroni.patroni.postgresql.postmaster
    monkeypatch.setattr(postmaster, "pg_ctl_start", lambda _: None)
    for module, name in (
        (swift_patroni.patroni.ha, "time"),
        (swift_patroni.patroni.postgresql, "time"),
        (swift_patroni.patroni.postgresql, "polling_loop"),
        (swift_patroni.patroni.postgresql, "STOP_POLLING_INTERVAL"),
        (postmaster, "multiprocessing"),
    ):
        monkeypatch.setattr(module, name, getattr(module, name))

    swift_patroni.hurry()

    assert postmaster.multiprocessing is multiprocessing


_STARTING = """
import runpy, sys
hurried = runpy.run_path(sys.argv[1], run_name="hurried")
hurried["hurry"]()
sys.executable = sys.argv[4]
from patroni.postgresql.postmaster import PostmasterProcess
started = PostmasterProcess.start(sys.argv[2], sys.argv[3], "its.conf", ["--port=1"])
print(started and started.pid)
"""


def start_by_patroni(program: Path, data: Path, python: str = sys.executable) -> str:
    """Return Patroni's output about a server that it starts, once Patroni has ended."""
    path = inspect.getsourcefile(swift_patroni)
    ran = subprocess.run(
        [sys.executable, "-c", _STARTING, path, program, data, python],
        env={"PATRONI_NAME": "db-01", "LANG": "C"},
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.strip()


@pytest.fixture
def program(tmp_path) -> Path:
    """A program that keeps the command line it was started with, like `postgres`."""
    program = tmp_path / "postgres"
    program.write_text("#!/bin/sh\nexec >/dev/null 2>&1\nwhile :; do sleep 1; done\n")
    program.chmod(0o700)
    return program


def test_a_server_outlives_its_patroni_in_a_session_of_its_own(program, tmp_path):
    server = psutil.Process(int(start_by_patroni(program, tmp_path)))

    try:
        words = f"{program} -D {tmp_path} --config-file=its.conf --port=1"
        assert " ".join(server.cmdline()).endswith(words)
        assert server.environ().get("LANG") == "C"
        assert "PATRONI_NAME" not in server.environ()
        assert os.getsid(server.pid) != os.getsid(0)
        # Neither the process that started it is left, nor the pipe between them.
        assert "-BISc" not in server.parent().cmdline()
        assert server.num_fds() <= 4
    finally:
        server.kill()


def test_what_starts_a_server_leaves_no_bytecode_beside_its_python(program, tmp_path):
    bytecode, python = tmp_path / "bytecode", tmp_path / "python"
    python.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -X "pycache_prefix={bytecode}" "$@"\n'
    )
    python.chmod(0o700)

    server = psutil.Process(int(start_by_patroni(program, tmp_path, str(python))))

    server.kill()
    assert not bytecode.exists()


def test_of_a_program_that_cannot_be_started_there_is_no_server(tmp_path):
    assert start_by_patroni(tmp_path / "nowhere", tmp_path) == "None"


@pytest.fixture
def voter(monkeypatch, tmp_path) -> SimpleNamespace:
    """The parts of a Patroni, about to vote, that the vote uses."""
    voted = []
    monkeypatch.setattr(
        patroni.ha.Ha,
        "_is_healthiest_node",
        lambda _, members: voted.append([member.name for member in members]) or True,
    )
    swift_patroni.fence_first()
    voter = SimpleNamespace(
        voted=voted,
        reachable=set(),
        state_handler=SimpleNamespace(
            data_dir=str(tmp_path / "db-02"),
            reset_cluster_info_state=lambda _: voted.append("fresh"),
        ),
    )
    voter.fetch_nodes_statuses = lambda members: [
        SimpleNamespace(member=member, reachable=member.name in voter.reachable)
        for member in members
    ]
    voter.vote = lambda: patroni.ha.Ha._is_healthiest_node(
        voter, [SimpleNamespace(name="db-01")]
    )
    return voter


@pytest.fixture
def former(tmp_path) -> Iterator[psutil.Popen]:
    """A process in place of a former primary's, as its data folder records it."""
    data = tmp_path / "db-01"
    data.mkdir()
    program = data / "postgres"
    program.symlink_to("/bin/sleep")
    with psutil.Popen([program, "60"], cwd=data) as process:
        (data / "postmaster.pid").write_text(f"{process.pid}\n{data}\n")
        yield process
        with suppress(psutil.NoSuchProcess):
            process.kill()


def test_a_primary_that_nobody_answers_for_is_ended_before_the_vote(voter, former):
    assert voter.vote()

    assert former.wait(10) == -9
    assert voter.voted == ["fresh", ["db-01"]]


def test_a_primary_whose_patroni_answers_is_left_to_it(voter, former):
    voter.reachable.add("db-01")

    assert voter.vote()

    assert former.is_running()


def test_a_replica_is_nobodys_former_primary(voter, former, tmp_path):
    (tmp_path / "db-01/standby.signal").touch()

    assert voter.vote()

    assert former.is_running()
    assert voter.voted == [["db-01"]]


def test_nobody_leads_while_the_former_primary_does_not_die(voter, former, monkeypatch):
    from db.embedded.processes import killing

    monkeypatch.setattr(killing, "end", lambda *_: False)

    assert not voter.vote()

    assert voter.voted == []


@pytest.mark.parametrize("note", ["", "not a number\n", "-1\n", f"{2**22 + 1}\n"])
def test_what_ended_or_cannot_be_read_is_no_primary(voter, tmp_path: Path, note):
    (tmp_path / "db-01").mkdir()
    (tmp_path / "db-01/postmaster.pid").write_text(note)

    assert voter.vote()

    assert voter.voted == [["db-01"]]


def test_a_server_is_reached_where_localhost_is_another_address(
    monkeypatch: pytest.MonkeyPatch,
):
    handler = patroni.postgresql.config.ConfigHandler
    monkeypatch.setattr(
        handler, "_get_tcp_local_address", handler._get_tcp_local_address
    )

    swift_patroni.use_address()

    addresses = {
        listening: handler._get_tcp_local_address(
            SimpleNamespace(_server_parameters={"listen_addresses": listening})
        )
        for listening in ("127.0.0.1", "10.0.0.7")
    }
    assert addresses == {"127.0.0.1": "127.0.0.1", "10.0.0.7": "10.0.0.7"}
