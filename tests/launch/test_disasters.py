"""Failures outside the PostgreSQL servers: a clear message meanwhile, and no loss.

Each of them heals by itself: a full disk once there is room.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import (
    AbstractContextManager,
    ExitStack,
    closing,
    contextmanager,
    suppress,
)

import psutil
import psycopg2
import pytest

from db import embedded
from tests.conftest import owner
from tests.kit.scratch import scratch_folder
from tests.kit.waiting import eventually
from tests.launch.filled_disks import fill, on_two_small_disks
from tests.launch.launcher import Launcher
from tests.launch.small_disks import SmallDisk
from tests.launch.steady_work import SteadyWork

pytestmark = [pytest.mark.launch, pytest.mark.timeout(600)]

_MEANWHILE_SECONDS = 4.0
Clinic = tuple[Launcher, tuple[SmallDisk, SmallDisk] | None]


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """One clinic for all disasters: none of them leaves anything behind.

    It is on a small disk, and its MongoDB on another one in that.
    """
    with (
        scratch_folder(tmp_path_factory, "disasters") as folder,
        on_two_small_disks(folder / "disk", "mongo", is_warm=True) as clinic,
    ):
        yield clinic


@pytest.fixture(scope="module")
def running(clinic: Clinic) -> Launcher:
    """The clinic's launcher."""
    return clinic[0]


@pytest.fixture(scope="module")
def disks(clinic: Clinic) -> tuple[SmallDisk, SmallDisk]:
    """The disk of everything but MongoDB, and MongoDB's."""
    return clinic[1] or pytest.skip("This machine lets us mount no disk.")


@pytest.fixture(scope="module")
def work(running: Launcher) -> SteadyWork:
    """What people do there: ten calls a second."""
    return SteadyWork.of(running, pause_seconds=0.5)


@contextmanager
def mongodb_killed(launcher: Launcher) -> Iterator[None]:
    """Kill MongoDB again and again, as soon as it has been started."""
    over = threading.Event()

    def kill() -> None:
        while not over.wait(0.5):
            for process in launcher.processes():
                # It may have ended since it was listed.
                with suppress(psutil.NoSuchProcess):
                    if process.name() == "mongod":
                        process.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield
    finally:
        over.set()
        killer.join()


def take_all(held: ExitStack, url: str) -> None:
    """Open connections until the server refuses one."""
    while True:
        held.enter_context(closing(psycopg2.connect(url)))


@contextmanager
def connections_exhausted(launcher: Launcher) -> Iterator[None]:
    """Take every remaining connection of the primary."""
    endpoints = embedded.running(launcher.data)
    assert endpoints is not None
    with ExitStack() as held:
        with pytest.raises(psycopg2.OperationalError, match=r"too many|reserved"):
            take_all(held, owner(endpoints))
        yield


@pytest.mark.parametrize("disaster", [mongodb_killed, connections_exhausted])
def test_work_goes_on_by_itself_after_a_disaster_and_nothing_is_lost(
    running: Launcher,
    work: SteadyWork,
    disaster: Callable[..., AbstractContextManager[None]],
):
    work.answers.clear()
    work.do_each_once()

    with work.going_on(), disaster(running):
        threading.Event().wait(_MEANWHILE_SECONDS)
    work.do_each_once()

    statuses = {answer.status for answer in work.refusals()}
    # A download that has begun breaks off: its status was already sent.
    assert statuses <= {503, None}
    assert work.lost() == []


def test_a_full_disk_is_said_to_everybody_and_nothing_is_lost(
    running: Launcher, work: SteadyWork, disks: tuple[SmallDisk, SmallDisk]
):
    # Both full, as if everything were on one disk.
    filling = fill(work, *disks, seconds=6)

    assert not filling.unexplained
    assert any(
        answer.status == 507 and "The disk of the data folder" in answer.detail
        for answer in filling.refusals
    )
    assert filling.acknowledged
    assert filling.lost == []
    assert eventually(running.is_healthy)


# Each server's disk in turn, and all of them many times: benchmarks/full_disk.py.
def test_a_full_disk_of_one_server_loses_nothing(
    running: Launcher, work: SteadyWork, disks: tuple[SmallDisk, SmallDisk]
):
    filling = fill(work, disks[1], seconds=6)

    assert not filling.unexplained
    assert filling.acknowledged
    assert filling.lost == []
    assert eventually(running.is_healthy)
