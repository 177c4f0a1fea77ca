"""Pages' garbage is freed without a collection after every run."""

import asyncio
import gc
import threading
import time
import weakref
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress

import pytest
from anyio.from_thread import start_blocking_portal

from dashboard.web import warming
from dashboard.web.warming import collecting

_OLDEST = 2


class Kept:
    """Refers to itself, like the remains of a closed page."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def idle() -> Iterator[None]:
    """No automatic collections, as in a server that nobody uses."""
    gc.disable()
    yield
    gc.enable()


def test_garbage_of_an_idle_server_goes_by_itself(idle):
    async def story() -> None:
        gone = asyncio.Event()
        loop = asyncio.get_running_loop()
        weakref.finalize(Kept(), loop.call_soon_threadsafe, gone.set)

        async with collecting(seconds=0.01):
            await asyncio.wait_for(gone.wait(), 30)

    # In a loop of its own: Playwright keeps one in this thread.
    with start_blocking_portal() as portal:
        portal.call(story)


@pytest.fixture
def eager() -> Iterator[None]:
    """Python collects old garbage as often as it can."""
    thresholds = gc.get_threshold()
    gc.set_threshold(100, 1, 1)
    yield
    gc.set_threshold(*thresholds)


def test_python_stops_all_pages_at_no_other_time(eager):
    async def story() -> int:
        async with collecting(seconds=1_000):
            with _full_collections() as made:
                kept = [[number] for number in range(1_000_000)]
            assert kept
            return len(made)

    with start_blocking_portal() as portal:
        assert portal.call(story) == 0

    assert gc.get_threshold() == (100, 1, 1)


@contextmanager
def _full_collections() -> Iterator[list[int]]:
    """Record this thread's full collections; other threads may cause their own."""
    here = threading.get_ident()
    made: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        is_full = info["generation"] == _OLDEST
        if phase == "stop" and is_full and threading.get_ident() == here:
            made.append(info["collected"])

    gc.callbacks.append(note)
    try:
        yield made
    finally:
        gc.callbacks.remove(note)


def test_a_collection_that_takes_long_is_made_seldom(monkeypatch):
    rests = []

    async def rest(seconds: float) -> None:
        rests.append(seconds)
        if len(rests) == 2:
            raise asyncio.CancelledError

    monkeypatch.setattr(warming.asyncio, "sleep", rest)
    monkeypatch.setattr(warming.gc, "collect", lambda: time.sleep(0.02))

    with start_blocking_portal() as portal, suppress(CancelledError):
        portal.call(warming._collect, 0.01)

    first, second = rests
    assert first == 0.01
    assert second >= 2
