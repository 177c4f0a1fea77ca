"""Fills disks while people work, many times over, and counts what is lost by it.

    python -m benchmarks.full_disk [--times N] [--seconds S]

First comes the disk with everything on it, then, in turns, that of each database server
and of MongoDB. Prints a line per filling and one for all of a kind: how many
acknowledged writes are lost, and how many answers only said that something broke (both
have to be 0). Disks are mounted in memory, which needs root on Linux. A filling takes
about half a minute, including the check of what was acknowledged.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Final

from tests.launch.filled_disks import fill, on_a_small_disk, on_disks_of_their_own
from tests.launch.launcher import Launcher
from tests.launch.small_disks import SmallDisk, may_mount
from tests.launch.steady_work import Answer, SteadyWork

_PARTS: Final = ("postgres/db-01", "postgres/db-02", "postgres/db-03", "mongo")


def main() -> None:
    """Fill the whole disk and each server's, and end with an error if it went badly."""
    parser = argparse.ArgumentParser(description="Fill disks while people work.")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=8)
    wanted = parser.parse_args()
    if not may_mount():
        sys.exit("This machine lets us mount no disk: it takes root on Linux.")
    with tempfile.TemporaryDirectory(prefix="chartroom-full-disk-") as made:
        folder = Path(made)
        with on_a_small_disk(folder / "disk") as (launcher, disk):
            is_whole_good = _fill_all("whole disk", launcher, [disk], wanted)
        with on_disks_of_their_own(folder / "data", *_PARTS) as (launcher, disks):
            is_each_good = _fill_all("one server's", launcher, disks, wanted)
    sys.exit(not (is_whole_good and is_each_good))


def _fill_all(
    kind: str,
    launcher: Launcher,
    disks: Sequence[SmallDisk],
    wanted: argparse.Namespace,
) -> bool:
    """Fill the disks in turns; return whether nothing was lost or left unexplained."""
    work = SteadyWork.of(launcher)
    lost: set[str] = set()
    unexplained: Counter[Answer] = Counter()
    refused = 0
    for number, disk in enumerate(islice(cycle(disks), wanted.times), 1):
        work.renew(launcher)
        filling = fill(work, disk, seconds=wanted.seconds)
        lost.update(filling.lost)
        unexplained += filling.unexplained
        refused += filling.refusals.total()
        print(
            f"{kind:14} {number:3} {disk.place.name:6} acknowledged "
            f"{filling.acknowledged:4}, refused {filling.refusals.total():4}, "
            f"unexplained {filling.unexplained.total()}, lost {len(filling.lost)}",
            flush=True,
        )
    for answer, count in unexplained.most_common():
        print(f"{count} times {answer.call}: {answer.status} {answer.detail}")
    print(
        f"{kind:14} filled {wanted.times} times: acknowledged "
        f"{len(work.patients):,} patients and {len(work.files):,} files, "
        f"lost {len(lost)}; refused {refused:,}, unexplained {unexplained.total()}",
        flush=True,
    )
    return not (lost or unexplained)


if __name__ == "__main__":
    main()
