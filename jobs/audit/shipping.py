"""Ships the audit log's events as they come, in addition to the queue's tasks.

It is not a task of the queue: one job a second would leave more traces there than the
log has entries. Several workers may ship at once; the chain's head admits one at a
time.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Final

from db.mongo.audit_store import AuditStore, AuditStoreUnavailable, SequenceTaken
from db.postgres import SYSTEM, Database, DatabaseUnavailable
from jobs.worker.background_threads import background_threads
from services.audit import chain
from services.audit.chain import ChainBroken

_LOOK_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 30.0
_log = logging.getLogger(__name__)


@contextmanager
def shipping(database: Database, store: AuditStore) -> Iterator[None]:
    """Ship in the background until the block ends."""
    with background_threads(audit_shipping=Shipper(database, store).run):
        yield


class Shipper:
    """Ships what waits, and less and less often while that fails."""

    def __init__(self, database: Database, store: AuditStore) -> None:
        self._database = database
        self._store = store
        self._failure: str | None = None

    def run(self, stopping: Event) -> None:
        """Ship about every second until `stopping` is set."""
        pause_seconds = _LOOK_SECONDS
        while not stopping.wait(pause_seconds):
            if self.attempt(stopping):
                pause_seconds = _LOOK_SECONDS
            else:
                pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)

    def attempt(self, stopping: Event) -> bool:
        """Ship everything that waits; return whether that succeeded. Never raises."""
        try:
            while not stopping.is_set() and self._ship():
                pass
        except (AuditStoreUnavailable, DatabaseUnavailable, SequenceTaken) as error:
            self._tell(logging.WARNING, type(error).__name__)
        except ChainBroken as broken:
            # Its sentence names entries by number, and none of their content.
            self._tell(logging.ERROR, str(broken))
        except Exception as error:
            # Shipping goes on whatever happens: nobody would notice a thread that
            # ended.
            self._tell(logging.ERROR, type(error).__name__, with_trace=True)
        else:
            self._tell(logging.INFO, None)
        return self._failure is None

    def _ship(self) -> bool:
        """Ship one batch; return whether there may be more."""
        if not self._database.read_latest(chain.is_waiting, identity=SYSTEM).value:
            return False
        shipped = self._database.write(
            lambda session: chain.ship(session, self._store), identity=SYSTEM
        )
        return shipped.value > 0

    def _tell(
        self, level: int, failure: str | None, *, with_trace: bool = False
    ) -> None:
        """Log changes only, not every repetition."""
        if failure != self._failure:
            if failure is None:
                _log.info("Shipping the audit log works again.")
            else:
                _log.log(
                    level,
                    "The audit log is not shipped: %s",
                    failure,
                    exc_info=with_trace,
                )
        self._failure = failure
