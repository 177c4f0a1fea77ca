"""One look a second at the servers, shared by everybody in a process."""

import logging
import math
import time
from collections import deque
from datetime import UTC, datetime, timedelta
from threading import Condition, Thread
from typing import Final

from db.cluster.observing.observer import Observer
from db.cluster.observing.snapshot import ClusterSnapshot
from db.endpoints import Endpoints

_LOOK_SECONDS: Final = 1.0
_FIRST_LOOK_SECONDS: Final = 2.0
# A page that watches asks at least this often; if nobody asks, looking stops.
_REST_AFTER_SECONDS: Final = 30.0
# All snapshots of some minutes, one in ten of an hour: for charts without a primary.
_FINE: Final = 600
_COARSE: Final = 360
_COARSE_STEP: Final = timedelta(seconds=10)
_log = logging.getLogger(__name__)


class ClusterMonitor:
    """The latest snapshot, and those of the last hour, from memory.

    A thread looks once a second while anybody asks, so the servers are asked once
    however many watch; and only the first question waits, for the first look.
    """

    def __init__(self, endpoints: Endpoints) -> None:
        self._observer = Observer(endpoints)
        self._changed = Condition()
        self._thread: Thread | None = None
        self._is_closed = False
        self._wanted_at = 0.0
        self._looked_at = -math.inf
        self._fine: deque[ClusterSnapshot] = deque(maxlen=_FINE)
        self._coarse: deque[ClusterSnapshot] = deque(maxlen=_COARSE)

    @property
    def observer(self) -> Observer:
        """The observer, for callers that have to look at times of their own."""
        return self._observer

    def latest(self) -> ClusterSnapshot:
        """Return the state of the servers, about a second old; soon, whatever hangs."""
        with self._changed:
            self._want()
            self._changed.wait_for(self._is_recent, _FIRST_LOOK_SECONDS)
            return (
                self._fine[-1] if self._fine else ClusterSnapshot(datetime.now(UTC), ())
            )

    def recent(self) -> tuple[ClusterSnapshot, ...]:
        """Return the snapshots of the last hour, oldest first."""
        with self._changed:
            self._want()
            since = self._fine[0].taken_at if self._fine else None
            older = (s for s in self._coarse if since is None or s.taken_at < since)
            return (*older, *self._fine)

    def adopt(self, endpoints: Endpoints) -> None:
        """Look at these servers from now on."""
        self._observer.adopt(endpoints)

    def close(self) -> None:
        """Stop looking; the monitor cannot be used afterwards."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join()
        self._observer.close()

    def _want(self) -> None:
        self._wanted_at = time.monotonic()
        if self._thread is None and not self._is_closed:
            self._thread = Thread(target=self._run, name="cluster monitor", daemon=True)
            self._thread.start()

    def _is_recent(self) -> bool:
        is_fresh = time.monotonic() - self._looked_at < 2 * _LOOK_SECONDS
        return self._is_closed or is_fresh

    def _run(self) -> None:
        while True:
            began = time.monotonic()
            try:
                self._keep(self._observer.look())
            except Exception:
                # Whatever the error, looking goes on: pages would show the same state
                # for ever.
                _log.exception(
                    "Looking at the servers failed with an unexpected error."
                )
            with self._changed:
                self._changed.notify_all()
                self._changed.wait_for(
                    lambda: self._is_closed,
                    max(0.0, began + _LOOK_SECONDS - time.monotonic()),
                )
                is_idle = time.monotonic() - self._wanted_at > _REST_AFTER_SECONDS
                if self._is_closed or is_idle:
                    self._thread = None
                    return

    def _keep(self, snapshot: ClusterSnapshot) -> None:
        with self._changed:
            self._fine.append(snapshot)
            self._looked_at = time.monotonic()
            if not self._coarse or _is_due(snapshot, self._coarse[-1].taken_at):
                self._coarse.append(snapshot)


def _is_due(snapshot: ClusterSnapshot, since: datetime) -> bool:
    return snapshot.taken_at - since >= _COARSE_STEP
