"""A pool that keeps its spare connections for as long as they are used."""

from time import monotonic
from typing import Any, cast

from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

IDLE_SECONDS = 60.0


class SparingPool(QueuePool):
    """A QueuePool that does not close an overflow connection each time it is returned.

    Opening a connection costs a PostgreSQL process and password authentication (SCRAM,
    RFC 5802), more than most reads: with SQLAlchemy's own rule fifteen clients at five
    lasting connections opened and closed one for two reads of three. Here `pool_size`
    is the total number allowed, and of those beyond `lasting` one is closed for each
    minute in which the open ones were never all needed at once.
    """

    def __init__(self, *args: Any, lasting: int = 0, **options: Any) -> None:
        # The last one returned is the first one taken, so that a quiet clinic uses few
        # connections, and those are warm.
        super().__init__(*args, **{**options, "max_overflow": 0, "use_lifo": True})
        self._lasting = lasting
        self._all_needed_at = monotonic()

    def recreate(self) -> "SparingPool":
        """Return an empty pool like this one."""
        fresh = cast("SparingPool", super().recreate())
        fresh._lasting = self._lasting
        return fresh

    def _do_get(self) -> ConnectionPoolEntry:
        entry = super()._do_get()
        if not self.checkedin():
            self._all_needed_at = monotonic()
        return entry

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        now = monotonic()
        opened = self.checkedin() + self.checkedout()
        if opened <= self._lasting or now - self._all_needed_at < IDLE_SECONDS:
            super()._do_return_conn(record)
            return
        self._all_needed_at = now
        try:
            record.close()
        finally:
            self._dec_overflow()
