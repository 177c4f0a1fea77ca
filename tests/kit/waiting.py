"""How tests wait for things that happen on their own, and never without end."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Semaphore, Thread
from typing import Any, TypeVar

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

S = TypeVar("S")
T = TypeVar("T")

_SHORTEST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 0.25
_WAIT_FOR_THIS_SESSION = text(
    "SELECT count(*) FROM pg_locks WHERE NOT granted "
    "AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
)


def eventually(
    look: Callable[[], T],
    is_right: Callable[[T], object] = bool,
    *,
    seconds: float = 240.0,
    pause_seconds: float | None = None,
) -> T:
    """Return what `look` sees as soon as it is right; fail if it never is.

    A true value is right, unless `is_right` decides otherwise. The seconds are a guard
    against waiting without end, not a measurement: how long things take is for
    benchmarks. The longer it takes, the less often `look` is called, unless the pause
    is given.
    """
    started = time.monotonic()
    while not is_right(seen := look()):
        waited = time.monotonic() - started
        assert waited < seconds, f"Still {seen!r} after {seconds:g} s"
        time.sleep(_pause_after(waited) if pause_seconds is None else pause_seconds)
    return seen


def _pause_after(waited_seconds: float) -> float:
    """Return a pause that prolongs the waiting by an eighth at most."""
    return min(max(_SHORTEST_PAUSE_SECONDS, waited_seconds / 8), _LONGEST_PAUSE_SECONDS)


def await_blocked(session: Session, work: Future[Any]) -> None:
    """Wait until the work is blocked by a lock of this session, or is done."""
    eventually(lambda: work.done() or session.scalar(_WAIT_FOR_THIS_SESSION))


def in_time(action: Callable[[], T], *, seconds: float = 240.0) -> T:
    """Return or raise what the action does; fail if it has not ended after so long.

    The limit is a guard against waiting without end, not a measurement: a test that
    something does not wait has to make that something last longer than the guard.
    """
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(action())
        except BaseException as error:
            done.set_exception(error)

    # Not a thread of a pool: one that hangs would keep the test from failing.
    Thread(target=run, daemon=True).start()
    return done.result(timeout=seconds)


class Calls:
    """The calls of a function that have ended, from any thread."""

    def __init__(self) -> None:
        self._ended = Semaphore(0)

    def note(self) -> None:
        """Record that one call has ended."""
        self._ended.release()

    def wait(self, count: int = 1, *, seconds: float = 240.0) -> None:
        """Wait until this many more calls have ended."""
        for number in range(count):
            is_ended = self._ended.acquire(timeout=seconds)
            assert is_ended, f"{number} of {count} calls after {seconds:g} s"


@contextmanager
def noting_calls(owner: object, name: str) -> Iterator[Calls]:
    """Record each call of a function, or of one object's method, begun in the block.

    Meant for the rounds of a loop, for example: something that must not happen has had
    its chance once a few more rounds have ended.
    """
    calls, function = Calls(), getattr(owner, name)

    def call_and_note(*args: Any, **more: Any) -> Any:
        try:
            return function(*args, **more)
        finally:
            calls.note()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, call_and_note)
        yield calls


def run_behind(
    engine: Engine, first: Callable[[Session], T], second: Callable[[Session], S]
) -> tuple[T, Future[S]]:
    """Run both in transactions of their own, the second one blocked by the first.

    Returns the result of the first, and the ended work of the second.
    """

    def run_second() -> S:
        with Session(engine) as session, session.begin():
            return second(session)

    with ThreadPoolExecutor(1) as aside:
        with Session(engine) as session, session.begin():
            result = first(session)
            work = aside.submit(run_second)
            await_blocked(session, work)
        return result, work
