"""Up to when a standby site has the main site's changes, in both stores."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Final

from psycopg2.extensions import parse_dsn

from db.cluster.observing import ClusterMonitor
from db.endpoints import Endpoints
from db.files.gridfs import FileStore, FileStoreUnavailable
from db.postgres import Database

_KEPT_SECONDS: Final = 1.0
_USUAL_PORT: Final = "5432"


@dataclass(frozen=True, slots=True)
class SitePosition:
    """The time as of which a standby site has rows and files, by the main site's clock.

    Each is the time of the newest change that is here; None if unknown. `main` is where
    the main site's servers are, as host:port.
    """

    site: str
    main: tuple[str, ...]
    rows_at: datetime | None
    files_at: datetime | None

    @property
    def as_of(self) -> datetime | None:
        """The older of both: everything done before is here with its files."""
        if self.rows_at is None or self.files_at is None:
            return None
        return min(self.rows_at, self.files_at)

    @property
    def lag_seconds(self) -> float | None:
        """How old that is; it grows by itself while nobody works at the main site."""
        if self.as_of is None:
            return None
        return max(0.0, (datetime.now(UTC) - self.as_of).total_seconds())


class SiteReader:
    """Asks for the position at most once a second, however many want to know."""

    def __init__(
        self,
        endpoints: Callable[[], Endpoints],
        database: Database,
        monitor: Callable[[], ClusterMonitor],
        files: FileStore,
    ) -> None:
        self._endpoints = endpoints
        self._database = database
        self._monitor = monitor
        self._files = files
        self._lock = Lock()
        self._position: SitePosition | None = None
        self._until = 0.0

    @property
    def is_following(self) -> bool:
        """Whether this is a standby site that has not been promoted."""
        is_standby = self._endpoints().main_url is not None
        return is_standby and self._database.absence() is not None

    def position(self) -> SitePosition | None:
        """Return the position, a second old at most; None if the site leads."""
        if not self.is_following:
            return None
        with self._lock:
            if time.monotonic() >= self._until:
                self._position = self._look(self._endpoints())
                self._until = time.monotonic() + _KEPT_SECONDS
            return self._position

    def _look(self, endpoints: Endpoints) -> SitePosition:
        return SitePosition(
            endpoints.site or "",
            places_of(endpoints.main_url or ""),
            self._rows_at(),
            self._files_at(),
        )

    def _rows_at(self) -> datetime | None:
        """Return as of when the rows are, on the server that is furthest behind."""
        times = [
            node.replayed_until
            for node in self._monitor().latest().nodes
            if node.is_answering and not node.tags.is_delayed
        ]
        known = [at for at in times if at is not None]
        return min(known) if known and len(known) == len(times) else None

    def _files_at(self) -> datetime | None:
        try:
            return self._files.last_written_at()
        except FileStoreUnavailable:
            return None


def places_of(url: str) -> tuple[str, ...]:
    """Return the addresses of the servers in a libpq URL, as host:port."""
    said = parse_dsn(url)
    hosts, ports = said.get("host", "").split(","), said.get("port", "").split(",")
    if len(ports) == 1:
        # As in libpq: a single port is for all hosts.
        ports *= len(hosts)
    return tuple(
        f"{host}:{port or _USUAL_PORT}"
        for host, port in zip(hosts, ports, strict=False)
    )
