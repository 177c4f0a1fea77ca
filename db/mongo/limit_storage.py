"""Where limits are counted: in MongoDB, so that all processes share the counts."""

import time
from collections.abc import Callable
from threading import Lock
from typing import Any, Final, TypeVar

from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.storage.mongodb import MongoDBStorageBase
from limits.strategies import SlidingWindowCounterRateLimiter
from pymongo import MongoClient
from pymongo.errors import PyMongoError

T = TypeVar("T")

_DATABASE: Final = "chartroom"
_COUNTERS: Final = "limit_counters"
_WINDOWS: Final = "limit_windows"
# Somebody waits to sign in: a MongoDB that hangs may cost the first of them a second,
# and nobody after that.
_PATIENCE_MS: Final = 1_000
_AVOID_SECONDS: Final = 5.0


class LimitStorage:
    """Counts in MongoDB, or in each process separately while MongoDB does not answer.

    A limit then lets through as many times more as there are processes, which is better
    than no limit, and better than a clinic in which nobody can sign in.
    """

    def __init__(
        self, mongo_url: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client: MongoClient[dict[str, Any]] = MongoClient(
            mongo_url,
            # No connection and no thread before the first use: most commands never use
            # it.
            connect=False,
            serverSelectionTimeoutMS=_PATIENCE_MS,
            connectTimeoutMS=_PATIENCE_MS,
            socketTimeoutMS=_PATIENCE_MS,
            # A count lost in a crash does no harm; every call waits for it.
            w=1,
            journal=False,
            appname="chartroom",
        )
        self._shared = _Shared(self._client)
        # Not the moving window of `limits`: the first two simultaneous hits on a new
        # key collide, and one of them would be refused for no reason.
        self._limiter = SlidingWindowCounterRateLimiter(self._shared)
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._clock = clock
        self._avoid_until = -1.0
        self._lock = Lock()
        self._is_ready = False

    def hit(self, item: RateLimitItem, key: str, amount: int = 1) -> bool:
        """Count this many more and return whether they are within the limit."""
        return self._ask(lambda limiter: limiter.hit(item, key, cost=amount))

    def seconds_to_wait(self, item: RateLimitItem, key: str) -> float:
        """Return how long until one more is within the limit."""
        stats = self._ask(lambda limiter: limiter.get_window_stats(item, key))
        return max(0.0, stats.reset_time - time.time())

    def clear(self, item: RateLimitItem, key: str) -> None:
        """Reset the count."""
        self._own.clear(item, key)
        self._ask(lambda limiter: limiter.clear(item, key))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _ask(self, question: Callable[[SlidingWindowCounterRateLimiter], T]) -> T:
        if self._clock() >= self._avoid_until:
            try:
                self._prepare()
                return question(self._limiter)
            except PyMongoError:
                self._avoid_until = self._clock() + _AVOID_SECONDS
        return question(self._own)

    def _prepare(self) -> None:
        """Make the indexes that expire old counts; try until it succeeds once."""
        with self._lock:
            if not self._is_ready:
                for counted in (self._shared.counters, self._shared.windows):
                    counted.create_index("expireAt", expireAfterSeconds=0)
                self._is_ready = True


class _Shared(MongoDBStorageBase):
    """The counting of `limits`, on a client of ours.

    Its own storage makes the client at the first use, which is not thread-safe, never
    tries again to make the indexes if MongoDB is away then, and connects once more when
    it is garbage-collected.
    """

    def __init__(self, client: MongoClient[dict[str, Any]]) -> None:
        super().__init__(
            "",
            database_name=_DATABASE,
            counter_collection_name=_COUNTERS,
            window_collection_name=_WINDOWS,
        )
        self._client = client

    @property
    def storage(self) -> MongoClient[dict[str, Any]]:
        return self._client

    def _init_mongo_client(
        self, uri: str | None, **options: int | str | bool
    ) -> MongoClient[dict[str, Any]]:
        del uri, options
        return self._client

    def __del__(self) -> None:
        """Leave the client open: its owner closes it."""
