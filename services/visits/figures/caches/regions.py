"""Where things are kept: in this process or, with an address, in a shared Redis."""

import hashlib
import sys
from collections.abc import Callable
from threading import Lock
from typing import Any, Final

from dogpile.cache import CacheRegion, make_region

_MOST_KEPT: Final = 512
_ANSWER_SECONDS: Final = 0.2


class _Bounded(dict[str, Any]):
    """Forgets the oldest: how many things can be asked for has no bound."""

    def __init__(self) -> None:
        super().__init__()
        self._guard = Lock()

    def __setitem__(self, key: str, value: Any) -> None:
        with self._guard:
            self.pop(key, None)
            super().__setitem__(key, value)
            if len(self) > _MOST_KEPT:
                del self[next(iter(self))]


def region_of(
    name: str,
    seconds: float,
    redis_url: str | None,
    *,
    write: Callable[[Any], bytes],
    read: Callable[[bytes], Any],
) -> CacheRegion:
    """Return a region whose things last that long.

    In Redis they are what `write` made of them, never Python's pickles: whoever can
    write there must not be able to run anything here.
    """
    if redis_url is None:
        region = make_region(name)
        arguments: dict[str, Any] = {"cache_dict": _Bounded()}
        backend = "dogpile.cache.memory"
    else:
        region = make_region(name, serializer=write, deserializer=read)
        arguments = _of_redis(redis_url, seconds)
        backend = "dogpile.cache.redis"
    return region.configure(backend, expiration_time=seconds, arguments=arguments)


def away() -> tuple[type[Exception], ...]:
    """Return what backends raise whose server is away; pages do without them then."""
    if "redis" not in sys.modules:
        return (OSError,)
    from redis.exceptions import RedisError  # noqa: PLC0415

    return (RedisError, OSError)


def _of_redis(url: str, seconds: float) -> dict[str, Any]:
    # Who has no Redis does without its library, which takes a while to load.
    from redis.backoff import NoBackoff  # noqa: PLC0415
    from redis.retry import Retry  # noqa: PLC0415

    return {
        "url": url,
        "redis_expiration_time": int(seconds) + 1,
        "socket_timeout": _ANSWER_SECONDS,
        "connection_kwargs": {
            "socket_connect_timeout": _ANSWER_SECONDS,
            "retry": Retry(NoBackoff(), 0),
        },
    }


def key_of(*parts: object) -> str:
    """Return a short key that does not show what somebody searched for."""
    named = "\x1f".join(map(repr, parts))
    return f"chartroom:{hashlib.sha256(named.encode()).hexdigest()}"
