"""Storage for cached values: in this process or, with a URL, in a shared Redis."""

import hashlib
import sys
import time
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Final

from cachetools import TLRUCache
from dogpile.cache import CacheRegion, make_region

_ANSWER_SECONDS: Final = 0.2


class _Lasting(TLRUCache[Hashable, Any]):
    """Evicts what has expired and, beyond the limit, what was least recently used.

    The keys are unbounded, and expired values are of use to nobody: a page that is open
    all day would hold all that it has ever shown.
    """

    def __init__(self, most: int, lasts_until: Callable[[Any], float]) -> None:
        super().__init__(most, lambda _, value, __: lasts_until(value), timer=_clock)
        self._guard = Lock()

    def get(self, key: Hashable, default: Any = None) -> Any:
        with self._guard:
            return super().get(key, default)

    def __setitem__(self, key: Hashable, value: Any) -> None:
        with self._guard:
            super().__setitem__(key, value)

    def let_go(self) -> None:
        with self._guard:
            self.expire()


def in_memory(
    name: str, most: int, lasts_until: Callable[[Any], float]
) -> tuple[CacheRegion, Callable[[], None]]:
    """Return a region for this many values in this process.

    Each lasts until a time in seconds since 1970. Expired values go when something is
    added, or when the second value returned is called.
    """
    things = _Lasting(most, lambda cached: lasts_until(cached.payload))
    arguments = {"cache_dict": things}
    region = make_region(name).configure("dogpile.cache.memory", arguments=arguments)
    return region, things.let_go


def in_redis(
    name: str,
    url: str,
    seconds: float,
    *,
    write: Callable[[Any], bytes],
    read: Callable[[bytes], Any],
) -> CacheRegion:
    """Return a region in Redis for values that last this long.

    They are serialized by `write`, never as Python pickles: whoever can write there
    must not be able to run anything here.
    """
    # Without Redis its library is not loaded, which takes a while.
    from redis.backoff import NoBackoff  # noqa: PLC0415
    from redis.retry import Retry  # noqa: PLC0415

    arguments = {
        "url": url,
        "redis_expiration_time": int(seconds) + 1,
        "socket_timeout": _ANSWER_SECONDS,
        "connection_kwargs": {
            "socket_connect_timeout": _ANSWER_SECONDS,
            "retry": Retry(NoBackoff(), 0),
        },
    }
    region = make_region(name, key_mangler=_hidden, serializer=write, deserializer=read)
    return region.configure("dogpile.cache.redis", arguments=arguments)


def connection_errors() -> tuple[type[Exception], ...]:
    """Return the exceptions of an unreachable backend; pages do without it then."""
    if "redis" not in sys.modules:
        return (OSError,)
    from redis.exceptions import RedisError  # noqa: PLC0415

    return (RedisError, OSError)


def _clock() -> float:
    # Looked up on each call, because tests replace it.
    return time.time()


def _hidden(key: Hashable) -> str:
    """Return a short key that does not reveal what somebody searched for."""
    return f"chartroom:{hashlib.sha256(repr(key).encode()).hexdigest()}"
