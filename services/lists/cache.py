"""A cache of what was read, until it expires or somebody announces a change.

No decision rests on what is cached.
"""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Generic, Protocol, TypeVar

from dogpile.cache.api import NO_VALUE
from pydantic import TypeAdapter, ValidationError

from db.postgres import BEYOND, Lsn, Read, Served
from db.postgres.listening import ChangeMark
from services.lists.cache_backends import connection_errors, in_memory, in_redis

T = TypeVar("T")

# For this long a Redis that did not answer is not asked again.
_PAUSE_SECONDS: Final = 5.0
_NO_CHANGES: Final = ChangeMark(0, Lsn(0))


class ChangeListener(Protocol):
    """Receives announced changes: see db.postgres.listening.Listener."""

    def change_mark(self) -> ChangeMark | None:
        """Return the mark of the changes so far; None while the listener is down."""
        ...


@dataclass(frozen=True, slots=True)
class ExpiringValue(Generic[T]):
    """A value that was read, and after how many seconds it changes by itself."""

    value: T
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    """A value that was read, from where, and which changes were known before that."""

    value: T
    served: Served
    position: int
    count: int
    until: float


class CacheRegion(Generic[T]):
    """Cached values of one kind, each for some seconds, by what was `wanted`.

    With `changes`, values are dropped when a change is announced, and nothing is cached
    while the listener is down. Readers are never shown anything older than what they
    wrote themselves (`after`). Nothing is cached for a `wanted` of None.

    With a `redis_url`, values are in a Redis that others share. A value found there is
    valid if it reflects all changes the reader has been told of, no matter who has read
    it.

    Nobody waits for somebody else's read: while the primary is away, that would be one
    full wait after another.
    """

    def __init__(
        self,
        name: str,
        kind: Any = Any,
        *,
        seconds: float,
        most: int = 512,
        changes: ChangeListener | None = None,
        redis_url: str | None = None,
    ) -> None:
        self._name = name
        self._seconds = seconds
        self._changes = changes
        self._is_shared = redis_url is not None
        self._away_until = 0.0
        # Drops expired values at once; Redis does so by itself.
        self.let_go: Callable[[], None] = _do_nothing
        if redis_url is None:
            self._region, self.let_go = in_memory(name, most, lambda kept: kept.until)
        else:
            adapter: TypeAdapter[_Kept[T]] = TypeAdapter(_Kept[kind])
            read = partial(_parse, adapter)
            write = adapter.dump_json
            self._region = in_redis(name, redis_url, seconds, write=write, read=read)

    def look(
        self,
        wanted: Hashable,
        read: Callable[[Lsn | None], Read[ExpiringValue[T]]],
        after: Lsn | None = None,
    ) -> Read[T]:
        """Return the cached value, or else read it now."""
        return self.find(wanted, after) or self.read(wanted, read, after)

    def find(self, wanted: Hashable, after: Lsn | None = None) -> Read[T] | None:
        """Return the cached value if it reflects `after` and all announced changes."""
        mark = self._mark(wanted, after)
        if mark is None:
            return None
        kept = self._ask(lambda region: region.get(self._key(wanted, mark, after)))
        is_good = isinstance(kept, _Kept) and self._is_good(kept, mark)
        return Read(kept.value, kept.served) if is_good else None

    def read(
        self,
        wanted: Hashable,
        read: Callable[[Lsn | None], Read[ExpiringValue[T]]],
        after: Lsn | None = None,
    ) -> Read[T]:
        """Read the value where `after` and all known changes show, and cache it."""
        mark = self._mark(wanted, after)
        position = None if mark is None else mark.position
        answer = read(max(filter(None, (position, after)), default=None))
        # Changes announced meanwhile may be missing from it. So may earlier ones, if
        # the primary was lost, and the connection that announces them with it.
        if mark is not None and mark == self._mark(wanted, after):
            self.keep(wanted, answer, after, mark)
        return Read(answer.value.value, answer.served)

    def keep(
        self,
        wanted: Hashable,
        read: Read[ExpiringValue[T]],
        after: Lsn | None,
        mark: ChangeMark = _NO_CHANGES,
    ) -> None:
        """Cache a value that reflects `after` and all changes of the mark."""
        value, lasts = read.value.value, read.value.seconds
        seconds = self._seconds if lasts is None else min(self._seconds, lasts)
        if wanted is None or seconds <= 0:
            return
        until = time.time() + seconds
        kept = _Kept(value, read.served, int(mark.position), mark.count, until)
        self._ask(lambda region: region.set(self._key(wanted, mark, after), kept))

    def _mark(self, wanted: Hashable, after: Lsn | None) -> ChangeMark | None:
        """Return the mark of the changes so far; None if nothing may be cached.

        Where a reader's last write is unknown, nothing is known to reflect it.
        """
        if wanted is None or after == BEYOND:
            return None
        return _NO_CHANGES if self._changes is None else self._changes.change_mark()

    def _key(self, wanted: Hashable, mark: ChangeMark, after: Lsn | None) -> Hashable:
        """Return the cache key, with `after` if others may have read without it.

        A reader who only pretends to have written something shares the value with
        nobody.
        """
        written = after if after is not None and after > mark.position else None
        return self._name, mark.timeline, written, wanted

    def _is_good(self, kept: _Kept[T], mark: ChangeMark) -> bool:
        # The second bound is for a clock that was set back.
        is_young = 0 < kept.until - time.time() <= self._seconds
        # Other processes started counting elsewhere. With the same count more is known:
        # the primary may not show for another moment what is in the log already.
        is_counted = self._is_shared or kept.count == mark.count
        return is_young and is_counted and kept.position >= mark.position

    def _ask(self, question: Callable[[Any], Any]) -> Any:
        if time.monotonic() < self._away_until:
            return NO_VALUE
        try:
            return question(self._region)
        except connection_errors():
            self._away_until = time.monotonic() + _PAUSE_SECONDS
            return NO_VALUE


def _do_nothing() -> None:
    pass


def _parse(adapter: TypeAdapter[_Kept[T]], written: bytes) -> object:
    try:
        return adapter.validate_json(written)
    except ValidationError:
        # Written by another release of Chartroom: the same as missing.
        return NO_VALUE
