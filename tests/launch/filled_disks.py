"""Clinics on small disks, which are filled while people work there."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.launch.launcher import Launcher, serving, sweep
from tests.launch.small_disks import SmallDisk, may_mount
from tests.launch.steady_work import Answer, SteadyWork

# A first start asks for 1.5 GB; most of each server's part is room for its log.
_WHOLE_MEGABYTES: Final = 1_700
_PART_MEGABYTES: Final = 700
_WORK_SECONDS: Final = 2.0
_SETTINGS: Final = {
    "CHARTROOM_API_CALLS_PER_MINUTE": "100000",
    # Otherwise a waiting call could outlast the full disk by half a minute.
    "CHARTROOM_RETRY_SECONDS": "2",
}


@dataclass(frozen=True, slots=True)
class Filling:
    """The answers while a disk was full, and what was lost by it."""

    refusals: Counter[Answer]
    acknowledged: int
    lost: list[str]

    @property
    def unexplained(self) -> Counter[Answer]:
        """The answers that only say that something broke, or nothing at all."""
        return Counter(
            {
                answer: count
                for answer, count in self.refusals.items()
                if answer.status not in {503, 507}
            }
        )


@contextmanager
def on_a_small_disk(folder: Path) -> Iterator[tuple[Launcher, SmallDisk]]:
    """Run a clinic whose data, logs and temporary files share one small disk."""
    folder.mkdir()
    with (
        SmallDisk.mounted(folder, _WHOLE_MEGABYTES) as disk,
        _running_on(folder) as launcher,
    ):
        yield launcher, disk


@contextmanager
def _running_on(folder: Path, *, is_warm: bool = False) -> Iterator[Launcher]:
    temporary = folder / "tmp"
    temporary.mkdir(mode=0o1777)
    launcher = Launcher(folder / "data", "--empty", is_warm=is_warm)
    with serving(launcher, TMPDIR=str(temporary), **_SETTINGS) as running:
        yield running


@contextmanager
def on_two_small_disks(
    folder: Path, part: str, *, is_warm: bool = False
) -> Iterator[tuple[Launcher, tuple[SmallDisk, SmallDisk] | None]]:
    """Run a clinic on one small disk, with a part of its data on another one in that.

    Yields the disk of everything else, and that of the part; or None where this machine
    cannot mount disks, and the clinic is in the folder itself.
    """
    folder.mkdir()
    with ExitStack() as stack:
        disks = None
        if may_mount():
            disk = stack.enter_context(SmallDisk.mounted(folder, _WHOLE_MEGABYTES))
            place = folder / "data" / part
            place.mkdir(mode=0o700, parents=True)
            own_disk = stack.enter_context(SmallDisk.mounted(place, _PART_MEGABYTES))
            disks = disk, own_disk
        yield stack.enter_context(_running_on(folder, is_warm=is_warm)), disks


@contextmanager
def on_disks_of_their_own(
    data: Path, *parts: str
) -> Iterator[tuple[Launcher, Sequence[SmallDisk]]]:
    """Run a clinic in which each of these parts of the data has a small disk.

    A server's folder is made by the first start, so its disk comes after that.
    """
    launcher = Launcher(data, "--empty")
    try:
        launcher.start(**_SETTINGS)
        launcher.await_ready()
        launcher.stop()
        with ExitStack() as stack:
            # The stack ends the launcher before it unmounts the disks.
            disks = [
                stack.enter_context(SmallDisk.mounted(data / part, _PART_MEGABYTES))
                for part in parts
            ]
            stack.callback(launcher.cut_power)
            launcher.start(**_SETTINGS)
            launcher.await_ready()
            yield launcher, disks
    finally:
        sweep(launcher)


def fill(work: SteadyWork, *disks: SmallDisk, seconds: float) -> Filling:
    """Keep disks full for so long while people work; wait until all works again."""
    work.answers.clear()
    known = len(work.patients) + len(work.files)
    with work.going_on():
        _pause(_WORK_SECONDS)
        with ExitStack() as filled:
            for disk in disks:
                filled.enter_context(disk.full())
            _pause(seconds)
        _pause(_WORK_SECONDS)
    work.do_each_once()
    acknowledged = len(work.patients) + len(work.files) - known
    return Filling(work.refusals(), acknowledged, work.lost())


def _pause(seconds: float) -> None:
    threading.Event().wait(seconds)
