"""What goes wrong beside the servers of PostgreSQL: a sentence meanwhile, no loss."""

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
from tests.launch.launcher import Launcher, serving
from tests.launch.steady_work import SteadyWork

pytestmark = pytest.mark.launch

_MEANWHILE_SECONDS = 4.0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    """A clinic that every disaster befalls: none of them leaves anything behind."""
    with (
        scratch_folder(tmp_path_factory, "disasters") as folder,
        serving(
            Launcher(folder / "data", "--empty"),
            CHARTROOM_API_CALLS_PER_MINUTE="100000",
            CHARTROOM_RETRY_SECONDS="2",
        ) as running,
    ):
        yield running


@contextmanager
def mongodb_killed(launcher: Launcher) -> Iterator[None]:
    """End MongoDB again and again, as soon as it has been started."""
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
    """Take every connection that the primary has left."""
    endpoints = embedded.running(launcher.data)
    assert endpoints is not None
    with ExitStack() as held:
        with pytest.raises(psycopg2.OperationalError, match=r"too many|reserved"):
            take_all(held, owner(endpoints))
        yield


@pytest.mark.parametrize("disaster", [mongodb_killed, connections_exhausted])
def test_work_goes_on_by_itself_after_a_disaster_and_nothing_is_lost(
    running: Launcher, disaster: Callable[..., AbstractContextManager[None]]
):
    work = SteadyWork.of(running)
    work.do_each_once()

    with work.going_on(), disaster(running):
        threading.Event().wait(_MEANWHILE_SECONDS)
    work.do_each_once()

    told = {answer.status for answer in work.refusals()}
    # A download that has begun breaks off: its status was sent before.
    assert told <= {503, None}
    assert work.lost() == []
