"""Writes into the audit log what was read while there was no primary.

It runs in every process that serves or works: the first one that finds a primary again
writes, also for a process that was killed in the meantime.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Event
from typing import Final

from db.postgres import Database, DatabaseUnavailable
from jobs.worker.background_threads import background_threads
from services.core.audit_without_primary import AuditSpool

_LOOK_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 30.0
_log = logging.getLogger(__name__)


def _always() -> bool:
    return True


@contextmanager
def draining_spool(
    database: Database, spool: AuditSpool, *, may: Callable[[], bool] = _always
) -> Iterator[None]:
    """Empty the spool in the background until the block ends.

    At a standby site the main site's database is written to, until this site leads.
    """
    with background_threads(audit_spool=partial(_run, database, spool, may)):
        yield


def attempt(database: Database, spool: AuditSpool) -> bool:
    """Write what waits; return whether nothing stood in the way. Never raises."""
    try:
        if not spool.is_empty and database.absence() is None:
            count = spool.drain(database)
            _log.info("Wrote %s spooled events to the audit log.", count)
            # What was refused now would be refused in a second as well.
            return spool.is_empty
    except DatabaseUnavailable:
        # There is no primary again already; the rest keeps waiting.
        return True
    except Exception:
        # Its kind and place only: the message may quote a statement's values.
        _log.exception("Spooled events cannot be written to the audit log.")
        return False
    return True


def _run(
    database: Database, spool: AuditSpool, may: Callable[[], bool], stopping: Event
) -> None:
    pause = _LOOK_SECONDS
    while not stopping.wait(pause):
        if not may():
            return
        pause = _LOOK_SECONDS if attempt(database, spool) else _PAUSE_SECONDS
