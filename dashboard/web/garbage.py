"""Collects all generations of garbage now and then, instead of after every run.

Python collects young garbage by itself, and old only once there is a quarter more of
it. What a closed page kept of patients must not wait for the next busy hour.
"""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from anyio import to_thread

# Of a hundred open pages it looks through 100,000 objects, which takes 20 ms.
_SECONDS: Final = 10.0


@asynccontextmanager
async def collecting(*, seconds: float = _SECONDS) -> AsyncIterator[None]:
    """Collect in the background, once in so many seconds."""
    task = asyncio.create_task(_collect(seconds))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _collect(seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        # Finalizers may wait for something, which the event loop must not.
        await to_thread.run_sync(gc.collect)
