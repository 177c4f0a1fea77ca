"""Where things are kept: in this process or, with an address, in a shared Redis."""

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
    """Forgets what is too old and, of too many, what nobody used for longest.

    What can be asked for has no bound, and what is too old is good for nobody: a page
    that is open all day would hold all that it has ever shown.
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
    """Return a place for so many things in this process.

    Each lasts until a moment of the clock, in seconds since 1970. What is too old goes
    when something is added, or when the second one that is returned is called.
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
    """Return a place in Redis for things that last that long.

    They are what `write` made of them, never Python's pickles: whoever can write there
    must not be able to run anything here.
    """
    # Who has no Redis does without its library, which takes a while to load.
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


def away() -> tuple[type[Exception], ...]:
    """Return what backends raise whose server is away; pages do without them then."""
    if "redis" not in sys.modules:
        return (OSError,)
    from redis.exceptions import RedisError  # noqa: PLC0415

    return (RedisError, OSError)


def _clock() -> float:
    # Asked for anew each time: tests set it.
    return time.time()


def _hidden(key: Hashable) -> str:
    """Return a short key that does not show what somebody searched for."""
    return f"chartroom:{hashlib.sha256(repr(key).encode()).hexdigest()}"
