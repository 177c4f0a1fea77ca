"""The standbys that stay behind on purpose, for whoever looks for what was."""

from collections.abc import Callable
from dataclasses import replace
from threading import Lock

from db.endpoints import Endpoints
from db.postgres.database import Database


class DelayedStandbys:
    """A way to the delayed standbys, opened when somebody first asks for it.

    `endpoints` tells where the servers are now: a delayed standby may be added while
    everything runs.
    """

    def __init__(self, endpoints: Callable[[], Endpoints]) -> None:
        self._endpoints = endpoints
        self._guard = Lock()
        self._urls: dict[str, str] = {}
        self._database: Database | None = None

    @property
    def nodes(self) -> tuple[str, ...]:
        """The names of the delayed standbys."""
        return tuple(self._endpoints().delayed_urls)

    def database(self) -> Database | None:
        """Return the standbys as something to read from; None where there are none."""
        with self._guard:
            endpoints = self._endpoints()
            if endpoints.delayed_urls != self._urls:
                self._close()
                self._urls = dict(endpoints.delayed_urls)
                self._database = _open(endpoints) if self._urls else None
            return self._database

    def close(self) -> None:
        """Close all connections."""
        with self._guard:
            self._close()
            self._urls = {}

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None


def _open(endpoints: Endpoints) -> Database:
    """Return a database whose only servers are the delayed standbys: none leads."""
    only = replace(
        endpoints,
        database_url=next(iter(endpoints.delayed_urls.values())),
        replica_urls=endpoints.delayed_urls,
        patroni_urls={},
        delayed_urls={},
    )
    # Nobody waits half a minute for what is not there.
    return Database(only, pool_size=2, pool_overflow=3, retry_seconds=5)
