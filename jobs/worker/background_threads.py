"""Threads of the worker that run beside its queue."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Final

_STOP_SECONDS: Final = 5.0


@contextmanager
def background_threads(**threads: Callable[[Event], None]) -> Iterator[None]:
    """Run each in a thread of its name until the block ends; they watch the event.

    They are daemons: each may be cut off at any point, so nobody has to wait for a
    server that hangs.
    """
    stopping = Event()
    started = [
        Thread(target=run, args=[stopping], name=name.replace("_", " "), daemon=True)
        for name, run in threads.items()
    ]
    for thread in started:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        for thread in started:
            thread.join(_STOP_SECONDS)
