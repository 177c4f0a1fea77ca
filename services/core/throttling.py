"""Limits on how often somebody may try, shared by every process."""

import hashlib
import hmac
import math
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from limits import RateLimitItem, RateLimitItemPerSecond

from services.core.actors import Actor, Role
from services.core.errors import TooOften

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR


class Counter(Protocol):
    """Where takings are counted, such as db.limit_storage.LimitStorage."""

    def hit(self, item: RateLimitItem, key: str) -> bool:
        """Count one more and tell whether it is within the limit."""

    def seconds_to_wait(self, item: RateLimitItem, key: str) -> float:
        """Return how long until one more is within the limit."""

    def clear(self, item: RateLimitItem, key: str) -> None:
        """Forget what was counted."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How much of something one of a kind may have in a while."""

    name: str
    amount: int
    seconds: int


# Of one address from one network: a person who mistypes needs three or four.
CODES_HERE: Final = Limit("codes-here", 5, 15 * _MINUTE)
# Of one address from anywhere, so that many networks do not help to guess or to flood
# a mailbox. Passkeys and a clinic's own provider let its owner in all the same.
CODES_PER_ADDRESS: Final = Limit("codes-per-address", 15, _HOUR)
# A whole clinic may sit behind one network address, and one of its browsers may flood:
# whom a browser has let in before, it asks for without counting for the network.
CODES_PER_NETWORK: Final = Limit("codes-per-network", 300, 15 * _MINUTE)
TRIES_HERE: Final = Limit("tries-here", 15, 15 * _MINUTE)
TRIES_PER_ADDRESS: Final = Limit("tries-per-address", 100, _DAY)
TRIES_PER_NETWORK: Final = Limit("tries-per-network", 500, 15 * _MINUTE)
# Of a passkey nobody knows whose it is before it is used, so a browser that has let
# somebody in before is counted for itself.
CEREMONIES_PER_BROWSER: Final = Limit("ceremonies-per-browser", 60, 15 * _MINUTE)
CEREMONIES_PER_NETWORK: Final = Limit("ceremonies-per-network", 200, 15 * _MINUTE)
TRIES_PER_BROWSER: Final = Limit("tries-per-browser", 60, 15 * _MINUTE)
# Nobody guesses a link: these bound only what is looked up and written down for none.
LINKS_PER_NETWORK: Final = Limit("links-per-network", 500, 15 * _MINUTE)
# A link to a document is opened by its reader, and by what reads mail before them.
SHARES_PER_NETWORK: Final = Limit("shares-per-network", 500, 15 * _MINUTE)
# Each file is read, scanned and kept for years.
UPLOADS_PATIENT: Final = Limit("uploads-patient", 10, _HOUR)
UPLOADS_STAFF: Final = Limit("uploads-staff", 300, _HOUR)
# Nobody guesses 256 bits; but every wrong token is written into the audit log.
UNKNOWN_TOKENS: Final = Limit("unknown-tokens", 60, _MINUTE)


class LimitReached(TooOften):
    """The limit is reached; `is_first` at the first refusal of a while.

    Only that one is worth an audit event: whoever floods must not fill the log.
    """

    def __init__(self, limit: Limit, *, retry_after_seconds: int, is_first: bool):
        super().__init__(
            f"That was too often. Try again in {_spoken(retry_after_seconds)}.",
            retry_after_seconds=retry_after_seconds,
        )
        self.limit = limit
        self.is_first = is_first


class Throttle:
    """Counts what people and programs take of each limit.

    Whose it is, an address or a network or a token, is kept as a keyed hash only.
    """

    def __init__(self, counter: Counter, *, key: str) -> None:
        self._counter = counter
        self._key = key.encode()

    def take(self, limit: Limit, *whose: str) -> None:
        """Count one more, or raise LimitReached."""
        key = self._key_of(limit, whose)
        item = RateLimitItemPerSecond(limit.amount, limit.seconds)
        if self._counter.hit(item, key):
            return
        wait = self._counter.seconds_to_wait(item, key)
        # A refusal that says zero seconds would send a program straight back.
        seconds = min(limit.seconds, max(1, math.ceil(wait)))
        first_refusal = RateLimitItemPerSecond(1, limit.seconds)
        is_first = self._counter.hit(first_refusal, f"{key}-told")
        raise LimitReached(limit, retry_after_seconds=seconds, is_first=is_first)

    def forgive(self, limit: Limit, *whose: str) -> None:
        """Start to count anew, because they have proved who they are."""
        key = self._key_of(limit, whose)
        item = RateLimitItemPerSecond(limit.amount, limit.seconds)
        first_refusal = RateLimitItemPerSecond(1, limit.seconds)
        self._counter.clear(item, key)
        self._counter.clear(first_refusal, f"{key}-told")

    def _key_of(self, limit: Limit, whose: tuple[str, ...]) -> str:
        said = "\0".join((limit.name, *whose)).encode()
        return hmac.new(self._key, said, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class CallLimits:
    """How often programs may call: each token, and each network without a known one."""

    throttle: Throttle
    calls_per_minute: int

    def count_call(self, token_id: UUID) -> None:
        """Count a call with this token, or raise LimitReached."""
        limit = Limit("api-calls", self.calls_per_minute, _MINUTE)
        self.throttle.take(limit, str(token_id))

    def count_unknown(self, network: str | None) -> None:
        """Count a call with a token that nobody has, or raise LimitReached."""
        self.throttle.take(UNKNOWN_TOKENS, network or "")


def count_upload(throttle: Throttle, actor: Actor) -> None:
    """Count a file that somebody sends, or raise LimitReached.

    A program that acts for a person takes from what that person has.
    """
    is_patient = actor.role is Role.PATIENT
    throttle.take(UPLOADS_PATIENT if is_patient else UPLOADS_STAFF, str(actor.id))


def _spoken(seconds: int) -> str:
    if seconds < 2 * _MINUTE:
        return f"{seconds} second{'s' if seconds != 1 else ''}"
    if seconds < 2 * _HOUR:
        return f"{math.ceil(seconds / _MINUTE)} minutes"
    return f"{math.ceil(seconds / _HOUR)} hours"
