"""Two ways of doing the same thing, timed in turns."""

import gc
from collections.abc import Callable
from statistics import median
from time import perf_counter

_PER_SECOND = {"s": 1.0, "ms": 1e3, "µs": 1e6}
_WARM_UP_ROUNDS = 2


def compare(
    name: str,
    ours: Callable[[], object],
    peer: Callable[[], object],
    *,
    rounds: int = 30,
    unit: str = "ms",
    must_agree: bool = False,
) -> float:
    """Print one line of medians and return ours / peer.

    The two alternate, also in going first, so that other work of the machine affects
    both alike. Raises RuntimeError if they must agree and do not.
    """
    if must_agree and ours() != peer():
        raise RuntimeError(f"{name}: the answers differ, nothing was compared.")
    for _ in range(min(_WARM_UP_ROUNDS, rounds - 1)):
        ours()
        peer()
    our_seconds: list[float] = []
    peer_seconds: list[float] = []
    turns = [(ours, our_seconds), (peer, peer_seconds)]
    gc.collect()
    for _ in range(rounds):
        for operation, seconds in turns:
            seconds.append(_seconds(operation))
        turns.reverse()
    ratio = median(our_seconds) / median(peer_seconds)
    print(
        f"{name}: ours {_in(unit, our_seconds)}, "
        f"peer {_in(unit, peer_seconds)}, ratio {ratio:.2f}",
        flush=True,
    )
    return ratio


def _seconds(operation: Callable[[], object]) -> float:
    begun = perf_counter()
    operation()
    return perf_counter() - begun


def _in(unit: str, seconds: list[float]) -> str:
    return f"{median(seconds) * _PER_SECOND[unit]:,.2f} {unit}"
