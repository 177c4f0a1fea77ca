"""Polling: checks every other second for work on backups."""

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
    """Call `look` until `stopping` is set, at a low priority.

    `subject` is what is looked for, and `nice` is added to the thread's niceness.
    """
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), nice)
    while not stopping.wait(_LOOK_SECONDS):
        try:
            look()
        except DatabaseUnavailable:
            _log.debug("Cannot look for %s: no server leads.", subject)
        except Exception:
            # Polling goes on whatever happens: nobody would notice a dead thread.
            _log.exception("Looking for %s failed; trying again.", subject)
