"""Patroni as a program for servers that share one machine: faster, and stricter.

A planned switchover waits three times in Patroni 4.1 whatever the servers do: up to a
second until it checks again whether PostgreSQL has stopped, another one for replicas to
catch up (which it then checks anyway), and two in which every other replica only leaves
the chosen one a head start, while commits wait for one of them to follow. With shorter
pauses, writers wait for about one second instead of four. What Patroni checks before it
lets anybody lead stays as it is.

The process that starts PostgreSQL loads nothing of Patroni's, which every start waited
for: see `QuickStart`. Nor does Patroni load what it has no use for: see `load_less`.

Before it votes, a former primary without an answering Patroni is killed: see
`fence_first`. When that is back, it is not taken for a replica of a timeline that only
has the same number: see `StricterRewind`. Nor does a server follow a leader that may
lack a part of its log: see `db.cluster.patroni_node`.

A site that follows another finds its password: see `tell_ports_apart`. PostgreSQL is
reached on machines where localhost is another address than its own: see `use_address`.

And a replica whose log was damaged while it was down is copied anew: see `DamagedLogs`.
"""

# ruff: noqa: E402
# What Patroni does while it is imported depends on what was done before.

import inspect
import os
import subprocess
import sys
import time
from collections.abc import Collection
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import yaml

# On import, Patroni parses the names of all of PostgreSQL's settings. libyaml takes a
# fifth of the time, which each start of Patroni waits for.
yaml.SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# First: Patroni's modules import each other in a cycle that only resolves from here.
import patroni.postgresql  # isort: skip
import patroni.ha
import psutil
from patroni.__main__ import main
from patroni.exceptions import PostgresConnectionException
from patroni.postgresql.rewind import REWIND_STATUS, Rewind

# By their folder, because the user that PostgreSQL runs as may not find our packages.
sys.path.append(str(Path(__file__).parents[3]))
from db.cluster.patroni_node import follow_with_care

# An answer on this machine takes milliseconds.
PAUSE_SECONDS: Final = 0.2
_POLLING_SECONDS: Final = 0.05
# Each check starts a program.
_ASKING_SECONDS: Final = 0.1
# Other pauses, such as the one until the time of a planned restart, are intended.
_HEAD_STARTS: Final = (1, 2)
# A file beside a server's data: when it was last copied anew because of its log.
COPIED: Final = ".copied-anew"
# Patroni publishes a server's tags; this one has the same time.
COPIED_TAG: Final = "copied_anew_at"
# Longer than a busy machine needs to start PostgreSQL and find the primary.
_NOT_STREAMING_SECONDS: Final = 20.0
_COPIED_AGAIN_SECONDS: Final = 3600.0
_SEGMENT_NAME: Final = 24
# What Patroni 4.1 passes to the function that starts PostgreSQL in a process of its
# own.
_STARTER_TAKES: Final = ("conn", "cmdline", "env")
# Runs a command whose parent ends at once, and writes its process id to a pipe.
_START: Final = (
    "import os, subprocess, sys; "
    "pid = subprocess.Popen(sys.argv[2:]).pid; "
    "os.write(int(sys.argv[1]), str(pid).encode()); "
    "os._exit(0)"
)


class SwiftTime:
    """The module time, except for pauses of exactly one or two seconds."""

    def __getattr__(self, name: str) -> Any:
        """Return the attribute of the module."""
        return getattr(time, name)

    @staticmethod
    def sleep(seconds: float) -> None:
        """Pause this long, or shorter if Patroni only gives others a head start."""
        time.sleep(PAUSE_SECONDS if seconds in _HEAD_STARTS else seconds)


class QuickStart:
    """The module multiprocessing, as far as Patroni starts PostgreSQL with it.

    PostgreSQL must be nobody's child, so another process starts it, reports its process
    id and ends. Patroni's own way loads all of Patroni for that: a fifth of a second of
    processor time, in which this server serves nobody.
    """

    def __init__(self) -> None:
        self._command: list[str] = []
        self._environment: dict[str, str] = {}
        self._pid: int | None = None

    def get_context(self, _: str) -> "QuickStart":
        """Return an object that makes one process."""
        return QuickStart()

    def Pipe(self, _: bool) -> tuple["QuickStart", None]:  # noqa: N802
        """Return the end of the pipe that receives PostgreSQL's process id."""
        return self, None

    def Process(self, *, target: Any, args: Any) -> "QuickStart":  # noqa: N802
        """Return the process that starts PostgreSQL; raises ValueError for another."""
        if target.__name__ != "pg_ctl_start":
            raise ValueError(target)
        _, self._command, self._environment = args
        return self

    def start(self) -> None:
        """Start PostgreSQL."""
        reading, writing = os.pipe()
        with os.fdopen(reading) as pid_pipe:
            try:
                # Isolated mode (-I) ignores PYTHONDONTWRITEBYTECODE: hence -B.
                starting = subprocess.Popen(  # noqa: S603 - Patroni's command
                    [sys.executable, "-BISc", _START, str(writing), *self._command],
                    env=self._environment,
                    pass_fds=[writing],
                    start_new_session=True,
                )
            finally:
                os.close(writing)
            self._pid = int(pid_pipe.read() or 0) or None
            starting.wait()

    def recv(self) -> int | None:
        """Return PostgreSQL's process id; None if it did not start."""
        return self._pid

    def join(self) -> None:
        """Return at once: the starting process has ended."""


def hurry() -> None:
    """Shorten the pauses of this process's Patroni, and start PostgreSQL sooner."""
    patroni.ha.time = patroni.postgresql.time = SwiftTime()
    patroni.postgresql.STOP_POLLING_INTERVAL = _POLLING_SECONDS
    # Whether PostgreSQL listens yet, and whether it has promoted itself.
    patroni.postgresql.polling_loop = partial(
        patroni.postgresql.polling_loop, interval=_ASKING_SECONDS
    )
    # A later Patroni may start it in another way, and then does so itself.
    starter = getattr(patroni.postgresql.postmaster, "pg_ctl_start", None)
    if starter and tuple(inspect.signature(starter).parameters) == _STARTER_TAKES:
        patroni.postgresql.postmaster.multiprocessing = QuickStart()


def load_less() -> None:
    """Have TLS done by Python's own ssl in this process.

    etcd's client, which Patroni loads later, would load pyOpenSSL to do the same, for a
    tenth of a second of processor time. Without it, the client works nevertheless.
    """
    sys.modules["urllib3.contrib.pyopenssl"] = None  # type: ignore[assignment]


def fence_first() -> None:
    """Have Patroni kill a primary whose own Patroni does not answer, before it votes.

    A primary whose Patroni has died goes on without it, even when its leader key has
    expired and another node is promoted. A replica that has voted and has not been told
    yet whom to follow goes on as well, and its acknowledgement is all that a commit
    waits for in quorum mode: it would be acknowledged, and lost. On several machines a
    watchdog prevents that (https://patroni.readthedocs.io/en/latest/watchdog.html).
    """
    is_healthiest = patroni.ha.Ha._is_healthiest_node

    def is_healthiest_of_those_left(
        ha: Any, members: Collection[Any], *checks: Any, **more: Any
    ) -> bool:
        if primaries := _primaries_beside(Path(ha.state_handler.data_dir)):
            known = [member for member in members if member.name in primaries]
            for answer in ha.fetch_nodes_statuses(known):
                # A Patroni that answers is in charge of its PostgreSQL, and no other
                # node leads then.
                if answer.reachable:
                    primaries.pop(answer.member.name, None)
            if not all(_end(name, data) for name, data in primaries.items()):
                return False
            # Only now is it final which node has received what.
            ha.state_handler.reset_cluster_info_state(None)
        return bool(is_healthiest(ha, members, *checks, **more))

    patroni.ha.Ha._is_healthiest_node = is_healthiest_of_those_left


def _primaries_beside(data: Path) -> dict[str, Path]:
    """Return the other nodes whose PostgreSQL may be running and is no replica."""
    primaries = {}
    for note in data.parent.glob("*/postmaster.pid"):
        with suppress(OSError, ValueError, IndexError):
            is_replica = note.with_name("standby.signal").exists()
            pid = int(note.read_text().splitlines()[0])
            if note.parent != data and not is_replica and psutil.pid_exists(pid):
                primaries[note.parent.name] = note.parent
    return primaries


def _end(name: str, data: Path) -> bool:
    """Kill a node's PostgreSQL; return whether it is certainly gone."""
    patroni.ha.logger.warning(
        "%s is not a replica and nobody answers: killing it", name
    )
    # Imported here, because each start would pay for what is needed once in years.
    from db.embedded.processes import killing  # noqa: PLC0415

    return killing.end(data, None)


class StricterRewind(Rewind):  # type: ignore[misc]
    """Patroni's rewind, with timelines compared by more than their number.

    A primary that dies before any replica has heard of its timeline leaves the same
    number to the next one. Patroni and pg_rewind take the two for one timeline: the
    former primary would never stream again, or go on with data that nobody else has. As
    it cannot be rewound, it is copied anew.
    """

    _state: REWIND_STATUS
    _timeline: int | None = None
    _is_on_fork = False

    def _get_local_timeline_lsn(self) -> tuple[bool | None, int | None, int | None]:
        in_recovery, self._timeline, lsn = super()._get_local_timeline_lsn()
        return in_recovery, self._timeline, lsn

    def _check_timeline_and_lsn(self, leader: Any) -> None:
        super()._check_timeline_and_lsn(leader)
        self._is_on_fork = self._state == REWIND_STATUS.NOT_NEED and self._forks(leader)
        if self._is_on_fork:
            patroni.ha.logger.warning(
                "Timeline %s is not that of %s", self._timeline, leader.name
            )
            self._state = REWIND_STATUS.NEED

    def execute(self, leader: Any) -> Any:
        """Rewind PostgreSQL, or remove its data, which are then copied anew."""
        if not self._is_on_fork:
            return super().execute(leader)
        if not self._postgresql.is_running() or self._postgresql.stop(checkpoint=False):
            self._postgresql.remove_data_directory()
            self.reset_state()
        return False

    def _forks(self, leader: Any) -> bool:
        """Return whether this server's timeline began elsewhere than the primary's."""
        own = Path(self._postgresql.data_dir)
        try:
            origin, record = self._beginning(own)
            other_origin, other_record = self._beginning(own.with_name(leader.name))
        except (OSError, IndexError):
            # The first timeline has no origin. If the primary does not know the
            # timeline, Patroni judges by the number.
            return False
        # Of a timeline that began long ago only the origin is kept.
        is_known = bool(record and other_record)
        return origin != other_origin or (is_known and record != other_record)

    def _beginning(self, data: Path) -> tuple[str, str]:
        """Return the timeline's origin, and its first record with its time."""
        log = data / "pg_wal"
        origin = (log / f"{self._timeline:08X}.history").read_text()
        program = self._postgresql.pgcommand("pg_waldump")
        start = origin.splitlines()[-1].split("\t")[1]
        words = ("--timeline", str(self._timeline), "--start", start, "--limit", "1")
        listed = subprocess.run(  # noqa: S603
            (program, "--path", str(log), *words),
            check=False,
            capture_output=True,
            text=True,
        )
        return origin, listed.stdout


def tell_forks_apart() -> None:
    """Have Patroni copy a server anew that only seems to be on its timeline."""
    patroni.ha.Rewind = StricterRewind


class DamagedLogs:
    """Has a replica copied anew if it cannot read its own log, at most once an hour.

    PostgreSQL exits at its start if the log lacks its last checkpoint, and waits for
    ever at a file of the log that is too short. Patroni starts it again and again. Any
    other damage in the log is replaced by what the primary sends again. If it has to be
    copied twice in an hour, something else is wrong: an error is logged, and somebody
    has to find out.
    """

    def __init__(self) -> None:
        self._since: float | None = None
        self._is_reported = False

    def look(self, ha: Any) -> None:
        """Check a server before each of Patroni's rounds."""
        if ha._async_executor.busy:
            return
        leader = ha.cluster.leader if ha.cluster else None
        server = ha.state_handler
        if (
            leader is None
            or leader.name == server.name
            or ha.is_paused()
            or _is_streaming(server)
        ):
            self._since = None
            return
        self._since = self._since or time.monotonic()
        waited = time.monotonic() - self._since
        if waited >= _NOT_STREAMING_SECONDS:
            self._since = None
            if self._is_damaged(server) and _answers(ha, leader):
                self._copy_anew(ha)

    def _is_damaged(self, server: Any) -> bool:
        """Return whether a log file is too short, or lacks the last checkpoint."""
        log, control = Path(server.data_dir) / "pg_wal", server.controldata()
        try:
            size = int(control["Bytes per WAL segment"])
            timeline = control["Latest checkpoint's TimeLineID"]
            start = control["Latest checkpoint location"]
        except (KeyError, ValueError):
            return False
        segments = [file for file in log.iterdir() if len(file.name) == _SEGMENT_NAME]
        if any(segment.stat().st_size != size for segment in segments):
            return True
        program = server.pgcommand("pg_waldump")
        words = ("--timeline", timeline, "--start", start, "--limit", "1", "--quiet")
        read = subprocess.run(  # noqa: S603
            (program, "--path", str(log), *words), check=False, capture_output=True
        )
        return read.returncode != 0

    def _copy_anew(self, ha: Any) -> None:
        server = ha.state_handler
        copied_at = _copied_at(server)
        if copied_at and time.time() - copied_at < _COPIED_AGAIN_SECONDS:
            if not self._is_reported:
                patroni.ha.logger.error(
                    "The log of %s is damaged again within an hour: check its disk, "
                    "then copy it again (cluster reinit)",
                    server.name,
                )
            self._is_reported = True
            return
        patroni.ha.logger.warning(
            "The log of %s is damaged: copying it again", server.name
        )
        # Without its data it is copied in the next round.
        if not server.is_running() or server.stop("immediate", checkpoint=False):
            _note_of(server).touch()
            self._is_reported = False
            server.remove_data_directory()


def _note_of(server: Any) -> Path:
    return Path(f"{server.data_dir}{COPIED}")


def _copied_at(server: Any) -> float | None:
    """Return when a server was last copied anew because of its log, as Unix time."""
    with suppress(OSError):
        return _note_of(server).stat().st_mtime
    return None


def _is_streaming(server: Any) -> bool:
    """Return whether a server receives its log; False while it starts."""
    if not server.is_running():
        return False
    try:
        return bool(server.replication_state() == "streaming")
    except PostgresConnectionException:
        return False


def _answers(ha: Any, leader: Any) -> bool:
    """Return whether the primary can be copied from."""
    return any(answer.reachable for answer in ha.fetch_nodes_statuses([leader.member]))


def tell_ports_apart() -> None:
    """Have this process's Patroni find its password for servers with several ports.

    For the hosts of another site it writes password lines that each contain all of
    their ports, which no server has: PostgreSQL then asks for a password, for ever.
    """
    content_of = patroni.postgresql.config.ConfigHandler._pgpass_content

    def content_for_any_port(record: dict[str, Any]) -> Any:
        several = "," in str(record.get("port") or "")
        return content_of(record | {"port": None} if several else record)

    patroni.postgresql.config.ConfigHandler._pgpass_content = staticmethod(
        content_for_any_port
    )


def use_address() -> None:
    """Have this process's Patroni reach its server at 127.0.0.1, not at localhost.

    That name is only ::1 on some machines, and on others nobody knows it.
    """
    address_of = patroni.postgresql.config.ConfigHandler._get_tcp_local_address

    def without_names(handler: Any) -> str:
        address = str(address_of(handler))
        return "127.0.0.1" if address == "localhost" else address

    patroni.postgresql.config.ConfigHandler._get_tcp_local_address = without_names


def copy_damaged_anew() -> None:
    """Have this process's Patroni check before each round whether its log is damaged.

    After a round it has already begun to start PostgreSQL once more.
    """
    logs, run_cycle = DamagedLogs(), patroni.ha.Ha._run_cycle

    def look_and_run(ha: Any) -> Any:
        logs.look(ha)
        return run_cycle(ha)

    patroni.ha.Ha._run_cycle = look_and_run


def tell_of_copies() -> None:
    """Have this process's Patroni publish when its server was copied anew by itself."""
    tags_of = patroni.ha.Ha.get_effective_tags

    def tags_with_copy(ha: Any) -> Any:
        copied_at = _copied_at(ha.state_handler)
        return tags_of(ha) | ({COPIED_TAG: copied_at} if copied_at else {})

    patroni.ha.Ha.get_effective_tags = tags_with_copy


if __name__ == "__main__":
    hurry()
    load_less()
    fence_first()
    tell_forks_apart()
    follow_with_care()
    copy_damaged_anew()
    tell_of_copies()
    tell_ports_apart()
    use_address()
    sys.exit(main())
