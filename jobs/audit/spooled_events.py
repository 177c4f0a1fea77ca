"""Writes into the audit log what was read while there was no primary.

In every process that serves or works, beside all else: whichever is there first when
somebody leads again does it, also for one that was killed meanwhile.
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
def writing_down(
    database: Database, spool: AuditSpool, *, may: Callable[[], bool] = _always
) -> Iterator[None]:
    """Look after the spool in the background until the block ends, as long as one may.

    At a standby site the main site's database is written to, until this one leads.
    """
    with background_threads(audit_spool=partial(_run, database, spool, may)):
        yield


def attempt(database: Database, spool: AuditSpool) -> bool:
    """Write down what waits; tell whether nothing stood in the way. Never raises."""
    try:
        if not spool.is_empty and database.absence() is None:
            count = spool.write_down(database)
            _log.info("Written into the audit log: %s looks kept meanwhile.", count)
            # What was refused would be in a second as well.
            return spool.is_empty
    except DatabaseUnavailable:
        # Nobody leads again so soon; what is left waits on.
        return True
    except Exception:
        # Its kind and place; the message may quote a statement's values.
        _log.exception("What was kept for the audit log cannot be written into it.")
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
