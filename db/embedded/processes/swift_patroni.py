"""Patroni as a program for servers that are all on one machine: swifter, and stricter.

A planned switchover waits three times in Patroni 4.1 whatever the servers do: up to a
second until it looks again whether PostgreSQL has stopped, another one for replicas to
catch up (which it then checks all the same), and two in which every other replica only
leaves the chosen one a head start, while commits wait for one of them to follow. Made
shorter, writers wait for about one second instead of four. What Patroni checks before
it lets anybody lead stays as it is.

And before that, a former primary is ended that nobody answers for: see `fence_first`.
Once back, it is not taken for a replica of a timeline that only bears the same number:
see `StricterRewind`.
"""

# ruff: noqa: E402
# What Patroni does while it is imported depends on what was done before.

import subprocess
import sys
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import yaml

# As it is loaded, Patroni reads the names of all of PostgreSQL's settings. libyaml does
# that in a fifth of the time, which Patroni and each start of PostgreSQL wait for.
yaml.SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# First: Patroni's modules import each other in a circle that only opens here.
import patroni.postgresql  # isort: skip
import patroni.ha
import psutil
from patroni.__main__ import main
from patroni.postgresql.rewind import REWIND_STATUS, Rewind

# An answer on this machine takes milliseconds.
PAUSE_SECONDS: Final = 0.2
_POLLING_SECONDS: Final = 0.05
# Other pauses, such as that until the moment of a planned restart, are meant.
_HEAD_STARTS: Final = (1, 2)


class SwiftTime:
    """The module time, but for pauses of exactly one or two seconds."""

    def __getattr__(self, name: str) -> Any:
        """Return what the module has."""
        return getattr(time, name)

    @staticmethod
    def sleep(seconds: float) -> None:
        """Pause for so long, or less where Patroni only leaves others time."""
        time.sleep(PAUSE_SECONDS if seconds in _HEAD_STARTS else seconds)


def hurry() -> None:
    """Make the pauses of this process's Patroni shorter."""
    patroni.ha.time = SwiftTime()
    patroni.postgresql.STOP_POLLING_INTERVAL = _POLLING_SECONDS


def fence_first() -> None:
    """Have this process's Patroni end a primary that nobody answers for, then vote.

    A primary whose Patroni has died goes on without it, also when its leader key has
    expired and another node is promoted. A replica that has voted and is not yet told
    whom to follow goes on as well, and its word is all that a commit waits for in
    quorum mode: it would be acknowledged, and lost. On several machines a watchdog
    prevents that (https://patroni.readthedocs.io/en/latest/watchdog.html).
    """
    is_healthiest = patroni.ha.Ha._is_healthiest_node

    def is_healthiest_of_those_left(
        ha: Any, members: Collection[Any], *checks: Any, **more: Any
    ) -> bool:
        if primaries := _primaries_beside(Path(ha.state_handler.data_dir)):
            known = [member for member in members if member.name in primaries]
            for answer in ha.fetch_nodes_statuses(known):
                # Whoever answers sees to its PostgreSQL, and nobody else leads.
                if answer.reachable:
                    primaries.pop(answer.member.name, None)
            if not all(_end(name, data) for name, data in primaries.items()):
                return False
            # Only now is it final who has received what.
            ha.state_handler.reset_cluster_info_state(None)
        return bool(is_healthiest(ha, members, *checks, **more))

    patroni.ha.Ha._is_healthiest_node = is_healthiest_of_those_left


def _primaries_beside(data: Path) -> dict[str, Path]:
    """Return the other nodes whose PostgreSQL may be running, and is no replica."""
    primaries = {}
    for note in data.parent.glob("*/postmaster.pid"):
        with suppress(OSError, ValueError, IndexError):
            is_replica = note.with_name("standby.signal").exists()
            pid = int(note.read_text().splitlines()[0])
            if note.parent != data and not is_replica and psutil.pid_exists(pid):
                primaries[note.parent.name] = note.parent
    return primaries


def _end(name: str, data: Path) -> bool:
    """End a node's PostgreSQL; tell whether it is certain that it is gone."""
    patroni.ha.logger.warning("%s is no replica and nobody answers: ending it", name)
    # Here, because each start would pay for what is needed once in years; and by its
    # folder, because whom PostgreSQL runs as need not find our packages.
    sys.path.append(str(Path(__file__).parents[3]))
    from db.embedded.supervision import fencing  # noqa: PLC0415

    return fencing.end(data, None)


class StricterRewind(Rewind):  # type: ignore[misc]
    """Patroni's way back to a primary, which knows timelines by more than a number.

    A primary that dies before any replica has heard of its timeline leaves the same
    number to the next one. Patroni and pg_rewind take the two for one timeline: the
    former primary would never stream again, or go on with data that nobody else has.
    Unable to be rewound, it is copied anew.
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
                "Timeline %s is not the one of %s", self._timeline, leader.name
            )
            self._state = REWIND_STATUS.NEED

    def execute(self, leader: Any) -> Any:
        """Rewind PostgreSQL, or remove its data, which are copied anew then."""
        if not self._is_on_fork:
            return super().execute(leader)
        if not self._postgresql.is_running() or self._postgresql.stop(checkpoint=False):
            self._postgresql.remove_data_directory()
            self.reset_state()
        return False

    def _forks(self, leader: Any) -> bool:
        """Tell whether this server's timeline began elsewhere than the primary's."""
        own = Path(self._postgresql.data_dir)
        try:
            origin, record = self._beginning(own)
            other_origin, other_record = self._beginning(own.with_name(leader.name))
        except (OSError, IndexError):
            # The first one has no origin. Of one that the primary knows nothing of,
            # Patroni judges by the number.
            return False
        # Of a beginning that is long ago only the origin is kept.
        is_known = bool(record and other_record)
        return origin != other_origin or (is_known and record != other_record)

    def _beginning(self, data: Path) -> tuple[str, str]:
        """Return where the timeline comes from, and its first record with its time."""
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
    """Have this process's Patroni copy anew what only seems to be on its timeline."""
    patroni.ha.Rewind = StricterRewind


# Patroni starts PostgreSQL from a process that imports this again and is no Patroni.
if __name__ == "__main__":
    hurry()
    fence_first()
    tell_forks_apart()
    sys.exit(main())
