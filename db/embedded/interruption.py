"""Signals that would end a process at once, and end it as Ctrl-C does instead."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, NoReturn

_SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ending_as_by_ctrl_c() -> Iterator[None]:
    """Have SIGTERM, and a terminal that is closed, end the body as Ctrl-C does.

    So the body cleans up: restored rows do not stay there unencrypted, and servers that
    a command has started do not run on for nobody. Without effect in a thread, which
    gets no signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # Somebody who started this with nohup wants it to outlive the terminal.
    ours = [each for each in _SIGNALS if signal.getsignal(each) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    # A shell repeats SIGHUP, which must not interrupt the cleaning up.
    for other in _SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    raise KeyboardInterrupt
