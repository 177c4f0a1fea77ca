"""Moves the machine's clock by an hour while people work, and counts what is lost.

    python -m benchmarks.clock_jump --move-the-clock [--seconds S]

Ahead and back again, then behind and back again; after each jump people register and
find patients, file documents and open them for S seconds. Prints a line per jump: how
many acknowledged writes are lost, how many answers were refused, and whether another
database server leads. It moves the clock of the whole machine, and therefore requires
root and the option; at the end it resets the clock by the monotonic one.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from db import embedded
from db.postgres import Database
from db.postgres.watching.nodes import primary_of
from tests.launch.launcher import Launcher, sweep
from tests.launch.steady_work import SteadyWork

_HOUR: Final = 3_600.0
_JUMPS: Final = (
    ("an hour ahead", _HOUR),
    ("back again", -_HOUR),
    ("an hour behind", -_HOUR),
    ("back again", _HOUR),
)


def main() -> None:
    """Move the clock, and end with an error if anything is lost."""
    parser = argparse.ArgumentParser(description="Move the clock while people work.")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--move-the-clock", action="store_true")
    wanted = parser.parse_args()
    if not wanted.move_the_clock:
        sys.exit("This moves the clock of the whole machine: say --move-the-clock.")
    with tempfile.TemporaryDirectory(prefix="chartroom-clock-") as made:
        launcher = Launcher(Path(made) / "data", "--empty")
        try:
            launcher.start(CHARTROOM_API_CALLS_PER_MINUTE="100000")
            launcher.await_ready()
            with clock_put_right_again():
                is_good = _jump_about(launcher, wanted.seconds)
        finally:
            sweep(launcher)
    sys.exit(not is_good)


def _jump_about(launcher: Launcher, seconds: float) -> bool:
    work = SteadyWork.of(launcher)
    work.do_each_once()
    lost: set[str] = set()
    for name, jump in _JUMPS:
        work.renew(launcher)
        seen, leader = len(work.answers), _leader_of(launcher)
        try:
            with work.going_on():
                time.sleep(seconds / 10)
                _move_clock(jump)
                time.sleep(seconds)
        except PermissionError:
            sys.exit("This machine lets us not move its clock: it takes root.")
        work.do_each_once()
        answers = work.answers[seen:]
        gone = work.lost()
        lost.update(gone)
        refused = Counter(answer for answer in answers if not answer.is_success)
        done = len(answers) - refused.total()
        print(
            f"{name:14} answered {done:4}, refused {refused.total():3}, "
            f"lost {len(gone)}, led by {leader} and then {_leader_of(launcher)}",
            flush=True,
        )
        for answer, count in refused.most_common():
            print(f"    {count} times {answer.call}: {answer.status} {answer.detail}")
    print(
        f"acknowledged {len(work.patients):,} patients and {len(work.files):,} files, "
        f"lost {len(lost)}"
    )
    return not lost


@contextmanager
def clock_put_right_again() -> Iterator[None]:
    """Set the clock at the end to where it would be had nobody moved it."""
    ahead = time.time() - time.monotonic()
    try:
        yield
    finally:
        time.clock_settime(time.CLOCK_REALTIME, time.monotonic() + ahead)


def _move_clock(seconds: float) -> None:
    time.clock_settime(time.CLOCK_REALTIME, time.time() + seconds)


def _leader_of(launcher: Launcher) -> str:
    endpoints = embedded.running(launcher.data)
    if endpoints is None:
        return "nobody"
    with closing(Database(endpoints)) as database:
        leader = primary_of(database.nodes())
        return leader.name if leader else "nobody"


if __name__ == "__main__":
    main()
