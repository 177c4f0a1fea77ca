"""How often unknown people may look at times, book and try codes."""

from typing import Final

from services.core import throttling
from services.core.throttling import Limit, Throttle

# A family, or a waiting room's guest network: nobody books twenty visits an hour.
HOLDS_PER_NETWORK: Final = Limit("newcomers-per-network", 20, 60 * 60)
LOOKS_PER_NETWORK: Final = Limit("newcomers-looks-per-network", 600, 15 * 60)


def count_lookup(throttle: Throttle, network: str) -> None:
    """Count a look at doctors, times or a booking, or raise LimitReached."""
    throttle.take(LOOKS_PER_NETWORK, network)


def count_hold(throttle: Throttle, address: str, network: str) -> None:
    """Count a time that is requested, or raise LimitReached.

    Each request sends a code to an address that may be anybody's: so it also counts
    against the limit of sign-in codes for that address, and both together cannot flood
    a mailbox. `address` is its digest, as of `sign_in.codes.address_digest`.
    """
    throttle.take(HOLDS_PER_NETWORK, network)
    throttle.take(throttling.CODES_PER_NETWORK, network)
    throttle.take(throttling.CODES_PER_CLIENT, address, network)
    throttle.take(throttling.CODES_PER_ADDRESS, address)


def count_try(throttle: Throttle, network: str) -> None:
    """Count a code that is tried, or raise LimitReached; a booking has five in all."""
    throttle.take(throttling.TRIES_PER_NETWORK, network)
