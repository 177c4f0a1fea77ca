"""Where things are kept: in this process or, with an address, in a shared Redis."""

import hashlib
import sys
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from threading import Lock
from typing import Any, Final

from dogpile.cache import CacheRegion, make_region

_ANSWER_SECONDS: Final = 0.2


class _Bounded(OrderedDict[Hashable, Any]):
    """Forgets what nobody used for longest: what can be asked for has no bound."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self._guard = Lock()

    def get(self, key: Hashable, default: Any = None) -> Any:
        with self._guard:
            with suppress(KeyError):
                self.move_to_end(key)
            return super().get(key, default)

    def __setitem__(self, key: Hashable, value: Any) -> None:
        with self._guard:
            super().__setitem__(key, value)
            self.move_to_end(key)
            if len(self) > self._most:
                self.popitem(last=False)


def in_memory(name: str, most: int) -> CacheRegion:
    """Return a place for so many things in this process."""
    arguments = {"cache_dict": _Bounded(most)}
    return make_region(name).configure("dogpile.cache.memory", arguments=arguments)


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


def _hidden(key: Hashable) -> str:
    """Return a short key that does not show what somebody searched for."""
    return f"chartroom:{hashlib.sha256(repr(key).encode()).hexdigest()}"
