"""Garbage of pages goes without a collection after every run."""

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest
from anyio.from_thread import start_blocking_portal

from dashboard.web.warming import collecting


class Kept:
    """Refers to itself, as what a closed page leaves behind does."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def idle() -> Iterator[None]:
    """Nothing else collects, as in a server that nobody uses."""
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
