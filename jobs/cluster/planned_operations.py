"""Runs scheduled switchovers when their time has come.

It is a thread beside the queue: a task of the queue may be as late as other tasks take,
and dies with the connection to the very primary that hands over.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from threading import Event
from typing import Final

from db.postgres import SYSTEM, DatabaseUnavailable
from jobs.worker.background_threads import background_threads
from services.cluster.operations import (
    OperationRunner,
    claim_due,
    close_missed,
    is_any_due,
)

_LOOK_SECONDS: Final = 1.0
_log = logging.getLogger(__name__)


@contextmanager
def making_planned(runner: OperationRunner) -> Iterator[None]:
    """Run scheduled operations in the background until the block ends."""
    with background_threads(planned_operations=partial(_run, runner)):
        yield


def make_due(runner: OperationRunner) -> bool:
    """Begin what is due, if anything; return whether something was."""
    database = runner.servers.database
    # One that will not take place is cancelled at once: nobody is to count on it.
    if not database.read_latest(is_any_due, identity=SYSTEM).value:
        return False
    database.write(close_missed, identity=SYSTEM)
    due = database.write(claim_due, identity=SYSTEM).value
    if due is None:
        return False
    runner.carry_out(*due)
    return True


def _run(runner: OperationRunner, stopping: Event) -> None:
    while not stopping.wait(_LOOK_SECONDS):
        try:
            make_due(runner)
        except DatabaseUnavailable:
            _log.debug("Cannot look for planned operations: no server leads.")
        except Exception:
            # Polling goes on whatever happens: nobody would notice a thread that ended.
            _log.exception("Looking for planned operations failed; trying again.")
