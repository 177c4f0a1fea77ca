"""Whoever looks every other second whether there is something to do with backups."""

import logging
import os
import threading
from collections.abc import Callable
from threading import Event
from typing import Final

from db.postgres import DatabaseUnavailable

_LOOK_SECONDS: Final = 2.0
_log = logging.getLogger(__name__)


def poll(look: Callable[[], None], stopping: Event, *, subject: str, nice: int) -> None:
    """Look until `stopping` is set, behind everybody else who wants to work.

    `subject` is what is looked for, and `nice` what the thread adds to its niceness.
    """
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), nice)
    while not stopping.wait(_LOOK_SECONDS):
        try:
            look()
        except DatabaseUnavailable:
            _log.debug("Nobody knows of %s: no server leads.", subject)
        except Exception:
            # Whatever it is, looking goes on: nobody would miss a dead thread.
            _log.exception("Looking for %s failed; it goes on.", subject)
