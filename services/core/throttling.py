"""Limits on how often somebody may try, shared by every process."""

import hashlib
import hmac
import math
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Final, Protocol
from uuid import UUID

from cachetools import LRUCache
from limits import RateLimitItem, RateLimitItemPerSecond
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.core.actors import Actor, Role
from services.core.errors import TooOften
from services.core.sentences import Sentence

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_SHARED_EVERY_SECONDS: Final = 1.0
_MOST_TOKENS: Final = 10_000


def await_turn(session: Session, actor: Actor, what: str) -> None:
    """Wait until none of the actor's other transactions adds the same kind of thing.

    The lock is held until the transaction ends. Where a person may have only a certain
    number of rows (`what` is the name of their table), concurrent transactions thereby
    count each other's.
    """
    mine = func.hashtextextended(f"chartroom.{what} {actor.id}", 0)
    session.execute(select(func.pg_advisory_xact_lock(mine)))


class Counter(Protocol):
    """Where usage is counted, such as db.mongo.limit_storage.LimitStorage."""

    def hit(self, item: RateLimitItem, key: str, amount: int = 1) -> bool:
        """Count `amount` more and return whether they are within the limit.

        A negative amount takes back what was counted.
        """

    def seconds_to_wait(self, item: RateLimitItem, key: str) -> float:
        """Return the seconds until one more is within the limit."""

    def clear(self, item: RateLimitItem, key: str) -> None:
        """Forget what was counted."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How much of something one person, network or token may have in a period.

    `complaint` is shown to whoever has reached the limit.
    """

    name: str
    amount: int
    seconds: int
    complaint: str = "Too many attempts."


# For one address from one network: a person who mistypes needs three or four.
CODES_PER_CLIENT: Final = Limit("codes-here", 5, 15 * _MINUTE)
# For one address from anywhere, so that using many networks helps neither to guess nor
# to flood a mailbox. Its owner can still sign in by a passkey or a clinic's own
# provider.
CODES_PER_ADDRESS: Final = Limit("codes-per-address", 15, _HOUR)
# A whole clinic may be behind one network address, and one of its browsers may flood:
# so what a browser requests for somebody whom it has let in before does not count for
# the network.
CODES_PER_NETWORK: Final = Limit("codes-per-network", 300, 15 * _MINUTE)
TRIES_PER_CLIENT: Final = Limit("tries-here", 15, 15 * _MINUTE)
TRIES_PER_ADDRESS: Final = Limit("tries-per-address", 100, _DAY)
TRIES_PER_NETWORK: Final = Limit("tries-per-network", 500, 15 * _MINUTE)
# Whose a passkey is, is unknown before it is used, so a browser that has let somebody
# in before is counted by itself.
CEREMONIES_PER_BROWSER: Final = Limit("ceremonies-per-browser", 60, 15 * _MINUTE)
CEREMONIES_PER_NETWORK: Final = Limit("ceremonies-per-network", 200, 15 * _MINUTE)
TRIES_PER_BROWSER: Final = Limit("tries-per-browser", 60, 15 * _MINUTE)
# A link cannot be guessed: these limits only bound the look-ups and the log entries
# that wrong links cause.
LINKS_PER_NETWORK: Final = Limit("links-per-network", 500, 15 * _MINUTE)
# A link to a document is opened by its reader, and before that by mail scanners.
SHARES_PER_NETWORK: Final = Limit("shares-per-network", 500, 15 * _MINUTE)
# Each file that is filed is kept for years.
_TOO_MANY_UPLOADS: Final = "Too many uploads."
UPLOADS_PATIENT: Final = Limit("uploads-patient", 10, _HOUR, _TOO_MANY_UPLOADS)
UPLOADS_STAFF: Final = Limit("uploads-staff", 300, _HOUR, _TOO_MANY_UPLOADS)
# Each file that is sent is read and scanned, also one that is then refused. An upload
# in parts counts twice: when it is begun, and when it is to be filed.
UPLOADS_TRIED_PATIENT: Final = Limit(
    "uploads-tried-patient", 50, _HOUR, _TOO_MANY_UPLOADS
)
UPLOADS_TRIED_STAFF: Final = Limit(
    "uploads-tried-staff", 1_000, _HOUR, _TOO_MANY_UPLOADS
)
# A passphrase opens the keys of the clinic, and each try takes a second of CPU time.
KIT_TRIES: Final = Limit("kit-tries", 10, _HOUR)
# 256 bits cannot be guessed; but every wrong token is written into the audit log.
UNKNOWN_TOKENS: Final = Limit("unknown-tokens", 60, _MINUTE)
# For the network that asks for tokens, before anything is tried: a try uses a code up,
# and is recorded. Apps ask once an hour for each patient, systems every five minutes.
TOKEN_TRIES: Final = Limit("token-tries", 120, _MINUTE)
# A connected system needs one every five minutes for each of its processes.
SYSTEM_TOKENS: Final = Limit("system-tokens", 60, _MINUTE)


class LimitReached(TooOften):
    """The limit is reached; `is_first` at the first refusal of a period.

    Only that one is worth an audit event: a flood of requests must not fill the log.
    """

    def __init__(self, limit: Limit, *, retry_after_seconds: int, is_first: bool):
        super().__init__(
            Sentence(
                "{complaint} Try again in {time}.",
                complaint=Sentence(limit.complaint),
                time=_spoken(retry_after_seconds),
            ),
            retry_after_seconds=retry_after_seconds,
        )
        self.limit = limit
        self.is_first = is_first


class Throttle:
    """Counts what people and programs use of each limit.

    The address, network or token that is counted is kept as a keyed hash only.
    """

    def __init__(self, counter: Counter, *, key: str) -> None:
        self._counter = counter
        self._key = key.encode()

    def take(self, limit: Limit, *whose: str, amount: int = 1) -> None:
        """Count `amount` more. Raises LimitReached."""
        key = self._key_of(limit, whose)
        item = RateLimitItemPerSecond(limit.amount, limit.seconds)
        if self._counter.hit(item, key, amount):
            return
        wait = self._counter.seconds_to_wait(item, key)
        # A refusal that says zero seconds would send a program straight back.
        seconds = min(limit.seconds, max(1, math.ceil(wait)))
        first_refusal = RateLimitItemPerSecond(1, limit.seconds)
        is_first = self._counter.hit(first_refusal, f"{key}-told")
        raise LimitReached(limit, retry_after_seconds=seconds, is_first=is_first)

    def give_back(self, limit: Limit, *whose: str) -> None:
        """Take back one that was counted and did not come about."""
        item = RateLimitItemPerSecond(limit.amount, limit.seconds)
        self._counter.hit(item, self._key_of(limit, whose), -1)

    def reset(self, limit: Limit, *whose: str) -> None:
        """Reset the count of those who have proved who they are."""
        key = self._key_of(limit, whose)
        item = RateLimitItemPerSecond(limit.amount, limit.seconds)
        first_refusal = RateLimitItemPerSecond(1, limit.seconds)
        self._counter.clear(item, key)
        self._counter.clear(first_refusal, f"{key}-told")

    def _key_of(self, limit: Limit, whose: tuple[str, ...]) -> str:
        said = "\0".join((limit.name, *whose)).encode()
        return hmac.new(self._key, said, hashlib.sha256).hexdigest()


@dataclass(slots=True)
class _LocalCalls:
    """Calls of one token that this process has counted and not yet shared."""

    calls: int
    until: float


class CallLimits:
    """How often programs may call: each token, and each network without a known one.

    For a token that makes many calls, a process shares its count once a second, or as
    soon as it has counted a hundredth of the limit: so each process lets through at
    most that much more than the limit. Otherwise each call would wait for MongoDB.
    """

    def __init__(
        self,
        throttle: Throttle,
        calls_per_minute: int,
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.throttle = throttle
        self._limit = Limit("api-calls", calls_per_minute, _MINUTE)
        self._most_local = calls_per_minute // 100
        self._clock = clock
        self._local_calls: LRUCache[UUID, _LocalCalls] = LRUCache(_MOST_TOKENS)
        self._lock = Lock()

    def count_here(self, token_id: UUID) -> bool:
        """Count a call in this process; return False if it has to be shared."""
        with self._lock:
            local = self._local_calls.get(token_id)
            if local is None or self._clock() >= local.until:
                return False
            if local.calls >= self._most_local:
                return False
            local.calls += 1
            return True

    def count_call(self, token_id: UUID) -> None:
        """Count a call with this token. Raises LimitReached."""
        if self.count_here(token_id):
            return
        with self._lock:
            local = self._local_calls.pop(token_id, None)
        amount = 1 + (local.calls if local else 0)
        # Once a token has reached the limit, each of its calls is shared.
        self.throttle.take(self._limit, str(token_id), amount=amount)
        with self._lock:
            until = self._clock() + _SHARED_EVERY_SECONDS
            self._local_calls.setdefault(token_id, _LocalCalls(0, until))

    def count_unknown(self, network: str | None) -> None:
        """Count a call with an unknown token. Raises LimitReached."""
        self.throttle.take(UNKNOWN_TOKENS, network or "")


def count_upload(throttle: Throttle, actor: Actor, *, is_begun: bool = False) -> None:
    """Count a file that somebody sends or begins to send. Raises LimitReached.

    A program that acts for a person uses up that person's limit.
    """
    is_patient = actor.role is Role.PATIENT
    tried = UPLOADS_TRIED_PATIENT if is_patient else UPLOADS_TRIED_STAFF
    throttle.take(tried, str(actor.id))
    if not is_begun:
        throttle.take(_filed_limit(actor), str(actor.id))


def uncount_upload(throttle: Throttle, actor: Actor) -> None:
    """Let a file that was counted and not filed count as sent only."""
    throttle.give_back(_filed_limit(actor), str(actor.id))


def _filed_limit(actor: Actor) -> Limit:
    return UPLOADS_PATIENT if actor.role is Role.PATIENT else UPLOADS_STAFF


def _spoken(seconds: int) -> Sentence:
    if seconds == 1:
        return Sentence("1 second")
    if seconds < 2 * _MINUTE:
        return Sentence("{seconds} seconds", seconds=seconds)
    minutes = math.ceil(seconds / _MINUTE)
    if minutes == _HOUR // _MINUTE:
        return Sentence("1 hour")
    if seconds < 2 * _HOUR:
        return Sentence("{minutes} minutes", minutes=minutes)
    return Sentence("{hours} hours", hours=math.ceil(seconds / _HOUR))
