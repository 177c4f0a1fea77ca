"""Things of one kind that are kept, and whether they are still as they were."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from dogpile.cache.api import NO_VALUE
from pydantic import TypeAdapter, ValidationError

from db.postgres import Lsn, Read, Served
from db.postgres.listening import ChangeMark
from services.visits.figures.caches.regions import away, key_of, region_of

T = TypeVar("T")

# For how long a Redis that did not answer is not asked again.
_PAUSE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Lasting(Generic[T]):
    """Something that was read, and after how many seconds it changes by itself."""

    value: T
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    """What was read, from whom, and everything up to where in the log it shows."""

    value: T
    served: Served
    position: int
    until: float


class CacheRegion(Generic[T]):
    """Things of one kind, for some seconds each.

    Others may share it by way of Redis. What somebody finds there is good if it shows
    all that they have been told of, whoever has read it.
    """

    def __init__(
        self, name: str, kind: Any, *, seconds: float, redis_url: str | None
    ) -> None:
        self._name = name
        self._seconds = seconds
        self._is_shared = redis_url is not None
        self._away_until = 0.0
        adapter: TypeAdapter[_Kept[T]] = TypeAdapter(_Kept[kind])
        self._region = region_of(
            name,
            seconds,
            redis_url,
            write=adapter.dump_json,
            read=lambda written: _read(adapter, written),
        )

    def find(
        self, wanted: object, news: ChangeMark, after: Lsn | None
    ) -> Read[T] | None:
        """Return what is kept of it and shows all that was told, and `after`."""
        kept = self._ask(lambda region: region.get(self._key(wanted, news)))
        if not isinstance(kept, _Kept) or kept.until <= time.time():
            return None
        seen = max(news.position, after) if after is not None else news.position
        return Read(kept.value, kept.served) if kept.position >= seen else None

    def keep(self, wanted: object, news: ChangeMark, read: Read[Lasting[T]]) -> None:
        """Keep what was read where all that `news` tells of is shown.

        By the news from before it was read: what was told since is perhaps not in it.
        Nor by what its reader had seen: that is what they say themselves.
        """
        lasts = self._seconds
        if read.value.seconds is not None:
            lasts = min(lasts, read.value.seconds)
        if lasts <= 0:
            return
        kept = _Kept(
            read.value.value, read.served, int(news.position), time.time() + lasts
        )
        self._ask(lambda region: region.set(self._key(wanted, news), kept))

    def _key(self, wanted: object, news: ChangeMark) -> str:
        return key_of(self._name, news.timeline, wanted)

    def _ask(self, question: Callable[[Any], Any]) -> Any:
        if self._is_shared and time.monotonic() < self._away_until:
            return NO_VALUE
        try:
            return question(self._region)
        except away():
            self._away_until = time.monotonic() + _PAUSE_SECONDS
            return NO_VALUE


def _read(adapter: TypeAdapter[_Kept[T]], written: bytes) -> object:
    try:
        return adapter.validate_json(written)
    except ValidationError:
        # By another version of Chartroom: as good as nothing.
        return NO_VALUE
