"""Servers of the past, for looking up earlier data.

They are the delayed standbys, and the clinic of an earlier time opened from backups.
"""

from collections.abc import Callable
from dataclasses import replace
from threading import Lock
from urllib.parse import urlsplit

from db.endpoints import Endpoints
from db.postgres.database import Database


class DelayedStandbys:
    """The way to the delayed standbys, opened at the first use.

    `endpoints` returns where the servers are now: a delayed standby may be added while
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
        """Return the delayed standbys as a database to read from; None without any."""
        with self._guard:
            endpoints = self._endpoints()
            if endpoints.delayed_urls != self._urls:
                self._close()
                self._urls = dict(endpoints.delayed_urls)
                self._database = _open(endpoints, self._urls) if self._urls else None
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


class RestoredClinic:
    """The way to the clinic of an earlier time, open beside the live one, on a port.

    Chartroom signs in there as in the live one, whose servers `endpoints` returns.
    """

    def __init__(self, endpoints: Callable[[], Endpoints]) -> None:
        self._endpoints = endpoints
        self._guard = Lock()
        self._url: str | None = None
        self._database: Database | None = None

    def database(self, port: int) -> Database:
        """Return the server on this port of this machine as a database to read from."""
        with self._guard:
            endpoints = self._endpoints()
            url = _at_port(next(iter(endpoints.replica_urls.values())), port)
            if self._database is None or url != self._url:
                self._close()
                self._url = url
                self._database = _open(endpoints, {"restored": url})
            return self._database

    def close(self) -> None:
        """Close all connections."""
        with self._guard:
            self._close()

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None


def _at_port(url: str, port: int) -> str:
    """Return a server's URL with its address replaced by this machine's port."""
    parts = urlsplit(url)
    login = parts.netloc.rpartition("@")[0]
    return parts._replace(netloc=f"{login}@127.0.0.1:{port}").geturl()


def _open(endpoints: Endpoints, urls: dict[str, str]) -> Database:
    """Return a database that has only servers of the past: none leads."""
    only = replace(
        endpoints,
        database_url=next(iter(urls.values())),
        replica_urls=urls,
        patroni_urls={},
        delayed_urls={},
    )
    # Nobody waits half a minute for a server that is not there.
    return Database(only, pool_size=2, pool_overflow=3, retry_seconds=5)
