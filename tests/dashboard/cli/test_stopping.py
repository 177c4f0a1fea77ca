"""A launcher that is asked to stop does, wherever the signal interrupts it."""

import signal
import sys
import weakref
from collections.abc import Callable, Iterator
from threading import Event

import pytest

from dashboard.cli.launching.launcher import _until_stopped

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)


@pytest.fixture
def handlers() -> Iterator[None]:
    """The handlers of signals are afterwards what they were."""
    former = {number: signal.getsignal(number) for number in _SIGNALS}
    yield
    for number, handler in former.items():
        signal.signal(number, handler)


class Closed:
    """Something that is asked to stop while Python destroys it."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGTERM)


class Referred:
    """Something whose weak reference has a callback."""


def interrupt_destructor() -> None:
    Closed()


def interrupt_callback() -> None:
    referred = Referred()
    reference = weakref.ref(referred, lambda _: signal.raise_signal(signal.SIGTERM))
    del referred
    assert reference() is None


def interrupt_nothing() -> None:
    signal.raise_signal(signal.SIGTERM)


@pytest.mark.parametrize(
    "interrupt", [interrupt_destructor, interrupt_callback, interrupt_nothing]
)
@pytest.mark.usefixtures("handlers")
def test_a_signal_stops_it_wherever_it_comes(interrupt: Callable[[], None]):
    """Python drops what is raised in a destructor or in a callback of its own."""
    hook, has_stopped = sys.unraisablehook, True

    with _until_stopped():
        interrupt()
        Event().wait(60)
        has_stopped = False

    assert has_stopped
    assert sys.unraisablehook is hook
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
