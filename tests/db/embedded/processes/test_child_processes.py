"""Programs of a cluster as child processes, and how they are ended."""

import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import psutil
import pytest

from db.embedded import CannotStart
from db.embedded.processes import child_processes, killing
from db.embedded.processes.child_processes import Program
from tests.kit.warm_start import OPEN_FILES


def test_who_ends_a_program_does_not_wait_for_the_one_that_is_started_instead(
    tmp_path: Path,
):
    program = Program(
        "sleep",
        ("sleep", "20"),
        {**os.environ},
        tmp_path,
        tmp_path / "sleep.log",
    )

    class Watched(subprocess.Popen[bytes]):
        """A watched program, which is started again as soon as it has ended."""

        def kill(self) -> None:
            super().kill()
            program.start()

    program.process = ended = Watched(program.command, start_new_session=True)

    program.kill()

    assert ended.poll() is not None
    assert program.is_running
    program.kill()


@pytest.mark.parametrize(
    ("words", "lacking"),
    [
        (
            "mongod: error while loading shared libraries: libcurl.so.4: cannot open",
            "libcurl.so.4",
        ),
        (
            "mongod: /lib/libc.so.6: version `GLIBC_2.34' not found (required by it)",
            "GLIBC_2.34",
        ),
    ],
)
def test_what_a_program_needs_and_the_system_does_not_have_is_named(
    words: str, lacking: str, tmp_path: Path
):
    program = Program("mongod", ("false",), {}, tmp_path, tmp_path / "mongod.log")
    program.log.write_text(f"{words}\n")

    with pytest.raises(CannotStart) as refusal:
        program.require_running()

    sentence = str(refusal.value)
    assert sentence.startswith(
        f"mongod needs {lacking}, which this system does not have"
    )
    assert "CHARTROOM_DATABASE_URL and CHARTROOM_MONGO_URL" in sentence


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ("RuntimeError: can't start new thread", "raise that limit to 2,000 or more"),
        (
            (
                "runtime: failed to create new OS thread (have 5 already; errno=11)\n"
                "fatal error: newosproc\n\ngoroutine 1 [running]:\nmain.go:276 +0x171"
            ),
            "raise that limit to 2,000 or more",
        ),
        (
            (
                '{"msg":"__wt_thread_create:33:pthread_create","error_str":"Resource '
                'temporarily unavailable"}\n{"msg":"Fatal assertion"}'
            ),
            "raise that limit to 2,000 or more",
        ),
        (
            (
                "BlockingIOError: [Errno 11] Resource temporarily unavailable\n"
                "patroni.exceptions.PatroniFatalException: Failed to bootstrap cluster"
            ),
            "raise that limit to 2,000 or more",
        ),
        (
            "could not fork: Cannot allocate memory\nshutting down",
            "there is no memory left",
        ),
        (
            '{"level":"panic","error":"cannot allocate memory"}\nbackend.go:75 +0x12b',
            "there is no memory left",
        ),
    ],
    ids=["Patroni", "etcd", "MongoDB", "initdb", "memory", "memory of etcd"],
)
def test_what_the_system_gives_no_more_of_is_said_with_what_to_do(
    words: str, remedy: str, tmp_path: Path
):
    log = tmp_path / "server.log"
    log.write_text("Of an earlier start: MemoryError\n")
    program = Program(
        "server", ("sh", "-c", f"cat <<'.'\n{words}\n."), {**os.environ}, tmp_path, log
    )

    program.start()
    assert program.process is not None
    program.process.wait()
    with pytest.raises(CannotStart) as refusal:
        program.require_running()

    assert str(refusal.value).startswith("server could not start: ")
    assert remedy in str(refusal.value)


def test_one_that_the_system_killed_is_said_to_have_lacked_memory(tmp_path: Path):
    """The last line of its log has nothing to do with that."""
    command = ("sh", "-c", "echo Listening; kill -9 $$")
    log = tmp_path / "mongod.log"
    program = Program("mongod", command, {**os.environ}, tmp_path, log)

    program.start()
    assert program.process is not None
    program.process.wait()
    with pytest.raises(CannotStart) as refusal:
        program.require_running()

    assert str(refusal.value).startswith(
        "mongod could not start: it was killed, probably because there is no memory "
        "left: end other programs, or raise the limit"
    )


def test_a_lock_that_another_holds_is_no_lack_of_processes(tmp_path: Path):
    program = Program("mongod", ("false",), {}, tmp_path, tmp_path / "mongod.log")
    words = "Unable to lock the lock file (Resource temporarily unavailable)."
    program.log.write_text(f"{words}\n")

    with pytest.raises(CannotStart) as refusal:
        program.require_running()

    assert str(refusal.value).startswith(f"mongod stopped while starting: {words}")


@pytest.fixture
def as_by_a_login() -> Iterator[int]:
    """Lower the limit of open files to that of a login; yields the hard limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, OPEN_FILES), hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_program_has_as_many_open_files_as_the_machine_lets_it(
    tmp_path: Path, as_by_a_login: int
):
    log = tmp_path / "limit.log"
    program = Program("sh", ("sh", "-c", "ulimit -n"), {**os.environ}, tmp_path, log)

    program.start()

    assert program.process is not None
    program.process.wait()
    assert log.read_text().split() == [str(as_by_a_login)]


@pytest.mark.parametrize("looks", ["by its command", "by where it works"])
def test_what_has_the_number_of_one_that_was_seen_before_is_found_and_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looks: str
):
    # An orphan's command names no file of the cluster, and its name is PostgreSQL's.
    server = tmp_path / "postgres"
    server.symlink_to("/bin/cat")
    by_command = looks == "by its command"
    command = ["postgres", *(["-", f"{tmp_path}/data"] if by_command else [])]
    running = subprocess.Popen(
        command, executable=server, cwd=tmp_path, stdin=subprocess.PIPE
    )
    try:
        seen = psutil.Process(running.pid)
        seen._ident = (running.pid, 0.0)
        list(psutil.process_iter())
        monkeypatch.setitem(vars(psutil)["_pmap"], running.pid, seen)

        find = child_processes.find if by_command else killing._orphans
        [child] = find(tmp_path)

        assert child == psutil.Process(running.pid)
        assert child_processes.kill([child])
        assert running.wait(timeout=60) < 0
    finally:
        running.kill()
        running.communicate()


def test_what_is_left_in_a_folder_that_was_renamed_since_is_found(tmp_path: Path):
    server = tmp_path / "postgres"
    server.symlink_to("/bin/cat")
    former = tmp_path / "former"
    former.mkdir()
    running = subprocess.Popen(
        ["postgres", "-", f"{former}/db-01"],
        executable=server,
        cwd=former,
        stdin=subprocess.PIPE,
    )
    try:
        renamed = former.rename(tmp_path / "renamed")

        assert [left.pid for left in child_processes.find(renamed)] == [running.pid]
        assert child_processes.find(tmp_path / "another") == []
    finally:
        running.kill()
        running.communicate()


def test_who_was_about_to_ask_whether_one_runs_when_told_to_stop_still_ends_it():
    process = subprocess.Popen(["sleep", "60"])
    # An exception out of a signal handler leaves `poll` in this state.
    process._waitpid_lock.acquire()  # type: ignore[attr-defined]
    ending = Thread(
        target=child_processes.end_children,
        args=([process],),
        kwargs={"seconds": 10.0},
        daemon=True,
    )

    ending.start()
    ending.join(30)

    assert not ending.is_alive()
    assert not psutil.pid_exists(process.pid)


def test_one_that_does_not_end_when_told_to_is_killed():
    process = subprocess.Popen(
        ["sh", "-c", "trap '' TERM; echo; while :; do sleep 1; done"],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()

    child_processes.end_children([process], seconds=0.2)

    assert not psutil.pid_exists(process.pid)
    process.stdout.close()


def test_what_whoever_looks_after_one_has_heard_of_its_end_stays_known():
    for _ in range(20):
        process = subprocess.Popen(["sleep", "60"])
        is_over = Event()

        def look_after(process=process, is_over=is_over):
            while not is_over.is_set():
                process.poll()

        looking = Thread(target=look_after)
        looking.start()
        try:
            child_processes.end_children([process], seconds=10.0)
        finally:
            is_over.set()
            looking.join()

        assert process.returncode in {-signal.SIGTERM, 0}


def test_one_of_whose_end_another_has_heard_first_is_known_to_have_ended():
    process = subprocess.Popen(["sh", "-c", "exit 3"])
    has_heard = Event()
    handle = process._handle_exitstatus  # type: ignore[attr-defined]

    def handle_slowly(*status: int) -> None:
        has_heard.set()
        time.sleep(0.3)
        handle(*status)

    process._handle_exitstatus = handle_slowly  # type: ignore[attr-defined]
    waiting = Thread(target=process.wait)
    waiting.start()
    assert has_heard.wait(60)

    child_processes.end_children([process], seconds=10.0)
    code = process.poll()

    waiting.join()
    assert code == 3


def test_a_log_that_grows_too_long_is_emptied_while_it_is_written(
    tmp_path: Path, monkeypatch
):
    monkeypatch.setattr(child_processes, "_MAX_LOG_BYTES", 20)
    log, short = tmp_path / "web.log", tmp_path / "worker.log"
    short.write_text("Nothing yet.\n")
    of_postgres = tmp_path / "db-01-Mon.log"
    of_postgres.write_text("Checkpoint after checkpoint.\n")
    with child_processes.open_log(log) as output:
        output.write(b"One line, and another one.\n")
        output.flush()
        child_processes.limit_logs(tmp_path)
        output.write(b"What follows.\n")

    assert log.read_text() == "What follows.\n"
    assert (tmp_path / "web.1.log").read_text() == "One line, and another one.\n"
    # What was kept of it stays, however long it is; so does what is short.
    child_processes.limit_logs(tmp_path)
    assert (tmp_path / "web.1.log").exists()
    assert short.read_text() == "Nothing yet.\n"
    assert of_postgres.read_text() == "Checkpoint after checkpoint.\n"
    assert len(list(tmp_path.iterdir())) == 4


def test_a_log_that_cannot_be_copied_is_emptied_nevertheless(
    tmp_path: Path, monkeypatch
):
    monkeypatch.setattr(child_processes, "_MAX_LOG_BYTES", 20)
    log = tmp_path / "web.log"
    log.write_text("One line, and another one.\n")
    # The copy would be on a disk that is not there.
    (tmp_path / "web.1.log").symlink_to(tmp_path / "nowhere" / "web.1.log")

    child_processes.limit_logs(tmp_path)

    assert log.read_bytes() == b""
