"""The ways to sign in beside a code; who adds one lists it here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from dashboard.sign_in.door import Door


@dataclass(frozen=True, slots=True)
class Way:
    """A page of ours that signs somebody in, and the words that lead to it."""

    path: str
    label: str


# Each returns None where the settings do not allow it.
_OFFERS: Final[tuple[Callable[[Door], Way | None], ...]] = ()


def ways(door: Door) -> tuple[Way, ...]:
    """Return the ways that this server offers."""
    return tuple(way for offer in _OFFERS if (way := offer(door)) is not None)
