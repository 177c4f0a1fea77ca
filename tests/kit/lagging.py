"""Deliberately late replicas: what otherwise works by luck then fails every time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Final

from db.embedded import Cluster
from tests.kit.breaking import replicas, startup_process, suspended

# In seconds; if it is unset, replicas replay as soon as they can.
VARIABLE: Final = "CHARTROOM_TEST_REPLAY_LAG"
# Enough to replay whatever has arrived meanwhile.
_REPLAY_SECONDS: Final = 0.03
_START_SECONDS: Final = 60


@contextmanager
def lagging(cluster: Cluster, seconds: float) -> Iterator[None]:
    """Let replicas replay only at this interval; they answer queries all the time."""
    processes = [startup_process(node) for node in replicas(cluster)]
    begun, over = Event(), Event()

    def hold_back() -> None:
        while not over.is_set():
            with suspended(*processes):
                begun.set()
                over.wait(seconds)
            over.wait(_REPLAY_SECONDS)

    with ThreadPoolExecutor(1) as aside:
        holding = aside.submit(hold_back)
        try:
            assert begun.wait(_START_SECONDS), "replay goes on"
            yield
        finally:
            over.set()
            holding.result()
